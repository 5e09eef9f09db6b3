/* SPDX-License-Identifier: BSD-2-Clause */
/* Who the caller is, and what the application claims about the user's place. */
#ifndef JPKI_PAM_GUARD_H
#define JPKI_PAM_GUARD_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "helper/proto.h"

/*
 * The user who runs the program: su, sudo and polkit's helper have it as their real uid; daemons
 * have root's. Where polkit's helper is a service with a socket (polkit 127,
 * polkit-agent-helper@.service), the caller is at the other end of standard input.
 */
uid_t guard_caller(pam_handle_t *pamh);

/*
 * Collects what the application and its process claim about the user's place, for the helper to
 * judge (lib/place.h). A value that is too long is cut: no name or address of this machine is that
 * long.
 */
void guard_claims(pam_handle_t *pamh, const char *user, struct proto_claims *ret);

/*
 * Whether this is sshd itself, which shows in two places, and not a program in one of its sessions.
 * Each may be NULL.
 */
bool guard_is_sshd(const char *service, const char *tty);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Who asks: what the application's own words tell of it. */
#ifndef JPKI_PAM_GUARD_H
#define JPKI_PAM_GUARD_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <sys/types.h>

#include "helper/proto.h"

/*
 * Who runs the program: su, sudo and polkit's helper keep it as their real uid; daemons have
 * root's. Where polkit's helper is a service with a socket (polkit 127, polkit-agent-helper@.service),
 * the caller is at the other end of standard input.
 */
uid_t guard_caller(pam_handle_t *pamh);

/*
 * What the application and its process say of the place where the user is, for the helper to judge
 * (lib/place.h). A value that is too long is cut: no name or address of this machine is so long.
 */
void guard_claims(pam_handle_t *pamh, const char *user, struct proto_claims *ret);

/* sshd itself, which says so in two places, and not what runs in one of its sessions. Each may be NULL. */
bool guard_is_sshd(const char *service, const char *tty);

#endif

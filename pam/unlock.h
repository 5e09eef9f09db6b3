/* SPDX-License-Identifier: BSD-2-Clause */
/* The stored password of a login by card (doc/unlock.md): the file that the helper gets, and what becomes of it. */
#ifndef JPKI_PAM_UNLOCK_H
#define JPKI_PAM_UNLOCK_H

#include <security/pam_modules.h>

#include "lib/log.h"
#include "lib/secret.h"
#include "lib/unlockfile.h"

/*
 * Fills *ret with the user's file, for a program that root has started (a greeter, login): not one that the
 * user has started, be it setuid root, like sudo, and not where the handle has a password already.
 * ret->len is 0 where there is nothing to be unlocked, or nothing that may be (logged).
 */
void unlock_offer(pam_handle_t *pamh, const char *user, const struct log *log, struct unlockfile *ret);

/*
 * After the card has let the user in: makes the password PAM_AUTHTOK, for the modules behind ours. False: it
 * is not the account's any more, which is logged, and nothing is set. What looks like a PIN is never set
 * (lib/pinrule.h), nor anything that libpam refuses; both are logged.
 */
bool unlock_hand_on(pam_handle_t *pamh, const char *user, const struct secret *password, const struct log *log);

#endif

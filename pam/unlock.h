/* SPDX-License-Identifier: BSD-2-Clause */
/* The stored password of a login by card (doc/unlock.md): gives the helper the file, and takes the password. */
#ifndef JPKI_PAM_UNLOCK_H
#define JPKI_PAM_UNLOCK_H

#include <security/pam_modules.h>

#include "lib/log.h"
#include "lib/secret.h"
#include "lib/unlockfile.h"

/*
 * Fills *ret with the user's file, for a program that root has started (a greeter, login): not for
 * one that the user has started, even if it is setuid root, like sudo, and not if the handle has a
 * password already. ret->len is 0 if there is nothing to unlock, or nothing that may be (logged).
 */
void unlock_offer(pam_handle_t *pamh, const char *user, const struct log *log, struct unlockfile *ret);

/*
 * Makes the password PAM_AUTHTOK after the card has admitted the user, for the modules after ours.
 * False: it is no longer the account's password (logged), and nothing is set. An input that looks
 * like a PIN is never set (lib/pinrule.h), nor one that libpam refuses; both are logged.
 */
bool unlock_hand_on(pam_handle_t *pamh, const char *user, const struct secret *password, const struct log *log);

#endif

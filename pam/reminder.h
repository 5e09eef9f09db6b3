/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * That a certificate ends soon is told for months: once a day is enough, and not at every sudo and
 * unlock, where some programs put it into a window that has to be closed.
 *
 * Where the module runs as root, an empty file REMINDERS_DIR/UID says by the time of its last change when
 * the user was told. Only root reads or writes there, and the directory is checked as lib/safefile.h
 * says. A program that runs as the user (a screen locker) cannot keep it, and tells nothing of the kind.
 */
#ifndef JPKI_PAM_REMINDER_H
#define JPKI_PAM_REMINDER_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "lib/log.h"

#ifndef REMINDERS_DIR
#define REMINDERS_DIR STATEDIR "/reminders"
#endif

/*
 * Whether the user, who is logging in, is to be told today what is told once a day. True: it is recorded that
 * they were, and the caller tells them. False: they were told today already (the day in Japan, where
 * certificates end); or that cannot be recorded, which is logged where the module runs as root; or it is
 * another account that logs in as this user, and the user is not there to read it.
 */
bool reminder_claim(pam_handle_t *pamh, const char *user, const struct log *log)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits the expiry warning to once a day. It is shown for months, and some programs put it into a
 * window that has to be closed at every sudo and unlock.
 *
 * Where the module runs as root, an empty file REMINDERS_DIR/UID shows by its modification time
 * when the user was warned. Only root reads or writes there, and the directory is checked as
 * lib/safefile.h says. A program that runs as the user (a screen locker) cannot write there, and
 * shows no warning.
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
 * Whether to show the user, who is logging in, the daily texts now. True: this is recorded, and the
 * caller shows them. False: they were shown today already (the day in Japan, where certificates
 * end); or it cannot be recorded, which is logged where the module runs as root; or another account
 * logs in as this user, who is not there to read them.
 */
bool reminder_claim(pam_handle_t *pamh, const char *user, const struct log *log)
    __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* How a call of the module ended: one line for the log, a sentence for the user. */
#ifndef JPKI_PAM_REPORT_H
#define JPKI_PAM_REPORT_H

#include <security/pam_modules.h>

#include "lib/log.h"
#include "pam/dialogue.h"

/*
 * Call it once for each call of the module that decides something. pam_jpki(8) describes the line
 * of the log. `user` is the name as the request has it, "" for none. `flags` are libpam's: with
 * PAM_SILENT the user reads only the expiry warning, and errors. A conversation that failed is not
 * used again.
 */
void report_result(pam_handle_t *pamh, int flags, const struct dialogue_result *result,
    const char *user, const struct log *log);

#endif

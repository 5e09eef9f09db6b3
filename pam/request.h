/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the request to the helper. */
#ifndef JPKI_PAM_REQUEST_H
#define JPKI_PAM_REQUEST_H

#include <security/pam_modules.h>

#include "helper/proto.h"
#include "lib/log.h"

/*
 * Returns the handle's name, or has the application prompt for it: *ret is the handle's and may be
 * "". CANCELLED, INTERNAL as below.
 */
struct outcome request_ask_name(pam_handle_t *pamh, const char **ret) MUST_CHECK;

/*
 * Fills *request, whose task the caller has set, from the handle's items (user, service, terminal
 * and others, which are claims of the application), the host name, and the arguments of the line in
 * the PAM stack. The arguments are used as long as argv is valid. If the handle has no user, the
 * application prompts for one, except for PROTO_NAME, which has no user.
 *
 * OUTCOME_OK; CANCELLED: the conversation failed; NOT_ENROLLED: no account can have this name, or
 * lib/account.h calls it ambiguous (logged); CONFIG: too many arguments (logged); INTERNAL: the
 * service's name does not fit, or libpam or gethostname(2) failed.
 */
struct outcome request_make(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request) MUST_CHECK;

#endif

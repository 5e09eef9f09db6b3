/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module asks its helper for. */
#ifndef JPKI_PAM_REQUEST_H
#define JPKI_PAM_REQUEST_H

#include <security/pam_modules.h>

#include "helper/proto.h"
#include "lib/log.h"

/* The handle's name, or what the application has had typed: *ret is lent and may be "". CANCELLED, INTERNAL as below. */
struct outcome request_ask_name(pam_handle_t *pamh, const char **ret) MUST_CHECK;

/*
 * Fills *request, whose task the caller has set, from the handle's items (user, service, terminal
 * and others, which are claims of the application), the host name, and the words of the line in the
 * PAM stack. The words are lent, for as long as argv lives. It asks the application for the user's
 * name where the handle has none, but for PROTO_NAME, which has no user.
 *
 * OUTCOME_OK; CANCELLED: the conversation failed; NOT_ENROLLED: no account can have this name, or
 * lib/account.h calls it ambiguous (logged);
 * CONFIG: too many words, which is logged; INTERNAL: the service's name does not fit, or libpam
 * or gethostname(2) failed.
 */
struct outcome request_make(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request) MUST_CHECK;

#endif

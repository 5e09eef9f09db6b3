/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lines of the log share: who, where, and with which card. */
#ifndef JPKI_PAM_LOGLINE_H
#define JPKI_PAM_LOGLINE_H

#include <security/pam_modules.h>
#include <stddef.h>

#include "lib/log.h"

#define LOGLINE_MAX 900	/* with a code before it, one line of the log */

/* An item of the handle as text; NULL: it has none. Lent. */
static inline const char *
item(pam_handle_t *pamh, int type)
{
	const void *value = NULL;

	return pam_get_item(pamh, type, &value) == PAM_SUCCESS ? value : NULL;
}

/* A log that writes to syslog in the name of the application's service, as pam_syslog(3). */
struct log logline_log(pam_handle_t *pamh);

/*
 * Writes "user=… service=… tty=… rhost=… reader=… cert=…", from the handle's items and the
 * arguments; pam_jpki(8) describes it. No value can look like another field.
 */
void logline_who(pam_handle_t *pamh, const char *user, const char *reader, const char *cert,
    char text[static LOGLINE_MAX]);

#endif

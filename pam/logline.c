/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <security/pam_ext.h>
#include <stdio.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "pam/logline.h"

#define FIELD_MAX 160	/* of a field in the log: five of them fit into a line */

static void
to_syslog(void *ctx, int priority, const char *text)
{
	pam_syslog(ctx, priority, "%s", text);
}

struct log
logline_log(pam_handle_t *pamh)
{
	return (struct log){ .sink = to_syslog, .ctx = pamh };
}

static void
field_of_item(pam_handle_t *pamh, int type, char text[static FIELD_MAX])
{
	log_field(item(pamh, type), text, FIELD_MAX);
}

void
logline_who(pam_handle_t *pamh, const char *user_name, const char *reader_name, const char *cert_name,
    char text[static LOGLINE_MAX])
{
	char user[FIELD_MAX], service[FIELD_MAX], tty[FIELD_MAX], rhost[FIELD_MAX], reader[FIELD_MAX];
	char cert[PROTO_CERT_MAX + 2];

	log_field(user_name, user, sizeof user);
	field_of_item(pamh, PAM_SERVICE, service);
	field_of_item(pamh, PAM_TTY, tty);
	field_of_item(pamh, PAM_RHOST, rhost);
	log_field(reader_name, reader, sizeof reader);
	log_field(cert_name, cert, sizeof cert);
	snprintf(text, LOGLINE_MAX, "user=%s service=%s tty=%s rhost=%s reader=%s cert=%s", user, service, tty,
	    rhost, reader, cert);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "lib/i18n.h"
#include "lib/message.h"
#include "pam/conv.h"
#include "pam/language.h"
#include "pam/logline.h"
#include "pam/report.h"

/* What the helper never got to say. */
static void
say_ourselves(pam_handle_t *pamh, const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (strcmp(language_of_application(item(pamh, PAM_TTY)), "ja") != 0) {
		message_outcome_english(o, text);
		return;
	}
	i18n_bind();
	message_outcome(o, text);	/* in the application's locale */
}

/* One line for one decision, which pam_jpki(8) describes: no value can look like another. */
static void
log_decision(pam_handle_t *pamh, const struct dialogue_result *result, const char *user_name,
    const struct log *log)
{
	const struct outcome *o = &result->outcome;
	char who[LOGLINE_MAX], tries[16] = "-";
	const char *place = "-", *where = "-";

	logline_who(pamh, user_name, result->reader, result->cert, who);
	if (result->where != WHERE_UNKNOWN) {
		place = place_name(where_place(result->where));
		where = where_code(result->where);
	}
	if (o->tries_left != TRIES_UNKNOWN)
		snprintf(tries, sizeof tries, "%d", o->tries_left);
	log_msg(log, outcome_priority(o->status), "%s %s tries=%s raw=%08x place=%s where=%s",
	    outcome_code(o->status), who, tries, o->raw, place, where);
}

void
report_result(pam_handle_t *pamh, int flags, const struct dialogue_result *result, const char *user,
    const struct log *log)
{
	const struct outcome *o = &result->outcome;
	int priority = outcome_priority(o->status);
	char text[MESSAGE_MAX];

	log_decision(pamh, result, user, log);
	/* Never speak to a conversation that has failed; a password, or nothing, speaks for itself. */
	if (o->status == OUTCOME_CANCELLED || o->status == OUTCOME_PASSWORD || o->status == OUTCOME_NO_REPLY)
		return;
	if (outcome_ok(o) || result->text[0] != '\0')
		snprintf(text, sizeof text, "%.*s", MESSAGE_MAX - 1, result->text);
	else
		say_ourselves(pamh, o, text);
	/*
	 * What is no more than the normal course of a mixed stack respects
	 * PAM_SILENT; that the certificate ends soon does not, for sudo always sets it.
	 */
	if (outcome_ok(o))
		flags = 0;
	conv_tell(pamh, flags, priority == LOG_INFO ? CONV_INFO : CONV_ERROR, text);
}

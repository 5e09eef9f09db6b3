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
#include "pam/reminder.h"
#include "pam/report.h"

/* Writes the sentence if the helper sent none. */
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

/*
 * Whether there is nothing to show: the user typed a password or nothing, or the conversation has
 * failed and must not be used again.
 */
static bool
is_without_words(enum outcome_status status)
{
	return status == OUTCOME_CANCELLED || status == OUTCOME_PASSWORD || status == OUTCOME_NO_REPLY;
}

/* Only the helper knows whether the refusal concerns the user: if it sent no text, nothing is shown. */
static bool
is_for_helper_to_say(enum outcome_status status)
{
	return status == OUTCOME_NOT_ENROLLED || status == OUTCOME_REMOTE;
}

/* Chooses what the user reads; "" for nothing. */
static void
choose_text(pam_handle_t *pamh, const struct dialogue_result *result, const char *user, const struct log *log,
    char text[static MESSAGE_MAX])
{
	const struct outcome *o = &result->outcome;
	char said[MESSAGE_MAX];

	text[0] = '\0';
	if (is_without_words(o->status))
		return;
	if (outcome_ok(o) && result->daily[0] != '\0' && reminder_claim(pamh, user, log))
		snprintf(text, MESSAGE_MAX, "%.*s", MESSAGE_MAX - 1, result->daily);
	else if (outcome_ok(o) || result->text[0] != '\0' || is_for_helper_to_say(o->status))
		snprintf(text, MESSAGE_MAX, "%.*s", MESSAGE_MAX - 1, result->text);
	else
		say_ourselves(pamh, o, text);
	if (outcome_ok(o) && result->stale[0] != '\0') {
		snprintf(said, sizeof said, "%s", text);
		message_join(said, result->stale, text);
	}
}

void
report_result(pam_handle_t *pamh, int flags, const struct dialogue_result *result, const char *user,
    const struct log *log)
{
	const struct outcome *o = &result->outcome;
	int priority = outcome_priority(o->status);
	char text[MESSAGE_MAX];

	log_decision(pamh, result, user, log);
	choose_text(pamh, result, user, log, text);
	/*
	 * PAM_SILENT suppresses what is normal in a stack with other modules; not the expiry
	 * warning, because sudo always sets it.
	 */
	if (outcome_ok(o))
		flags = 0;
	conv_tell(pamh, flags, priority == LOG_INFO ? CONV_INFO : CONV_ERROR, text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "flow/pinchange.h"
#include "flow/possession/survey.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "tools/common/ask.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/cmd_status.h"

static struct outcome
ask_at_prompt(void *ctx, const struct pinchange_question *q, struct secret *typed)
{
	struct ask_dialogue *d = ctx;
	char prompt[MESSAGE_MAX];
	struct outcome o;

	pinchange_text(q, prompt);
	o = ask_at_terminal(d->t, prompt, typed);
	if (q->prompt == PINCHANGE_AGAIN)
		ask_last_answered(d);
	return o;
}

static void
changing(void *ctx)
{
	const struct ask_dialogue *d = ctx;

	deadline_changing(d->t);
}

static int
finish_change(const struct tool *t, const struct outcome *o, bool signature)
{
	char text[MESSAGE_MAX];

	if (outcome_ok(o)) {
		message_pin_changed(signature, text);
		printf("%s\n", text);
		(void)fflush(stdout);
		return TOOL_OK;
	}
	if (o->status != OUTCOME_PIN_LOCKED && o->status != OUTCOME_SIGN_LOCKED)
		return tool_finish(t, o);
	message_locked(signature, text);
	tool_complain(t, "%s (%s)", text, outcome_code(o->status));
	return TOOL_FAILED;
}

/* Reports the result before a blocked signal can end the program. */
static int
change_on(struct tool *t, const char *reader, const struct survey *survey, bool signature)
{
	struct ask_dialogue dialogue = { .t = t, .reader = reader };
	struct pinchange_ui ui = { .ask = ask_at_prompt, .gone = ask_never_gone, .changing = changing,
		.ctx = &dialogue };
	struct pinchange_card card = { .pin = signature ? JPKI_PIN_SIGN : JPKI_PIN_AUTH,
		.reader = reader, .classic = survey->classic,
		.tries_left = signature ? survey->sign_tries : survey->auth_tries,
		.cert = { survey->der, survey->der_len } };
	struct outcome o = outcome_of(OUTCOME_NO_MEMORY);
	struct pinchange_secrets secrets;
	bool clean = true;
	int result;

	if (pinchange_secrets_init(&secrets))
		o = pinchange(&t->env, &ui, &card, &secrets, &clean);
	pinchange_secrets_done(&secrets);
	ask_check_clean(t, reader, clean);
	deadline_off();
	result = finish_change(t, &o, signature);
	ask_dialogue_done(&dialogue);
	return result;
}

static struct outcome
look_at_card(struct tool *t, const char *wanted_reader, char *reader, struct survey *survey)
{
	struct outcome o;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, wanted_reader, reader);
	if (outcome_ok(&o))
		o = survey_card(&t->env, reader, survey);
	return o;
}

static int
change_pin(struct tool *t, const char *wanted_reader, bool signature)
{
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct outcome o = look_at_card(t, wanted_reader, reader, &survey);

	if (outcome_ok(&o))
		o = survey_certificate(&survey);
	if (outcome_ok(&o) && signature && survey.sign_tries == TRIES_UNKNOWN) {
		tool_complain(t, "%s", _("this card has no signature PIN"));
		return TOOL_FAILED;
	}
	if (!outcome_ok(&o))
		return tool_finish_search(t, &o, reader);
	return change_on(t, reader, &survey, signature);
}

static void
explain_lock(int tries, bool signature)
{
	char text[MESSAGE_MAX];

	if (tries != 0)
		return;
	message_locked(signature, text);
	printf("\n%s\n", text);
}

static int
status(struct tool *t, const char *wanted_reader)
{
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct outcome o = look_at_card(t, wanted_reader, reader, &survey);

	if (!outcome_ok(&o))
		return tool_finish_search(t, &o, reader);
	status_print_tries(_("user-authentication PIN"), survey.auth_tries);
	status_print_tries(_("signature PIN"), survey.sign_tries);
	explain_lock(survey.auth_tries, false);
	explain_lock(survey.sign_tries, true);
	return TOOL_OK;
}

int
cmd_pin(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "signature", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const char *reader = NULL;
	bool signature = false;
	int c;

	while ((c = getopt_long(argc, argv, "r:s", options, NULL)) != -1) {
		if (c == 'r')
			reader = optarg;
		else if (c == 's')
			signature = true;
		else
			return tool_usage(t);
	}
	if (optind == argc - 1 && strcmp(argv[optind], "change") == 0)
		return change_pin(t, reader, signature);
	if (optind == argc - 1 && strcmp(argv[optind], "status") == 0 && !signature)
		return status(t, reader);
	return tool_usage(t);
}

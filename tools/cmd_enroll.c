#include "config.h"

#include <bsd/readpassphrase.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "config/enrolment.h"
#include "flow/enrol.h"
#include "flow/prove.h"
#include "flow/survey.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "nss/cert.h"
#include "tools/tool.h"

static struct outcome
ask_on_terminal(void *ctx, const char *reader, int tries_left, struct secret *pin)
{
	const struct tool *t = ctx;
	char prompt[MESSAGE_MAX], typed[64];
	struct outcome o = outcome_of(JPKI_OK);

	message_pin_prompt(tries_left, false, prompt);
	if (readpassphrase(prompt, typed, sizeof typed, RPP_REQUIRE_TTY) == NULL) {
		tool_complain(t, "%s", _("the PIN is typed at a terminal, and there is none"));
		return outcome_of(JPKI_CANCELLED);
	}
	if (typed[0] == '\0')
		o = outcome_of(JPKI_CANCELLED);
	else if (!secret_set(pin, typed, strlen(typed)))
		o = outcome_of(JPKI_PIN_FORMAT);
	explicit_bzero(typed, sizeof typed);
	return o;
}

static bool
nobody_left(void *ctx)
{
	return false;
}

/* The card may be left verified only if nothing could be done about it. */
static void
check_clean(struct tool *t, const char *reader, bool clean)
{
	struct outcome o = clean ? outcome_of(JPKI_OK) : prove_drop_state(&t->env, reader);

	if (!outcome_ok(&o))
		tool_complain(t, "%s", _("take the card off the reader: it may still count as unlocked"));
}

static struct outcome
enroll_from_card(struct tool *t, const char *wanted_reader, const char *user)
{
	struct flow_ui ui = { .ask_pin = ask_on_terminal, .gone = nobody_left, .ctx = t };
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct secret *pin;
	struct outcome o;
	bool clean = true;

	o = survey_choose_reader(&t->env, wanted_reader, reader);
	if (outcome_ok(&o))
		o = survey_card(&t->env, reader, &survey);
	if (outcome_ok(&o) && survey.der_len == 0)
		o = outcome_of(survey.kind == JPKI_KIND_JUKI ? JPKI_JUKI_CARD :
		    survey.kind == JPKI_KIND_PHONE ? JPKI_PHONE : JPKI_NO_CERT);
	if (!outcome_ok(&o))
		return o;
	pin = secret_new();
	if (pin == NULL)
		return outcome_of(JPKI_NO_MEMORY);
	o = enrol_prove(&t->env, &ui, user, reader, &survey, pin, &clean);
	secret_free(pin);
	check_clean(t, reader, clean);
	if (outcome_ok(&o))
		o = enrol_write(&t->env, user, (struct view){ survey.der, survey.der_len },
		    "from the card, key proven");
	return o;
}

struct from_file {
	struct tool *t;
	const char *user;
	unsigned int count;
};

static struct outcome
enroll_one(void *ctx, struct view der)
{
	struct from_file *f = ctx;
	struct outcome o;

	if (f->count++ > 0) {
		tool_complain(f->t, "%s", _("the file holds more than one certificate; which one is meant?"));
		return outcome_of(JPKI_CERT_BAD);
	}
	o = enrol_check(&f->t->env, der);
	if (outcome_ok(&o))
		o = enrol_write(&f->t->env, f->user, der, "from a file, key not proven");
	return o;
}

static bool
user_exists(struct tool *t, const char *user)
{
	if (!enrolment_user_ok(user)) {
		tool_complain(t, "%s", _("this cannot be a user's name"));
		return false;
	}
	if (getpwnam(user) == NULL) {
		tool_complain(t, _("there is no user %s on this machine"), user);
		return false;
	}
	return true;
}

int
cmd_enroll(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "reader", required_argument, NULL, 'r' },
		{ "from-file", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	const char *reader = NULL, *file = NULL, *user;
	struct outcome o;
	int c;

	while ((c = getopt_long(argc, argv, "r:f:", options, NULL)) != -1) {
		if (c == 'r')
			reader = optarg;
		else if (c == 'f')
			file = optarg;
		else
			return tool_usage(t);
	}
	if (optind != argc - 1 || (reader != NULL && file != NULL))
		return tool_usage(t);
	user = argv[optind];
	if (!user_exists(t, user))
		return TOOL_FAILED;
	if (file != NULL) {
		struct from_file f = { .t = t, .user = user };

		o = tool_each_certificate(t, file, enroll_one, &f);
	} else {
		o = enroll_from_card(t, reader, user);
	}
	if (outcome_ok(&o))
		printf(_("%s: enrolled\n"), user);
	return tool_finish(t, &o);
}

#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
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
#include "lib/signals.h"
#include "nss/cert.h"
#include "tools/deadline.h"
#include "tools/tool.h"

struct asking {
	struct tool *t;
	bool held;	/* signals wait until the card has forgotten the PIN */
	sigset_t before;
};

static struct outcome
not_typed(const struct tool *t, int error)
{
	if (error == ENOTTY || error == ENXIO)
		tool_complain(t, "%s", _("the PIN is typed at a terminal, and there is none"));
	else if (error != EINTR)
		tool_complain(t, _("the PIN cannot be read: %s"), strerror(error));
	return outcome_of(JPKI_CANCELLED);
}

/* ^C at the prompt ends us; from then on it waits, for the card would stay unlocked. */
static struct outcome
ask_on_terminal(void *ctx, const char *reader, int tries_left, struct secret *pin)
{
	struct asking *a = ctx;
	char prompt[MESSAGE_MAX], typed[64];
	struct outcome o = outcome_of(JPKI_OK);

	message_pin_prompt(tries_left, false, prompt);
	deadline_off();
	if (readpassphrase(prompt, typed, sizeof typed, RPP_REQUIRE_TTY) == NULL) {
		int error = errno;

		explicit_bzero(typed, sizeof typed);
		return not_typed(a->t, error);
	}
	signals_hold(&a->before);
	a->held = true;
	deadline_arm(a->t, true);
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
	struct outcome o = outcome_of(JPKI_OK);

	if (!clean) {
		deadline_arm(t, true);
		o = prove_drop_state(&t->env, reader);
	}
	if (!outcome_ok(&o))
		tool_complain(t, "%s", _("take the card off the reader: it may still count as unlocked"));
}

/* What is asked for on the command line. */
struct enrolling {
	const char *user, *reader, *file;
	bool add;
};

static struct outcome
write_it(struct tool *t, const struct enrolling *e, struct view der, const char *whence)
{
	char actor[TOOL_ACTOR_MAX];
	struct enrol_how how = { .add = e->add, .whence = whence, .by = actor };

	tool_actor(actor);
	return enrol_write(&t->env, e->user, der, &how);
}

static struct outcome
enroll_from_card(struct tool *t, const struct enrolling *e)
{
	struct asking asking = { .t = t };
	struct flow_ui ui = { .ask_pin = ask_on_terminal, .gone = nobody_left, .ctx = &asking };
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct secret *pin;
	struct outcome o;
	bool clean = true;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, e->reader, reader);
	if (outcome_ok(&o))
		o = survey_card(&t->env, reader, &survey);
	if (outcome_ok(&o) && survey.der_len == 0)
		o = outcome_of(survey.kind == JPKI_KIND_JUKI ? JPKI_JUKI_CARD :
		    survey.kind == JPKI_KIND_PHONE ? JPKI_PHONE : JPKI_NO_CERT);
	if (outcome_ok(&o) && e->add)
		o = enrol_room(&t->env, e->user, (struct view){ survey.der, survey.der_len });
	if (!outcome_ok(&o))
		return o;
	pin = secret_new();
	if (pin == NULL)
		return outcome_of(JPKI_NO_MEMORY);
	o = enrol_prove(&t->env, &ui, e->user, reader, &survey, pin, &clean);
	secret_free(pin);
	check_clean(t, reader, clean);
	deadline_off();		/* what follows is the disk's */
	if (asking.held)
		signals_release(&asking.before);
	if (outcome_ok(&o))
		o = write_it(t, e, (struct view){ survey.der, survey.der_len },
		    "from the card, key proven");
	return o;
}

struct from_file {
	struct tool *t;
	unsigned int count;
	uint8_t der[CERT_DER_MAX];
	size_t len;
};

/* Nothing is written before it is known to be the only one. */
static struct outcome
note_one(void *ctx, struct view der)
{
	struct from_file *f = ctx;

	if (f->count++ > 0) {
		tool_complain(f->t, "%s", _("the file holds more than one certificate; which one is meant?"));
		return outcome_of(JPKI_CERT_BAD);
	}
	if (der.len > sizeof f->der)
		return outcome_of(JPKI_CERT_BAD);
	memcpy(f->der, der.data, der.len);
	f->len = der.len;
	return outcome_of(JPKI_OK);
}

static struct outcome
enroll_from_file(struct tool *t, const struct enrolling *e, struct view text)
{
	struct from_file f = { .t = t };
	struct outcome o = tool_each_certificate(t, e->file, text, note_one, &f);
	struct view der = { f.der, f.len };

	if (outcome_ok(&o))
		o = enrol_check(&t->env, der);
	if (outcome_ok(&o))
		o = write_it(t, e, der, "from a file, key not proven");
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
		{ "add", no_argument, NULL, 'a' },
		{ "reader", required_argument, NULL, 'r' },
		{ "from-file", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct enrolling e = { .user = NULL };
	struct outcome o;
	size_t len;
	int c;

	while ((c = getopt_long(argc, argv, "ar:f:", options, NULL)) != -1) {
		if (c == 'a')
			e.add = true;
		else if (c == 'r')
			e.reader = optarg;
		else if (c == 'f')
			e.file = optarg;
		else
			return tool_usage(t);
	}
	if (optind != argc - 1 || (e.reader != NULL && e.file != NULL))
		return tool_usage(t);
	e.user = argv[optind];
	if (!user_exists(t, e.user))
		return TOOL_FAILED;
	if (e.file != NULL) {
		if (!tool_read_file(t, e.file, &bytes, &len))
			return TOOL_FAILED;
		o = enroll_from_file(t, &e, (struct view){ bytes, len });
	} else {
		o = enroll_from_card(t, &e);
	}
	if (outcome_ok(&o)) {
		tool_audit(e.add ? "enroll-add" : "enroll", "user", e.user);
		printf(_("%s: enrolled\n"), e.user);
	}
	return tool_finish(t, &o);
}

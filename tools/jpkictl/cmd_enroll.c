/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/userfile.h"
#include "flow/enroll.h"
#include "flow/find.h"
#include "flow/possession/survey.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "nss/cert.h"
#include "tools/common/ask.h"
#include "tools/common/caged.h"
#include "tools/common/certfile.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"

static struct outcome
enroll_ask_pin(void *ctx, const struct found_card *found, struct secret *pin)
{
	struct ask_dialogue *d = ctx;
	char prompt[MESSAGE_MAX];
	struct outcome o;

	message_pin_prompt(found->tries_left, false, prompt);
	o = ask_at_terminal(d->t, prompt, pin);
	if (o.status == OUTCOME_CANCELLED)
		return o;
	ask_last_answered(d);
	if (outcome_ok(&o) && secret_view(pin).len == 0)
		o = outcome_of(OUTCOME_CANCELLED);
	return o;
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
	struct enroll_how how = { .add = e->add, .whence = whence, .by = actor };

	tool_actor(actor);
	return enroll_write(&t->env, e->user, der, &how);
}

/* A certificate that was judged in the cage. */
struct judged {
	size_t len;
	uint8_t der[CERT_DER_MAX];
};

/* In the cage: a certificate of the card on the reader whose key the card has proved. */
static int
prove_card(struct tool *t, void *ctx, void *result)
{
	const struct enrolling *e = ctx;
	struct judged *ret = result;
	struct ask_dialogue dialogue = { .t = t };
	struct flow_ui ui = { .ask_pin = enroll_ask_pin, .gone = ask_nobody_left,
		.ctx = &dialogue };
	char reader[TRANSPORT_NAME_MAX];
	static struct survey survey;
	struct secret *pin = NULL;
	struct outcome o;
	bool clean = true;

	deadline_arm(t, false);
	o = survey_choose_reader(&t->env, e->reader, reader);
	if (outcome_ok(&o))
		o = survey_card(&t->env, reader, &survey);
	if (outcome_ok(&o))
		o = survey_certificate(&survey);
	if (outcome_ok(&o) && e->add)
		o = enroll_room(&t->env, e->user, (struct view){ survey.der, survey.der_len });
	if (outcome_ok(&o) && (pin = secret_new()) == NULL)
		o = outcome_of(OUTCOME_NO_MEMORY);
	if (!outcome_ok(&o))
		return tool_finish_search(t, &o, reader);
	o = enroll_prove(&t->env, &ui, e->user, reader, &survey, pin, &clean);
	secret_free(pin);
	ask_check_clean(t, reader, clean);
	deadline_off();
	ask_dialogue_done(&dialogue);
	memcpy(ret->der, survey.der, survey.der_len);
	ret->len = survey.der_len;
	return tool_finish(t, &o);
}

struct from_file {
	const char *path;
	struct view text;
	unsigned int count;
	struct judged *ret;
};

/* Nothing is written before it is known to be the only one. */
static struct outcome
note_one(void *ctx, struct view der)
{
	struct from_file *f = ctx;

	if (f->count++ > 0)
		return outcome_of(OUTCOME_OK);
	if (der.len > sizeof f->ret->der)
		return outcome_of(OUTCOME_CERT_BAD);
	memcpy(f->ret->der, der.data, der.len);
	f->ret->len = der.len;
	return outcome_of(OUTCOME_OK);
}

/* In the cage: the one certificate of a file. */
static int
judge_file(struct tool *t, void *ctx, void *result)
{
	struct from_file *f = ctx;
	struct outcome o;

	f->ret = result;
	o = certfile_each(t, f->path, f->text, note_one, f);
	if (!outcome_ok(&o))
		return certfile_finish(t, &o);
	if (f->count > 1) {
		tool_complain(t, "%s", _("the file holds more than one certificate; which one is meant?"));
		return TOOL_FAILED;
	}
	o = enroll_check(&t->env, (struct view){ f->ret->der, f->ret->len });
	return tool_finish(t, &o);
}

/* Judges in the cage, and writes here. */
static int
judge_and_write(struct tool *t, const struct enrolling *e, struct caged *caged, const char *whence)
{
	static struct judged judged;
	struct outcome o = outcome_of(OUTCOME_OK);
	int status;

	caged->result = &judged;
	caged->result_size = sizeof judged;
	status = caged_run(t, caged);
	if (status != TOOL_OK)
		return status;
	if (judged.len == 0 || judged.len > sizeof judged.der)
		o = outcome_of(OUTCOME_CERT_BAD);
	if (outcome_ok(&o))
		o = write_it(t, e, (struct view){ judged.der, judged.len }, whence);
	return tool_finish(t, &o);
}

static int
enroll_from_card(struct tool *t, struct enrolling *e)
{
	struct caged caged = { .work = prove_card, .ctx = e };

	return judge_and_write(t, e, &caged, "from the card, key proven");
}

static int
enroll_from_file(struct tool *t, const struct enrolling *e)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct from_file f = { .path = e->file };
	struct caged caged = { .work = judge_file, .ctx = &f };

	if (!tool_read_file(t, e->file, &bytes, &f.text.len))
		return TOOL_FAILED;
	f.text.data = bytes;
	return judge_and_write(t, e, &caged, "from a file, key not proven");
}

/* The account that is meant by a name. A login looks its card up by the account's. */
static bool
find_user(struct tool *t, const char *name, struct account *ret)
{
	bool possible = userfile_user_ok(name);

	if (possible && !tool_find_account(t, name, ret))
		return false;
	if (possible && userfile_user_ok(ret->name))
		return true;
	tool_complain(t, "%s", _("this cannot be a user's name"));
	return false;
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
	struct enrolling e = { .user = NULL };
	struct account account;
	int c, status;

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
	if (!find_user(t, argv[optind], &account))
		return TOOL_FAILED;
	e.user = account.name;
	status = e.file != NULL ? enroll_from_file(t, &e) : enroll_from_card(t, &e);
	if (status == TOOL_OK) {
		tool_audit(e.add ? "enroll-add" : "enroll", "user", e.user);
		printf(_("%s: the card is registered\n"), e.user);
	}
	return status;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/userfile.h"
#include "flow/enroll.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "nss/cert.h"
#include "tools/common/certfile.h"
#include "tools/common/proven_card.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/cmd_unlock.h"
#include "tools/jpkictl/enroll_self.h"
#include "tools/jpkictl/ldif_change.h"

/* The options of the command line. */
struct enrolling {
	const char *user, *reader, *file;
	bool add;
	bool ldif;		/* it is printed for the organization's directory, not written here */
	bool replace;		/* of ldif */
};

static int
write_it(struct tool *t, const struct enrolling *e, const struct judged *judged, const char *source)
{
	char actor[TOOL_ACTOR_MAX];
	struct enroll_how how = { .add = e->add, .source = source, .by = actor };
	struct outcome o;

	if (e->ldif)
		return ldif_change_register(t, e->user, (struct view){ judged->der, judged->len },
		    e->replace ? LDIF_REPLACE : e->add ? LDIF_FURTHER : LDIF_NEW, source);
	tool_actor(actor);
	o = enroll_write(&t->env, e->user, (struct view){ judged->der, judged->len }, &how);
	return tool_finish(t, &o);
}

/* In the cage: whether there is room for one more. */
static int
has_room(struct tool *t, const char *user, struct view der)
{
	struct outcome o = enroll_room(&t->env, user, der);

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
		tool_complain(t, "%s", _("the file contains more than one certificate; name one of them"));
		return TOOL_FAILED;
	}
	o = enroll_check(&t->env, (struct view){ f->ret->der, f->ret->len });
	return tool_finish(t, &o);
}

static int
enroll_from_card(struct tool *t, const struct enrolling *e)
{
	const struct proven_card proof = { .user = e->user, .reader = e->reader,
		.may_write = e->add && !e->ldif ? has_room : NULL };
	static struct judged judged;
	int status = proven_card_read(t, &proof, &judged);

	return status == TOOL_OK ? write_it(t, e, &judged, "from the card, key proven") : status;
}

static int
enroll_from_file(struct tool *t, const struct enrolling *e)
{
	_cleanup_(freep) uint8_t *bytes = NULL;
	struct from_file f = { .path = e->file };
	static struct judged judged;
	int status;

	if (!tool_read_file(t, e->file, &bytes, &f.text.len))
		return TOOL_FAILED;
	f.text.data = bytes;
	status = proven_card_judge(t, judge_file, &f, &judged);
	return status == TOOL_OK ? write_it(t, e, &judged, "from a file, key not proven") : status;
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

/* Returns false for what cannot be asked for together. */
static bool
words_agree(const struct enrolling *e, bool self, int words)
{
	if (self)
		return words == 0 && !e->add && e->file == NULL && !e->ldif && !e->replace;
	return words == 1 && (e->reader == NULL || e->file == NULL) && (!e->replace || (e->ldif && !e->add));
}

static int
enroll_one(struct tool *t, const struct enrolling *asked, const char *name)
{
	struct enrolling e = *asked;
	struct account account;
	int status;

	if (e.ldif ? !ldif_change_is_possible(t) || !ldif_change_find_account(t, name, &account) :
	    !tool_is_root(t) || !find_user(t, name, &account))
		return TOOL_FAILED;
	e.user = account.name;
	status = e.file != NULL ? enroll_from_file(t, &e) : enroll_from_card(t, &e);
	if (status == TOOL_OK && !e.ldif) {
		tool_audit(e.add ? "enroll-add" : "enroll", "user", e.user);
		printf(_("%s: the card is registered\n"), e.user);
		unlock_tidy(t, e.user);
	}
	return status;
}

int
cmd_enroll(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "add", no_argument, NULL, 'a' },
		{ "reader", required_argument, NULL, 'r' },
		{ "from-file", required_argument, NULL, 'f' },
		{ "ldif", no_argument, NULL, 'L' },
		{ "replace", no_argument, NULL, 'R' },
		{ "self", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct enrolling e = { .user = NULL };
	bool self = false;
	int c;

	while ((c = getopt_long(argc, argv, "ar:f:LRs", options, NULL)) != -1) {
		if (c == 'r')
			e.reader = optarg;
		else if (c == 'f')
			e.file = optarg;
		else if (c == '?')
			return tool_usage(t);
		e.add |= c == 'a';
		e.ldif |= c == 'L';
		e.replace |= c == 'R';
		self |= c == 's';
	}
	if (!words_agree(&e, self, argc - optind))
		return tool_usage(t);
	return self ? enroll_self(t, e.reader) : enroll_one(t, &e, argv[optind]);
}

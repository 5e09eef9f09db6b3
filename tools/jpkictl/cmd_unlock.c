/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/userfile.h"
#include "flow/find.h"
#include "flow/possession/challenge.h"
#include "flow/unlock_prove.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/pinrule.h"
#include "lib/secret.h"
#include "lib/shadow.h"
#include "tools/common/ask.h"
#include "tools/common/caged.h"
#include "tools/common/deadline.h"
#include "tools/jpkictl/cmd_unlock.h"

#define DAY 86400

static const struct unlockfile_place place = { UNLOCK_DIR, UNLOCK_MACHINE_FILE, 0 };

/* --- the password ----------------------------------------------------------------- */

/* False after a complaint. */
static bool
read_password(const struct tool *t, const char *prompt, struct secret *password)
{
	char text[SECRET_LONG_MAX + 2];
	bool read = readpassphrase(prompt, text, sizeof text, RPP_REQUIRE_TTY) != NULL;

	if (!read)
		tool_complain(t, _("the password cannot be read: %s"), strerror(errno));
	else if (text[0] == '\0' || !secret_set(password, text, strlen(text)))
		tool_complain(t, _("a password has 1 to %d bytes"), SECRET_LONG_MAX);
	explicit_bzero(text, sizeof text);
	return read && secret_view(password).len > 0;
}

/* An account whose password this machine does not keep: a slip would only show at a login. */
static bool
confirm_password(const struct tool *t, const struct secret *password)
{
	struct secret *again = secret_new_long();
	bool same;

	if (again == NULL) {
		tool_complain(t, "%s", strerror(ENOMEM));
		return false;
	}
	tool_complain(t, "%s", _("this machine does not keep the password of the account: it is not checked"));
	same = read_password(t, _("Password again: "), again);
	if (same && !view_equal(secret_view(password), secret_view(again))) {
		tool_complain(t, "%s", _("these are two passwords; nothing was stored"));
		same = false;
	}
	secret_free(again);
	return same;
}

/* The account's password; false after a complaint. */
static bool
ask_password(const struct tool *t, const char *user, struct secret *password)
{
	char prompt[ACCOUNT_NAME_MAX + 64];

	snprintf(prompt, sizeof prompt, _("Password of %s: "), user);
	if (!read_password(t, prompt, password))
		return false;
	if (pinrule_is_auth(secret_view(password)) || pinrule_is_slip(secret_view(password))) {
		tool_complain(t, "%s", _("this looks like a PIN, and no login hands a PIN on; choose another password first"));
		return false;
	}
	switch (shadow_compare(user, password)) {
	case SHADOW_FITS:
		return true;
	case SHADOW_ELSEWHERE:
		return confirm_password(t, password);
	case SHADOW_DIFFERS:
		break;
	}
	tool_complain(t, _("this is not the password of %s; nothing was stored"), user);
	return false;
}

/* --- the card's part, in the cage ----------------------------------------------------- */

struct storing {
	const char *user;
	char machine[UNLOCKFILE_MACHINE_LEN + 1];
	struct unlock_facts facts;
	struct secret *password;
};

static int
finish_signing(const struct tool *t, const struct outcome *o, const char *reader)
{
	if (o->status != OUTCOME_CERT_WEAK)
		return tool_finish_search(t, o, reader);
	tool_complain(t, "%s", _("the key of this card is not RSA: it signs differently each time, so it cannot keep a "
	    "password"));
	return TOOL_FAILED;
}

static int
let_card_sign(struct tool *t, void *ctx, void *result)
{
	const struct storing *s = ctx;
	struct ask_dialogue dialogue = { .t = t };
	struct flow_ui ui = { .ask_pin = ask_pin_of_card, .gone = ask_never_gone, .ctx = &dialogue };
	char reader[TRANSPORT_NAME_MAX];
	struct outcome o;
	bool clean = true;

	deadline_arm(t, false);
	o = unlock_prove(&t->env, &ui, s->user, s->machine, s->facts.salt, result, reader, &clean);
	ask_check_clean(t, reader, clean);
	deadline_off();
	ask_dialogue_done(&dialogue);
	return finish_signing(t, &o, reader);
}

/* --- set, remove ----------------------------------------------------------------------- */

/* Seals the password with the card's signature, which is judged here once more, and writes the file. */
static int
seal_and_write(struct tool *t, struct storing *s, const struct unlock_signature *signature)
{
	struct unlockfile file = { .len = 0 };
	struct outcome o;

	memcpy(file.machine, s->machine, sizeof file.machine);
	memcpy(s->facts.cert, signature->cert, sizeof s->facts.cert);
	s->facts.cert[CERT_FINGERPRINT_LEN] = '\0';
	o = unlock_make(&t->env, s->user, &s->facts, signature, s->password, &file);
	if (outcome_ok(&o) && !unlockfile_write(&place, s->user, &file, &t->log))
		return TOOL_FAILED;
	return tool_finish(t, &o);
}

static int
store_password(struct tool *t, struct storing *s)
{
	static struct unlock_signature signature;
	struct caged caged = { .work = let_card_sign, .ctx = s, .result = &signature,
		.result_size = sizeof signature };
	struct challenge salt;	/* for its way to random numbers */
	struct outcome o = challenge_fill_nonce(&salt);
	int status;

	_Static_assert(UNLOCK_SALT_LEN == CHALLENGE_NONCE_LEN, "a salt is as long as a nonce");
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	memcpy(s->facts.salt, salt.nonce, UNLOCK_SALT_LEN);
	s->facts.stored = clk_wall_s(t->env.clk);
	if (!ask_password(t, s->user, s->password))
		return TOOL_FAILED;
	status = caged_run(t, &caged);
	if (status == TOOL_OK)
		status = signature.len <= sizeof signature.bytes ? seal_and_write(t, s, &signature) : TOOL_FAILED;
	explicit_bzero(&signature, sizeof signature);
	return status;
}

static int
unlock_set(struct tool *t, const struct account *account)
{
	struct storing s = { .user = account->name, .password = secret_new_long() };
	int status = TOOL_FAILED;

	if (s.password == NULL)
		tool_complain(t, "%s", strerror(ENOMEM));
	else if (!userfile_exists(t->conf.users_dir, s.user))
		tool_complain(t, _("%s has no registered card: jpkictl enroll %s"), s.user, s.user);
	else if (unlockfile_machine(&place, &t->log, s.machine) == SAFEFILE_OK)
		status = store_password(t, &s);
	secret_free(s.password);
	if (status != TOOL_OK)
		return status;
	tool_audit("unlock-set", "user", s.user);
	printf(_("%s: the password is stored; the card unlocks it\n"), s.user);
	if (!t->conf.unlock)
		puts(_("It takes effect where unlock = yes is written: in pam_jpki.conf, or as unlock=yes after pam_jpki.so."));
	return TOOL_OK;
}

static int
unlock_remove(struct tool *t, const char *user)
{
	switch (unlockfile_remove(&place, user, &t->log)) {
	case SAFEFILE_OK:
		tool_audit("unlock-remove", "user", user);
		printf(_("%s: the stored password is removed\n"), user);
		return TOOL_OK;
	case SAFEFILE_ABSENT:
		tool_complain(t, _("%s has no stored password"), user);
		break;
	case SAFEFILE_REFUSED:
	case SAFEFILE_NO_MEMORY:
		break;
	}
	return TOOL_FAILED;
}

/* --- status ----------------------------------------------------------------------------- */

/* Whether the certificate is enrolled for the user: OUTCOME_OK, NOT_ENROLLED, or that it cannot be told. */
static struct outcome
find_enrolled(struct tool *t, const char *user, const char *fingerprint)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct outcome o = usercerts_load(&t->env, user, &enrolled);

	if (!outcome_ok(&o))
		return o;
	for (size_t i = 0; i < enrolled.count; i++)
		if (strcmp(cert_fingerprint(enrolled.at[i].cert), fingerprint) == 0)
			return o;
	return outcome_of(OUTCOME_NOT_ENROLLED);
}

enum unlock_state
unlock_judge(struct tool *t, const char *user, struct unlock_facts *ret)
{
	struct unlockfile file;
	enum safefile r = unlockfile_read(&place, user, &t->log, &file);
	struct outcome o;

	if (r != SAFEFILE_OK || !unlock_facts(&file, ret))
		return UNLOCK_UNREADABLE;
	o = find_enrolled(t, user, ret->cert);
	if (!outcome_ok(&o))
		return UNLOCK_OTHER_CERT;
	/* Of a change we know the day (UTC) alone: one of the same day shows at the next login. */
	return shadow_changed(user) > ret->stored / DAY ? UNLOCK_OLD : UNLOCK_IN_ORDER;
}

static const char *
state_text(enum unlock_state state)
{
	switch (state) {
	case UNLOCK_IN_ORDER:
		return _("in order");
	case UNLOCK_UNREADABLE:
		return _("not readable; store it again");
	case UNLOCK_OTHER_CERT:
		return _("of a certificate that is not registered; store it again");
	case UNLOCK_OLD:
		return _("the password was changed since; store it again");
	}
	return "?";
}

struct unlock_listing {
	struct tool *t;
	unsigned int count, bad;
};

static void
print_row(const char *user, const char *stored, const char *fingerprint, const char *state)
{
	tool_cell(user, 20);
	tool_cell(stored, 10);
	tool_cell(fingerprint, 17);
	printf("%s\n", state);
}

static void
print_one(void *ctx, const char *user)
{
	struct unlock_listing *l = ctx;
	char date[MESSAGE_DATE_MAX] = "-", fingerprint[17] = "-";
	struct unlock_facts facts;
	enum unlock_state state = unlock_judge(l->t, user, &facts);

	if (state != UNLOCK_UNREADABLE) {
		message_date(facts.stored, date);
		snprintf(fingerprint, sizeof fingerprint, "%.16s", facts.cert);
	}
	if (l->count++ == 0)
		print_row(_("USER"), _("STORED"), _("FINGERPRINT"), _("STATE"));
	print_row(user, date, fingerprint, state_text(state));
	l->bad += state != UNLOCK_IN_ORDER;
}

/* user: NULL for all of them. */
static int
unlock_status(struct tool *t, const char *user)
{
	struct unlock_listing l = { .t = t };
	struct unlockfile file;

	if (user == NULL && !unlockfile_each(&place, &t->log, print_one, &l))
		return TOOL_FAILED;
	if (user != NULL) {
		if (unlockfile_read(&place, user, &t->log, &file) == SAFEFILE_ABSENT) {
			tool_complain(t, _("%s has no stored password"), user);
			return TOOL_FAILED;
		}
		print_one(&l, user);
	}
	if (l.count == 0)
		puts(_("No password is stored: jpkictl unlock set USER"));
	return l.bad > 0 ? TOOL_WARNINGS : TOOL_OK;
}

/* ------------------------------------------------------------------------------------------ */

void
unlock_tidy(struct tool *t, const char *user)
{
	struct unlock_facts facts;
	struct unlockfile file;

	struct outcome o;

	if (unlockfile_read(&place, user, &t->log, &file) != SAFEFILE_OK || !unlock_facts(&file, &facts))
		return;
	o = find_enrolled(t, user, facts.cert);
	if (o.status != OUTCOME_NOT_ENROLLED)
		return;
	if (unlockfile_remove(&place, user, &t->log) == SAFEFILE_OK) {
		tool_audit("unlock-remove", "user", user);
		printf(_("%s: no registered card opens the stored password any more: it is removed (jpkictl unlock set)\n"),
		    user);
	}
}

int
cmd_unlock(struct tool *t, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	struct account account;
	char name[ACCOUNT_NAME_MAX];

	if (strcmp(word, "status") == 0 && argc == 2)
		return unlock_status(t, NULL);
	if (argc != 3 || argv[2][0] == '-')
		return tool_usage(t);
	if (strcmp(word, "set") == 0)
		return tool_find_account(t, argv[2], &account) ? unlock_set(t, &account) : TOOL_FAILED;
	if (strcmp(word, "status") != 0 && strcmp(word, "remove") != 0)
		return tool_usage(t);
	/* Of an account that is gone, too. */
	if (!account_name(argv[2], &t->log, name)) {
		tool_complain(t, "%s", _("this cannot be a user's name"));
		return TOOL_FAILED;
	}
	return strcmp(word, "remove") == 0 ? unlock_remove(t, name) : unlock_status(t, name);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_enroll_self: registers the caller's card for the caller's account, as root. jpkictl enroll --self starts it
 * by pkexec(1), after polkit has had the caller's password.
 *
 * MUSTs: it takes nothing from the caller but a reader's name and the language: account, options and files
 * come from pkexec's PKEXEC_UID, the user database and the built-in paths. It refuses unless each of these is proved:
 * the option, a person's account, a user at this machine, nothing in order registered yet, the key behind
 * the certificate (the order below). Nothing is written but by a caller who will be told of it at later logins
 * (lib/notice.h). Each decision is logged.
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "flow/enroll.h"
#include "lib/i18n.h"
#include "lib/notice.h"
#include "lib/signals.h"
#include "tools/common/deadline.h"
#include "tools/common/proven_card.h"
#include "tools/common/where.h"
#include "tools/enroll_self/caller.h"
#include "tools/enroll_self/prepare.h"

#define STARTED_BY "this program is started by: jpkictl enroll --self"

/* One line for one decision, as of jpkictl (tools/common/tool.h). */
static void
audit(const char *action, uid_t uid, const char *name, const char *reason)
{
	char field[512];

	log_field(name, field, sizeof field);
	openlog("jpkictl", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "JPKI-ADMIN action=%s user=%s reason=%s uid=0 login=%lu", action, field, reason,
	    (unsigned long)uid);
	closelog();
}

/* The sentence for the caller is said before. */
static int
refuse(const struct account *caller, const char *reason)
{
	audit("enroll-self-refused", caller->uid, caller->name, reason);
	return TOOL_FAILED;
}

static bool
find_caller(struct tool *t, const char *pkexec_uid, struct account *ret)
{
	uid_t lowest;

	if (!caller_parse_uid(pkexec_uid, &ret->uid)) {
		tool_complain(t, "%s", STARTED_BY);
		return false;
	}
	if (!caller_lowest_uid(LOGIN_DEFS, 0, &t->log, &lowest))
		return refuse(ret, "login-defs") == TOOL_OK;
	switch (caller_find(ret->uid, lowest, &t->log, ret)) {
	case CALLER_FOUND:
		return true;
	case CALLER_SYSTEM:
		tool_complain(t, "%s", _("only people's accounts register a card this way, not root or a system account"));
		return refuse(ret, "system-account") == TOOL_OK;
	case CALLER_NOT_ONE:
		break;
	}
	tool_complain(t, "%s", _("the user database does not give this user exactly one account; "
	    "ask the administrator: sudo jpkictl enroll USER"));
	return refuse(ret, "account") == TOOL_OK;
}

static bool
may_register(struct tool *t, const struct account *caller, const char *terminal)
{
	enum where where;

	if (!t->conf.self_enroll) {
		tool_complain(t, "%s", _("people do not register their own cards here (self_enroll in pam_jpki.conf); "
		    "ask the administrator: sudo jpkictl enroll USER"));
		return refuse(caller, "self_enroll") == TOOL_OK;
	}
	if (terminal[0] == '\0') {
		tool_complain(t, "%s", _("cannot prompt for the PIN: there is no terminal"));
		return refuse(caller, "terminal") == TOOL_OK;
	}
	where = where_user_is(caller->uid, terminal, &t->log);
	if (!where_is_here(where, &t->conf)) {
		tool_complain(t, _("only users who are at this machine register their card this way: %s (%s)"),
		    _(where_text(where)), where_code(where));
		return refuse(caller, "place") == TOOL_OK;
	}
	return true;
}

/* In the cage with a certificate; before, without one. */
static int
may_claim(struct tool *t, const char *user, struct view der)
{
	enum enroll_claim claim = ENROLL_PRESENT;
	struct outcome o = enroll_may_claim(&t->env, user, der, &claim);

	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (claim == ENROLL_FREE)
		return TOOL_OK;
	tool_complain(t, "%s", claim == ENROLL_TAKEN ?
	    _("this card is registered for another account; ask the administrator") :
	    _("a card is registered for this account already; the administrator registers another one: "
	    "sudo jpkictl enroll USER"));
	return TOOL_FAILED;
}

/* The notice comes first: what cannot be told is not done. */
static int
register_card(struct tool *t, const struct account *caller, const char *terminal, const struct judged *card)
{
	const struct notice_store notices = { .dir = NOTICES_DIR, .log = &t->log };
	struct notice notice = { .when = clk_wall_s(t->env.clk) };
	char by[TOOL_ACTOR_MAX];
	const struct enroll_how how = { .claim = true, .source = "from the card, key proven", .by = by };
	sigset_t before;
	struct outcome o;

	snprintf(by, sizeof by, "uid %lu (jpkictl enroll --self)", (unsigned long)caller->uid);
	snprintf(notice.terminal, sizeof notice.terminal, "%s", terminal + sizeof "/dev/" - 1);
	signals_hold(&before);
	o = outcome_of(OUTCOME_ENROLMENT);
	if (notice_leave(&notices, caller->uid, &notice)) {
		o = enroll_write(&t->env, caller->name, (struct view){ card->der, card->len }, &how);
		if (!outcome_ok(&o))
			notice_take_back(&notices, caller->uid);
	}
	signals_release(&before);
	return tool_finish(t, &o);
}

static int
enroll_caller(struct tool *t, const struct account *caller, const char *reader)
{
	const struct proven_card proof = { .user = caller->name, .reader = reader, .may_write = may_claim };
	char terminal[WHERE_TERMINAL_MAX];
	static struct judged card;

	where_terminal(terminal);
	if (!may_register(t, caller, terminal))
		return TOOL_FAILED;
	if (may_claim(t, caller->name, (struct view){ .len = 0 }) != TOOL_OK)
		return refuse(caller, "registered");
	if (proven_card_read(t, &proof, &card) != TOOL_OK)
		return refuse(caller, "card");
	if (register_card(t, caller, terminal, &card) != TOOL_OK)
		return refuse(caller, "write");
	audit("enroll-self", caller->uid, caller->name, "-");
	printf(_("%s: the card is registered\n"), caller->name);
	return TOOL_OK;
}

static int
run(struct tool *t, const char *pkexec_uid, const char *reader)
{
	struct account caller = { .name = "" };
	struct outcome o = conf_read(t->conf_file, 0, &t->log, &t->conf);
	struct pcsc *pcsc;
	int status;

	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	if (conf_language(&t->conf) != NULL)
		(void)i18n_use_language(conf_language(&t->conf));
	if (!find_caller(t, pkexec_uid, &caller))
		return TOOL_FAILED;
	pcsc = pcsc_new(&clk_system, &t->log);
	if (pcsc == NULL) {
		tool_complain(t, "%s", strerror(errno));
		return TOOL_FAILED;
	}
	t->env.transport = pcsc_transport(pcsc);
	t->pcsc = pcsc;
	deadline_watch(pcsc);
	status = enroll_caller(t, &caller, reader);
	deadline_arm(t, false);		/* closing talks to pcscd, too */
	pcsc_free(pcsc);
	deadline_off();
	return fflush(stdout) == 0 ? status : TOOL_FAILED;
}

int
main(int argc, char **argv)
{
	const char *variable = getenv("PKEXEC_UID");	/* NOLINT(concurrency-mt-unsafe) */
	char pkexec_uid[16] = "";
	static struct tool t;
	const char *reader;

	t.command = "enroll";
	t.conf_file = CONF_FILE;
	t.log = (struct log){ .sink = tool_log_line, .ctx = &t };
	t.env = (struct flow_env){ .conf = &t.conf, .clk = &clk_system, .log = &t.log,
		.uid_of = tool_uid_of };
	conf_init(&t.conf);
	if (variable != NULL && strlen(variable) < sizeof pkexec_uid)
		memcpy(pkexec_uid, variable, strlen(variable) + 1);
	if (getuid() != 0 || geteuid() != 0) {
		tool_complain(&t, "%s", STARTED_BY);
		return TOOL_FAILED;
	}
	if (!prepare_process()) {
		tool_complain(&t, "not in this process: %s", strerror(errno));
		return TOOL_FAILED;
	}
	(void)setlocale(LC_ALL, "");	/* NOLINT(concurrency-mt-unsafe) */
	i18n_bind();
	if (!prepare_reader(argc, argv, &reader)) {
		tool_complain(&t, "%s", _("the name of the reader cannot be one"));
		return TOOL_USAGE;
	}
	return run(&t, pkexec_uid, reader);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/account.h"
#include "pam/guard.h"
#include "pam/logline.h"
#include "pam/tally.h"

#ifndef GUESSES_OWNER
#define GUESSES_OWNER 0
#endif

static uid_t
uid_of(const char *user)
{
	uid_t uid;

	return account_uid(user, &uid) ? uid : (uid_t)-1;
}

static const char *
name_of(void *ctx, uid_t uid)
{
	const struct passwd *pw = pam_modutil_getpwuid(ctx, uid);

	return pw == NULL ? NULL : pw->pw_name;
}

/* Logs for the administrator why this account is not prompted, and until when. */
static void
log_refusal(const struct tally *t, int64_t when)
{
	char utc[CLK_UTC_MAX];

	if (when > 0 && clk_utc_text(when, utc))
		log_msg(t->store.log, LOG_WARNING, "uid %lu has failed too often with the PIN of cert=%s: "
		    "not asked before %s", (unsigned long)t->uid, t->cert, utc);
	else
		log_msg(t->store.log, LOG_WARNING, "uid %lu has failed too often with the PIN of cert=%s: "
		    "not asked before its holder has logged in", (unsigned long)t->uid, t->cert);
}

static enum proto_answer
judge_guesses(const struct tally *t, const struct guesses *g)
{
	int64_t when;

	if (guesses_may_ask(g, t->uid, clk_wall_s(t->store.clk), &when))
		return PROTO_ANSWER_PIN;
	log_refusal(t, when);
	return PROTO_ANSWER_GUESSES;
}

enum proto_answer
tally_begin(struct tally *t, pam_handle_t *pamh, const char *user, const char *cert,
    const struct log *log)
{
	struct guesses now;

	*t = (struct tally){ .store = { .dir = GUESSES_DIR, .owner = GUESSES_OWNER, .clk = &clk_system,
		.log = log }, .kept = geteuid() == GUESSES_OWNER, .uid = guard_caller(pamh),
		.holder = uid_of(user) };
	if (!t->kept)
		return PROTO_ANSWER_PIN;
	t->other = t->uid != 0 && t->uid != t->holder;
	guesses_service(item(pamh, PAM_SERVICE), t->service);
	snprintf(t->cert, sizeof t->cert, "%s", cert);
	if (!t->other)
		return PROTO_ANSWER_PIN;
	return guesses_read(&t->store, cert, &now) != GUESSES_READ ? PROTO_ANSWER_UNRECORDED :
	    judge_guesses(t, &now);
}

/* The state is judged again under the lock: others may have tried while the user typed. */
struct noting {
	struct tally *t;
	enum proto_answer answer;
};

static bool
add_try(void *ctx, struct guesses *g)
{
	struct noting *n = ctx;
	struct tally *t = n->t;

	t->before = *g;
	if (t->other)
		n->answer = judge_guesses(t, g);
	if (n->answer != PROTO_ANSWER_PIN)
		return false;
	if (guesses_note_try(g, t->uid, t->service, t->other, clk_wall_s(t->store.clk)))
		return true;
	log_msg(t->store.log, LOG_ERR, "%s/%s: no room for another account", t->store.dir, t->cert);
	return false;
}

enum proto_answer
tally_note_try(struct tally *t)
{
	struct noting n = { .t = t, .answer = PROTO_ANSWER_PIN };

	if (!t->kept)
		return PROTO_ANSWER_PIN;
	t->noted = guesses_update(&t->store, t->cert, add_try, &n);
	if (t->noted || n.answer != PROTO_ANSWER_PIN)
		return n.answer;
	if (t->other)
		return PROTO_ANSWER_UNRECORDED;
	/* The holder is admitted even so, and informed; that may happen a second time. */
	(void)!guesses_read(&t->store, t->cert, &t->before);
	return PROTO_ANSWER_PIN;
}

void
tally_since(const struct tally *t, pam_handle_t *pamh, unsigned int own_failures, struct proto_since *ret)
{
	const struct guesses_names names = { .name = name_of, .ctx = pamh };
	struct guesses untold = t->before;
	char list[GUESSES_LIST_MAX];
	unsigned int failed;

	*ret = (struct proto_since){ .failed = 0 };
	if (!t->kept || t->other)
		return;
	for (unsigned int i = 0; i < own_failures; i++)
		guesses_take_back(&untold, t->uid, t->service);
	failed = guesses_list_failed(&untold, &names, list);
	ret->failed = (uint16_t)(failed < UINT16_MAX ? failed : UINT16_MAX);
	snprintf(ret->failed_by, sizeof ret->failed_by, "%s", list);
	/* With one card for several accounts: that the holder moved from this one to another is no news. */
	for (size_t i = 0; i < untold.count; i++)
		if (untold.at[i].uid == t->holder)
			untold.at[i].entered = 0;
	(void)guesses_list_entered(&untold, &names, list);
	snprintf(ret->entered_by, sizeof ret->entered_by, "%s", list);
}

/* Whether the PIN was not tried: decided without the card, or before VERIFY. Anything else counts as a try. */
static bool
was_not_tried(enum outcome_status status)
{
	switch (status) {
	case OUTCOME_OTHER_CARD:
	case OUTCOME_RENEWED:
	case OUTCOME_NOT_ENROLLED:
	case OUTCOME_ENROLMENT:
	case OUTCOME_CERT_EXPIRED:
	case OUTCOME_REVOKED:
	case OUTCOME_SUSPENDED:
	case OUTCOME_BLOCKED:
	case OUTCOME_CRL_STALE:
	case OUTCOME_PIN_FORMAT:
	case OUTCOME_LAST_TRY:
	case OUTCOME_CANCELLED:
	case OUTCOME_NEW_PIN_FORMAT:
	case OUTCOME_NEW_PIN_SAME:
	case OUTCOME_NEW_PIN_MISMATCH:
		return true;
	default:
		return false;
	}
}

struct settling {
	const struct tally *t;
	enum outcome_status status;
	bool told;
};

static bool
settle_guesses(void *ctx, struct guesses *g)
{
	const struct settling *s = ctx;
	const struct tally *t = s->t;

	guesses_take_back(g, t->uid, t->service);
	if (s->status == OUTCOME_OK && t->other)
		guesses_note_entered(g, t->uid, t->service, clk_wall_s(t->store.clk));
	if (s->told && !t->other)
		guesses_note_told(g, &t->before);
	return true;
}

void
tally_settle(struct tally *t, enum outcome_status status, bool told)
{
	struct settling s = { .t = t, .status = status, .told = told };

	/* A failure has been in the record since before it happened. */
	if (!t->noted || (status != OUTCOME_OK && !was_not_tried(status)))
		return;
	t->noted = false;
	(void)!guesses_update(&t->store, t->cert, settle_guesses, &s);
}

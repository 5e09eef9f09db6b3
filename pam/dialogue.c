/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/budget.h"
#include "pam/conv.h"
#include "pam/dialogue.h"
#include "pam/handle.h"
#include "pam/spawn.h"
#include "pam/tally.h"
#include "pam/unlock.h"

#define START_MS 10000		/* until the helper has read its options */
#define GRACE_MS 2000		/* the helper's own deadline comes first */

struct dialogue {
	pam_handle_t *pamh;
	const struct log *log;
	struct handle_state *state;
	struct secret *pin;	/* what was typed first */
	struct secret *new_pin;	/* and, after that, alternately */
	struct secret *password;	/* what the helper has unlocked */
	struct helper helper;
	struct proto_id id;
	enum proto_task task;
	const struct proto_request *request;
	struct tally *tally;	/* NULL: there is no prompt for a PIN */
	struct dialogue_names *names;	/* NAME: the names that arrive */
	bool ready;		/* READY came: not a second one, */
	enum proto_way way;	/* and with it these four */
	bool forward_password;
	bool unlock;
	unsigned int after_s;
	unsigned int logs;	/* LOGs that came */
	unsigned int prompts;	/* PROMPTs that came: at most the number of the task's questions */
	unsigned int pins_given;	/* PINs that were sent to the helper */
	bool offered;		/* and, with one, a file to unlock: a password may come */
	bool asked_early;	/* EARLY came: no second one, */
	bool typed_early;	/* and a PIN was typed, which is in pin */
	bool cued;		/* CUE came: no second one */
	bool challenged;	/* CHALLENGE came: no second one */
	bool replied;		/* and was answered */
	char reader[PROTO_NAME_MAX];	/* the reader that has the card */
	struct budget budget;	/* for what the helper does */
};

static struct outcome
helper_broken(const struct dialogue *s, const char *what)
{
	log_msg(s->log, LOG_ERR, "the helper %s; see whether %s/jpki_helper is the installed one",
	    what, LIBEXECDIR);
	return outcome_of(OUTCOME_HELPER);
}

/* An upgrade has replaced the helper since this program, which has loaded us, was started. */
static struct outcome
helper_updated(const struct dialogue *s, unsigned int version)
{
	log_msg(s->log, LOG_WARNING, "%s/jpki_helper speaks version %u of the protocol, and the module that this "
	    "program has loaded another: pam_jpki was updated; restart the program", LIBEXECDIR, version);
	return outcome_of(OUTCOME_UPDATED);
}

static int64_t
with_grace(unsigned int seconds)
{
	return (int64_t)seconds * 1000 + GRACE_MS;
}

/* Sends the request to a helper that waits for one, or to a new one. */
static struct outcome
hand_over(struct dialogue *s, const struct writer *request)
{
	if (s->helper.fd >= 0 && proto_send(s->helper.fd, request))
		return outcome_of(OUTCOME_OK);
	(void)helper_end(&s->helper);	/* one that was killed while it waited */
	if (!helper_start(&s->helper)) {
		log_msg(s->log, LOG_ERR, "%s/jpki_helper cannot be started: %m", LIBEXECDIR);
		return outcome_of(OUTCOME_HELPER);
	}
	return proto_send(s->helper.fd, request) ? outcome_of(OUTCOME_OK) : helper_broken(s, "died at once");
}

static struct outcome
start_helper(struct dialogue *s, const struct proto_request *request)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	if (getrandom(s->id.bytes, sizeof s->id.bytes, 0) != (ssize_t)sizeof s->id.bytes)
		return outcome_raw(OUTCOME_INTERNAL, (uint32_t)errno);
	if (!proto_put_request(&w, &s->id, request)) {
		log_msg(s->log, LOG_ERR, "user, service and options are too long together");
		return outcome_of(OUTCOME_CONFIG);
	}
	budget_start(&s->budget, &clk_system, START_MS);
	return hand_over(s, &w);
}

/*
 * READY: what the options say, from a helper that has not yet received anything from outside.
 * *ret_done: the dialogue is over, because the card is not to name the user.
 */
static struct outcome
take_ready(struct dialogue *s, struct cursor *r, bool *ret_done)
{
	struct proto_ready m;

	if (s->ready || !proto_get_ready(r, &m) || (m.naming && s->task != PROTO_NAME))
		return helper_broken(s, "sent a malformed READY");
	if (!proto_offers(s->request, m.way))
		return helper_broken(s, "would decide in a way that was not offered");
	s->ready = true;
	s->way = m.way;
	s->forward_password = m.forward_password && s->task == PROTO_LOGIN;
	s->unlock = m.unlock && s->task == PROTO_LOGIN && m.way == PROTO_BY_PIN && !s->request->locker;
	s->after_s = m.after_s;
	budget_start(&s->budget, &clk_system, with_grace(m.before_s));
	if (s->task == PROTO_NAME) {
		s->names->by_card = m.naming;
		*ret_done = !m.naming;
	}
	return outcome_of(OUTCOME_OK);
}

/*
 * NAMED: an account for which a card is registered. It only leads to a question, or to a login with
 * all its steps.
 */
static struct outcome
take_named(struct dialogue *s, struct cursor *r)
{
	struct proto_named m;

	if (!s->ready || s->task != PROTO_NAME || s->names->count == PROTO_NAMES_MAX || !proto_get_named(r, &m))
		return helper_broken(s, "named a user out of turn");
	memcpy(s->names->at[s->names->count++], m.user, sizeof m.user);
	return outcome_of(OUTCOME_OK);
}

/*
 * CUE: the helper waits for a card, and without a word the program would seem to hang. So it is
 * shown even if PAM_SILENT is set, as by sudo. A program may keep it on the screen until the user
 * has acknowledged it; that does not count as the helper's time.
 */
static struct outcome
take_cue(struct dialogue *s, struct cursor *r)
{
	struct proto_cue m;

	if (!s->ready || s->way != PROTO_BY_PIN || s->task == PROTO_DROP || s->cued || s->prompts > 0 ||
	    !proto_get_cue(r, &m))
		return helper_broken(s, "sent a cue out of turn");
	s->cued = true;
	budget_pause(&s->budget);
	conv_tell(s->pamh, 0, CONV_INFO, m.text);
	budget_resume(&s->budget, INT64_MAX);
	return outcome_of(OUTCOME_OK);
}

/*
 * EARLY: prompts the user, and reports what kind of text was typed. A PIN stays here until PROMPT
 * names the card.
 */
static struct outcome
answer_early(struct dialogue *s, struct cursor *r)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_typed m = {0};
	struct proto_early early;

	if (!s->ready || s->way != PROTO_BY_PIN || s->task != PROTO_LOGIN || !s->request->locker ||
	    !s->forward_password || s->asked_early || s->prompts > 0 || !proto_get_early(r, &early))
		return helper_broken(s, "asked early out of turn");
	s->asked_early = true;
	budget_pause(&s->budget);
	m.answer = conv_ask_pin(s->pamh, early.text, s->forward_password, s->pin);
	budget_resume(&s->budget, INT64_MAX);
	s->typed_early = m.answer == PROTO_ANSWER_PIN;
	return proto_put_typed(&w, &s->id, &m) && proto_send(s->helper.fd, &w) ? outcome_of(OUTCOME_OK) :
	    helper_broken(s, "died at the prompt");
}

/*
 * Chooses what the helper gets: the PIN, unless this handle has seen the card reject it. A PIN that is
 * typed for a change is passed to no other module.
 */
static enum proto_answer
ask_user(struct dialogue *s, const struct proto_prompt *prompt, struct secret *typed)
{
	enum proto_answer answer = PROTO_ANSWER_PIN;

	if (typed == s->pin)
		answer = tally_begin(s->tally, s->pamh, s->request->user, prompt->cert, s->log);
	if (answer == PROTO_ANSWER_PIN && !s->typed_early)
		answer = conv_ask_pin(s->pamh, prompt->text, s->forward_password, typed);
	if (answer != PROTO_ANSWER_PIN || typed != s->pin)
		return answer;
	if (handle_knows_wrong(s->state, secret_view(typed)))
		return PROTO_ANSWER_REPEATED;
	return tally_note_try(s->tally);
}

/* PROMPT: prompts the user and sends the answer. */
static struct outcome
answer_prompt(struct dialogue *s, struct cursor *r)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_prompt prompt;
	struct secret *typed = s->prompts == 0 ? s->pin : s->new_pin;
	struct proto_pin m = {0};
	bool sent;

	/* One question for one login: after a password that was typed early there is no other prompt. */
	if (!s->ready || s->way != PROTO_BY_PIN || s->prompts == proto_questions(s->task) ||
	    (s->asked_early && !s->typed_early) || !proto_get_prompt(r, &prompt))
		return helper_broken(s, "asked out of turn");
	s->prompts++;
	memcpy(s->reader, prompt.reader, sizeof s->reader);
	budget_pause(&s->budget);
	m.answer = ask_user(s, &prompt, typed);
	budget_resume(&s->budget, with_grace(s->after_s));
	if (m.answer == PROTO_ANSWER_PIN) {
		m.pin = secret_view(typed);
		if (s->task == PROTO_LOGIN)
			tally_since(s->tally, s->pamh, handle_count_wrong(s->state), &m.since);
		s->pins_given++;
		if (s->unlock)
			unlock_offer(s->pamh, s->request->user, s->log, &m.unlock);
		s->offered = m.unlock.len > 0;
	}
	sent = proto_put_pin(&w, &s->id, &m) && proto_send(s->helper.fd, &w);
	explicit_bzero(packet, sizeof packet);
	return sent ? outcome_of(OUTCOME_OK) : helper_broken(s, "died at the prompt");
}

/* CHALLENGE: shows it and forwards the reply. No local card is involved. */
static struct outcome
answer_challenge(struct dialogue *s, struct cursor *r)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_challenge challenge;
	struct proto_reply m;
	bool sent;

	if (!s->ready || s->way != PROTO_BY_CHALLENGE || s->challenged ||
	    !proto_get_challenge(r, &challenge))
		return helper_broken(s, "challenged out of turn");
	s->challenged = true;
	budget_pause(&s->budget);
	m.given = conv_ask_reply(s->pamh, challenge.text, m.text);
	budget_resume(&s->budget, with_grace(s->after_s));
	s->replied = m.given && m.text[0] != '\0';
	sent = proto_put_reply(&w, &s->id, &m) && proto_send(s->helper.fd, &w);
	explicit_bzero(&m, sizeof m);
	explicit_bzero(packet, sizeof packet);
	return sent ? outcome_of(OUTCOME_OK) : helper_broken(s, "died at the challenge");
}

/* Whether the helper has received all that success needs on its way; before READY no way is known. */
static bool
all_given(const struct dialogue *s)
{
	if (!s->ready)
		return false;
	switch (s->way) {
	case PROTO_BY_PIN:
		return s->pins_given == proto_questions(s->task);
	case PROTO_BY_CHALLENGE:
		return s->replied;
	case PROTO_BY_KEY:
		return true;	/* the key was in the request */
	}
	return false;
}

/* RESULT: accepts success only for a task that has received all that it needs. */
static struct outcome
take_result(struct dialogue *s, struct cursor *r, struct proto_result *ret)
{
	struct proto_result m;

	if (!proto_get_result(r, &m))
		return helper_broken(s, "gave a malformed verdict");
	if (m.outcome.status == OUTCOME_OK && !all_given(s))
		return helper_broken(s, "gave a verdict without a PIN");
	if (m.password.len > 0 && (m.outcome.status != OUTCOME_OK || !s->offered))
		return helper_broken(s, "gave a password out of turn");
	if (m.password.len > 0 && (memchr(m.password.data, '\0', m.password.len) != NULL ||
	    !secret_set(s->password, m.password.data, m.password.len)))
		return helper_broken(s, "gave a malformed password");
	m.password = (struct view){ NULL, 0 };	/* it was lent from the packet */
	*ret = m;
	return outcome_of(OUTCOME_OK);
}

static struct outcome
take_log(struct dialogue *s, struct cursor *r)
{
	struct proto_log m;

	if (!proto_get_log(r, &m))
		return helper_broken(s, "gave a malformed log line");
	/* More of them would keep the login from ending: there is no pause between them. */
	if (s->logs++ == PROTO_LOGS_MAX)
		return helper_broken(s, "talks without end");
	/* The prefix keeps a helper's line from looking like a decision. */
	log_msg(s->log, m.priority, "helper: %s", m.text);
	return outcome_of(OUTCOME_OK);
}

/* Handles one packet. OUTCOME_OK with *ret_done once it was the result. */
static struct outcome
handle_packet(struct dialogue *s, const uint8_t *packet, size_t len, struct proto_result *ret_result,
    bool *ret_done)
{
	struct cursor r = cursor_of(packet, len);
	enum proto_type type;
	unsigned int version;
	struct proto_id id;

	if (proto_is_other_version(r, &id, &version) && memcmp(&id, &s->id, sizeof id) == 0)
		return helper_updated(s, version);
	if (!proto_get_header(&r, &type, &id) || memcmp(&id, &s->id, sizeof id) != 0)
		return helper_broken(s, "sent nonsense");
	switch (type) {
	case PROTO_LOG:
		return take_log(s, &r);
	case PROTO_READY:
		return take_ready(s, &r, ret_done);
	case PROTO_NAMED:
		return take_named(s, &r);
	case PROTO_CUE:
		return take_cue(s, &r);
	case PROTO_EARLY:
		return answer_early(s, &r);
	case PROTO_PROMPT:
		return answer_prompt(s, &r);
	case PROTO_CHALLENGE:
		return answer_challenge(s, &r);
	case PROTO_RESULT:
		*ret_done = true;
		return take_result(s, &r, ret_result);
	case PROTO_REQUEST:
	case PROTO_PIN:
	case PROTO_REPLY:
	case PROTO_TYPED:
		break;
	}
	return helper_broken(s, "sent nonsense");
}

/* OUTCOME_OK: *ret_result has the helper's verdict, whatever it is. */
static struct outcome
listen_to(struct dialogue *s, struct proto_result *ret_result)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct outcome o = outcome_of(OUTCOME_OK);
	bool done = false;
	size_t len;

	while (outcome_ok(&o) && !done) {
		int64_t deadline = clk_mono_ms(&clk_system) + budget_left_ms(&s->budget);

		switch (proto_receive(s->helper.fd, &clk_system, deadline, packet, &len)) {
		case PROTO_RECEIVED:
			o = handle_packet(s, packet, len, ret_result, &done);
			break;
		case PROTO_CLOSED:
			o = helper_broken(s, "died without a verdict");
			break;
		case PROTO_LATE:
			o = helper_broken(s, "did not answer in time");
			break;
		case PROTO_BROKEN:
			o = helper_broken(s, "sent nonsense");
			break;
		}
	}
	explicit_bzero(packet, sizeof packet);	/* the last one may have brought a password */
	return o;
}

static void
note_end(const struct dialogue *s, int sig)
{
	if (sig != 0)
		log_msg(s->log, LOG_ERR, "the helper was ended by signal %d%s", sig,
		    sig == SIGSYS ? ": its cage forbids what it, or a library, was about to do" : "");
}

static struct outcome
run_helper(struct dialogue *s, const struct proto_request *request, struct proto_result *ret_result)
{
	struct outcome o = start_helper(s, request);

	if (outcome_ok(&o))
		o = listen_to(s, ret_result);
	note_end(s, helper_end(&s->helper));
	return o;
}

/*
 * Runs a helper that makes the card drop the verified state. It has the remaining time, and at
 * least the share that the first one had to leave.
 */
static void
drop_card_state(const struct dialogue *failed, const struct proto_request *request)
{
	struct proto_request drop = *request;
	struct proto_result result = { .outcome = outcome_of(OUTCOME_INTERNAL) };
	struct dialogue s = { .log = failed->log, .helper = HELPER_NONE,
		.task = PROTO_DROP, .request = &drop };
	int64_t left_s = budget_left_ms(&failed->budget) / 1000;
	struct outcome o;

	drop.task = PROTO_DROP;
	drop.drop_s = left_s > PROTO_DROP_S ? (unsigned int)left_s : PROTO_DROP_S;
	drop.no_wait = true;
	memcpy(drop.reader, failed->reader, sizeof drop.reader);
	o = run_helper(&s, &drop, &result);
	if (outcome_ok(&o))
		o = result.outcome;
	if (!outcome_ok(&o))
		log_msg(failed->log, LOG_WARNING, "%s: a card may be left with its PIN verified; "
		    "it forgets it when it is taken off the reader", outcome_code(o.status));
}

/* Stores in the handle's state what the next call needs. */
static void
note_for_next_call(struct dialogue *s, const struct outcome *o)
{
	if (s->task == PROTO_LOGIN)
		handle_note_outcome(s->state, o->status);
	if (s->pins_given > 0 && (o->status == OUTCOME_PIN_WRONG || o->status == OUTCOME_PIN_LOCKED))
		handle_note_wrong(s->state, secret_view(s->pin));
	if (s->task == PROTO_PIN_CHANGE && (outcome_ok(o) || o->status == OUTCOME_PIN_UNCERTAIN))
		handle_forget_wrong(s->state);
}

static struct outcome
perform_task(struct dialogue *s, const struct proto_request *request, struct dialogue_result *ret)
{
	struct proto_result result = { .outcome = outcome_of(OUTCOME_HELPER) };
	struct outcome o = run_helper(s, request, &result);

	/* A helper that died after the prompt has already named the reader. */
	memcpy(ret->reader, result.reader[0] != '\0' ? result.reader : s->reader, sizeof ret->reader);
	memcpy(ret->cert, result.cert, sizeof ret->cert);
	ret->where = result.where;
	if (s->pins_given > 0 && (!outcome_ok(&o) || !result.card_clean))
		drop_card_state(s, request);
	if (outcome_ok(&o)) {
		o = result.outcome;
		memcpy(ret->text, result.text, sizeof ret->text);
		memcpy(ret->daily, result.daily, sizeof ret->daily);
	} else if (s->task == PROTO_PIN_CHANGE && all_given(s)) {
		o = outcome_of(OUTCOME_PIN_UNCERTAIN);
	}
	if (outcome_ok(&o) && secret_view(s->password).len > 0 &&
	    !unlock_hand_on(s->pamh, request->user, s->password, s->log))
		memcpy(ret->stale, result.stale, sizeof ret->stale);
	note_for_next_call(s, &o);
	tally_settle(s->tally, o.status, s->task == PROTO_LOGIN && outcome_ok(&o));
	return o;
}

struct outcome
dialogue_name(pam_handle_t *pamh, const struct log *log, const struct proto_request *request,
    struct dialogue_names *ret)
{
	struct proto_result result = { .outcome = outcome_of(OUTCOME_OK) };
	struct dialogue s = { .pamh = pamh, .log = log, .helper = HELPER_NONE, .task = PROTO_NAME,
		.request = request, .names = ret };
	struct outcome o;

	*ret = (struct dialogue_names){ .waiting = HELPER_NONE };
	o = start_helper(&s, request);
	if (outcome_ok(&o))
		o = listen_to(&s, &result);
	if (outcome_ok(&o) && s.ready && !ret->by_card) {
		ret->waiting = s.helper;
		return o;
	}
	note_end(&s, helper_end(&s.helper));
	if (!outcome_ok(&o))
		return o;
	memcpy(ret->text, result.text, sizeof ret->text);
	memcpy(ret->reader, result.reader, sizeof ret->reader);
	ret->where = result.where;
	return outcome_ok(&result.outcome) && ret->count == 0 ? outcome_of(OUTCOME_UNREGISTERED) : result.outcome;
}

void
dialogue_run(pam_handle_t *pamh, const struct log *log, const struct proto_request *request,
    struct dialogue_result *ret)
{
	struct helper none = HELPER_NONE;

	dialogue_run_with(pamh, log, &none, request, ret);
}

void
dialogue_run_with(pam_handle_t *pamh, const struct log *log, struct helper *waiting,
    const struct proto_request *request, struct dialogue_result *ret)
{
	static const struct helper none = HELPER_NONE;
	struct tally tally = { .kept = false };
	struct dialogue s = { .pamh = pamh, .log = log, .state = handle_of(pamh), .pin = secret_new(),
		.new_pin = secret_new(), .password = secret_new_long(), .helper = *waiting, .task = request->task,
		.request = request, .tally = &tally };

	*waiting = none;
	ret->text[0] = ret->daily[0] = ret->stale[0] = ret->reader[0] = ret->cert[0] = '\0';
	ret->where = WHERE_UNKNOWN;
	ret->outcome = outcome_of(OUTCOME_NO_MEMORY);
	if (s.state != NULL && s.pin != NULL && s.new_pin != NULL && s.password != NULL) {
		if (s.task == PROTO_LOGIN)
			handle_begin(s.state, request->user);
		else
			handle_turn_to(s.state, request->user);
		ret->outcome = perform_task(&s, request, ret);
	}
	(void)helper_end(&s.helper);	/* one that waited and was not needed */
	secret_free(s.pin);
	secret_free(s.new_pin);
	secret_free(s.password);
}

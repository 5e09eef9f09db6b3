/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <syslog.h>

#include "flow/find.h"
#include "flow/login.h"
#include "flow/pinchange.h"
#include "flow/possession/transaction.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/secret.h"
#include "nss/cert.h"

/* --- what is typed ------------------------------------------------------------- */

bool
pinchange_secrets_init(struct pinchange_secrets *s)
{
	bool all = true;

	for (size_t i = 0; i < PINCHANGE_PROMPTS; i++) {
		s->at[i] = secret_new();
		all = all && s->at[i] != NULL;
	}
	return all;
}

void
pinchange_secrets_wipe(struct pinchange_secrets *s)
{
	for (size_t i = 0; i < PINCHANGE_PROMPTS; i++)
		if (s->at[i] != NULL)
			secret_wipe(s->at[i]);
}

void
pinchange_secrets_done(struct pinchange_secrets *s)
{
	for (size_t i = 0; i < PINCHANGE_PROMPTS; i++) {
		struct secret *secret = s->at[i];

		s->at[i] = NULL;	/* first: a signal handler may wipe them all */
		secret_free(secret);
	}
}

/* --- the questions ------------------------------------------------------------- */

void
pinchange_text(const struct pinchange_question *q, char text[static MESSAGE_MAX])
{
	text[0] = '\0';
	switch (q->prompt) {
	case PINCHANGE_OLD:
		message_old_pin_prompt(q->signature, q->tries_left, text);
		break;
	case PINCHANGE_NEW:
		message_new_pin_prompt(q->signature, text);
		break;
	case PINCHANGE_AGAIN:
		message_again_prompt(q->weakness, text);
		break;
	case PINCHANGE_PROMPTS:
		break;
	}
}

static struct outcome
judge_old(const struct pinchange_question *q, const struct pinchange_secrets *s)
{
	bool good = q->signature ? pinrule_may_be_sign(secret_view(s->at[PINCHANGE_OLD])) :
	    secret_is_auth_pin(s->at[PINCHANGE_OLD]);

	return outcome_of(good ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
}

static struct outcome
judge_new(const struct pinchange_question *q, const struct pinchange_secrets *s)
{
	const struct secret *new_pin = s->at[PINCHANGE_NEW];
	bool good = q->signature ? pinrule_is_new_sign(secret_view(new_pin)) :
	    secret_is_auth_pin(new_pin);

	if (!good)
		return outcome_of(OUTCOME_NEW_PIN_FORMAT);
	if (view_equal(secret_view(new_pin), secret_view(s->at[PINCHANGE_OLD])))
		return outcome_of(OUTCOME_NEW_PIN_SAME);
	return outcome_of(OUTCOME_OK);
}

static struct outcome
judge_card_again(const struct pinchange_secrets *s)
{
	bool same = view_equal(secret_view(s->at[PINCHANGE_NEW]), secret_view(s->at[PINCHANGE_AGAIN]));

	return outcome_of(same ? OUTCOME_OK : OUTCOME_NEW_PIN_MISMATCH);
}

/* Asks one question and checks its rules. Input that cannot be a PIN breaks the rules of its own prompt. */
static struct outcome
ask_one(const struct pinchange_ui *ui, const struct pinchange_question *q,
    const struct pinchange_secrets *s)
{
	struct outcome o = ui->ask(ui->ctx, q, s->at[q->prompt]);

	if (!outcome_ok(&o) && o.status != OUTCOME_PIN_FORMAT)
		return o;
	/* As J-LIS's software does: many holders write theirs in small letters. */
	if (q->signature)
		secret_capitalize(s->at[q->prompt]);
	switch (q->prompt) {
	case PINCHANGE_OLD:
		return judge_old(q, s);
	case PINCHANGE_NEW:
		return judge_new(q, s);
	case PINCHANGE_AGAIN:
		return judge_card_again(s);
	case PINCHANGE_PROMPTS:
		break;
	}
	return outcome_of(OUTCOME_INTERNAL);
}

static struct outcome
ask_all(const struct pinchange_ui *ui, const struct pinchange_card *card,
    const struct pinchange_secrets *s)
{
	struct pinchange_question q = { .signature = card->pin == JPKI_PIN_SIGN,
		.reader = card->reader, .fingerprint = card->fingerprint, .tries_left = card->tries_left };
	struct outcome o = outcome_of(OUTCOME_OK);

	for (q.prompt = PINCHANGE_OLD; outcome_ok(&o) && q.prompt < PINCHANGE_PROMPTS; q.prompt++) {
		if (q.prompt == PINCHANGE_AGAIN && !q.signature)
			q.weakness = pinrule_weakness(secret_view(s->at[PINCHANGE_NEW]));
		o = ask_one(ui, &q, s);
	}
	return o;
}

/* --- the card -------------------------------------------------------------------- */

struct changing {
	const struct pinchange_ui *ui;
	const struct pinchange_card *card;
	const struct secret *new_pin;
};

static struct outcome
same_card(void *ctx, struct jpki *card)
{
	const struct changing *c = ctx;
	uint8_t head[JPKI_HEAD_MAX];
	size_t len;
	struct outcome o = jpki_read_auth_head(card, head, &len);

	if (outcome_ok(&o) && !usercerts_is_head_of((struct view){ head, len }, c->card->cert))
		o = outcome_of(OUTCOME_CARD_REMOVED);	/* another card has taken its place */
	return o;
}

static struct outcome
change_on_card(void *ctx, struct jpki *card)
{
	const struct changing *c = ctx;

	c->ui->changing(c->ui->ctx);
	return jpki_change_pin(card, c->card->pin, c->new_pin);
}

/* Turns an outcome of the PIN into that of the signature PIN, which has other rules and remedies. */
static void
speak_of_signature(struct outcome *o)
{
	static const struct {
		enum outcome_status pin, sign;
	} pairs[] = {
		{ OUTCOME_PIN_WRONG, OUTCOME_SIGN_WRONG },
		{ OUTCOME_PIN_FORMAT, OUTCOME_SIGN_FORMAT },
		{ OUTCOME_PIN_LOCKED, OUTCOME_SIGN_LOCKED },
		{ OUTCOME_NEW_PIN_FORMAT, OUTCOME_NEW_SIGN_FORMAT },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (o->status == pairs[i].pin) {
			o->status = pairs[i].sign;
			return;
		}
}

struct outcome
pinchange(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_card *card, struct pinchange_secrets *secrets, bool *ret_card_clean)
{
	struct changing c = { .ui = ui, .card = card, .new_pin = secrets->at[PINCHANGE_NEW] };
	struct transaction v = { .pin = card->pin, .reader = card->reader,
		.classic = card->classic, .told_tries = card->tries_left,
		.same_card = same_card, .work = change_on_card, .ctx = &c };
	struct outcome o = transaction_may_try(env, card->tries_left);

	*ret_card_clean = true;
	if (outcome_ok(&o))
		o = ask_all(ui, card, secrets);
	v.verify_by = transaction_verify_until(env);
	if (outcome_ok(&o)) {
		log_msg(env->log, LOG_DEBUG, "step: PIN and new PIN");
		o = transaction_run(env, &v, secrets->at[PINCHANGE_OLD], ret_card_clean);
	}
	pinchange_secrets_wipe(secrets);
	if (card->pin == JPKI_PIN_SIGN)
		speak_of_signature(&o);
	return o;
}

/* --- for a user -------------------------------------------------------------------- */

static struct outcome
find_card_of_user(const struct flow_env *env, const struct pinchange_ui *ui, const struct pinchange_user *user,
    struct usercerts *enrolled, struct found_card *found)
{
	struct flow_ui flow_ui = { .waits = ui->waits, .gone = ui->gone, .ctx = ui->ctx };
	struct outcome o = usercerts_load(env, user->name, enrolled);

	if (outcome_ok(&o))
		o = flow_may_use_reader(env, user->place);
	if (outcome_ok(&o))
		o = usercerts_verdict(enrolled);
	if (outcome_ok(&o))
		o = find_card(env, &flow_ui, enrolled, found);
	return o;
}

struct outcome
pinchange_check(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct found_card found;

	return find_card_of_user(env, ui, user, &enrolled, &found);
}

struct outcome
pinchange_of_user(const struct flow_env *env, const struct pinchange_ui *ui,
    const struct pinchange_user *user, struct pinchange_secrets *secrets, bool *ret_card_clean)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct pinchange_card card = { .pin = JPKI_PIN_AUTH };
	struct found_card found;
	struct outcome o = find_card_of_user(env, ui, user, &enrolled, &found);

	*ret_card_clean = true;
	if (!outcome_ok(&o))
		return o;
	card.reader = found.reader;
	card.classic = found.classic;
	card.tries_left = found.tries_left;
	card.cert = cert_der(found.enrolled->cert);
	card.fingerprint = cert_fingerprint(found.enrolled->cert);
	return pinchange(env, ui, &card, secrets, ret_card_clean);
}

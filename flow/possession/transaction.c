/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "card/transport.h"
#include "config/conf.h"
#include "flow/possession/transaction.h"
#include "lib/secret.h"

static int64_t
time_left_ms(const struct flow_env *env)
{
	return env->budget != NULL ? budget_left_ms(env->budget) : (int64_t)env->conf->timeout * 1000;
}

int64_t
transaction_verify_until(const struct flow_env *env)
{
	return clk_mono_ms(env->clk) + time_left_ms(env) / 2;
}

struct outcome
transaction_may_try(const struct flow_env *env, int tries_left)
{
	struct outcome o = outcome_of(OUTCOME_OK);

	o.tries_left = tries_left;
	if (tries_left <= 0)
		o.status = OUTCOME_PIN_LOCKED;
	else if (tries_left == 1 && env->conf->last_try != CONF_LAST_TRY_ASK)
		o.status = OUTCOME_LAST_TRY;
	return o;
}

/* Another program may have used tries while the user typed. */
static struct outcome
may_still_try(const struct flow_env *env, struct jpki *card, const struct transaction *v)
{
	int tries = TRIES_UNKNOWN;
	struct outcome o = jpki_tries_left(card, v->pin, &tries);

	if (outcome_ok(&o))
		o = transaction_may_try(env, tries);
	/* A user who was not warned of the last try has not agreed to use it. */
	if (outcome_ok(&o) && tries == 1 && v->told_tries > 1)
		o.status = OUTCOME_LAST_TRY;
	return o;
}

/* Up to and including VERIFY. */
static struct outcome
verify_pin(const struct flow_env *env, struct jpki *card, const struct transaction *v,
    const struct secret *pin, bool *card_clean)
{
	const struct transport *t = env->transport;
	struct outcome o = t->ops->power_cycle(t->ctx);

	if (outcome_ok(&o))
		o = jpki_select(card);
	/* The card may have been exchanged while the user typed. */
	if (outcome_ok(&o))
		o = v->same_card(v->ctx, card);
	if (outcome_ok(&o))
		o = may_still_try(env, card, v);
	if (outcome_ok(&o) && clk_left_ms(env->clk, v->verify_by) == 0)
		o = outcome_of(OUTCOME_CARD_BUSY);
	if (!outcome_ok(&o))
		return o;

	*card_clean = false;
	o = jpki_verify(card, v->pin, pin);
	/* Asks the card for the tries left if its reply to VERIFY did not say. */
	if (o.status == OUTCOME_PIN_WRONG && o.tries_left == TRIES_UNKNOWN) {
		struct outcome q = jpki_tries_left(card, v->pin, &o.tries_left);

		if (q.status == OUTCOME_PIN_LOCKED)
			o = q;
	}
	return o;
}

/*
 * Does both, since on some readers one alone is not enough. Only the card manager reports the
 * card's expiry, so that is read in between.
 */
static bool
drop_state(const struct transport *t, struct jpki *card, char *card_expiry)
{
	struct outcome left = card_expiry != NULL ? jpki_read_card_expiry(card, card_expiry) :
	    jpki_leave(card);
	bool powered_down = t->ops->close(t->ctx, TRANSPORT_POWER_DOWN);

	/* A smartphone has no card manager, and ends its session without power. */
	return powered_down && (outcome_ok(&left) || left.status == OUTCOME_NOT_JPKI);
}

struct outcome
transaction_run(const struct flow_env *env, const struct transaction *v, struct secret *pin,
    bool *ret_card_clean)
{
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport, .classic = v->classic };
	struct outcome o;

	*ret_card_clean = true;
	o = t->ops->open(t->ctx, v->reader, clk_left_ms(env->clk, v->verify_by));
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		/* The reader was there before the prompt. It may be back under another name. */
		return o.status == OUTCOME_NO_READER ? outcome_raw(OUTCOME_CARD_REMOVED, o.raw) : o;
	}
	o = verify_pin(env, &card, v, pin, ret_card_clean);
	secret_wipe(pin);
	if (outcome_ok(&o))
		o = v->work(v->ctx, &card);
	if (drop_state(t, &card, outcome_ok(&o) ? v->card_expiry : NULL))
		*ret_card_clean = true;
	return o;
}

struct outcome
transaction_drop_state(const struct flow_env *env, const char *reader)
{
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport };
	struct outcome o = t->ops->open(t->ctx, reader, time_left_ms(env));

	/* A removed card has lost its verified state. */
	if (o.status == OUTCOME_CARD_REMOVED || o.status == OUTCOME_NO_READER)
		return outcome_of(OUTCOME_OK);
	if (outcome_ok(&o) && !drop_state(t, &card, NULL))
		o = outcome_of(OUTCOME_CARD_MUTE);
	return o;
}

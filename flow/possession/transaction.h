/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one transaction in which a PIN is spent, whatever for: the card is powered
 * down and up, which drops any state another program left, is made sure of, asked
 * for its tries, given the PIN once, and made to forget it on every way out.
 */
#ifndef JPKI_FLOW_POSSESSION_TRANSACTION_H
#define JPKI_FLOW_POSSESSION_TRANSACTION_H

#include "card/jpki.h"
#include "flow/possession/env.h"

/*
 * May a PIN be tried with this many tries left? OUTCOME_OK, LAST_TRY (the last
 * one is kept, unless the administrator allowed it), PIN_LOCKED.
 */
struct outcome transaction_may_try(const struct flow_env *env, int tries_left) MUST_CHECK;

/*
 * Until when a PIN that was just typed may be sent (clk_mono_ms): half of the time that is left.
 * The other half is for the card, which nobody may cut short.
 */
int64_t transaction_verify_until(const struct flow_env *env);

struct transaction {
	enum jpki_pin pin;
	const char *reader;
	bool classic;		/* needs SELECT before each file (card/jpki.h) */
	int told_tries;		/* what the person was told at the prompt */
	/*
	 * VERIFY is not sent after this (clk_mono_ms): whoever holds the card until
	 * just before our deadline must not get it back verified.
	 */
	int64_t verify_by;
	/* Whether the card is the one the PIN was typed for. OUTCOME_OK or why not. */
	struct outcome (*same_card)(void *ctx, struct jpki *card);
	/* What the PIN was verified for. */
	struct outcome (*work)(void *ctx, struct jpki *card);
	void *ctx;
	/* Where the card's own end goes after the work (9 bytes, "" unless told); NULL: not asked. */
	char *card_expiry;
};

/*
 * OUTCOME_OK or another outcome of the work, if VERIFY succeeded. LAST_TRY also if the tries
 * sank to the last one since the person was told a higher number. CARD_BUSY: it is too late.
 * Otherwise as the transport, same_card and jpki_verify(). The PIN is wiped in any case.
 *
 * *ret_card_clean false: VERIFY was sent and the card may not have dropped the verified state.
 */
struct outcome transaction_run(const struct flow_env *env, const struct transaction *v,
    struct secret *pin, bool *ret_card_clean) MUST_CHECK;

/*
 * Makes the card in a reader forget a verified PIN: card manager, power down.
 * For the case that somebody died after VERIFY. Waits for another program for as long as there
 * is time. OUTCOME_OK if no card is left there that could have kept one.
 */
struct outcome transaction_drop_state(const struct flow_env *env, const char *reader) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one transaction in which a PIN is used. Power-cycles the card, which drops any state that
 * another program left; checks that it is the same card; reads its try counter; sends the PIN once;
 * and makes the card drop the verified state on every way out.
 */
#ifndef JPKI_FLOW_POSSESSION_TRANSACTION_H
#define JPKI_FLOW_POSSESSION_TRANSACTION_H

#include "card/jpki.h"
#include "flow/possession/env.h"

/*
 * Whether a PIN may be tried with this many tries left. OUTCOME_OK, LAST_TRY (the last one is kept,
 * unless the administrator allows it), PIN_LOCKED.
 */
struct outcome transaction_may_try(const struct flow_env *env, int tries_left) MUST_CHECK;

/*
 * Until when a PIN that was just typed may be sent (clk_mono_ms): half of the remaining time. The
 * other half is for the card, which must not be interrupted.
 */
int64_t transaction_verify_until(const struct flow_env *env);

struct transaction {
	enum jpki_pin pin;
	const char *reader;
	bool classic;		/* needs SELECT before each file (card/jpki.h) */
	int told_tries;		/* the number that the prompt showed */
	/*
	 * VERIFY is not sent after this (clk_mono_ms): a program that keeps the card from us until
	 * just before our deadline must not get it verified.
	 */
	int64_t verify_by;
	/* Whether the card is the one the PIN was typed for. OUTCOME_OK or why not. */
	struct outcome (*same_card)(void *ctx, struct jpki *card);
	/* The work for which the PIN is verified. */
	struct outcome (*work)(void *ctx, struct jpki *card);
	void *ctx;
	/* Receives the card's expiry date after the work (9 bytes, "" if not reported); NULL: not read. */
	char *card_expiry;
};

/*
 * OUTCOME_OK or another outcome of the work, if VERIFY succeeded. LAST_TRY too if the tries have
 * fallen to the last one since the user was shown a higher number. CARD_BUSY: it is too late.
 * Otherwise as the transport, same_card and jpki_verify(). The PIN is wiped in any case.
 *
 * *ret_card_clean false: VERIFY was sent and the card may not have dropped the verified state.
 */
struct outcome transaction_run(const struct flow_env *env, const struct transaction *v,
    struct secret *pin, bool *ret_card_clean) MUST_CHECK;

/*
 * Makes the card in a reader drop the verified state: card manager, power down. For when a process
 * died after VERIFY. Waits for another program as long as there is time. OUTCOME_OK if no card that
 * could still be verified is in the reader.
 */
struct outcome transaction_drop_state(const struct flow_env *env, const char *reader) MUST_CHECK;

#endif

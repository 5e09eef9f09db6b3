/*
 * The one transaction in which a PIN is spent: the holder of the PIN and of
 * the card's key proves both. Used by the login and by the enrolment.
 */
#ifndef JPKI_FLOW_PROVE_H
#define JPKI_FLOW_PROVE_H

#include "flow/env.h"
#include "flow/find.h"

struct sign_input;

struct proof {
	uint8_t *signature;	/* SIGNATURE_MAX bytes, the caller's */
	size_t len;
	/* False: a verified state may be left on the card. */
	bool card_clean;
	/* Where the card's own end goes after a signature (9 bytes, "" unless told); NULL: not asked. */
	char *card_expiry;
};

/*
 * Reconnects to the found card, powers it down and up (which drops any state
 * another program left), makes sure that it is the same card, asks the tries
 * again, sends VERIFY once, signs, selects the card manager and powers the card
 * down; the last two on every way out.
 *
 * VERIFY is not sent after verify_by (clk_mono_ms): whoever holds the card
 * until just before our deadline must not get it back verified.
 *
 * JPKI_OK: there is a signature, NOT yet verified: the caller does that.
 * LAST_TRY also if the tries sank to the last one since the person was told a higher number.
 * CARD_BUSY: it is too late. Otherwise as find_card(), jpki_verify() and jpki_sign(); the PIN
 * is wiped in any case.
 */
struct outcome prove(const struct flow_env *env, const struct found_card *found,
    const struct enrolled *enrolled, int64_t verify_by, struct secret *pin,
    const struct sign_input *input, struct proof *proof) MUST_CHECK;

/*
 * Makes the card in a reader forget a verified PIN: card manager, power down.
 * For the case that a login died after VERIFY. JPKI_OK if no card is left there that could
 * have kept one.
 */
struct outcome prove_drop_state(const struct flow_env *env, const char *reader) MUST_CHECK;

#endif

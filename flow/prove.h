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
	int tries_left;		/* before the VERIFY */
	/* False: a verified state may be left on the card. */
	bool card_clean;
};

/*
 * Reconnects to the found card, drops any state another program left, makes
 * sure that it is the same card, asks the tries again, sends VERIFY once,
 * signs, selects the card manager and powers the card down; the last two on
 * every way out.
 *
 * JPKI_OK: there is a signature, NOT yet verified: the caller does that.
 * Otherwise as find_card(), jpki_verify() and jpki_sign(); the PIN is wiped
 * in any case.
 */
struct outcome prove(const struct flow_env *env, const struct found_card *found,
    const struct enrolled *enrolled, struct secret *pin, const struct sign_input *input,
    struct proof *proof) MUST_CHECK;

#endif

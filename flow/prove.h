/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The holder of the PIN and of the card's key proves both. Used by the login
 * and by the enrollment.
 */
#ifndef JPKI_FLOW_PROVE_H
#define JPKI_FLOW_PROVE_H

#include "flow/find.h"
#include "flow/possession/env.h"

struct sign_input;

struct proof {
	uint8_t *signature;	/* SIGNATURE_MAX bytes, the caller's */
	size_t len;
	/* False: a verified state may be left on the card. */
	bool card_clean;
	char *card_expiry;	/* as in struct transaction (flow/possession/transaction.h) */
};

/*
 * Makes sure that the card is the found one, has the PIN verified, once and not after
 * verify_by, and lets the card sign (flow/possession/transaction.h).
 *
 * OUTCOME_OK: there is a signature, NOT yet verified: the caller does that. Otherwise as
 * transaction_run(), find_card() and jpki_sign(); the PIN is wiped in any case.
 */
struct outcome prove(const struct flow_env *env, const struct found_card *found,
    const struct usercerts *enrolled, int64_t verify_by, struct secret *pin,
    const struct sign_input *input, struct proof *proof) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps 6 to 8 of a login (flow/login.h), which an enrollment takes as well: prompt for the PIN,
 * have the card sign a fresh challenge, and verify the signature with the enrolled key.
 */
#ifndef JPKI_FLOW_PROVE_H
#define JPKI_FLOW_PROVE_H

#include "flow/find.h"
#include "flow/possession/env.h"
#include "lib/place.h"
#include "nss/sigcheck.h"

struct unlock;

/* What goes into the challenge (flow/possession/challenge.h), and what comes with it. */
struct login_request {
	const char *purpose, *user, *service, *host;
	const char *login_name;	/* remote: the user's name as the client of the login has it; else NULL */
	enum place place;	/* of the user; for the steps before these */
	struct unlock *unlock;	/* what the login unlocks too (flow/unlock.h); NULL: nothing */
};

/* Writes to the debug log which step begins. */
void prove_step(const struct flow_env *env, const char *what);

/*
 * Step 6: prompts once for the PIN of the found card. OUTCOME_OK: four digits are in *pin.
 * Otherwise *pin is wiped: PIN_FORMAT, or what ui->ask_pin() returned. *ret_verify_by: until when
 * the PIN may be sent (clk_mono_ms; flow/possession/transaction.h).
 */
struct outcome prove_ask(const struct flow_env *env, const struct flow_ui *ui,
    const struct found_card *found, struct secret *pin, int64_t *ret_verify_by) MUST_CHECK;

/* One input, and its signature by the card. */
struct proof {
	struct sign_input input;
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
};

/*
 * Step 7: checks that the card is the found one, has it verify the PIN, once and not after
 * verify_by, and has it sign proof->input. Then it signs what `unlock` wants (NULL: nothing), which
 * does not affect the outcome. OUTCOME_OK: there is a signature, which is not yet verified;
 * otherwise as transaction_run(), find_identify() and jpki_sign(). The PIN is wiped in any case.
 * card_expiry and *ret_card_clean are those of transaction_run().
 */
struct outcome prove_sign(const struct flow_env *env, const struct usercerts *enrolled,
    const struct found_card *found, int64_t verify_by, struct secret *pin, struct proof *proof,
    struct unlock *unlock, char *card_expiry, bool *ret_card_clean) MUST_CHECK;

/*
 * Steps 7 and 8: as prove_sign() with our challenge, then verifies the signature with the key of
 * found->enrolled. OUTCOME_OK only then; otherwise as prove_sign() and sigcheck_verify().
 */
struct outcome prove_possession(const struct flow_env *env, const struct login_request *request,
    const struct usercerts *enrolled, const struct found_card *found, int64_t verify_by,
    struct secret *pin, char *card_expiry, bool *ret_card_clean) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One login, step by step. Nothing later happens if something earlier fails:
 *
 *  0. the user is at this machine, or may use its reader from elsewhere
 *  1. the user is enrolled (else the card is not touched)
 *  2. an enrolled certificate is valid now (else there is no prompt)
 *  3. a card is there, and 4. it is this user's
 *  5. a try may be used
 *  6. one prompt for the PIN, with nothing held meanwhile; then 1 and 2 again
 *  7. in one transaction: foreign state dropped, same card, tries again,
 *     VERIFY once, sign, state dropped, power down; on every way out
 *  8. the signature is verified with the enrolled key over our challenge:
 *     only here the result can become OUTCOME_OK
 */
#ifndef JPKI_FLOW_LOGIN_H
#define JPKI_FLOW_LOGIN_H

#include "flow/find.h"
#include "flow/possession/env.h"
#include "flow/prove.h"
#include "lib/place.h"

#define LOGIN_CERT_LEN 16

struct login_result {
	struct outcome outcome;
	/*
	 * False: VERIFY was sent and the card may not have dropped the verified state. The caller
	 * has to try again (transaction_drop_state()).
	 */
	bool card_clean;
	char reader[TRANSPORT_NAME_MAX];	/* of the card in question, or "" */
	char cert[LOGIN_CERT_LEN + 1];	/* the first digits of its fingerprint, or "" */
	int64_t not_after;	/* of that certificate */
	char card_expiry[9];	/* expiry date of the card, yyyymmdd, if the certificate expires soon; or "" */
};

/* The PIN is asked for through ui and lives in *pin, which is wiped. */
void flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result);

/* Stores in *result which certificate a login is about. */
void login_name_cert(const struct usercert *enrolled, struct login_result *result);

/* Whether a user at this place may use this machine's reader, by the option remote: OUTCOME_OK or REMOTE. */
struct outcome flow_may_use_reader(const struct flow_env *env, enum place place) MUST_CHECK;

/*
 * Whether a card may name the user, before any login: only if user_from_card is set, and only for
 * users at a place from where they may use the reader. OUTCOME_OK or REMOTE.
 */
struct outcome flow_may_name_user(const struct flow_env *env, enum place place) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One login, step by step. Nothing later happens if something earlier fails:
 *
 *  0. the user is at this machine, or may use its reader from elsewhere
 *  1. the user is enrolled (else the card is not touched)
 *  2. an enrolled certificate is in order now (else no PIN is asked)
 *  3. a card is there, and 4. it is this user's
 *  5. a try may be spent
 *  6. the person is asked, once; nothing is held meanwhile; then 1 and 2 again
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
	 * False: VERIFY was sent and the card may not have dropped the
	 * verified state. Somebody has to try again (transaction_drop_state()).
	 */
	bool card_clean;
	char reader[TRANSPORT_NAME_MAX];	/* of the card in question, or "" */
	char cert[LOGIN_CERT_LEN + 1];	/* the first digits of its fingerprint, or "" */
	int64_t not_after;	/* of that certificate */
	char card_expiry[9];	/* of the card, yyyymmdd, if that of the certificate is near; or "" */
};

/* The PIN is asked for through ui and lives in *pin, which is wiped. */
void flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result);

/* Notes which certificate a login is about. */
void login_name_cert(const struct usercert *enrolled, struct login_result *result);

/* Whether a user in this place may use this machine's reader: OUTCOME_OK or REMOTE, by the option remote. */
struct outcome flow_may_use_reader(const struct flow_env *env, enum place place) MUST_CHECK;

/*
 * Whether a card may name the user who is in this place, before any login: only where the option says so, and to users
 * who may use the reader. OUTCOME_OK or REMOTE.
 */
struct outcome flow_may_name_user(const struct flow_env *env, enum place place) MUST_CHECK;

#endif

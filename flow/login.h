/*
 * One login, step by step. Nothing later happens if something earlier fails:
 *
 *  0. the user is at this machine, or may use its reader from afar
 *  1. the user is enrolled (else the card is not touched)
 *  2. an enrolled certificate is in order now (else no PIN is asked)
 *  3. a card is there, and 4. it is this user's
 *  5. a try may be spent
 *  6. the person is asked, once; nothing is held meanwhile
 *  7. in one transaction: foreign state dropped, same card, tries again,
 *     VERIFY once, sign, state dropped, power down; on every way out
 *  8. the signature is verified with the enrolled key over our challenge:
 *     only here the result can become JPKI_OK
 */
#ifndef JPKI_FLOW_LOGIN_H
#define JPKI_FLOW_LOGIN_H

#include "flow/env.h"
#include "flow/find.h"

/* What goes into the challenge (flow/challenge.h). */
struct login_request {
	const char *purpose, *user, *service, *host;
	bool remote;	/* the user is not at this machine */
};

struct login_result {
	struct outcome outcome;
	/*
	 * False: VERIFY was sent and the card may not have dropped the
	 * verified state. Somebody has to try again (flow_drop_state()).
	 */
	bool card_clean;
	int64_t not_after;	/* of the certificate, with JPKI_OK */
};

/* The PIN is asked for through ui and lives in *pin, which is wiped. */
void flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result);

/*
 * Steps 6 to 8, with a card that was found: for the login and for the
 * enrolment, which finds its card in its own way. JPKI_OK only if the
 * signature over our challenge verified with the key of found->enrolled.
 */
struct outcome flow_ask_and_verify(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, const struct enrolled *enrolled,
    const struct found_card *found, struct secret *pin, bool *ret_card_clean) MUST_CHECK;

/*
 * Makes every card in every reader forget a verified PIN: card manager, power
 * down. For the case that a login died in between. JPKI_OK if no
 * card is left that could have kept one.
 */
struct outcome flow_drop_state(const struct flow_env *env) MUST_CHECK;

#endif

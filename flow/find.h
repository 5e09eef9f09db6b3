/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the user's card, in any reader. */
#ifndef JPKI_FLOW_FIND_H
#define JPKI_FLOW_FIND_H

#include "card/transport.h"
#include "flow/owners.h"
#include "flow/usercerts.h"

struct jpki;

struct found_card {
	char reader[TRANSPORT_NAME_MAX];
	const struct usercert *enrolled;
	int tries_left;
	bool classic;		/* needs SELECT before each file (card/jpki.h) */
};

/*
 * Looks at every card in every reader and, for env->conf->wait seconds, at every card that arrives;
 * see search.h. Nothing is held when it returns.
 *
 * OUTCOME_OK; LAST_TRY and PIN_LOCKED, with *ret_found filled. Otherwise *ret_found has at most the
 * reader, if a card was looked at, and the outcome is the most useful one for the user: RENEWED,
 * OTHER_CARD, JUKI_CARD, PHONE, NO_CERT, NOT_JPKI, CARD_BUSY, CARD_MUTE, BAD_REPLY, CARD_REMOVED,
 * NO_CARD, NO_READER, NO_SERVICE, SERVICE_REFUSED, or the verdict on the found card's certificate
 * if it is not OUTCOME_OK; CANCELLED if the caller has gone.
 */
struct outcome find_card(const struct flow_env *env, const struct flow_ui *ui,
    const struct usercerts *enrolled, struct found_card *ret_found) MUST_CHECK;

/* The same, without waiting for a card to arrive. */
struct outcome find_card_there(const struct flow_env *env, const struct flow_ui *ui,
    const struct usercerts *enrolled, struct found_card *ret_found) MUST_CHECK;

/*
 * Finds the accounts for which the cards on all readers are registered, together; waits for a card
 * as find_card(). No try is used, and nothing is held while the registrations are read.
 *
 * OUTCOME_OK with at least one account; UNREGISTERED: there is a card, and no account has it; as
 * find_card() where there is no My Number Card; as owners_find().
 */
struct outcome find_owners(const struct flow_env *env, const struct flow_ui *ui, struct owners *ret) MUST_CHECK;

/*
 * On an open transport with the application selected: is this one of the
 * enrolled cards? OUTCOME_OK with *ret_cert; OTHER_CARD, RENEWED, JUKI_CARD, PHONE, NO_CERT.
 */
struct outcome find_identify(struct jpki *card, const struct usercerts *enrolled,
    const struct usercert **ret_cert) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything a card reports without a PIN: for status displays and enrollment. */
#ifndef JPKI_FLOW_POSSESSION_SURVEY_H
#define JPKI_FLOW_POSSESSION_SURVEY_H

#include "card/jpki.h"
#include "flow/possession/env.h"

struct survey {
	enum jpki_kind kind;
	uint8_t der[JPKI_CERT_MAX];	/* the user-authentication certificate */
	size_t der_len;			/* 0: the card has none, or wants a PIN first */
	int auth_tries, sign_tries;	/* 0: locked; TRIES_UNKNOWN: no such PIN */
	char card_expiry[9];		/* expiry date of the card, yyyymmdd; "" if not reported */
	bool classic;
};

/*
 * Connects to the card in a reader, reads it and disconnects. No try is used. OUTCOME_OK if the
 * JPKI application answered, even if parts are missing (der_len 0, TRIES_UNKNOWN); NOT_JPKI and the
 * errors of the transport.
 */
struct outcome survey_card(const struct flow_env *env, const char *reader,
    struct survey *ret_survey) MUST_CHECK;

/* OUTCOME_OK if its certificate could be read, else JUKI_CARD, PHONE or NO_CERT. */
struct outcome survey_certificate(const struct survey *s) MUST_CHECK;

/*
 * Reads the certificate of the CA that issued the user-authentication certificate, as the card
 * carries it (card/jpki.h). It proves nothing by itself. NO_CERT if the card carries none.
 */
struct outcome survey_read_ca(const struct flow_env *env, const char *reader,
    uint8_t der[static JPKI_CERT_MAX], size_t *ret_len) MUST_CHECK;

/*
 * Finds the reader with the My Number Card: the only one, or the one in the reader that `wanted`
 * names (search_wants()). Other cards are passed over; a Juki card or a smartphone counts only if
 * there is no My Number Card. A card that shows in two readers is one.
 *
 * OUTCOME_OK; SEVERAL_CARDS (logged with two of the readers); or what search_cards() returns:
 * NOT_JPKI, CARD_BUSY, CARD_MUTE, NO_CARD, NO_READER and the like, with the reader it is about, or
 * "".
 */
struct outcome survey_choose_reader(const struct flow_env *env, const char *wanted,
    char reader[static TRANSPORT_NAME_MAX]) MUST_CHECK;

#endif

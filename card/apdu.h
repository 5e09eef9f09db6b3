/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command and response APDUs (ISO 7816-4), short form, and the one place
 * where a status word becomes an outcome. The bytes and their sources are in
 * card/PROTOCOL.md.
 */
#ifndef JPKI_CARD_APDU_H
#define JPKI_CARD_APDU_H

#include "card/transport.h"
#include "lib/buf.h"

#define APDU_CMD_MAX (5 + 255 + 1)	/* header with Lc, data, Le */
#define APDU_RESP_MAX (1024 + 2)	/* signature of RSA-8192 in pieces, status word */

#define APDU_NO_LE (-1)
#define APDU_LE_MAX 0			/* Le = 00: up to 256 bytes */

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct view data;	/* at most 255 bytes; none: no Lc */
	int le;			/* 0 to 255 as sent, or APDU_NO_LE */
	/* Data is a PIN: never sent a second time, wiped after use. */
	bool secret;
	/*
	 * Never repeated with another Le: with T=0 the card would take Le for the length of data. For
	 * VERIFY without data.
	 */
	bool exact;
};

struct apdu_response {
	uint8_t bytes[APDU_RESP_MAX];
	size_t len;		/* of the data, without the status word */
	uint16_t sw;
};

/*
 * Sends one command. 61xx is answered with GET RESPONSE and 6Cxx by repeating
 * with the right Le, which T=0 readers need (not for a secret or exact command).
 *
 * OUTCOME_OK: *ret has a status word, whatever its value. Otherwise the transport's outcome, or BAD_REPLY.
 */
struct outcome apdu_transmit(struct transport *t, const struct apdu *cmd,
    struct apdu_response *ret) MUST_CHECK;

/* Which command was sent: the meaning of a status word depends on it. */
enum apdu_purpose {
	APDU_SELECT_APPLICATION,
	APDU_SELECT_FILE,
	APDU_READ,
	APDU_QUERY_TRIES,	/* VERIFY without data */
	APDU_VERIFY,
	APDU_SIGN,
	APDU_CHANGE_PIN,
};

/*
 * The outcome of a status word. For QUERY_TRIES and VERIFY tries_left is set
 * if the card reported it. raw is the status word unless it is 9000. For
 * CHANGE_PIN: NEW_PIN_REFUSED if the card says that it did nothing, else PIN_UNCERTAIN.
 */
struct outcome apdu_outcome(enum apdu_purpose purpose, uint16_t sw);

/*
 * Whether this status word says that the card does not understand short file ids, so that the form with
 * SELECT may be tried (doc/facts/jpki-card.md §14). Never used for VERIFY, which is sent once.
 */
bool apdu_refuses_short_id(uint16_t sw);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JPKI application of the My Number Card (doc/facts/jpki-card.md §1, §2):
 * what a login, an enrollment and a status display need of it. Every function
 * works on an open transport (transport_ops.open) and leaves it open.
 */
#ifndef JPKI_CARD_JPKI_H
#define JPKI_CARD_JPKI_H

#include "card/transport.h"
#include "lib/buf.h"

struct secret;

#define JPKI_HEAD_MAX 256	/* one short READ BINARY */
#define JPKI_CERT_MAX 4096	/* today's certificates have 1.3 to 1.8 kB, their files 2.5 or 3.8 (§2.2) */

enum jpki_pin {
	JPKI_PIN_AUTH,		/* 利用者証明用, four digits, 3 tries */
	JPKI_PIN_SIGN,		/* 署名用, 6 to 16 characters, 5 tries; never for a login */
};

enum jpki_kind {
	JPKI_KIND_UNKNOWN,	/* an undocumented label: no reason to refuse */
	JPKI_KIND_MY_NUMBER,
	JPKI_KIND_JUKI,
	JPKI_KIND_PHONE,
};

struct jpki {
	struct transport *transport;
	/*
	 * The card does not know short file ids in P1/P2: select each file
	 * first. Found out by the first refusal, kept for the session.
	 */
	bool classic;
	uint16_t selected_ef;	/* by SELECT, in this application; 0: none */
};

/* The names (AID) of the JPKI application and of the card manager. Static. */
struct view jpki_application(void);
struct view jpki_card_manager(void);

/*
 * Leaves the application by selecting the card manager, which drops the
 * verified state of every PIN (selecting the application again does not).
 * NOT_JPKI if there is no card manager to select (a smartphone): power it
 * down instead. BAD_REPLY for any other refusal; else the transport's
 * outcome.
 */
struct outcome jpki_leave(struct jpki *card) MUST_CHECK;

/*
 * Selects the application. NOT_JPKI if the card has none; else the
 * transport's outcome. A card that answers its first command after power-up
 * with 6F00 gets that command a second time.
 */
struct outcome jpki_select(struct jpki *card) MUST_CHECK;

/* What the token information (EF 0006) says this is. */
struct outcome jpki_read_kind(struct jpki *card, enum jpki_kind *ret_kind) MUST_CHECK;

/*
 * The first up to 256 bytes of the user-authentication certificate's file,
 * with serial number, issuer and validity: enough to recognize an enrolled certificate. No PIN needed.
 * NO_CERT (none on this card), PHONE (a smartphone requires its PIN first), CERT_LONG (more than
 * JPKI_CERT_MAX bytes), BAD_REPLY (not DER).
 */
struct outcome jpki_read_auth_head(struct jpki *card, uint8_t head[static JPKI_HEAD_MAX],
    size_t *ret_len) MUST_CHECK;

/*
 * The whole user-authentication certificate (or that of its CA), without the filler after it, in DER.
 * Outcomes as above.
 */
struct outcome jpki_read_auth_cert(struct jpki *card, uint8_t der[static JPKI_CERT_MAX],
    size_t *ret_len) MUST_CHECK;
struct outcome jpki_read_auth_ca(struct jpki *card, uint8_t der[static JPKI_CERT_MAX],
    size_t *ret_len) MUST_CHECK;

/*
 * The number of tries left of a PIN; uses none. OUTCOME_OK with *ret_tries >= 1;
 * PIN_LOCKED with *ret_tries 0; BAD_REPLY. A card that hides the number
 * because another program has verified the PIN is first made to forget that.
 */
struct outcome jpki_tries_left(struct jpki *card, enum jpki_pin pin, int *ret_tries) MUST_CHECK;

/*
 * VERIFY, once, in the form that the card accepted from jpki_tries_left().
 * The user-authentication PIN is sent only if it is exactly four
 * ASCII digits, the signature PIN if it has 6 to 16 capital letters and digits: else
 * PIN_FORMAT and the card has seen nothing. PIN_WRONG (tries_left if the card
 * reported it), PIN_LOCKED. With any other outcome a try may have been used.
 */
struct outcome jpki_verify(struct jpki *card, enum jpki_pin pin, const struct secret *secret)
    MUST_CHECK;

/*
 * Signs with the user-authentication key, after jpki_verify(). input is what
 * the key's algorithm asks for (nss/sigcheck.h), at most 245 bytes. At most
 * JPKI_SIGNATURE_MAX bytes come back. BAD_REPLY also for 6982, PIN not verified.
 */
#define JPKI_SIGNATURE_MAX 1024
struct outcome jpki_sign(struct jpki *card, struct view input,
    uint8_t signature[static JPKI_SIGNATURE_MAX], size_t *ret_len) MUST_CHECK;

/*
 * CHANGE REFERENCE DATA, once, after jpki_verify() of the old PIN. The new one must
 * have the format that VERIFY requires. NEW_PIN_REFUSED: the card says that it did
 * nothing. PIN_UNCERTAIN: the command was sent, and it is unknown which PIN is now
 * valid; it must not be repeated. The transport's outcome if the card was gone
 * before: the old PIN is valid.
 */
struct outcome jpki_change_pin(struct jpki *card, enum jpki_pin pin, const struct secret *new_pin)
    MUST_CHECK;

/*
 * The expiry date of the card itself (not of a certificate) as yyyymmdd with
 * a NUL, or "" if the card does not report it. Leaves the application.
 */
struct outcome jpki_read_card_expiry(struct jpki *card, char ret_date[static 9]) MUST_CHECK;

#endif

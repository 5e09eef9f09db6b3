/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated card: the JPKI application of a My Number Card as a state
 * machine, in-process. jpkisim puts it into a virtual reader; unit tests may
 * call it directly. It shares no code with the project it tests, and signs
 * with libcrypto where the project verifies with NSS.
 *
 * A card lives in a directory:
 *
 *	auth.key auth.crt auth-ca.crt	user authentication: key, certificate, CA
 *	sign.key sign.crt sign-ca.crt	signature (may be missing)
 *	card.conf			key = value, see below; # starts a comment
 *	state				PINs and tries left, written by the card
 *
 * The certificates need not belong to the keys: the card does not look.
 *
 * Options, in card.conf and by sim_card_set(); defaults in parentheses. What
 * has not been measured on a real card is an option.
 *
 *  profile (mynumber)	child: no signature certificate; faceauth: that, and the
 *			authentication PIN locked; locked; lasttry; juki: the old
 *			resident card, without user authentication; nojpki: some
 *			other card, a driving licence; phone-android, phone-iphone.
 *			A profile is a set of other options; those named in
 *			card.conf win over it.
 *  atr			hex (that of a contactless card)
 *  auth-pin (1234), sign-pin (ABC123), auth-tries (3), sign-tries (5): kept in
 *			the state file once that exists
 *  expiry (20331103)	of the card itself, GET DATA 00F2; "none": 6A88; "large": 6700 to a short Le
 *  label, availability	of EF 0006 (text) and EF 0008 (hex)
 *  reset-clears (auto)	yes, no; auto: no for a contactless ATR
 *  first-6f00 (no)	the first command after power-up fails
 *  locked-query (63C0), locked-verify (6984)	status words of a locked PIN
 *  verified-query (count)	9000: what an empty VERIFY says when verified
 *  long-pin (6700)	more than 16 bytes in VERIFY, no try lost
 *  wrong-ef (6985)	VERIFY or sign while the current EF is of another kind
 *  ief-read (6981)	READ BINARY of a key or a PIN
 *  query-with-le (auto)	whether VERIFY in five bytes (Le 00) is the query, or 6700;
 *			auto: the query with t0, where a reader adds the fifth
 *  fci (9000)		SELECT with P2=00, and the data that comes with it: fci-data (none)
 *  no-sfi (no)		yes: short EF identifiers answer 6A86; or a status word
 *  extended (yes)	extended length is understood
 *  sign-needs-le (no)	sign without Le answers 6700
 *  t0 (no)		signatures are fetched with GET RESPONSE
 *  ef-size (3808)	size of a certificate's EF, filled up with FF
 *  tail (none)		text in place of the first FF after the authentication certificate
 *  auth-ef (normal)	content of EF 000A: truncated, head (16 bytes, as many as any two
 *			certificates may have in common), ff, empty, huge (its DER
 *			length says 65535), absent
 *  no-auth (no), no-sign (no)	without the files of that certificate and key
 *  auth-cert-needs-pin (no), phone-session (no): as on smartphones, and the
 *			iPhone's 80 FC 00 00
 *  manager-absent (no), others-absent (no), jpki-absent (no): applications
 *  latency, signtime (0)	milliseconds per APDU and per signature
 *
 * Live state, sim_card_get(): verified (none | auth | sign | auth,sign),
 * powered, present (yes | no), pin-since-power (yes | no: has a PIN come since the
 * power last went?), ap (none | manager | jpki | other), ef (hex or none).
 * "verified" can also be set, to the state that another program left.
 */
#ifndef JPKI_TESTS_SIM_CARD_H
#define JPKI_TESTS_SIM_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SIM_RESPONSE_MAX	(65536 + 2)
#define SIM_ERROR_MAX		256
#define SIM_FOREVER		UINT32_MAX

struct sim_card;

struct sim_stats {
	uint64_t apdus;
	uint64_t bytes_in, bytes_out;	/* of APDUs, as the card sees them */
	uint64_t verifies;		/* VERIFY with a PIN */
	uint64_t queries;		/* VERIFY without */
	uint64_t signs;			/* signatures made */
	uint64_t resets, power_ons, power_offs;
	uint64_t faults;		/* injected */
};

/* NULL with the reason in err[size]. Not powered yet. */
struct sim_card *sim_card_open(const char *dir, char *err, size_t size);
void sim_card_free(struct sim_card *card);

/* Switching on also brings a card back that a fault took off the reader. */
void sim_card_power(struct sim_card *card, bool on);
void sim_card_reset(struct sim_card *card);
/* Returns the length, at most 33. */
size_t sim_card_atr(const struct sim_card *card, uint8_t atr[33]);

/*
 * One command. Returns the length of the response; 0 if there is none (not
 * powered, or a fault took the card away) or if cap is too small for it.
 */
size_t sim_card_transmit(struct sim_card *card, const uint8_t *cmd, size_t len,
    uint8_t *resp, size_t cap);
/*
 * For how many milliseconds the response of the last command is to be held
 * back (latency, signing time, an injected hang), or SIM_FOREVER. The card
 * itself never sleeps.
 */
uint32_t sim_card_delay_ms(const struct sim_card *card);
/* False once a fault took the card away. */
bool sim_card_present(const struct sim_card *card);

/* False with the reason in err[size]. */
bool sim_card_set(struct sim_card *card, const char *key, const char *value,
    char *err, size_t size);
bool sim_card_get(const struct sim_card *card, const char *key, char *value, size_t size);

/*
 * Arms a fault, WHEN KIND [ARGUMENT]; several can be armed.
 *
 *  at N, at *		the Nth command from now, or every one
 *  ins XX[:N], ins XX:*	the Nth (first) command with this INS from now, or all
 *
 *  drop		the card leaves the field and does not execute
 *  drop-after		executes, then leaves instead of answering
 *  sw XXXX		answers this, not executed
 *  truncate N		executes, cuts the response to N bytes, which never end in a
 *			status word; 0: no answer, and in a virtual reader out of it
 *			and in again
 *  overlong [N]	executes, response padded to N bytes (300)
 *  garbage [N]		executes, response replaced by N random bytes (17), which
 *			never end in a status word
 *  wrongdata		executes, a bit in the response data is flipped
 *  wrongsig		the same, but only if the command was to sign
 *  hang MS, hang forever	executes, answers late or never
 *  accept-any-pin	VERIFY compares nothing
 *  sign-other-challenge	signs other data than was sent
 *  reset		the card is reset, then executes
 *  kill PID		that process is killed, then executes (for pcscd)
 *
 * "clear" disarms all.
 */
bool sim_card_fault(struct sim_card *card, const char *text, char *err, size_t size);

struct sim_stats sim_card_stats(const struct sim_card *card);
void sim_card_stats_reset(struct sim_card *card);

/*
 * Commands, responses and events as lines to f, PINs masked; NULL: none. The
 * file stays the caller's.
 */
void sim_card_trace(struct sim_card *card, FILE *f);
void sim_card_trace_event(struct sim_card *card, const char *event);

/*
 * Makes a card directory with the script mkcard, found by $JPKI_MKCARD; argv
 * as for the script: DIR PKI AUTHLEAF [SIGNLEAF] [key=value…], then NULL.
 */
bool sim_make_card(const char *const argv[]);

#endif

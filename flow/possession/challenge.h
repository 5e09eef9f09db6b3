/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text that the card signs. It names its purpose, so that a signature
 * made for one host, user, service or moment is useless for another,
 * and for any other system that uses the same key. This is the only builder, for
 * local and remote use.
 *
 *	JPKI-CHALLENGE-1
 *	purpose=login
 *	host=azumino.example
 *	user=hanako
 *	service=sudo
 *	time=1795400000
 *	nonce=<64 hex digits>
 *
 * A text that is signed on another machine (flow/possession/sshwire.h) has one more line: the host
 * key by which the signer's ssh knows the server, so that another server cannot
 * relay it:
 *
 *	hostkey=<SHA-256 of the key, base64 without padding>
 *
 * Each line ends with LF. In a value every byte outside A-Z a-z 0-9 . _ @ + -
 * is written %XX, so no value can pretend to be a line.
 */
#ifndef JPKI_FLOW_POSSESSION_CHALLENGE_H
#define JPKI_FLOW_POSSESSION_CHALLENGE_H

#include "lib/buf.h"

#define CHALLENGE_NONCE_LEN 32
#define CHALLENGE_MAX 4096

struct challenge {
	const char *purpose, *host, *user, *service;
	int64_t time;	/* seconds since 1970 UTC */
	uint8_t nonce[CHALLENGE_NONCE_LEN];
	const char *hostkey;	/* "none" if the signer knows none; NULL: signed at this machine */
};

/* Fills the nonce from getrandom(2), all of it. OUTCOME_INTERNAL if it cannot. */
struct outcome challenge_fill_nonce(struct challenge *c) MUST_CHECK;

/* Writes the text. False if it is longer than CHALLENGE_MAX bytes. */
bool challenge_write(const struct challenge *c, uint8_t text[static CHALLENGE_MAX],
    size_t *ret_len) MUST_CHECK;

/* Writes a value as in the text: every byte outside the set above as %XX. */
void challenge_write_value(struct writer *w, const char *value);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A text under a key that only those can derive again who have the same secret: HKDF with
 * SHA-256 (RFC 5869) gives the key, AES-256 in Galois/Counter Mode (NIST SP 800-38D) encrypts and
 * authenticates. NSS does both, and has to be in use (nss/certdb.h).
 *
 * In FIPS mode NSS takes no key from outside its module, and neither function works: INTERNAL.
 */
#ifndef JPKI_NSS_SEALED_H
#define JPKI_NSS_SEALED_H

#include "lib/buf.h"
#include "lib/outcome.h"

#define SEALED_NONCE_LEN 12
#define SEALED_TAG_LEN 16	/* by which a sealed text is longer than the text */

struct sealing {
	struct view secret;	/* what the key is made from */
	struct view salt;	/* of HKDF; random, and used with one text only */
	const char *purpose;	/* HKDF's info: a key for one purpose is none for another */
	struct view header;	/* authenticated with the text, and not in it */
	uint8_t nonce[SEALED_NONCE_LEN];
};

/*
 * Seals text.len bytes into sealed[text.len + SEALED_TAG_LEN]. OUTCOME_OK, NO_MEMORY, INTERNAL
 * (raw: NSS error).
 */
struct outcome sealed_make(const struct sealing *s, struct view text, uint8_t *sealed) MUST_CHECK;

/*
 * Opens what sealed_make() gave into text[sealed.len - SEALED_TAG_LEN]. OUTCOME_OK, NO_MEMORY; INTERNAL
 * (raw: NSS error) also if secret, salt, purpose, header, nonce or text are not those of then; and
 * the text is wiped unless OUTCOME_OK.
 */
struct outcome sealed_open(const struct sealing *s, struct view sealed, uint8_t *text) MUST_CHECK;

#endif

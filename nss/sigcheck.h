/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds what the card signs, and verifies the signature. Algorithm and hash
 * follow from the key of the enrolled certificate, never from the card: RSA
 * signs the PKCS#1 v1.5 DigestInfo of SHA-256; P-256 SHA-256 and P-384
 * SHA-384 sign the bare digest (doc/facts/jpki-card.md §2.6, §7.3).
 */
#ifndef JPKI_NSS_SIGCHECK_H
#define JPKI_NSS_SIGCHECK_H

#include "lib/buf.h"
#include "lib/outcome.h"

struct cert;

#define SIGN_INPUT_MAX 83	/* DigestInfo of SHA-512, the longest there is */
#define SIGNATURE_MAX 1024	/* RSA-8192 */

struct sign_input {
	uint8_t bytes[SIGN_INPUT_MAX];	/* for COMPUTE DIGITAL SIGNATURE */
	size_t len;
	uint8_t digest[64];
	size_t digest_len;
};

/*
 * Hashes the challenge and builds what the card of this certificate signs.
 * OUTCOME_OK, OUTCOME_CERT_WEAK for a key of a kind we do not accept, OUTCOME_INTERNAL.
 */
struct outcome sigcheck_input(const struct cert *cert, struct view challenge,
    struct sign_input *ret_input) MUST_CHECK;

/*
 * Whether the key gives the same signature over the same input each time: RSA with PKCS #1 v1.5 does
 * (RFC 8017 §8.2), and no other bytes of that length are one that sigcheck_verify() takes; ECDSA does not.
 */
bool sigcheck_is_repeatable(const struct cert *cert);

/* The longest correct signature of this key, in bytes. */
size_t sigcheck_signature_size(const struct cert *cert);

/*
 * Verifies with the certificate's key. An RSA signature must be exactly as long as the
 * modulus and contain the canonical DigestInfo; an EC signature may be raw r||s or DER.
 * OUTCOME_OK, OUTCOME_BAD_SIGNATURE (raw: NSS error), OUTCOME_INTERNAL.
 */
struct outcome sigcheck_verify(const struct cert *cert, const struct sign_input *input,
    struct view signature) MUST_CHECK;

#endif

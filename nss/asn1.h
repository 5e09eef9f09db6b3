/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few structures that are parsed here and not by NSS. asn1.c must not include an NSS header: NSS has
 * macros with the names of lib/der.h (DER_SEQUENCE, DER_SET) and other values.
 */
#ifndef JPKI_NSS_ASN1_H
#define JPKI_NSS_ASN1_H

#include "lib/buf.h"

/*
 * The outer shape of a certificate. NSS's decoder is lenient, but the fingerprint, which identifies an
 * enrolled card, covers every byte. So: nothing after the end; no unused bits in the signature (NSS ignores
 * them, and eight files would be "the same" certificate); and the algorithm outside the signed part equals
 * the one inside (RFC 5280 §4.1.1.2), or an attacker could choose how the signature is verified.
 */
bool asn1_is_certificate(struct view der) MUST_CHECK;

/* Whether it is exactly one OBJECT IDENTIFIER, which is never empty; *ret points to its contents. */
bool asn1_oid(struct view der, struct view *ret_oid) MUST_CHECK;

/*
 * An ECDSA signature, r||s or DER, to r||s of exactly 2*n bytes in out. The length alone decides which form
 * it is: a DER signature of just 2*n bytes, with r and s six bytes too short together, occurs less than
 * once in 2^40 logins and is then wrongly refused.
 */
bool asn1_ecdsa_raw(struct view signature, size_t n, uint8_t *out) MUST_CHECK;

/*
 * The value of an authorityKeyIdentifier (RFC 5280 §4.2.1.1): the key id, a view into it, of length 0 if it
 * has none, and whether issuer or serial number follow. False if it is malformed.
 */
bool asn1_authority_key(struct view value, struct view *ret_key, bool *ret_more) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few structures we read octet by octet instead of by NSS. No NSS header
 * belongs into asn1.c: NSS has macros of the same names as lib/der.h
 * (DER_SEQUENCE, DER_SET) with other values.
 */
#ifndef JPKI_NSS_ASN1_H
#define JPKI_NSS_ASN1_H

#include "lib/buf.h"

/*
 * The outer shape of a certificate. NSS's decoder is lenient, and the
 * fingerprint, which names who may log in, is over every octet. So: nothing
 * after the end; no unused bits in the signature (NSS ignores them, and eight
 * files would be "the same" certificate); and the algorithm named outside the
 * signed part is the one named inside it (RFC 5280 §4.1.1.2), or a stranger
 * could choose how the signature is read.
 */
bool asn1_is_certificate(struct view der) MUST_CHECK;

/* Whether it is one OBJECT IDENTIFIER, which is never empty, and nothing else; lends its contents. */
bool asn1_oid(struct view der, struct view *ret_oid) MUST_CHECK;

/*
 * An ECDSA signature, r||s or DER, to r||s of exactly 2*n bytes in out. Which
 * form it is follows from the length alone: a DER signature of just 2*n bytes
 * has r and s six bytes too short together, and is refused wrongly once in
 * 2^40 logins or less.
 */
bool asn1_ecdsa_raw(struct view signature, size_t n, uint8_t *out) MUST_CHECK;

/*
 * The value of an authorityKeyIdentifier (RFC 5280 §4.2.1.1): the key's name, lent, of length 0 if it has none,
 * and whether issuer or serial number follow. False if it is none.
 */
bool asn1_authority_key(struct view value, struct view *ret_key, bool *ret_more) MUST_CHECK;

#endif

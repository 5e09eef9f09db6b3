/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/asn1: what the project reads of a certificate and of a signature itself, before NSS sees it. What it says yes
 * to was read to its end, and what it lends or writes is inside.
 *
 * Source: nss/asn1.c lib/der.c lib/buf.c
 * Bound: 48 bytes of a certificate, 24 of a signature with coordinates of 8, 20 of the others
 * Entry: certificate_head signature_of_a_curve short_ones
 * Unwind: 8
 * Define: memcmp=compare_anyhow
 * Define: memcpy=copy_checked
 * Defect: [certificate_head] nss/asn1.c: if (signature.len < 2 || -> if (
 * Defect: [signature_of_a_curve] nss/asn1.c: if (v.len > n) -> if (v.len > n + 1)
 * Defect: [signature_of_a_curve] nss/asn1.c: if (!der_get(r, DER_INTEGER, &v) || v.len == 0 || -> if (!der_get(r, DER_INTEGER, &v) ||
 * Defect: [short_ones] nss/asn1.c: oid.len == 0 || !cursor_at_end(&r) -> oid.len == 0
 */
#include <string.h>

#include "lib/der.h"
#include "nss/asn1.h"
#include "tests/prove/prove.h"

#define CERTIFICATE 48
#define SIGNATURE 24
#define SHORT 20
#define FIELD 8	/* octets of a coordinate: 32 and 48 in fact */

/* The last len bytes of a buffer of any contents. */
static struct view
any_of(uint8_t *octets, size_t size)
{
	size_t len = nondet_size();

	assume(len <= size);
	return (struct view){ octets + size - len, len };
}

/* Whether an element of this tag, with its shortest length, fills the view; its contents. */
static bool
fills(struct view whole, uint8_t tag, struct view *ret)
{
	struct cursor r = cursor_of(whole.data, whole.len);

	return der_get(&r, tag, ret) && cursor_at_end(&r);
}

void
certificate_head(void)
{
	uint8_t octets[CERTIFICATE];
	struct view der = any_of(octets, sizeof octets), body, tbs, outer, bits;
	struct cursor r;

	if (!asn1_is_certificate(der))
		return;
	promise(fills(der, DER_SEQUENCE, &body));
	r = cursor_of(body.data, body.len);
	promise(der_get(&r, DER_SEQUENCE, &tbs) && tbs.len >= 6 && tbs.data[0] == 0xa0);
	promise(der_get(&r, DER_SEQUENCE, &outer) && der_get(&r, DER_BIT_STRING, &bits) && cursor_at_end(&r));
	promise(bits.len >= 2 && bits.data[0] == 0);
}

void
signature_of_a_curve(void)
{
	uint8_t octets[SIGNATURE], out[2 * FIELD];
	struct view signature = any_of(octets, sizeof octets), body;

	if (asn1_ecdsa_raw(signature, FIELD, out))
		promise(signature.len == sizeof out || fills(signature, DER_SEQUENCE, &body));
}

void
short_ones(void)
{
	uint8_t octets[SHORT];
	struct view der = any_of(octets, sizeof octets), ret, body;
	bool more;

	if (asn1_oid(der, &ret))
		promise(fills(der, DER_OID, &body) && ret.data == body.data && ret.len == body.len && ret.len > 0);
	if (asn1_authority_key(der, &ret, &more)) {
		promise(fills(der, DER_SEQUENCE, &body));
		promise(ret.len == 0 || (ret.data >= body.data && ret.data + ret.len <= body.data + body.len));
		promise(more || ret.len == 0 || ret.data + ret.len == body.data + body.len);
	}
}

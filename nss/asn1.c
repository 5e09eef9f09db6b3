/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "lib/der.h"
#include "nss/asn1.h"

/* [0] EXPLICIT, which holds the version */
#define DER_CONTEXT_0 0xa0
/* [0] IMPLICIT of an OCTET STRING */
#define DER_CONTEXT_0_IMPLICIT 0x80

bool
asn1_is_certificate(struct view der)
{
	struct cursor whole = cursor_of(der.data, der.len), inner, tbs;
	struct view body, tbs_body, outer_alg, signature, version, serial, inner_alg;

	if (!der_get(&whole, DER_SEQUENCE, &body) || !cursor_at_end(&whole))
		return false;
	inner = cursor_of(body.data, body.len);
	if (!der_get(&inner, DER_SEQUENCE, &tbs_body) ||
	    !der_get(&inner, DER_SEQUENCE, &outer_alg) ||
	    !der_get(&inner, DER_BIT_STRING, &signature) || !cursor_at_end(&inner))
		return false;
	if (signature.len < 2 || signature.data[0] != 0)
		return false;
	/* Version 1 has no version field and no extensions, without which it cannot be judged. */
	tbs = cursor_of(tbs_body.data, tbs_body.len);
	return der_get(&tbs, DER_CONTEXT_0, &version) && der_get(&tbs, DER_INTEGER, &serial) &&
	    der_get(&tbs, DER_SEQUENCE, &inner_alg) && view_equal(inner_alg, outer_alg);
}

bool
asn1_oid(struct view der, struct view *ret_oid)
{
	struct cursor r = cursor_of(der.data, der.len);
	struct view oid;

	if (!der_get(&r, DER_OID, &oid) || oid.len == 0 || !cursor_at_end(&r))
		return false;
	*ret_oid = oid;
	return true;
}

/* A positive, minimally encoded INTEGER, right-aligned into out[n]. */
static bool
integer_to_fixed(struct cursor *r, size_t n, uint8_t *out)
{
	struct view v;

	if (!der_get(r, DER_INTEGER, &v) || v.len == 0 || (v.data[0] & 0x80) != 0)
		return false;
	if (v.data[0] == 0) {
		if (v.len == 1 || (v.data[1] & 0x80) == 0)	/* zero, or not minimal */
			return false;
		v.data++;
		v.len--;
	}
	if (v.len > n)
		return false;
	memset(out, 0, n);
	memcpy(out + n - v.len, v.data, v.len);
	return true;
}

bool
asn1_ecdsa_raw(struct view signature, size_t n, uint8_t *out)
{
	struct cursor r = cursor_of(signature.data, signature.len), inner;
	struct view body;

	if (signature.len == 2 * n) {
		memcpy(out, signature.data, signature.len);
		return true;
	}
	if (!der_get(&r, DER_SEQUENCE, &body) || !cursor_at_end(&r))
		return false;
	inner = cursor_of(body.data, body.len);
	return integer_to_fixed(&inner, n, out) && integer_to_fixed(&inner, n, out + n) &&
	    cursor_at_end(&inner);
}

bool
asn1_authority_key(struct view value, struct view *ret_key, bool *ret_more)
{
	struct cursor r = cursor_of(value.data, value.len), inner;
	struct view body;

	*ret_key = (struct view){ .len = 0 };
	if (!der_get(&r, DER_SEQUENCE, &body) || !cursor_at_end(&r))
		return false;
	inner = cursor_of(body.data, body.len);
	if (!der_get(&inner, DER_CONTEXT_0_IMPLICIT, ret_key))
		inner = cursor_of(body.data, body.len);
	*ret_more = !cursor_at_end(&inner);
	return true;
}

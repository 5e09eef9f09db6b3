/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/der: reads no byte that is not there; what it lends is inside; a length has one form.
 *
 * Source: lib/der.c lib/buf.c
 * Bound: 300 bytes
 * Unwind: 8
 * Defect: lib/der.c: bytes > r->left - 2 -> bytes > r->left
 * Defect: lib/der.c: found != tag || len > copy.left -> found != tag
 * Defect: lib/der.c: r->p[2] == 0 || len < 0x80 -> r->p[2] == 0
 */
#include "lib/der.h"
#include "tests/prove/prove.h"

#define OCTETS 300

/* Whether the element before r->p has the shortest form of its length (X.690 §10.1). */
static bool
is_minimal(const uint8_t *start, size_t head, size_t body)
{
	size_t more = body < 0x80 ? 0 : body < 0x100 ? 1 : body < 0x10000 ? 2 : body < 0x1000000 ? 3 : 4;

	return head == 2 + more && (more == 0) == (start[1] < 0x80);
}

int
main(void)
{
	uint8_t octets[OCTETS];
	size_t len = nondet_size(), claimed, size;
	struct cursor r, at;
	struct view body;
	uint8_t tag;

	assume(len <= OCTETS);
	r = cursor_of(LAST_OF(octets, len), len);
	at = r;
	if (der_header(&at, &tag, &claimed)) {
		promise(at.left < len && at.p == r.p + (len - at.left));
		promise(tag == r.p[0] && (tag & 0x1f) != 0x1f);
		promise(is_minimal(r.p, len - at.left, claimed));
	} else {
		promise(at.p == r.p && at.left == len);
	}
	if (der_sequence_size(r.p, r.left, &size))
		promise(r.p[0] == DER_SEQUENCE && size >= 2);
	tag = nondet_u8();
	at = r;
	if (der_get(&at, tag, &body)) {
		promise(body.len <= len && body.data >= r.p + 2 && body.data + body.len == at.p);
		promise(at.left == len - (size_t)(at.p - r.p) && r.p[0] == tag);
	} else {
		promise(at.p == r.p && at.left == len);
	}
	return 0;
}

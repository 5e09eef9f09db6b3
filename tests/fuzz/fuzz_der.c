/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/der, nss/asn1 and the structures of nss/crl/der that are read byte by byte. */
#include "config.h"

#include <string.h>

#include "lib/der.h"
#include "nss/asn1.h"
#include "nss/crl/der.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 16
#define CURVE_MAX 66

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static bool
is_within(struct view inner, struct view outer)
{
	return inner.len <= outer.len && (inner.len == 0 ||
	    (inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len));
}

/* Every element that can be reached; what is lent is within what was given. */
static void
walk(struct view v, unsigned int depth)
{
	struct cursor r = cursor_of(v.data, v.len);
	struct view body;

	while (depth < DEPTH_MAX && r.left > 0) {
		struct cursor at = r, head = r;
		uint8_t tag;
		size_t len;

		if (!der_header(&head, &tag, &len))
			break;
		CHECK(head.left <= r.left);
		if (!der_get(&r, tag, &body)) {
			CHECK(len > head.left);
			CHECK(r.p == at.p && r.left == at.left);
			break;
		}
		CHECK(body.len == len && is_within(body, v));
		CHECK(!der_get(&at, (uint8_t)(tag ^ 1), &body) && at.left >= len);
		if (tag & 0x20)
			walk(body, depth + 1);
	}
}

static void
size_agrees(struct view v)
{
	struct cursor r = cursor_of(v.data, v.len);
	size_t size, head = v.len < 4 ? v.len : 4;
	struct view body;

	if (der_get(&r, DER_SEQUENCE, &body))
		CHECK(!der_sequence_size(v.data, head, &size) || size == v.len - r.left);
	if (asn1_is_certificate(v)) {
		r = cursor_of(v.data, v.len);
		CHECK(der_get(&r, DER_SEQUENCE, &body) && r.left == 0);
	}
}

static bool
never(void *ctx, struct view name)
{
	CHECK(is_within(name, *(const struct view *)ctx));
	return false;
}

static void
scope(struct view v)
{
	static struct crl_facts facts;
	struct view body, last = { .len = 0 };
	uint8_t tag;

	memcpy(facts.scope, v.data, facts.scope_len = v.len < CRL_SCOPE_MAX ? v.len : CRL_SCOPE_MAX);
	for (size_t i = 0; crlder_scope_at(&facts, i, &tag, &body); i++) {
		CHECK(is_within(body, (struct view){ facts.scope, facts.scope_len }));
		CHECK(last.data == NULL || body.data >= last.data + last.len);
		last = body;
	}
	CHECK(!crlder_point_matches(v, never, &v));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t curves[] = { 32, 48, CURVE_MAX };
	struct view v = { data, size }, part;
	uint8_t raw[2 * CURVE_MAX];

	if (size == 0)
		return 0;
	walk(v, 0);
	size_agrees(v);
	scope(v);
	if (asn1_oid(v, &part))
		CHECK(is_within(part, v) && part.len > 0);
	if (crlder_serial(v, &part))
		CHECK(is_within(part, v) && part.len > 0 && part.len <= CRL_SERIAL_MAX && part.data[0] != 0);
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
		if (asn1_ecdsa_raw(v, curves[i], raw) && size == 2 * curves[i])
			CHECK(memcmp(raw, data, size) == 0);
	return 0;
}

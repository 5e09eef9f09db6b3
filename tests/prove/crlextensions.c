/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/der: the extensions of a list, and whether a certificate's distribution points name it. Any bytes are
 * refused, or the facts are within their fields; a list is refused that is a difference to another one, is for other
 * certificates than users', or has a critical extension that is not understood.
 *
 * Source: nss/crl/fault.c lib/der.c lib/buf.c
 * Included: nss/crl/der.c
 * Bound: extensions of 20 bytes with names of 3, distribution points of 12
 * Entry: any_extensions one_extension any_points
 * Unwind: 18
 * Unwindset: crlder_extensions.0:4
 * Unwindset: read_scope.0:3
 * Unwindset: der_header.0:5
 * Unwindset: view_hex.0:3
 * Unwindset: name_matches.0:3
 * Unwindset: crlder_point_matches.0:6
 * Unwindset: crlder_scope_at.0:4
 * Smaller: nss/crl/fault.h: #define CRL_SCOPE_MAX 2048 -> #define CRL_SCOPE_MAX 3
 * Smaller: nss/crl/fault.h: #define CRL_SERIAL_MAX 20 -> #define CRL_SERIAL_MAX 2
 * Smaller: nss/crl/der.c: #define OID_SHOWN_MAX 32 -> #define OID_SHOWN_MAX 2
 * Smaller: nss/crl/der.h: #define CRLDER_HEAD_MAX 16384 -> #define CRLDER_HEAD_MAX 4
 * Smaller: nss/crl/der.h: #define CRLDER_TAIL_MAX 65536 -> #define CRLDER_TAIL_MAX 4
 * Define: memcmp=compare_anyhow
 * Define: memcpy=copy_to_field
 * Defect: [any_extensions] nss/crl/der.c: if (!known || names.len > sizeof facts->scope) -> if (!known || names.len > sizeof facts->scope + 1)
 * Defect: [any_extensions] nss/crl/der.c: if (v.len > CRL_SERIAL_MAX) -> if (v.len > CRL_SERIAL_MAX + 1)
 * Defect: [one_extension] nss/crl/der.c: return indirect ? CRL_INDIRECT : only_ca -> return only_ca
 * Defect: [one_extension] nss/crl/der.c: return CRL_UNKNOWN_CRITICAL; -> return CRL_OK;
 * Defect: [one_extension] nss/crl/der.c: if (*ret_point) -> if (0)
 * Defect: [any_points] nss/crl/der.c: whole.len = (size_t)(r.p - whole.data); -> whole.len = (size_t)(r.p - whole.data) + 1;
 */
#include "nss/crl/der.c"
#include "tests/prove/prove.h"

void
log_msg(const struct log *log, int priority, const char *format, ...)
{
	(void)log;
	promise(priority >= LOG_ERR && priority <= LOG_DEBUG && format != NULL);
}

#define ANY 20
#define POINTS 12
#define ONE 17

static struct crlder list;
static struct crl_facts facts;

/* memcpy(3), whose destination keeps what it had, and is the field of the number or that of the names. */
void *
copy_to_field(void *restrict to, const void *restrict from, size_t len)
{
	const uint8_t *start = to;

	promise(__CPROVER_r_ok(from, len) && __CPROVER_same_object(start, &facts));
	promise(start == facts.scope ? len <= sizeof facts.scope :
	    start >= facts.number && start + len == facts.number + sizeof facts.number);
	return to;
}

void
any_extensions(void)
{
	static uint8_t octets[ANY];	/* not list.tail: what reads past the end of an object of its own is found */
	size_t len = nondet_size();

	assume(len <= ANY);
	__CPROVER_havoc_object(octets);
	list.extensions = (struct view){ LAST_OF(octets, len), len };
	if (crlder_extensions(&list, NULL, &facts) == CRL_OK)
		promise(facts.scope_len <= sizeof facts.scope && facts.scope_len != 1);
}

/* An extension 2.5.29.n with a value that reads as an issuingDistributionPoint; alone, or twice. */
void
one_extension(void)
{
	const uint8_t ce = nondet_u8(), critical = nondet_u8(), tag = nondet_u8(), value = nondet_u8();
	const uint8_t one[ONE] = { DER_SEQUENCE, ONE - 2, DER_OID, 3, 0x55, 0x1d, ce, TAG_BOOLEAN, 1, critical,
		DER_OCTET_STRING, 5, DER_SEQUENCE, 3, tag, 1, value };
	static uint8_t octets[2 * ONE];
	bool twice = nondet_bool();

	for (size_t i = 0; i < ONE; i++)
		octets[i] = octets[ONE + i] = one[i];
	list.extensions = (struct view){ octets, twice ? 2 * ONE : ONE };
	if (crlder_extensions(&list, NULL, &facts) != CRL_OK)
		return;
	promise(ce != CE_DELTA_CRL_INDICATOR && (ce == CE_ISSUING_DISTRIBUTION_POINT || critical == 0));
	promise(!facts.has_number && facts.scope_len == 0);
	if (ce == CE_ISSUING_DISTRIBUTION_POINT)
		promise(!twice && (tag == TAG_CONTEXT_0 + 1 ? facts.user_only == (value == 0xff) : value == 0));
}

static uint8_t points[POINTS];

static bool
match_any(void *ctx, struct view name)
{
	promise(ctx == &facts && name.data >= points && name.len >= 2 && name.data + name.len <= points + sizeof points);
	return nondet_bool();
}

void
any_points(void)
{
	size_t len = nondet_size(), i = nondet_size();
	struct view body;
	uint8_t tag;

	assume(len <= sizeof points && i < 4);
	__CPROVER_havoc_object(points);
	(void)!crlder_point_matches((struct view){ LAST_OF(points, len), len }, match_any, &facts);
	__CPROVER_havoc_object(&facts);
	assume(facts.scope_len <= sizeof facts.scope);
	if (crlder_scope_at(&facts, i, &tag, &body))
		promise(body.data >= facts.scope && body.data + body.len <= facts.scope + facts.scope_len);
	(void)!crlder_scope_has(&facts, (struct view){ points, len });
}

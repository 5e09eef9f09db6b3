/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper/proto: REQUEST, the longest message, is read to its end or refused. Every flag and number that is taken has a
 * meaning, and the words follow one another in their store.
 *
 * Eleven strings in a row are too much for one formula. So the sequence is proved with stand-ins for the gets of
 * lib/buf, which may give whatever the real ones may. That the real ones keep to the same contract is proved first.
 *
 * Source: helper/proto.c lib/outcome.c
 * Included: lib/buf.c
 * Bound: packets of 120 bytes with 2 words; fields of 4 bytes, a store of 6
 * Entry: contract sequence
 * Unwind: 8
 * Smaller: helper/proto.h: #define PROTO_NAME_MAX 256 -> #define PROTO_NAME_MAX 4
 * Smaller: helper/proto.h: #define PROTO_AUTH_INFO_MAX 4096 -> #define PROTO_AUTH_INFO_MAX 4
 * Smaller: helper/proto.h: #define PROTO_WORDS_MAX 32 -> #define PROTO_WORDS_MAX 2
 * Smaller: helper/proto.h: #define PROTO_STORE_MAX 6144 -> #define PROTO_STORE_MAX 6
 * Smaller: lib/account.h: #define ACCOUNT_NAME_MAX 256 -> #define ACCOUNT_NAME_MAX 4
 * Define: cursor_u8=u8_by_contract
 * Define: cursor_u16=u16_by_contract
 * Define: cursor_u32=u32_by_contract
 * Define: cursor_string=string_by_contract
 * Defect: [contract] lib/buf.c: if (len >= size || memchr -> if (len > size || memchr
 * Defect: [contract] lib/buf.c: || memchr(v.data, '\0', v.len) != NULL) -> )
 * Defect: [sequence] helper/proto.c: words > PROTO_WORDS_MAX) -> words > PROTO_WORDS_MAX + 1)
 * Defect: [sequence] helper/proto.c: ret->store + used, sizeof ret->store - used)) -> ret->store + used, sizeof ret->store))
 * Defect: [sequence] helper/proto.c: used += strlen(ret->store + used) + 1; -> used += strlen(ret->store + used);
 * Defect: [sequence] helper/proto.c: named > (task == PROTO_LOGIN) -> named > 1
 * Defect: [sequence] helper/proto.c: || !is_language(ret->lang) || -> ||
 * Defect: [sequence] helper/proto.c: drop_s > PROTO_SECONDS_MAX || -> 
 */
#include <string.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "tests/prove/prove.h"

/* Of lib/buf.c the real functions, under names of their own. */
#undef cursor_u8
#undef cursor_u16
#undef cursor_u32
#undef cursor_string
#define cursor_u8 real_u8
#define cursor_u16 real_u16
#define cursor_u32 real_u32
#define cursor_string real_string
#include "lib/buf.c"

#define PACKET 120
#define SHORT 8

void
log_defuse(char *text)
{
	promise(__CPROVER_w_ok(text, 1));
}

bool
log_is_harmless(const char *text)
{
	promise(__CPROVER_r_ok(text, 1));
	return nondet_bool();
}

/* False, and nothing has changed; or the cursor is past that many bytes. */
static bool
take(struct cursor *r, size_t len)
{
	if (nondet_bool() || r->left < len)
		return false;
	r->p += len;
	r->left -= len;
	return true;
}

/* The same, and they are a number, which may be any. */
static bool
take_number(struct cursor *r, void *ret, size_t len)
{
	if (!take(r, len))
		return false;
	__CPROVER_havoc_slice(ret, len);
	return true;
}

bool
u8_by_contract(struct cursor *r, uint8_t *ret)
{
	return take_number(r, ret, sizeof *ret);
}

bool
u16_by_contract(struct cursor *r, uint16_t *ret)
{
	return take_number(r, ret, sizeof *ret);
}

bool
u32_by_contract(struct cursor *r, uint32_t *ret)
{
	return take_number(r, ret, sizeof *ret);
}

/* False, and nothing has changed; or a string of any length that fits, and the cursor is past it. */
bool
string_by_contract(struct cursor *r, char *dst, size_t size)
{
	size_t len = nondet_size();

	promise(size == 0 || __CPROVER_w_ok(dst, size));
	if (len >= size || !take(r, 2 + len))
		return false;
	for (size_t i = 0; i < len; i++) {
		dst[i] = (char)nondet_u8();
		assume(dst[i] != '\0');
	}
	dst[len] = '\0';
	return true;
}

static void
promise_taken(bool got, const struct cursor *now, const struct cursor *before, size_t len)
{
	promise(!got || len <= before->left);
	promise(now->p == before->p + (got ? len : 0) && now->left == before->left - (got ? len : 0));
}

void
contract(void)
{
	uint8_t octets[SHORT], u8;
	uint16_t u16;
	uint32_t u32;
	char field[4] = "xxx", *dst;
	size_t len = nondet_size(), size = nondet_size(), n;
	struct cursor r, before;

	assume(len <= sizeof octets && size <= sizeof field);
	before = r = cursor_of(LAST_OF(octets, len), len);
	dst = LAST_OF(field, size);
	switch (nondet_u8()) {
	case 0: promise_taken(real_u8(&r, &u8), &r, &before, 1); return;
	case 1: promise_taken(real_u16(&r, &u16), &r, &before, 2); return;
	case 2: promise_taken(real_u32(&r, &u32), &r, &before, 4); return;
	default: break;
	}
	if (!real_string(&r, dst, size)) {
		promise(r.p == before.p && r.left == before.left && strcmp(field, "xxx") == 0);
		return;
	}
	n = strlen(dst);
	promise(n < size);
	promise_taken(true, &r, &before, 2 + n);
}

static void
promise_words(const struct proto_request *m)
{
	const char *free_from = m->store;

	promise(m->word_count <= PROTO_WORDS_MAX);
	for (size_t i = 0; i < m->word_count; i++) {
		promise(m->words[i] == free_from);
		free_from += strlen(m->words[i]) + 1;
		promise(free_from <= m->store + sizeof m->store);
	}
}

void
sequence(void)
{
	static uint8_t octets[PACKET];
	static struct proto_request m;
	size_t len = nondet_size();
	struct cursor r;

	assume(len <= sizeof octets);
	r = cursor_of(LAST_OF(octets, len), len);
	if (!proto_get_request(&r, &m))
		return;
	promise(cursor_at_end(&r));
	promise(m.task >= PROTO_LOGIN && m.task <= PROTO_NAME && (!m.named || m.task == PROTO_LOGIN));
	promise(strcmp(m.lang, "ja") == 0 || strcmp(m.lang, "en") == 0);
	promise(m.drop_s <= PROTO_SECONDS_MAX);
	promise_words(&m);
}

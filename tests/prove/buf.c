/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/buf: no get moves past the end or changes anything if it fails, and what a writer wrote is read back.
 *
 * Source: lib/buf.c
 * Bound: 16 bytes, strings of 7 characters
 * Entry: cursors read_back texts
 * Unwind: 66
 * Defect: [cursors] lib/buf.c: if (r->left < len) -> if (r->left + 1 < len)
 * Defect: [read_back] lib/buf.c: w->cap - w->len < len -> w->cap < len
 * Defect: [cursors] lib/buf.c: len >= size || memchr -> len > size || memchr
 * Defect: [texts] lib/buf.c: low = high >= 0 ? hex_value -> low = digits[1] >= 0 ? hex_value
 */
#include "lib/buf.h"
#include "tests/prove/prove.h"

#define OCTETS 16
#define LETTERS 8

static void
get_one(struct cursor *r)
{
	char text[8];
	struct view v;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;
	struct cursor before = *r;
	bool got;

	switch (nondet_u8()) {
	case 0: got = cursor_u8(r, &u8); break;
	case 1: got = cursor_u16(r, &u16); break;
	case 2: got = cursor_u32(r, &u32); break;
	case 3: got = cursor_u64(r, &u64); break;
	case 4: got = cursor_string(r, text, sizeof text); break;
	default: got = cursor_view(r, nondet_size(), &v); break;
	}
	promise(got || (r->p == before.p && r->left == before.left));
	promise(r->left <= before.left && r->p == before.p + (before.left - r->left));
}

void
cursors(void)
{
	uint8_t octets[OCTETS];
	size_t len = nondet_size();
	struct cursor r;

	assume(len <= OCTETS);
	r = cursor_of(LAST_OF(octets, len), len);
	for (int i = 0; i < 2; i++)
		get_one(&r);
}

void
read_back(void)
{
	uint8_t u8 = nondet_u8(), got8;
	uint64_t u64 = nondet_u64(), got64;
	char letters[LETTERS], got[LETTERS], *text = any_string(letters, sizeof letters);
	uint8_t octets[OCTETS];
	size_t cap = nondet_size();
	struct writer w;
	struct cursor r;

	assume(cap <= OCTETS);
	w = writer_of(LAST_OF(octets, cap), cap);
	writer_u8(&w, u8);
	writer_string(&w, text);
	writer_u64(&w, u64);
	promise(w.len <= cap);
	if (!writer_ok(&w))
		return;
	r = cursor_of(w.p, w.len);
	promise(cursor_u8(&r, &got8) && got8 == u8);
	promise(cursor_string(&r, got, sizeof got));
	for (size_t i = 0; i == 0 || text[i - 1] != '\0'; i++)
		promise(got[i] == text[i]);
	promise(cursor_u64(&r, &got64) && got64 == u64 && cursor_at_end(&r));
}

void
texts(void)
{
	char letters[LETTERS], *text = any_string(letters, sizeof letters), hex[2 * 3 + 1];
	uint8_t bytes[3];
	int byte = hex_byte(text);

	promise(byte >= -1 && byte <= 255);
	(void)base64_is_text(text);
	(void)hex_is_text(text, LETTERS / 2);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = nondet_u8();
	view_hex((struct view){ bytes, sizeof bytes }, hex);
	for (size_t i = 0; i < sizeof bytes; i++)
		promise(hex_byte(hex + 2 * i) == bytes[i]);
}

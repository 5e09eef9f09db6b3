/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded reading and writing of byte strings. A reader never moves past its
 * end and a get that does not fit leaves it and its outputs untouched; a
 * writer remembers that something did not fit and then refuses to be used.
 * Neither owns memory. Integers are big-endian.
 */
#ifndef JPKI_LIB_BUF_H
#define JPKI_LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/outcome.h"

/* An integer of len (1 to 8) bytes at p. */
static inline uint64_t
be_get(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

/* The low len (1 to 8) bytes of v. */
static inline void
be_put(uint8_t *p, uint64_t v, size_t len)
{
	for (size_t i = len; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

/* A lent run of bytes; valid as long as what it was taken from. */
struct view {
	const uint8_t *data;
	size_t len;
};

bool view_equal(struct view a, struct view b);
#define HEX_DIGITS "0123456789abcdef"
/* Two of HEX_DIGITS a byte and a NUL: 2 * v.len + 1 bytes. */
void view_hex(struct view v, char *ret_text);
/* Whether the text is exactly that many of HEX_DIGITS. */
bool hex_is_text(const char *text, size_t digits);
/*
 * The byte (0 to 255) that two hex digits of either case write; -1 for anything else. The second
 * is not looked at unless the first is one, so the text may end before it.
 */
int hex_byte(const char *digits);

#define BASE64_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
/*
 * Whether the text is base64 (RFC 4648 §4) of at least one byte and nothing else: whole groups of
 * four, padding at the end alone, no line breaks, and no bits but 0 behind the data (RFC 4648 §3.5),
 * so that no two texts are the same bytes. The libraries' decoders are less strict.
 */
bool base64_is_text(const char *text);

struct cursor {
	const uint8_t *p;
	size_t left;
};

static inline struct cursor
cursor_of(const void *data, size_t len)
{
	return (struct cursor){ .p = data, .left = len };
}

bool cursor_u8(struct cursor *r, uint8_t *ret) MUST_CHECK;
bool cursor_u16(struct cursor *r, uint16_t *ret) MUST_CHECK;
bool cursor_u32(struct cursor *r, uint32_t *ret) MUST_CHECK;
bool cursor_u64(struct cursor *r, uint64_t *ret) MUST_CHECK;
/* Lends the next len bytes. */
bool cursor_view(struct cursor *r, size_t len, struct view *ret) MUST_CHECK;
/*
 * A string with a two-byte length, without NUL inside; copied into
 * dst[size] and terminated. Also false if it does not fit.
 */
bool cursor_string(struct cursor *r, char *dst, size_t size) MUST_CHECK;
bool cursor_at_end(const struct cursor *r) MUST_CHECK;

struct writer {
	uint8_t *p;
	size_t cap;
	size_t len;
	bool overflow;
};

static inline struct writer
writer_of(void *data, size_t cap)
{
	return (struct writer){ .p = data, .cap = cap };
}

void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_bytes(struct writer *w, const void *data, size_t len);
/* The characters of s alone: no length before them, no NUL after. */
void writer_text(struct writer *w, const char *s);
/* As cursor_string reads it; longer than 65,535 bytes counts as overflow. */
void writer_string(struct writer *w, const char *s);
/* Whether everything has fitted. */
bool writer_ok(const struct writer *w) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "lib/buf.h"

bool
view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void
view_hex(struct view v, char *ret_text)
{
	for (size_t i = 0; i < v.len; i++) {
		*ret_text++ = HEX_DIGITS[v.data[i] >> 4];
		*ret_text++ = HEX_DIGITS[v.data[i] & 0xf];
	}
	*ret_text = '\0';
}

bool
hex_is_text(const char *text, size_t digits)
{
	return strspn(text, HEX_DIGITS) == digits && text[digits] == '\0';
}

/* The value of a hex digit of either case; -1 for anything else, NUL included. */
static int
hex_value(char c)
{
	static const char lower[] = HEX_DIGITS, upper[] = "0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(lower, c) : NULL;

	if (p != NULL)
		return (int)(p - lower);
	p = c != '\0' ? strchr(upper, c) : NULL;
	return p != NULL ? (int)(p - upper) : -1;
}

int
hex_byte(const char *digits)
{
	int high = hex_value(digits[0]), low = high >= 0 ? hex_value(digits[1]) : -1;

	return low >= 0 ? high << 4 | low : -1;
}

bool
base64_is_text(const char *text)
{
	/* The last letters allowed before no, one or two "=": their unused bits are 0 (RFC 4648 §3.5). */
	static const char *const last[] = { BASE64_LETTERS, "AEIMQUYcgkosw048", "AQgw" };
	size_t letters = strspn(text, BASE64_LETTERS), len = strlen(text);

	return letters > 0 && len % 4 == 0 && len - letters <= 2 &&
	    strspn(text + letters, "=") == len - letters && strchr(last[len - letters], text[letters - 1]) != NULL;
}

bool
cursor_view(struct cursor *r, size_t len, struct view *ret)
{
	if (r->left < len)
		return false;
	*ret = (struct view){ .data = r->p, .len = len };
	r->p += len;
	r->left -= len;
	return true;
}

static bool
reader_uint(struct cursor *r, size_t len, uint64_t *ret)
{
	struct view v;

	if (!cursor_view(r, len, &v))
		return false;
	*ret = be_get(v.data, len);
	return true;
}

bool
cursor_u8(struct cursor *r, uint8_t *ret)
{
	uint64_t n;

	if (!reader_uint(r, 1, &n))
		return false;
	*ret = (uint8_t)n;
	return true;
}

bool
cursor_u16(struct cursor *r, uint16_t *ret)
{
	uint64_t n;

	if (!reader_uint(r, 2, &n))
		return false;
	*ret = (uint16_t)n;
	return true;
}

bool
cursor_u32(struct cursor *r, uint32_t *ret)
{
	uint64_t n;

	if (!reader_uint(r, 4, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

bool
cursor_u64(struct cursor *r, uint64_t *ret)
{
	return reader_uint(r, 8, ret);
}

bool
cursor_string(struct cursor *r, char *dst, size_t size)
{
	struct cursor copy = *r;
	struct view v;
	uint16_t len;

	if (!cursor_u16(&copy, &len) || !cursor_view(&copy, len, &v))
		return false;
	if (len >= size || memchr(v.data, '\0', v.len) != NULL)
		return false;
	memcpy(dst, v.data, v.len);
	dst[v.len] = '\0';
	*r = copy;
	return true;
}

bool
cursor_at_end(const struct cursor *r)
{
	return r->left == 0;
}

void
writer_bytes(struct writer *w, const void *data, size_t len)
{
	if (w->overflow || w->cap - w->len < len) {
		w->overflow = true;
		return;
	}
	if (len > 0)
		memcpy(w->p + w->len, data, len);
	w->len += len;
}

static void
writer_uint(struct writer *w, uint64_t v, size_t len)
{
	uint8_t bytes[8];

	be_put(bytes, v, len);
	writer_bytes(w, bytes, len);
}

void
writer_u8(struct writer *w, uint8_t v)
{
	writer_uint(w, v, 1);
}

void
writer_u16(struct writer *w, uint16_t v)
{
	writer_uint(w, v, 2);
}

void
writer_u32(struct writer *w, uint32_t v)
{
	writer_uint(w, v, 4);
}

void
writer_u64(struct writer *w, uint64_t v)
{
	writer_uint(w, v, 8);
}

void
writer_text(struct writer *w, const char *s)
{
	writer_bytes(w, s, strlen(s));
}

void
writer_string(struct writer *w, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	writer_u16(w, (uint16_t)len);
	writer_bytes(w, s, len);
}

bool
writer_ok(const struct writer *w)
{
	return !w->overflow;
}

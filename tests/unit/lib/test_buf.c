/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/buf: nothing is read past the end, nothing written past the cap. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clk.h"
#include "tests/unit/test.h"

static void
reads_big_endian(void **state)
{
	const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07,
	    0xf8, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };
	struct cursor r = cursor_of(bytes, sizeof bytes);
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	assert_true(cursor_u8(&r, &u8));
	assert_int_equal(u8, 0x01);
	assert_true(cursor_u16(&r, &u16));
	assert_int_equal(u16, 0x0203);
	assert_true(cursor_u32(&r, &u32));
	assert_int_equal(u32, 0x84050607);
	assert_false(cursor_at_end(&r));
	assert_true(cursor_u64(&r, &u64));
	assert_true(u64 == 0xf8090a0b0c0d0e0fULL);
	assert_true(cursor_at_end(&r));
}

static void
every_width_goes_and_comes(void **state)
{
	const uint64_t v = 0xf1e2d3c4b5a69788ULL;

	for (size_t len = 1; len <= 8; len++) {
		uint8_t bytes[] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };
		const uint8_t *low = (const uint8_t *)"\xf1\xe2\xd3\xc4\xb5\xa6\x97\x88" + 8 - len;

		be_put(bytes, v, len);
		assert_memory_equal(bytes, low, len);
		assert_int_equal(bytes[len], 0xaa);
		assert_true(be_get(bytes, len) == (len == 8 ? v : v & ((UINT64_C(1) << 8 * len) - 1)));
	}
}

/* A get that does not fit leaves reader and output as they were. */
static void
short_get_changes_nothing(void **state)
{
	uint8_t *bytes = malloc(7);	/* on the heap: the sanitizer sees one byte too many */
	struct cursor r;
	uint8_t u8 = 0xaa;
	uint16_t u16 = 0xaaaa;
	uint32_t u32 = 0xaaaaaaaa;
	uint64_t u64 = 0xaaaa;
	struct view v = {0};

	assert_non_null(bytes);
	memset(bytes, 1, 7);
	r = cursor_of(bytes, 7);
	assert_false(cursor_u64(&r, &u64));
	assert_false(cursor_view(&r, 8, &v));
	assert_false(cursor_view(&r, SIZE_MAX, &v));
	r.left = 3;
	assert_false(cursor_u32(&r, &u32));
	r.left = 1;
	assert_false(cursor_u16(&r, &u16));
	r.left = 0;
	assert_false(cursor_u8(&r, &u8));
	assert_ptr_equal(r.p, bytes);
	assert_int_equal(u8, 0xaa);
	assert_int_equal(u16, 0xaaaa);
	assert_int_equal(u32, 0xaaaaaaaa);
	assert_true(u64 == 0xaaaa);
	assert_null(v.data);
	free(bytes);
}

static void
view_lends(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct cursor r = cursor_of(bytes, sizeof bytes);
	struct view v;

	assert_true(cursor_view(&r, 2, &v));
	assert_ptr_equal(v.data, bytes);
	assert_int_equal(v.len, 2);
	assert_true(cursor_view(&r, 0, &v));
	assert_int_equal(v.len, 0);
	assert_int_equal(r.left, 1);
}

static void
views_compare_by_content(void **state)
{
	const uint8_t a[] = { 1, 2, 3 }, b[] = { 1, 2, 4 };

	assert_true(view_equal((struct view){ a, 2 }, (struct view){ b, 2 }));
	assert_false(view_equal((struct view){ a, 3 }, (struct view){ b, 3 }));
	assert_false(view_equal((struct view){ a, 2 }, (struct view){ a, 3 }));
	assert_true(view_equal((struct view){ NULL, 0 }, (struct view){ a, 0 }));
}

static void
string_round_trip(void **state)
{
	uint8_t bytes[16];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct cursor r;
	char text[6];

	writer_string(&w, "hello");
	writer_string(&w, "");
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 9);
	r = cursor_of(bytes, w.len);
	assert_true(cursor_string(&r, text, sizeof text));
	assert_string_equal(text, "hello");
	assert_true(cursor_string(&r, text, sizeof text));
	assert_string_equal(text, "");
	assert_true(cursor_at_end(&r));
}

static void
string_refuses(void **state)
{
	const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "", 0 },
		{ "\0", 1 },
		{ "\0\4abc", 5 },		/* cut */
		{ "\0\3a\0c", 5 },		/* a NUL inside */
		{ "\0\1\0", 3 },
		{ "\0\4abcd", 6 },		/* no room for the NUL after it */
		{ "\377\377abcd", 6 },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct cursor r = cursor_of(bad[i].bytes, bad[i].len);
		char text[4] = "xyz";

		assert_false(cursor_string(&r, text, sizeof text));
		assert_int_equal(r.left, bad[i].len);
		assert_string_equal(text, "xyz");
	}
}

/* Every capacity: either all fits, or the writer says no and stays in bounds. */
static void
writer_stays_in_bounds(void **state)
{
	for (size_t cap = 0; cap <= 24; cap++) {
		uint8_t bytes[25];
		struct writer w = writer_of(bytes, cap);

		memset(bytes, 0xaa, sizeof bytes);
		writer_u8(&w, 1);
		writer_u16(&w, 0x0203);
		writer_u32(&w, 0x04050607);
		writer_u64(&w, 0x08090a0b0c0d0e0fULL);
		writer_string(&w, "abc");
		writer_bytes(&w, "xyz", 3);
		assert_int_equal(writer_ok(&w), cap >= 23);
		assert_true(w.len <= cap);
		assert_int_equal(bytes[cap], 0xaa);
		if (cap == 23)
			assert_memory_equal(bytes, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\0\3abcxyz", 23);
	}
}

/* After an overflow nothing is written, not even a single byte. */
static void
overflow_sticks(void **state)
{
	uint8_t bytes[4];
	struct writer w = writer_of(bytes, sizeof bytes);

	writer_u64(&w, 1);
	writer_u8(&w, 1);
	assert_int_equal(w.len, 0);
	assert_false(writer_ok(&w));
}

static void
overlong_string_overflows(void **state)
{
	size_t size = UINT16_MAX + 1;
	char *text = malloc(size + 1);
	uint8_t *bytes = malloc(2 * size);
	struct writer w;

	assert_non_null(text);
	assert_non_null(bytes);
	memset(text, 'a', size);
	text[size] = '\0';
	w = writer_of(bytes, 2 * size);
	writer_string(&w, text + 1);
	assert_true(writer_ok(&w));
	assert_int_equal(w.len, 2 + UINT16_MAX);
	w = writer_of(bytes, 2 * size);
	writer_string(&w, text);
	assert_false(writer_ok(&w));
	free(text);
	free(bytes);
}

/* Text has neither a length before it nor a NUL after it, and does not fit by halves. */
static void
text_is_its_characters(void **state)
{
	char bytes[] = "........";
	struct writer w = writer_of(bytes, 5);

	writer_text(&w, "");
	writer_text(&w, "abc");
	writer_text(&w, "de");
	assert_true(writer_ok(&w));
	assert_memory_equal(bytes, "abcde...", sizeof bytes);
	writer_text(&w, "");
	assert_true(writer_ok(&w));
	writer_text(&w, "f");
	assert_false(writer_ok(&w));
	w = writer_of(bytes, 2);
	writer_text(&w, "xyz");
	assert_false(writer_ok(&w));
	assert_memory_equal(bytes, "abcde...", sizeof bytes);
}

static void
hex_has_every_digit(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x09, 0x9a, 0xf0, 0xff };
	char text[2 * sizeof bytes + 2];

	memset(text, 'x', sizeof text);
	view_hex((struct view){ bytes, sizeof bytes }, text);
	assert_string_equal(text, "00099af0ff");
	assert_int_equal(text[2 * sizeof bytes + 1], 'x');
	view_hex((struct view){ NULL, 0 }, text);
	assert_string_equal(text, "");
}

static void
times_are_utc(void **state)
{
	char text[CLK_UTC_MAX];

	assert_true(clk_utc_text(0, text));
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	assert_true(clk_utc_text(1795412400, text));
	assert_string_equal(text, "2026-11-23T05:40:00Z");
	/* A year of five digits has no place, nor has one that no calendar has. */
	assert_false(clk_utc_text(253402300800, text));
	assert_string_equal(text, "?");
	assert_false(clk_utc_text(INT64_MAX, text));
}

static int
digit_value(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
hex_bytes(void **state)
{
	for (int high = -128; high < 128; high++)
		for (int low = -128; low < 128; low++) {
			const char digits[] = { (char)high, (char)low };
			bool both = digit_value(high) >= 0 && digit_value(low) >= 0;

			assert_int_equal(hex_byte(digits), both ? digit_value(high) << 4 | digit_value(low) : -1);
		}
}

/* On the heap: the sanitizer sees one byte too many. */
static void
hex_byte_stops_at_the_end(void **state)
{
	char *text = malloc(1);

	assert_non_null(text);
	text[0] = '\0';
	assert_int_equal(hex_byte(text), -1);
	free(text);
}

static void
hex_text_has_its_length(void **state)
{
	assert_true(hex_is_text("0123456789abcdef", 16));
	assert_true(hex_is_text("", 0));
	assert_false(hex_is_text("0123456789abcdef", 15));
	assert_false(hex_is_text("0123456789abcdef", 17));
	assert_false(hex_is_text("", 1));
	assert_false(hex_is_text("AB", 2));
	assert_false(hex_is_text("0x12", 4));
	assert_false(hex_is_text("ab ", 3));
	assert_false(hex_is_text("ab ", 2));
	assert_false(hex_is_text("a\xc3", 2));
}

static void
base64_is_strict(void **state)
{
	static const char *const good[] = { "AA==", "AAA=", "AAAA", "09+/", "abcdEFE=", "ZQ==", "//8=",
		"/w==", "Zg==" };
	static const char *const bad[] = { "", "=", "====", "A", "AA", "AAA", "A===", "AA=", "AA=A", "=AAA",
		"AAAA=", "AAAA====", "AA==AAAA", "AAAAA", "AAAA\n", "AAA\n", " AAA", "AA A", "AA-_", "AAA\xc3",
		"AA=\n", "AB==", "AP==", "Z/==", "ZZ==", "AAB=", "AAD=", "AA/=", "abcdEFG=", "AAAAAh==", "AAAAAAx=" };

	for (size_t i = 0; i < COUNT(good); i++)
		if (!base64_is_text(good[i]))
			fail_msg("not taken: %s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (base64_is_text(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian),
		cmocka_unit_test(every_width_goes_and_comes),
		cmocka_unit_test(short_get_changes_nothing),
		cmocka_unit_test(view_lends),
		cmocka_unit_test(views_compare_by_content),
		cmocka_unit_test(string_round_trip),
		cmocka_unit_test(string_refuses),
		cmocka_unit_test(writer_stays_in_bounds),
		cmocka_unit_test(overflow_sticks),
		cmocka_unit_test(overlong_string_overflows),
		cmocka_unit_test(text_is_its_characters),
		cmocka_unit_test(hex_has_every_digit),
		cmocka_unit_test(hex_bytes),
		cmocka_unit_test(hex_byte_stops_at_the_end),
		cmocka_unit_test(hex_text_has_its_length),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(times_are_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

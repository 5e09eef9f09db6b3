/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/der: definite, minimal lengths, one-byte tags, within bounds. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/der.h"
#include "tests/unit/test.h"

/* The only right way to write tag and length; returns how many bytes. */
static size_t
encode_header(uint8_t tag, size_t len, uint8_t out[static 8])
{
	size_t bytes = 0;

	out[0] = tag;
	if (len < 0x80) {
		out[1] = (uint8_t)len;
		return 2;
	}
	for (size_t n = len; n > 0; n >>= 8)
		bytes++;
	out[1] = (uint8_t)(0x80 | bytes);
	for (size_t i = 0; i < bytes; i++)
		out[2 + i] = (uint8_t)(len >> 8 * (bytes - 1 - i));
	return 2 + bytes;
}

static void
reads_every_length_form(void **state)
{
	const size_t lengths[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x61f, 0xffff, 0x10000,
	    0xffffff, 0x1000000, 0xffffffff };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		uint8_t bytes[8], tag;
		size_t n = encode_header(DER_SEQUENCE, lengths[i], bytes), len, size;
		struct cursor r = cursor_of(bytes, n);

		assert_true(der_header(&r, &tag, &len));
		assert_int_equal(tag, DER_SEQUENCE);
		assert_int_equal(len, lengths[i]);
		assert_true(cursor_at_end(&r));
		assert_true(der_sequence_size(bytes, n, &size));
		assert_int_equal(size, n + lengths[i]);
	}
}

static void
refuses_bad_headers(void **state)
{
	const struct {
		const char *what;
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "nothing", "", 0 },
		{ "tag only", "\x30", 1 },
		{ "indefinite", "\x30\x80\x00\x00", 4 },
		{ "five bytes", "\x30\x85\x01\x01\x01\x01\x01", 7 },
		{ "127 bytes", "\x30\xff\x01\x01\x01\x01\x01", 7 },
		{ "leading zero", "\x30\x82\x00\x80", 4 },
		{ "long form of 0", "\x30\x81\x00", 3 },
		{ "long form of 127", "\x30\x81\x7f", 3 },
		{ "cut length", "\x30\x82\x06", 3 },
		{ "tag of several bytes", "\x3f\x05\x00", 3 },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct cursor r = cursor_of(bad[i].bytes, bad[i].len);
		uint8_t tag = 0xaa;
		size_t len = 77;

		if (der_header(&r, &tag, &len))
			fail_msg("%s: accepted", bad[i].what);
		assert_int_equal(r.left, bad[i].len);
		assert_int_equal(tag, 0xaa);
		assert_int_equal(len, 77);
	}
}

static void
get_wants_tag_and_contents(void **state)
{
	const uint8_t bytes[] = { 0x02, 0x02, 0x01, 0x02, 0x05, 0x00 };
	struct cursor r = cursor_of(bytes, sizeof bytes);
	struct view body = {0};

	assert_false(der_get(&r, DER_SEQUENCE, &body));
	assert_int_equal(r.left, sizeof bytes);
	assert_true(der_get(&r, DER_INTEGER, &body));
	assert_ptr_equal(body.data, bytes + 2);
	assert_int_equal(body.len, 2);
	assert_true(der_get(&r, DER_NULL, &body));
	assert_int_equal(body.len, 0);
	assert_true(cursor_at_end(&r));
}

/* SEQUENCE { INTEGER 1, OCTET STRING of 130 bytes }, all of it or nothing. */
#define SAMPLE_LEN (3 + 3 + 3 + 130)

static void
make_sample(uint8_t out[static SAMPLE_LEN])
{
	static const uint8_t head[] = { 0x30, 0x81, 136, 0x02, 0x01, 0x01, 0x04, 0x81, 130 };

	memcpy(out, head, sizeof head);
	memset(out + sizeof head, 0x5a, 130);
}

static bool
parse_sample(const uint8_t *bytes, size_t len, struct view *ret_number, struct view *ret_bytes)
{
	struct cursor r = cursor_of(bytes, len), in;
	struct view body;

	if (!der_get(&r, DER_SEQUENCE, &body) || !cursor_at_end(&r))
		return false;
	in = cursor_of(body.data, body.len);
	return der_get(&in, DER_INTEGER, ret_number) && der_get(&in, DER_OCTET_STRING, ret_bytes) &&
	    cursor_at_end(&in);
}

static void
every_truncation_is_refused(void **state)
{
	uint8_t sample[SAMPLE_LEN];
	struct view number, bytes;

	make_sample(sample);
	assert_true(parse_sample(sample, sizeof sample, &number, &bytes));
	for (size_t len = 0; len < sizeof sample; len++) {
		uint8_t *cut = malloc(len > 0 ? len : 1);	/* exact, so that reading on is seen */

		assert_non_null(cut);
		memcpy(cut, sample, len);
		assert_false(parse_sample(cut, len, &number, &bytes));
		free(cut);
	}
}

/* A flipped bit changes what is read, or is refused; it never goes unnoticed. */
static void
every_bit_flip_shows(void **state)
{
	uint8_t sample[SAMPLE_LEN];
	struct view number, bytes;

	make_sample(sample);
	for (size_t bit = 0; bit < 8 * sizeof sample; bit++) {
		size_t byte = bit / 8;
		bool ok;

		sample[byte] ^= (uint8_t)(1 << bit % 8);
		ok = parse_sample(sample, sizeof sample, &number, &bytes);
		/* tags and lengths decide; contents do not */
		assert_int_equal(ok, byte == 5 || byte >= 9);
		if (ok) {
			assert_ptr_equal(number.data, sample + 5);
			assert_int_equal(number.len, 1);
			assert_ptr_equal(bytes.data, sample + 9);
			assert_int_equal(bytes.len, 130);
		}
		sample[byte] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
sequence_size_wants_a_sequence(void **state)
{
	size_t size = 0;

	assert_true(der_sequence_size((const uint8_t *)"\x30\x82\x06\x1f", 4, &size));
	assert_int_equal(size, 1571);	/* the vector of doc/facts/jpki-card.md §2.2 */
	assert_false(der_sequence_size((const uint8_t *)"\x31\x82\x06\x1f", 4, &size));
	assert_false(der_sequence_size((const uint8_t *)"\xff\xff\xff\xff", 4, &size));
	assert_int_equal(size, 1571);
}

static void
filler_is_what_others_leave(void **state)
{
	static const uint8_t filler[] = { 0x00, 0xff, '\r', '\n', 0x1a };
	uint8_t bytes[] = { 0x00, 0xff, '\n' };

	assert_true(der_is_filler(filler, 0));
	assert_true(der_is_filler(filler, sizeof filler));
	for (unsigned int b = 0; b <= 0xff; b++) {
		bytes[2] = (uint8_t)b;
		assert_int_equal(der_is_filler(bytes, sizeof bytes), memchr(filler, (int)b, sizeof filler) != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_length_form),
		cmocka_unit_test(refuses_bad_headers),
		cmocka_unit_test(get_wants_tag_and_contents),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_bit_flip_shows),
		cmocka_unit_test(sequence_size_wants_a_sequence),
		cmocka_unit_test(filler_is_what_others_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

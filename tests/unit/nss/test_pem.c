/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "nss/pem.h"
#include "tests/unit/nss_fixture.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static enum pem
next(const char *text, struct bytes *ret)
{
	struct cursor r = cursor_of(text, strlen(text));

	return pem_next(&r, ret->data, sizeof ret->data, &ret->len);
}

/* The text contains one certificate and nothing else. */
static void
expect_one(const char *text, struct view want)
{
	struct cursor r = cursor_of(text, strlen(text));
	struct bytes got, none;

	assert_int_equal(pem_next(&r, got.data, sizeof got.data, &got.len), PEM_CERT);
	assert_true(view_equal(view_of(&got), want));
	assert_int_equal(pem_next(&r, none.data, sizeof none.data, &none.len), PEM_END);
}

static void
there_and_back(void **state)
{
	static const char *const names[] = { "good", "ca1", "ec256", "rsa4096", "sign" };
	char text[CERT_DER_MAX * 2];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct bytes der = pki_der(names[i]);

		assert_true(pem_write(view_of(&der), text, sizeof text));
		expect_one(text, view_of(&der));
	}
}

static void
all_short_lengths(void **state)
{
	uint8_t der[200];
	char text[600];

	(void)state;
	memset(der, 0xa5, sizeof der);
	for (size_t len = 1; len <= sizeof der; len++) {
		assert_true(pem_write((struct view){ der, len }, text, sizeof text));
		expect_one(text, (struct view){ der, len });
	}
	assert_false(pem_write((struct view){ der, 0 }, text, sizeof text));
}

static void
as_openssl_writes_it(void **state)
{
	struct bytes der = pki_der("good"), file;
	char path[512], text[CERT_DER_MAX * 2];

	(void)state;
	snprintf(path, sizeof path, "%s/good.crt", getenv("JPKI_PKI"));
	file = read_bytes(path);
	assert_true(pem_write(view_of(&der), text, sizeof text));
	assert_int_equal(strlen(text), file.len);
	assert_memory_equal(text, file.data, file.len);
}

static void
does_not_fit(void **state)
{
	struct bytes der = pki_der("good"), out;
	char text[CERT_DER_MAX * 2];
	struct cursor r;

	(void)state;
	assert_true(pem_write(view_of(&der), text, sizeof text));
	for (size_t size = 0; size <= strlen(text); size++) {
		char *exact = malloc(size > 0 ? size : 1);

		assert_false(pem_write(view_of(&der), exact, size));
		free(exact);
	}
	r = cursor_of(text, strlen(text));
	assert_int_equal(pem_next(&r, out.data, der.len - 1, &out.len), PEM_BAD);
	assert_int_equal(r.left, strlen(text));
	assert_int_equal(pem_next(&r, out.data, der.len, &out.len), PEM_CERT);
}

static void
cut_at_every_length(void **state)
{
	struct bytes der = pki_der("good"), out;
	char text[CERT_DER_MAX * 2];
	size_t whole;

	(void)state;
	assert_true(pem_write(view_of(&der), text, sizeof text));
	whole = strlen(text) - 1;	/* the last newline is not needed */
	for (size_t len = 0; len < whole; len++) {
		char *exact = malloc(len > 0 ? len : 1);
		struct cursor r = cursor_of(exact, len);

		assert_non_null(exact);
		memcpy(exact, text, len);
		assert_int_equal(pem_next(&r, out.data, sizeof out.data, &out.len),
		    len < strlen(BEGIN) - 1 ? PEM_END : PEM_BAD);
		free(exact);
	}
}

static void
text_around(void **state)
{
	struct cursor r;
	struct bytes out;
	static const char text[] =
	    "enrolled on a Tuesday\n"
	    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	    BEGIN "AQID\n" END "between\r\n\r\n"
	    "-----BEGIN CERTIFICATE-----\r\nBAUG\r\n Bw == \r\n-----END CERTIFICATE-----"
	    "after";

	(void)state;
	r = cursor_of(text, strlen(text));
	assert_int_equal(pem_next(&r, out.data, sizeof out.data, &out.len), PEM_CERT);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "\1\2\3", 3);
	assert_int_equal(pem_next(&r, out.data, sizeof out.data, &out.len), PEM_CERT);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.data, "\4\5\6\7", 4);
	assert_int_equal(pem_next(&r, out.data, sizeof out.data, &out.len), PEM_END);
}

static void
text_without_a_certificate(void **state)
{
	struct cursor empty = { .p = NULL, .left = 0 };
	struct bytes out;

	(void)state;
	assert_int_equal(pem_next(&empty, out.data, sizeof out.data, &out.len), PEM_END);
	assert_int_equal(next("", &out), PEM_END);
	assert_int_equal(next("no certificate", &out), PEM_END);
	assert_int_equal(next("-----BEGIN TRUSTED CERTIFICATE-----\n", &out), PEM_END);
}

static void
a_damaged_block_is_refused(void **state)
{
	static const char *const rows[] = {
		BEGIN END,
		BEGIN "\n" END,
		BEGIN "AQI\n" END,
		BEGIN "AQIDB\n" END,
		BEGIN "A===\n" END,
		BEGIN "AQ==AQID\n" END,
		BEGIN "AQ=D\n" END,
		BEGIN "====\n" END,
		BEGIN "AQ_D\n" END,
		BEGIN "AQ*DAQID\n" END,
		BEGIN "AQ\x80" "D\n" END,
		BEGIN "Comment: no header belongs here\n\nAQID\n" END,
		BEGIN "AQID\n" BEGIN "AQID\n" END,
		BEGIN "AQID\n" "-----END PRIVATE KEY-----\n",
		BEGIN "AQID\n",
	};
	struct bytes out;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (next(rows[i], &out) != PEM_BAD)
			fail_msg("taken: %s", rows[i]);
}

static void
nul_inside(void **state)
{
	static const char text[] = BEGIN "AQ\0ID\n" END;
	struct cursor r = cursor_of(text, sizeof text - 1);
	struct bytes out;

	(void)state;
	assert_int_equal(pem_next(&r, out.data, sizeof out.data, &out.len), PEM_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(all_short_lengths),
		cmocka_unit_test(as_openssl_writes_it), cmocka_unit_test(does_not_fit),
		cmocka_unit_test(cut_at_every_length), cmocka_unit_test(text_around),
		cmocka_unit_test(text_without_a_certificate), cmocka_unit_test(a_damaged_block_is_refused), cmocka_unit_test(nul_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/sealed: what NSS seals, libcrypto opens, and the other way round; and nothing but the same opens it. */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "nss/sealed.h"
#include "tests/unit/nss_fixture.h"

#define TEXT_LEN 512
#define SEALED_LEN (TEXT_LEN + SEALED_TAG_LEN)

static int
setup(void **state)
{
	return scratch_make(state);
}

static struct view
text_view(const char *s)
{
	return (struct view){ (const uint8_t *)s, strlen(s) };
}

static const struct sealing sample = {
	.secret = { (const uint8_t *)"a signature of a card, which has 256 bytes", 43 },
	.salt = { (const uint8_t *)"0123456789abcdef0123456789abcdef", 32 },
	.purpose = "a purpose",
	.header = { (const uint8_t *)"machine, user", 13 },
	.nonce = { 'n', 'o', 'n', 'c', 'e', ' ', 'n', 'u', 'm', 'b', 'e', 'r' },
};

static void
fill_text(uint8_t text[static TEXT_LEN])
{
	for (size_t i = 0; i < TEXT_LEN; i++)
		text[i] = (uint8_t)(i * 7 + 3);
}

/* --- libcrypto's side ---------------------------------------------------------- */

static void
crypto_key(const struct sealing *s, uint8_t key[static 32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t len = 32;

	assert_true(EVP_PKEY_derive_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_CTX_set1_hkdf_salt(ctx, s->salt.data, (int)s->salt.len) > 0);
	assert_true(EVP_PKEY_CTX_set1_hkdf_key(ctx, s->secret.data, (int)s->secret.len) > 0);
	assert_true(EVP_PKEY_CTX_add1_hkdf_info(ctx, (const unsigned char *)s->purpose,
	    (int)strlen(s->purpose)) > 0);
	assert_true(EVP_PKEY_derive(ctx, key, &len) > 0);
	assert_int_equal(len, 32);
	EVP_PKEY_CTX_free(ctx);
}

static bool
crypto_open(const struct sealing *s, struct view sealed, uint8_t *text)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[32];
	int len = 0, n = 0;
	bool ok;

	crypto_key(s, key);
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, s->nonce), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &n, s->header.data, (int)s->header.len), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, text, &len, sealed.data, (int)sealed.len - SEALED_TAG_LEN), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEALED_TAG_LEN,
	    (void *)(uintptr_t)(sealed.data + sealed.len - SEALED_TAG_LEN)), 1);
	ok = EVP_DecryptFinal_ex(ctx, text + len, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* --- the tests ------------------------------------------------------------------- */

static void
another_library_opens_it(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	uint8_t text[TEXT_LEN], sealed[SEALED_LEN], opened[TEXT_LEN];

	fill_text(text);
	expect_status(sealed_make(&sample, (struct view){ text, sizeof text }, sealed), OUTCOME_OK, "make");
	assert_true(crypto_open(&sample, (struct view){ sealed, sizeof sealed }, opened));
	assert_memory_equal(opened, text, sizeof text);
	close_db(db);
}

static void
opens_what_it_sealed(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	uint8_t text[TEXT_LEN], sealed[SEALED_LEN], opened[TEXT_LEN];

	fill_text(text);
	for (size_t len = 0; len <= TEXT_LEN; len += 128) {
		expect_status(sealed_make(&sample, (struct view){ text, len }, sealed), OUTCOME_OK, "make");
		expect_status(sealed_open(&sample, (struct view){ sealed, len + SEALED_TAG_LEN }, opened), OUTCOME_OK,
		    "open");
		assert_memory_equal(opened, text, len);
	}
	close_db(db);
}

static void
expect_refused(const struct sealing *s, struct view sealed)
{
	uint8_t opened[TEXT_LEN], zero[TEXT_LEN] = {0};

	memset(opened, 0xaa, sizeof opened);
	expect_status(sealed_open(s, sealed, opened), OUTCOME_INTERNAL, "open");
	if (sealed.len == SEALED_LEN)
		assert_memory_equal(opened, zero, sizeof opened);
}

/* Every part of what was sealed counts. */
static void
nothing_else_opens_it(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	uint8_t text[TEXT_LEN], sealed[SEALED_LEN];
	struct view whole = { sealed, sizeof sealed };
	struct sealing s;

	fill_text(text);
	expect_status(sealed_make(&sample, (struct view){ text, sizeof text }, sealed), OUTCOME_OK, "make");
	s = sample;
	s.secret = text_view("a signature of a card, which has 257 bytes");
	expect_refused(&s, whole);
	s = sample;
	s.salt = text_view("0123456789abcdef0123456789abcdeg");
	expect_refused(&s, whole);
	s = sample;
	s.purpose = "a purpose ";
	expect_refused(&s, whole);
	s = sample;
	s.header = text_view("machine, uses");
	expect_refused(&s, whole);
	s.header.len = 0;
	expect_refused(&s, whole);
	s = sample;
	s.nonce[11] ^= 1;
	expect_refused(&s, whole);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 0x80;
		expect_refused(&sample, whole);
		sealed[i] ^= 0x80;
	}
	for (size_t len = 0; len < sizeof sealed; len += 13)
		expect_refused(&sample, (struct view){ sealed, len });
	close_db(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(another_library_opens_it, setup, scratch_done),
		cmocka_unit_test_setup_teardown(opens_what_it_sealed, setup, scratch_done),
		cmocka_unit_test_setup_teardown(nothing_else_opens_it, setup, scratch_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

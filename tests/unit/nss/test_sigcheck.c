/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "nss/internal.h"
#include "nss/sigcheck.h"
#include "tests/unit/nss_fixture.h"

static const char challenge[] = "jpki-login\nhost\nuser\nsudo\n0123456789abcdef";

/* One certificate with its key, and what is to be signed. */
struct bench {
	struct certdb *db;
	struct cert *cert;
	EVP_PKEY *key;
	struct sign_input input;
};

static int
setup(void **state)
{
	return scratch_make(state);
}

static struct view
text(const char *s)
{
	return (struct view){ (const uint8_t *)s, strlen(s) };
}

static struct bench
bench_make(const char *name)
{
	struct bytes der = pki_der(name);
	struct bench b = { .db = open_db(make_db("ca1", NULL)), .key = pki_key(name) };

	b.cert = get_cert(b.db, view_of(&der));
	expect_status(sigcheck_input(b.cert, text(challenge), &b.input), OUTCOME_OK, name);
	return b;
}

static void
bench_done(struct bench *b)
{
	cert_free(b->cert);
	EVP_PKEY_free(b->key);
	close_db(b->db);
}

static enum outcome_status
verify(const struct bench *b, const void *signature, size_t len)
{
	/* exactly as long as it claims, so that a read past the end shows */
	uint8_t *exact = malloc(len > 0 ? len : 1);
	struct outcome o;

	assert_non_null(exact);
	if (len > 0)
		memcpy(exact, signature, len);
	o = sigcheck_verify(b->cert, &b->input, (struct view){ exact, len });
	free(exact);
	return o.status;
}

/* --- RSA ---------------------------------------------------------------------- */

/* As a card does: the private key's operation on a block with the given padding. */
static struct bytes
rsa_private(EVP_PKEY *key, int padding, const void *data, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	struct bytes sig = { .len = sizeof sig.data };

	assert_true(EVP_PKEY_sign_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0);
	if (padding == RSA_PKCS1_PSS_PADDING)
		assert_true(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0);
	assert_true(EVP_PKEY_sign(ctx, sig.data, &sig.len, data, len) > 0);
	EVP_PKEY_CTX_free(ctx);
	return sig;
}

static struct bytes
rsa_sign(EVP_PKEY *key, const void *data, size_t len)
{
	return rsa_private(key, RSA_PKCS1_PADDING, data, len);
}

static void
rsa_good(void **state)
{
	static const char *const names[] = { "good", "rsa4096" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct bench b = bench_make(names[i]);
		struct bytes sig = rsa_sign(b.key, b.input.bytes, b.input.len);

		assert_int_equal(b.input.len, 51);
		assert_int_equal(sigcheck_signature_size(b.cert), sig.len);
		assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_OK);
		bench_done(&b);
	}
}

/* The vector of doc/facts/jpki-card.md §2.6. */
static void
rsa_input_vector(void **state)
{
	static const uint8_t want[] = {
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
		0x01, 0x05, 0x00, 0x04, 0x20, 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41,
		0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a,
		0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
	};
	struct bench b = bench_make("good");
	struct sign_input input;

	(void)state;
	expect_status(sigcheck_input(b.cert, text("abc"), &input), OUTCOME_OK, "abc");
	assert_int_equal(input.len, sizeof want);
	assert_memory_equal(input.bytes, want, sizeof want);
	assert_int_equal(input.digest_len, 32);
	assert_memory_equal(input.digest, want + 19, 32);
	bench_done(&b);
}

static void
rsa_every_bit(void **state)
{
	struct bench b = bench_make("good");
	struct bytes sig = rsa_sign(b.key, b.input.bytes, b.input.len);

	(void)state;
	for (size_t bit = 0; bit < sig.len * 8; bit++) {
		sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
		sig.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {	/* of the digest */
		b.input.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
		b.input.digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_OK);
	bench_done(&b);
}

static void
rsa_every_length(void **state)
{
	struct bench b = bench_make("good");
	struct bytes sig = rsa_sign(b.key, b.input.bytes, b.input.len);
	struct bytes longer = { .len = 0 };

	(void)state;
	for (size_t len = 0; len < sig.len; len++)
		assert_int_equal(verify(&b, sig.data, len), OUTCOME_BAD_SIGNATURE);
	sig.data[sig.len] = 0;
	assert_int_equal(verify(&b, sig.data, sig.len + 1), OUTCOME_BAD_SIGNATURE);
	memcpy(longer.data + 1, sig.data, sig.len);
	assert_int_equal(verify(&b, longer.data, sig.len + 1), OUTCOME_BAD_SIGNATURE);
	assert_int_equal(verify(&b, sig.data, SIGNATURE_MAX + 1), OUTCOME_BAD_SIGNATURE);
	bench_done(&b);
}

static void
rsa_other_key_or_challenge(void **state)
{
	struct bench b = bench_make("good");
	EVP_PKEY *other = pki_key("other-person");
	struct bytes sig = rsa_sign(other, b.input.bytes, b.input.len);
	struct sign_input input;

	(void)state;
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
	expect_status(sigcheck_input(b.cert, text("another challenge"), &input), OUTCOME_OK, "input");
	sig = rsa_sign(b.key, input.bytes, input.len);
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
	EVP_PKEY_free(other);
	bench_done(&b);
}

/* Signed by the right key, but not the canonical DigestInfo of SHA-256. */
static void
rsa_other_digest_infos(void **state)
{
	static const struct { const char *what, *head; size_t len; } rows[] = {
		{ "no NULL", "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20", 17 },
		{ "long length", "\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"
		  "\x05\x00\x04\x20", 20 },
		{ "long inner length", "\x30\x32\x30\x81\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
		  "\x01\x05\x00\x04\x20", 20 },
		{ "SHA-512's OID", "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05"
		  "\x00\x04\x20", 19 },
		{ "SHA-1's OID", "\x30\x2d\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x20", 15 },
		{ "bare digest", "", 0 },
	};
	struct bench b = bench_make("good");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t block[100];
		struct bytes sig;

		memcpy(block, rows[i].head, rows[i].len);
		memcpy(block + rows[i].len, b.input.digest, 32);
		sig = rsa_sign(b.key, block, rows[i].len + 32);
		if (verify(&b, sig.data, sig.len) != OUTCOME_BAD_SIGNATURE)
			fail_msg("taken: %s", rows[i].what);
	}
	bench_done(&b);
}

static void
expect_block_refused(const struct bench *b, const uint8_t *block, const char *what)
{
	struct bytes sig = rsa_private(b->key, RSA_NO_PADDING, block, 256);

	if (verify(b, sig.data, sig.len) != OUTCOME_BAD_SIGNATURE)
		fail_msg("taken: %s", what);
}

/* 00 01 FF … FF 00 DigestInfo, filled up to 256 bytes by `pad` times FF. */
static void
make_block(const struct bench *b, size_t pad, uint8_t *block)
{
	memset(block, 0xa5, 256);
	block[0] = 0;
	block[1] = 1;
	memset(block + 2, 0xff, pad);
	block[2 + pad] = 0;
	memcpy(block + 3 + pad, b->input.bytes, b->input.len);
}

static void
rsa_other_paddings(void **state)
{
	struct bench b = bench_make("good");
	size_t pad = 256 - 3 - b.input.len;
	uint8_t block[256], longer[100];
	struct bytes sig;

	(void)state;
	make_block(&b, pad, block);
	sig = rsa_private(b.key, RSA_NO_PADDING, block, 256);
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_OK);	/* the block is well made */

	block[1] = 2;
	expect_block_refused(&b, block, "block type 2");
	block[1] = 0;
	expect_block_refused(&b, block, "block type 0");
	make_block(&b, pad, block);
	block[100] = 0xfe;
	expect_block_refused(&b, block, "a hole in the padding");
	make_block(&b, 8, block);
	expect_block_refused(&b, block, "garbage after (2006)");
	make_block(&b, pad - 1, block);
	expect_block_refused(&b, block, "one byte of garbage after");

	memcpy(longer, b.input.bytes, b.input.len);
	longer[1] += 2;
	longer[b.input.len] = 0x05;
	longer[b.input.len + 1] = 0x00;
	sig = rsa_sign(b.key, longer, b.input.len + 2);
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
	sig = rsa_private(b.key, RSA_PKCS1_PSS_PADDING, b.input.digest, 32);
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_BAD_SIGNATURE);
	bench_done(&b);
}

static void
signatures_of_one_repeated_byte_are_refused(void **state)
{
	static const uint8_t fill[] = { 0x00, 0x01, 0xff };
	static const char *const names[] = { "good", "ec256", "ec384" };

	(void)state;
	for (size_t n = 0; n < COUNT(names); n++) {
		struct bench b = bench_make(names[n]);
		size_t size = sigcheck_signature_size(b.cert);
		uint8_t sig[SIGNATURE_MAX];

		for (size_t i = 0; i < COUNT(fill); i++)
			for (size_t len = 0; len <= size + 2; len++) {
				memset(sig, fill[i], sizeof sig);
				assert_int_equal(verify(&b, sig, len), OUTCOME_BAD_SIGNATURE);
			}
		bench_done(&b);
	}
}

/* --- EC ------------------------------------------------------------------------- */

static struct bytes
ec_sign(const struct bench *b)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(b->key, NULL);
	struct bytes sig = { .len = sizeof sig.data };

	assert_true(EVP_PKEY_sign_init(ctx) > 0);
	assert_true(EVP_PKEY_sign(ctx, sig.data, &sig.len, b->input.bytes, b->input.len) > 0);
	EVP_PKEY_CTX_free(ctx);
	return sig;
}

static struct bytes
to_raw(const struct bytes *der, size_t n)
{
	const unsigned char *p = der->data;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der->len);
	struct bytes raw = { .len = 2 * n };

	assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw.data, (int)n) > 0);
	assert_true(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw.data + n, (int)n) > 0);
	ECDSA_SIG_free(sig);
	return raw;
}

static const struct { const char *name; size_t n; } curves[] = { { "ec256", 32 }, { "ec384", 48 } };

/* Many times, because r and s have leading zeros now and then. */
static void
ec_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(curves); i++) {
		struct bench b = bench_make(curves[i].name);

		assert_int_equal(b.input.len, curves[i].n);
		assert_int_equal(b.input.digest_len, curves[i].n);
		assert_memory_equal(b.input.bytes, b.input.digest, curves[i].n);
		for (int round = 0; round < 300; round++) {
			struct bytes der = ec_sign(&b), raw = to_raw(&der, curves[i].n);

			assert_true(der.len <= sigcheck_signature_size(b.cert));
			assert_int_equal(verify(&b, der.data, der.len), OUTCOME_OK);
			assert_int_equal(verify(&b, raw.data, raw.len), OUTCOME_OK);
		}
		bench_done(&b);
	}
}

static void
ec_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(curves); i++) {
		struct bench b = bench_make(curves[i].name);
		struct bytes der = ec_sign(&b), raw = to_raw(&der, curves[i].n);

		for (size_t bit = 0; bit < raw.len * 8; bit += 7) {
			raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(verify(&b, raw.data, raw.len), OUTCOME_BAD_SIGNATURE);
			raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = 0; bit < der.len * 8; bit += 3) {
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(verify(&b, der.data, der.len), OUTCOME_BAD_SIGNATURE);
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = 0; len < der.len; len++)
			assert_int_equal(verify(&b, der.data, len), OUTCOME_BAD_SIGNATURE);
		for (size_t len = 0; len < raw.len; len++)
			assert_int_equal(verify(&b, raw.data, len), OUTCOME_BAD_SIGNATURE);
		der.data[der.len] = 0;
		assert_int_equal(verify(&b, der.data, der.len + 1), OUTCOME_BAD_SIGNATURE);
		b.input.digest[0] ^= 1;
		assert_int_equal(verify(&b, der.data, der.len), OUTCOME_BAD_SIGNATURE);
		bench_done(&b);
	}
}

/* r as DER with `zeros` zero bytes before it, whatever its first bit wants. */
static size_t
put_integer(uint8_t *p, const uint8_t *value, size_t n, size_t zeros)
{
	p[0] = 0x02;
	p[1] = (uint8_t)(zeros + n);
	memset(p + 2, 0, zeros);
	memcpy(p + 2 + zeros, value, n);
	return 2 + zeros + n;
}

/* One value, one encoding: other spellings of a right signature are refused. */
static void
ec_other_encodings(void **state)
{
	struct bench b = bench_make("ec256");
	struct bytes der = ec_sign(&b), raw = to_raw(&der, 32);
	uint8_t odd[120] = { 0x30 };

	(void)state;
	for (size_t zeros = 0; zeros < 4; zeros++) {
		size_t len = 2;
		bool right = zeros == (size_t)(raw.data[0] >> 7);

		/* r with the wrong number of zeros, or with the right one: then s has it */
		len += put_integer(odd + len, raw.data, 32, zeros);
		len += put_integer(odd + len, raw.data + 32, 32, right ? 2 : raw.data[32] >> 7);
		odd[1] = (uint8_t)(len - 2);
		assert_int_equal(verify(&b, odd, len), OUTCOME_BAD_SIGNATURE);
	}
	bench_done(&b);
}

/* A right signature whose r begins with nine zero bits or more: one in 512. */
static struct bytes
signature_with_short_r(const struct bench *b)
{
	for (;;) {
		struct bytes der = ec_sign(b), raw = to_raw(&der, 32);

		if (raw.data[0] == 0 && raw.data[1] < 0x80)
			return raw;
	}
}

static void
ec_not_minimal(void **state)
{
	struct bench b = bench_make("ec256");
	struct bytes raw = signature_with_short_r(&b);
	uint8_t odd[120] = { 0x30 };
	size_t len = 2;

	(void)state;
	assert_int_equal(verify(&b, raw.data, 64), OUTCOME_OK);
	len += put_integer(odd + len, raw.data, 32, 0);
	len += put_integer(odd + len, raw.data + 32, 32, raw.data[32] >> 7);
	odd[1] = (uint8_t)(len - 2);
	assert_int_equal(verify(&b, odd, len), OUTCOME_BAD_SIGNATURE);
	bench_done(&b);
}

static void
ec_a_third_integer(void **state)
{
	struct bench b = bench_make("ec256");
	struct bytes der = ec_sign(&b);

	(void)state;
	memcpy(der.data + der.len, "\x02\x01\x01", 3);
	der.data[1] += 3;
	assert_int_equal(verify(&b, der.data, der.len + 3), OUTCOME_BAD_SIGNATURE);
	bench_done(&b);
}

static void
ec_zero_and_order(void **state)
{
	static const uint8_t order[32] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2,
		0xfc, 0x63, 0x25, 0x51,
	};
	struct bench b = bench_make("ec256");
	struct bytes der = ec_sign(&b), raw = to_raw(&der, 32), bad;

	(void)state;
	bad = raw, memset(bad.data, 0, 32);
	assert_int_equal(verify(&b, bad.data, 64), OUTCOME_BAD_SIGNATURE);
	bad = raw, memset(bad.data + 32, 0, 32);
	assert_int_equal(verify(&b, bad.data, 64), OUTCOME_BAD_SIGNATURE);
	bad = raw, memcpy(bad.data, order, 32);
	assert_int_equal(verify(&b, bad.data, 64), OUTCOME_BAD_SIGNATURE);
	bad = raw, memcpy(bad.data + 32, order, 32);
	assert_int_equal(verify(&b, bad.data, 64), OUTCOME_BAD_SIGNATURE);
	assert_int_equal(verify(&b, "\x30\x06\x02\x01\x00\x02\x01\x00", 8), OUTCOME_BAD_SIGNATURE);
	assert_int_equal(verify(&b, "\x30\x06\x02\x01\x01\x02\x01\x01", 8), OUTCOME_BAD_SIGNATURE);
	bench_done(&b);
}

/* --- both ------------------------------------------------------------------------- */

static void
weak_and_unknown_keys_are_refused(void **state)
{
	static const char *const names[] = { "rsa1024", "ec521" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct bytes der = pki_der(names[i]);
		struct certdb *db = open_db(make_db("ca1", NULL));
		struct cert *cert = get_cert(db, view_of(&der));
		struct sign_input input = { .digest_len = 32 };

		expect_status(sigcheck_input(cert, text(challenge), &input), OUTCOME_CERT_WEAK, names[i]);
		assert_int_equal(sigcheck_signature_size(cert), 0);
		expect_status(sigcheck_verify(cert, &input, text("x")), OUTCOME_INTERNAL, names[i]);
		cert_free(cert);
		close_db(db);
	}
}

/* An input built for one certificate is not used with another. */
static void
input_for_another_certificate_is_refused(void **state)
{
	struct bench b = bench_make("ec384");
	struct bytes sig = ec_sign(&b);

	(void)state;
	b.input.digest_len = 32;
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_INTERNAL);
	b.input.digest_len = 0;
	assert_int_equal(verify(&b, sig.data, sig.len), OUTCOME_INTERNAL);
	expect_status(sigcheck_input(b.cert, text(""), &b.input), OUTCOME_INTERNAL, "no challenge");
	bench_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, scratch_done)
		T(rsa_good), T(rsa_input_vector), T(rsa_every_bit), T(rsa_every_length),
		T(rsa_other_key_or_challenge), T(rsa_other_digest_infos), T(rsa_other_paddings),
		T(signatures_of_one_repeated_byte_are_refused), T(ec_good), T(ec_damaged), T(ec_other_encodings),
		T(ec_not_minimal), T(ec_a_third_integer),
		T(ec_zero_and_order), T(weak_and_unknown_keys_are_refused), T(input_for_another_certificate_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

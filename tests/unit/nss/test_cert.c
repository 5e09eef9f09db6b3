/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "nss/internal.h"
#include "tests/unit/nss_fixture.h"

static struct certdb *db;

static int
setup(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	db = open_db(make_db("ca1", NULL));
	return 0;
}

static int
teardown(void **state)
{
	bool closed = certdb_close(db);

	return scratch_done(state) == 0 && closed ? 0 : -1;
}

static enum outcome_status
decode(const void *data, size_t len)
{
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(db, (struct view){ data, len }, &cert);

	assert_int_equal(outcome_ok(&o), cert != NULL);
	cert_free(cert);
	return o.status;
}

static void
digest_hex(const struct bytes *der, char *text)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	assert_true(EVP_Digest(der->data, der->len, hash, &len, EVP_sha256(), NULL));
	for (unsigned int i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

static void
fields_of_a_certificate(void **state)
{
	struct bytes der = pki_der("good");
	struct cert *cert = get_cert(db, view_of(&der));
	char hex[CERT_FINGERPRINT_LEN + 1];

	(void)state;
	digest_hex(&der, hex);
	assert_string_equal(cert_fingerprint(cert), hex);
	assert_true(view_equal(cert_der(cert), view_of(&der)));
	assert_true(cert_der(cert).data != der.data);
	assert_int_equal(cert_not_before(cert), pki_time("good_not_before"));
	assert_int_equal(cert_not_after(cert), pki_time("good_not_after"));
	assert_string_equal(cert_subject(cert), "CN=997794E9AGCIEG13221003A,C=JP");
	assert_non_null(strstr(cert_issuer(cert), "OU=JPKI for user authentication,O=JPKI,C=JP"));
	assert_string_equal(cert_serial(cert), "06F1A2B3");
	assert_string_equal(cert_key_name(cert), "RSA-2048");
	cert_free(cert);
	cert_free(NULL);
}

static void
keys_are_named_by_kind_and_size(void **state)
{
	static const struct { const char *name, *key; } rows[] = {
		{ "rsa1024", "RSA-1024" }, { "rsa4096", "RSA-4096" }, { "ec256", "EC P-256" },
		{ "ec384", "EC P-384" }, { "ec521", "EC P-521" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bytes der = pki_der(rows[i].name);
		struct cert *cert = get_cert(db, view_of(&der));

		assert_string_equal(cert_key_name(cert), rows[i].key);
		cert_free(cert);
	}
}

/* UTCTime ends with 2049 (RFC 5280 §4.1.2.5). */
static void
ends_after_2049(void **state)
{
	static const uint8_t generalized[] = { 0x18, 0x0f, '2', '0' };
	struct bytes der = pki_der("ca-ec");
	struct cert *cert = get_cert(db, view_of(&der));

	(void)state;
	assert_non_null(memmem(der.data, der.len, generalized, sizeof generalized));
	assert_true(cert_not_after(cert) >= 2524608000);	/* 2050-01-01 */
	assert_true(cert_not_after(cert) < 4102444800);	/* 2100-01-01 */
	cert_free(cert);
}

/* The certificate of the database itself, taken in a second time. */
static void
known_to_the_database(void **state)
{
	struct bytes der = pki_der("ca1");
	struct cert *cert = get_cert(db, view_of(&der));

	(void)state;
	assert_true(view_equal(cert_der(cert), view_of(&der)));
	cert_free(cert);
}

/* Cards pad their files; which bytes were meant is for the reader of the card to say. */
static void
trailing_bytes(void **state)
{
	struct bytes der = pki_der("good");

	(void)state;
	for (int filler = 0; filler < 256; filler += 0x55) {
		der.data[der.len] = (uint8_t)filler;
		assert_int_equal(decode(der.data, der.len + 1), OUTCOME_CERT_BAD);
	}
	assert_int_equal(decode(der.data, der.len), OUTCOME_OK);
}

static void
every_cut_certificate_is_refused(void **state)
{
	struct bytes der = pki_der("good");

	(void)state;
	for (size_t len = 0; len < der.len; len++) {
		/* exactly as long as it claims, so that a read past the end shows */
		uint8_t *exact = malloc(len > 0 ? len : 1);

		assert_non_null(exact);
		memcpy(exact, der.data, len);
		assert_int_equal(decode(exact, len), OUTCOME_CERT_BAD);
		free(exact);
	}
}

static void
zeros_after_a_header_are_no_certificate(void **state)
{
	static uint8_t zeros[CERT_DER_MAX + 1] = { 0x30, 0x82, 0x1f, 0xfd };

	(void)state;
	assert_int_equal(decode(zeros, sizeof zeros), OUTCOME_CERT_BAD);
	assert_int_equal(decode(zeros, CERT_DER_MAX), OUTCOME_CERT_BAD);
	assert_int_equal(decode(NULL, 0), OUTCOME_CERT_BAD);
}

/*
 * NSS ignores unused bits of the signature: another certificate, byte for
 * byte, with another fingerprint, would verify.
 */
static void
unused_bits_of_the_signature_are_refused(void **state)
{
	struct bytes der = pki_der("good");
	uint8_t *unused = &der.data[der.len - 256 - 1];

	(void)state;
	assert_int_equal(*unused, 0);
	for (uint8_t bits = 1; bits < 9; bits++) {
		*unused = bits;
		assert_int_equal(decode(der.data, der.len), OUTCOME_CERT_BAD);
	}
}

/* The outer AlgorithmIdentifier is not signed and must be the inner one. */
static void
algorithms_differ(void **state)
{
	struct bytes der = pki_der("good");
	uint8_t *outer = der.data + der.len - 256 - 5 - 15;	/* SEQUENCE OID NULL, BIT STRING */

	(void)state;
	assert_memory_equal(outer, "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 13);
	outer[12] = 0x0c;	/* sha384WithRSAEncryption */
	assert_int_equal(decode(der.data, der.len), OUTCOME_CERT_BAD);
	outer[12] = 0x0b;
	outer[13] = 0x04;	/* an empty OCTET STRING for NULL */
	assert_int_equal(decode(der.data, der.len), OUTCOME_CERT_BAD);
}

static void
same_issuer_and_serial(void **state)
{
	struct bytes der = pki_der("good"), twin = pki_der("tampered");
	struct cert *cert = get_cert(db, view_of(&der)), *second = NULL;
	struct outcome o = cert_from_der(db, view_of(&twin), &second);

	(void)state;
	expect_status(o, OUTCOME_CERT_BAD, "twin");
	assert_int_equal((PRErrorCode)o.raw, SEC_ERROR_REUSED_ISSUER_AND_SERIAL);
	assert_null(second);
	cert_free(cert);
}

/* For programs that decode many: NSS would refuse the second, and a fresh database does not. */
static void
decodes_same_issuer_and_serial(void **state)
{
	static const char *const names[] = { "good", "tampered", "good", "tampered" };
	struct certdb *none = NULL;

	(void)state;
	for (int round = 0; round < 2; round++) {
		struct certdb **in = round == 0 ? &db : &none;

		if (round == 1) {
			close_db(db);
			db = NULL;
			expect_status(certdb_open_none(&test_log, &none), OUTCOME_OK, "none");
		}
		for (size_t i = 0; i < COUNT(names); i++) {
			struct bytes der = pki_der(names[i]);
			struct cert *cert = NULL;
			char hash[CERT_FINGERPRINT_LEN + 1];

			digest_hex(&der, hash);
			expect_status(certdb_decode(in, view_of(&der), &cert), OUTCOME_OK, names[i]);
			assert_string_equal(cert_fingerprint(cert), hash);
			cert_free(cert);
		}
	}
	close_db(none);
}

/* The fresh database refuses garbage too; and without a fresh database nothing is decoded. */
static void
decodes_garbage(void **state)
{
	struct view garbage = { (const uint8_t *)"garbage", 7 };
	struct cert *cert = NULL;

	(void)state;
	expect_status(certdb_decode(&db, garbage, &cert), OUTCOME_CERT_BAD, "garbage");
	assert_null(cert);
	assert_non_null(db);
	assert_int_equal(decode(pki_der("good").data, pki_der("good").len), OUTCOME_OK);
	assert_int_equal(rename(in_scratch("db"), in_scratch("elsewhere")), 0);
	expect_status(certdb_decode(&db, garbage, &cert), OUTCOME_TRUST_DB, "no database");
	assert_null(db);
	assert_null(cert);
}

static struct order
plain_order(EVP_PKEY *key)
{
	return (struct order){ .subject_cn = "somebody", .key = key, .signer = key, .serial = 7,
	    .from = pki_now() - DAY, .until = pki_now() + DAY, .ku = "digitalSignature" };
}

static void
version_1(void **state)
{
	EVP_PKEY *key = pki_key("good");
	struct order order = plain_order(key);
	struct bytes der;

	(void)state;
	der = issue(&order);
	assert_int_equal(decode(der.data, der.len), OUTCOME_OK);
	order.version1 = true;
	der = issue(&order);
	assert_int_equal(decode(der.data, der.len), OUTCOME_CERT_BAD);
	EVP_PKEY_free(key);
}

/* Whole and well-formed, but longer than any certificate of a person. */
static void
a_certificate_that_is_too_long_is_refused(void **state)
{
	EVP_PKEY *key = pki_key("good");
	struct order order = plain_order(key);
	char comment[CERT_DER_MAX];
	struct bytes der;

	(void)state;
	memset(comment, 'x', sizeof comment);
	comment[sizeof comment - 1] = '\0';
	order.comment = comment;
	der = issue(&order);
	assert_true(der.len > CERT_DER_MAX);
	assert_int_equal(decode(der.data, der.len), OUTCOME_CERT_BAD);
	comment[sizeof comment - 1 - (der.len - CERT_DER_MAX)] = '\0';
	der = issue(&order);
	assert_int_equal(der.len, CERT_DER_MAX);
	assert_int_equal(decode(der.data, der.len), OUTCOME_OK);
	EVP_PKEY_free(key);
}

/* Names end up on terminals. */
static void
escapes_in_names(void **state)
{
	EVP_PKEY *key = pki_key("good");
	struct order order = plain_order(key);
	struct bytes der;
	struct cert *cert;

	(void)state;
	order.subject_cn = "a\x1b[31mb\nc\x7f" "d\xc2\x9b" "31me\xe5\x85\xac" "f\xe2\x80\xa8g";
	der = issue(&order);
	cert = get_cert(db, view_of(&der));
	for (const char *p = cert_subject(cert); *p != '\0'; p++) {
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		assert_false((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0);
	}
	assert_non_null(strstr(cert_subject(cert), "\xe5\x85\xac" "f"));	/* 公 stays */
	assert_non_null(strstr(cert_subject(cert), "f???g"));	/* U+2028 would begin a line */
	cert_free(cert);
	EVP_PKEY_free(key);
}

/* A key NSS cannot read is an unknown key and no crash. */
static void
an_unknown_kind_of_key_is_refused(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *ca = pki_key("ca1");
	struct order order = plain_order(key);
	struct bytes der;
	struct cert *cert;

	(void)state;
	order.signer = ca;
	der = issue(&order);
	cert = get_cert(db, view_of(&der));
	assert_string_equal(cert_key_name(cert), "unknown");
	assert_int_equal(cert_key_kind(cert), KEY_REFUSED);
	cert_free(cert);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca);
}

/* Flipped bits may leave a certificate that decodes: chain_check has a test for those. */
static void
bit_flips_do_no_harm(void **state)
{
	struct bytes der = pki_der("ec256");

	(void)state;
	for (size_t bit = 0; bit < der.len * 8; bit += 3) {
		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		(void)decode(der.data, der.len);
		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(fields_of_a_certificate), T(keys_are_named_by_kind_and_size), T(ends_after_2049), T(known_to_the_database), T(trailing_bytes),
		T(every_cut_certificate_is_refused), T(zeros_after_a_header_are_no_certificate), T(unused_bits_of_the_signature_are_refused), T(algorithms_differ),
		T(same_issuer_and_serial), T(decodes_same_issuer_and_serial), T(decodes_garbage),
		T(version_1), T(a_certificate_that_is_too_long_is_refused),
		T(escapes_in_names), T(an_unknown_kind_of_key_is_refused),
		T(bit_flips_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/crl/verify: every check of an import, right and wrong; every cut and flipped bit. */
#include "config.h"

#include "nss/trustdb.h"
#include "tests/unit/crl_fixture.h"

static void
expect_list(const struct list *list, enum crl_fault wanted, const char *what)
{
	struct certdb *db = open_db(in_scratch("db"));
	struct der der;

	log_clear();
	list_make(list, &der);
	expect_fault(list_verify(db, der.p, der.len, NULL), wanted, what);
	der_done(&der);
	close_db(db);
}

static void
right_ones_are_taken(void **state)
{
	struct der uri = { .p = NULL }, name = { .p = NULL }, both = { .p = NULL };
	const struct list lists[] = {
		{ 0 }, { .number = 1 }, { .ca = "ca2" }, { .ca = "ca-ec", .digest = "SHA384" },
		{ .ca = "ca-ec" }, { .digest = "SHA512" }, { .names = &uri }, { .names = &name },
		{ .names = &both }, { .flags = POINT_USER }, { .names = &name, .flags = POINT_USER },
	};

	make_db("ca1", "ca2", "ca-ec", NULL);
	der_uri(&uri, "http://crl.invalid/1.crl");
	point_of_leaf("good", &name);
	der_put(&both, uri.p, uri.len);
	der_put(&both, name.p, name.len);
	for (size_t i = 0; i < COUNT(lists); i++)
		expect_list(&lists[i], CRL_OK, "right");
	der_done(&uri);
	der_done(&name);
	der_done(&both);
}

static void
facts_are_those_of_the_list(void **state)
{
	struct certdb *db = open_db(make_db("ca1", "ca2", NULL));
	struct der der, name = { .p = NULL };
	const struct crl_facts *f;
	uint8_t hash[CRL_HASH_LEN];
	struct crl *crl = NULL;

	point_of_leaf("good", &name);
	list_make(&(struct list){ .number = 0x8001, .names = &name, .flags = POINT_USER }, &der);
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, "list");
	f = crl_facts(crl);
	assert_int_equal(f->this_update, pki_now() - HOUR);
	assert_int_equal(f->next_update, pki_now() + 30 * DAY);
	assert_int_equal(f->size, der.len);
	assert_int_equal(f->count, 3);
	assert_true(f->has_number && f->user_only);
	assert_int_equal(f->number[CRL_SERIAL_MAX - 2] << 8 | f->number[CRL_SERIAL_MAX - 1], 0x8001);
	assert_int_equal(f->scope_len, name.len);
	assert_memory_equal(f->scope, name.p, name.len);
	assert_int_equal(crl_lengths(crl)[1], 3);
	assert_true(EVP_Digest(der.p, der.len, hash, NULL, EVP_sha256(), NULL));
	assert_memory_equal(f->sha256, hash, sizeof hash);
	assert_string_equal(cert_serial(crl_issuer(crl)), "01");
	crl_free(crl);
	der_done(&der);
	der_done(&name);
	close_db(db);
}

static void
signer_is_judged(void **state)
{
	make_db("ca1", "ca2", NULL);
	expect_list(&(struct list){ .ca = "ca-other" }, CRL_UNKNOWN_ISSUER, "unknown issuer");
	expect_list(&(struct list){ .key_of = "ca-expired" }, CRL_SIGNATURE, "key that is not trusted");
	/* The same name with the other generation's key is that generation's list. */
	expect_list(&(struct list){ .key_of = "ca2" }, CRL_OK, "key of the other generation");
	expect_list(&(struct list){ .digest = "SHA1" }, CRL_WEAK, "SHA-1");
	expect_list(&(struct list){ .digest = "MD5" }, CRL_WEAK, "MD5");
	expect_list(&(struct list){ .inner_digest = "SHA384" }, CRL_ALGORITHMS_DIFFER, "inner algorithm");
}

static void
issuer_is_chosen_by_key(void **state)
{
	struct certdb *db = open_db(make_db("ca1", "ca2", NULL));
	struct bytes ca2 = pki_der("ca2");
	struct crl *crl = NULL;
	struct der der;

	list_make(&(struct list){ .ca = "ca2" }, &der);
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, "ca2");
	assert_true(view_equal(cert_der(crl_issuer(crl)), view_of(&ca2)));
	crl_free(crl);
	der_done(&der);
	close_db(db);
}

/* A CA of the test's own, with this keyUsage; its key is scratch's "own". */
static void
judge_own_ca(const char *ku, int64_t until, enum crl_fault wanted, const char *what)
{
	static uint32_t serial;
	const uint32_t own = ++serial;
	EVP_PKEY *key = EVP_RSA_gen(2048);
	struct bytes ca = issue(&(struct order){ .subject_cn = "own", .key = key, .signer = key,
	    .serial = own, .from = pki_now() - 10 * DAY, .until = pki_now() + until, .ku = ku,
	    .constraints = "critical,CA:TRUE" });
	const unsigned char *p = ca.data;
	X509 *cert = d2i_X509(NULL, &p, (long)ca.len);
	unsigned char *name = NULL;
	struct der der;
	struct certdb *db;
	int len;

	assert_non_null(cert);
	len = i2d_X509_NAME(X509_get_subject_name(cert), &name);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&ca), &test_log), OUTCOME_OK, what);
	crlmaker_sign(&(struct crl_order){ .issuer = name, .issuer_len = (size_t)len, .key = key,
	    .this_update = pki_now() - HOUR, .next_update = pki_now() + DAY }, &der);
	db = open_db(in_scratch("db"));
	expect_fault(list_verify(db, der.p, der.len, NULL), wanted, what);
	close_db(db);
	der_done(&der);
	OPENSSL_free(name);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
issuer_must_be_allowed(void **state)
{
	make_db("ca1", NULL);
	judge_own_ca("critical,keyCertSign", DAY, CRL_NOT_CRL_SIGNER, "without cRLSign");
	judge_own_ca("critical,keyCertSign,cRLSign", -DAY, CRL_ISSUER_NOT_VALID, "expired");
	judge_own_ca("critical,keyCertSign,cRLSign", DAY, CRL_OK, "with cRLSign");
	judge_own_ca(NULL, DAY, CRL_OK, "without keyUsage");
}

static void
times_are_judged(void **state)
{
	make_db("ca1", NULL);
	expect_list(&(struct list){ .from = 1 }, CRL_NOT_YET, "begins in a second");
	expect_list(&(struct list){ .from = -1 }, CRL_OK, "began a second ago");
	expect_list(&(struct list){ .until = NEVER }, CRL_NO_NEXT_UPDATE, "no nextUpdate");
	expect_list(&(struct list){ .until = -1 }, CRL_EXPIRED, "ended a second ago");
	expect_list(&(struct list){ .from = -DAY, .until = -2 * DAY }, CRL_NO_NEXT_UPDATE,
	    "ends before it begins");
}

static void
age_changes_at_the_second(void **state)
{
	const struct crl_facts f = { .this_update = 1000, .next_update = 2000 };
	static const struct {
		int64_t now, grace;
		enum crl_age age;
	} rows[] = {
		{ 999, 0, CRL_AGE_FUTURE }, { 999, 5000, CRL_AGE_FUTURE },
		{ 1000, 0, CRL_AGE_FRESH }, { 2000, 0, CRL_AGE_FRESH }, { 2000, 60, CRL_AGE_FRESH },
		{ 2001, 0, CRL_AGE_ENDED }, { 2001, 1, CRL_AGE_GRACE }, { 2002, 1, CRL_AGE_ENDED },
		{ 2060, 60, CRL_AGE_GRACE }, { 2061, 60, CRL_AGE_ENDED },
		{ INT64_MAX, 60, CRL_AGE_ENDED },
	};
	const struct crl_facts for_ever = { .this_update = 0, .next_update = INT64_MAX };

	for (size_t i = 0; i < COUNT(rows); i++)
		if (crl_age(&f, rows[i].now, rows[i].grace) != rows[i].age)
			fail_msg("row %zu", i);
	assert_int_equal(crl_age(&for_ever, INT64_MAX, 3600), CRL_AGE_FRESH);
}

/* To prove what was imported once, the clock is not asked. */
static void
clock_can_be_left_out(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct crl *crl = NULL;
	struct der der;
	int fd;

	list_make(&(struct list){ .from = -9 * DAY, .until = -DAY }, &der);
	fd = list_open(list_file("list", der.p, der.len));
	expect_fault(crl_verify(db, fd, -1, &test_log, &crl), CRL_OK, "ran out");
	crl_free(crl);
	close(fd);
	der_done(&der);
	close_db(db);
}

static void
extensions_are_judged(void **state)
{
	struct der uri = { .p = NULL }, other = { .p = NULL };
	const struct { struct list list; enum crl_fault fault; } rows[] = {
		{ { .names = &uri, .flags = POINT_INDIRECT }, CRL_INDIRECT },
		{ { .names = &uri, .flags = POINT_REASONS }, CRL_ONLY_SOME_REASONS },
		{ { .names = &uri, .flags = POINT_CA }, CRL_ONLY_CA },
		{ { .names = &uri, .flags = POINT_ATTRIBUTE }, CRL_ONLY_ATTRIBUTE },
		{ { .names = &uri, .flags = POINT_RELATIVE }, CRL_RELATIVE_NAME },
		{ { .flags = POINT_INDIRECT }, CRL_INDIRECT },
		{ { .names = &other }, CRL_SCOPE },
	};

	make_db("ca1", NULL);
	der_uri(&uri, "http://crl.invalid/1.crl");
	der_element(&other, 0x82, "crl.invalid", 11);	/* dNSName: no certificate names a list so */
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_list(&rows[i].list, rows[i].fault, "issuingDistributionPoint");
	der_done(&uri);
	der_done(&other);
}

static void
judge_extension(uint8_t n, bool critical, const void *value, size_t len, enum crl_fault wanted,
    const char *what)
{
	struct der e = { .p = NULL };

	der_extension(&e, n, critical, value, len);
	expect_list(&(struct list){ .extensions = &e, .number = 1 }, wanted, what);
	der_done(&e);
}

static void
other_extensions(void **state)
{
	make_db("ca1", NULL);
	judge_extension(27, true, "\x02\x01\x01", 3, CRL_DELTA, "delta");
	judge_extension(27, false, "\x02\x01\x01", 3, CRL_DELTA, "delta, not critical");
	judge_extension(99, true, "\x05", 1, CRL_UNKNOWN_CRITICAL, "unknown, critical");
	assert_non_null(strstr(logged(), "2.5.29.99"));
	judge_extension(99, false, "\x05", 1, CRL_OK, "unknown, not critical");
	judge_extension(20, false, "\x02\x01\x05", 3, CRL_EXTENSIONS, "a second number");
	judge_extension(28, true, "\x30\x00", 2, CRL_SCOPE, "empty issuingDistributionPoint");
	judge_extension(28, true, "\x31\x00", 2, CRL_SCOPE, "issuingDistributionPoint that is none");
	judge_extension(28, false, "\x30\x03\x84\x01\xff", 5, CRL_INDIRECT, "indirect, not critical");
	judge_extension(28, true, "\x30\x03\x86\x01\xff", 5, CRL_SCOPE, "unknown flag");
	judge_extension(28, true, "\x30\x04\xa0\x02\xa0\x00", 6, CRL_SCOPE, "no names");
}

/* --- entries ------------------------------------------------------------------- */

static void
judge_entries(const struct der *entries, enum crl_fault wanted, const char *what)
{
	expect_list(&(struct list){ .entries = entries }, wanted, what);
}

/* What the walk gives for the entries between the first, number 5, and the last, number 6. */
struct between {
	unsigned int count;
	char serial[2 * CRL_SERIAL_MAX + 1];	/* of the last of them, as hex digits */
	uint32_t date;
	uint8_t reason;
	bool first, last;
};

static bool
note_entry(void *ctx, const struct crl_entry *e)
{
	struct between *b = ctx;

	if (e->serial.len == 1 && e->serial.data[0] == 5) {
		b->first = true;
	} else if (e->serial.len == 1 && e->serial.data[0] == 6) {
		b->last = true;
	} else {
		b->count++;
		view_hex(e->serial, b->serial);
		b->date = e->date;
		b->reason = e->reason;
	}
	return true;
}

/* Verifies the list of 5, these entries, and 6; the entries around them have to be there. */
static struct between
walk_around(const struct der *odd, const char *what)
{
	struct certdb *db = open_db(in_scratch("db"));
	struct der der, e = { .p = NULL };
	struct between b = { .count = 0 };
	struct crl *crl = NULL;

	crlmaker_serial(&e, 5, pki_now(), NO_REASON);
	der_put(&e, odd->p, odd->len);
	crlmaker_serial(&e, 6, pki_now(), NO_REASON);
	list_make(&(struct list){ .entries = &e }, &der);
	log_clear();
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, what);
	expect_fault(crl_each(crl, note_entry, &b, &test_log), CRL_OK, what);
	if (!b.first || !b.last || crl_facts(crl)->count != b.count + 2)
		fail_msg("%s: hides other entries", what);
	crl_free(crl);
	der_done(&der);
	der_done(&e);
	close_db(db);
	return b;
}

/* NULL: no certificate can have it. `odd`: a warning says so. */
static void
judge_serial(const char *bytes, size_t len, const char *wanted, bool odd, const char *what)
{
	struct der e = { .p = NULL };
	struct between b;

	crlmaker_entry(&e, (const uint8_t *)bytes, len, pki_now() - DAY, 1, NULL);
	b = walk_around(&e, what);
	if (wanted == NULL ? b.count != 0 : b.count != 1 || strcmp(b.serial, wanted) != 0 || b.reason != 1)
		fail_msg("%s: %u entries, %s, reason %u", what, b.count, b.serial, b.reason);
	if (odd != (strstr(logged(), "entry 2 of the CRL: its serial number") != NULL))
		fail_msg("%s: %s", what, logged());
	der_done(&e);
}

#define TAIL19 "\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"
#define HEX19 "02030405060708090a0b0c0d0e0f1011121314"

static void
serial_numbers(void **state)
{
	make_db("ca1", NULL);
	judge_serial("\x7f" TAIL19, 20, "7f" HEX19, false, "20 bytes");
	judge_serial("\x00\xff" TAIL19, 21, "ff" HEX19, false, "20 bytes and a sign");
	judge_serial("\x01\x7f" TAIL19, 21, NULL, true, "21 bytes");
	judge_serial("\xff\x7f" TAIL19, 21, NULL, true, "21 bytes, negative");
	judge_serial("\x00", 1, NULL, true, "zero");
	judge_serial("\x00\x00\x00", 3, NULL, true, "zero, long");
	judge_serial("\x00\x01", 2, "01", true, "not minimal");
	judge_serial("\x00\x00\x00\x9a\x10", 5, "9a10", true, "more zeros than the sign needs");
	judge_serial("\x00\x00\xff" TAIL19, 22, "ff" HEX19, true, "20 bytes after two zeros");
	judge_serial("\xff", 1, "ff", true, "negative");
	judge_serial("\x80\x00", 2, "8000", true, "the least of two bytes");
	judge_serial("\xff\x9a\x10", 3, "ff9a10", true, "negative, not minimal");
	judge_serial("\x9a" TAIL19, 20, "9a" HEX19, true, "20 bytes without a sign");
}

/* Without bytes there is no number, not even a zero: which certificate is meant stays open. */
static void
serial_number_without_bytes(void **state)
{
	struct der e = { .p = NULL };

	make_db("ca1", NULL);
	crlmaker_entry(&e, (const uint8_t *)"", 0, pki_now() - DAY, NO_REASON, NULL);
	judge_entries(&e, CRL_ENTRY, "empty");
	assert_non_null(strstr(logged(), "entry 1 "));
	der_done(&e);
}

/* The log of a list with a thousand odd entries stays readable. */
static void
many_odd_entries(void **state)
{
	struct der e = { .p = NULL };
	size_t lines = 0;

	make_db("ca1", NULL);
	for (int i = 0; i < 1000; i++)
		crlmaker_serial(&e, 0, pki_now(), NO_REASON);
	(void)walk_around(&e, "a thousand of zero");
	for (const char *p = logged(); (p = strstr(p, "CRL")) != NULL; p++)
		lines++;
	assert_uint_in_range(lines, 2, 10);
	assert_non_null(strstr(logged(), "992 more"));
	der_done(&e);
}

static void
judge_reason(const void *value, size_t len, int wanted, bool odd, const char *what)
{
	struct der e = { .p = NULL }, more = { .p = NULL };
	struct between b;
	uint8_t serial = 9;

	der_extension(&more, 21, false, value, len);
	crlmaker_entry(&e, &serial, 1, pki_now() - DAY, NO_REASON, &more);
	b = walk_around(&e, what);
	if (wanted == 8 ? b.count != 0 : b.count != 1 || b.reason != wanted)
		fail_msg("%s: %u entries, reason %u", what, b.count, b.reason);
	if (odd != (strstr(logged(), "entry 2 of the CRL: its reason") != NULL))
		fail_msg("%s: %s", what, logged());
	der_done(&e);
	der_done(&more);
}

static void
each_reason_is_known_or_reported_as_odd(void **state)
{
	make_db("ca1", NULL);
	for (uint8_t reason = 0; reason < 128; reason++) {
		uint8_t value[] = { 0x0a, 1, reason };
		bool exists = reason <= 10 && reason != 7;

		judge_reason(value, sizeof value, exists ? reason : 0, !exists, "a reason");
		if (reason == 12)
			reason = 125;
	}
	judge_reason("\x0a\x01\xff", 3, 0, true, "negative");
	judge_reason("\x0a\x02\x00\x08", 4, 0, true, "removeFromCRL in two bytes");
	judge_reason("\x02\x01\x08", 3, 0, true, "removeFromCRL as an INTEGER");
	judge_reason("\x0a\x01\x08\x00", 4, 0, true, "removeFromCRL with a byte after");
	judge_reason("\x0a\x00", 2, 0, true, "without bytes");
	judge_reason("", 0, 0, true, "nothing");
}

/* Two reasons, one of which would take the certificate off the list. */
static void
two_reasons_revoke(void **state)
{
	static const uint8_t both[][2] = { { 8, 1 }, { 1, 8 }, { 8, 8 }, { 6, 8 } };
	uint8_t serial = 9;

	make_db("ca1", NULL);
	for (size_t i = 0; i < 4; i++) {
		struct der e = { .p = NULL }, more = { .p = NULL };
		uint8_t value[] = { 0x0a, 1, both[i][1] };
		struct between b;

		der_extension(&more, 21, false, value, sizeof value);
		crlmaker_entry(&e, &serial, 1, pki_now() - DAY, both[i][0], &more);
		b = walk_around(&e, "two reasons");
		assert_int_equal(b.count, 1);
		assert_int_equal(b.reason, 0);
		assert_non_null(strstr(logged(), "several reasons"));
		der_done(&e);
		der_done(&more);
	}
}

static void
judge_entry_extension(uint8_t n, bool critical, const void *value, size_t len, int reason,
    enum crl_fault wanted, const char *what)
{
	struct der e = { .p = NULL }, more = { .p = NULL };
	uint8_t serial = 9;

	der_extension(&more, n, critical, value, len);
	crlmaker_entry(&e, &serial, 1, pki_now() - DAY, reason, &more);
	judge_entries(&e, wanted, what);
	der_done(&e);
	der_done(&more);
}

static void
entry_extensions(void **state)
{
	make_db("ca1", NULL);
	judge_entry_extension(24, false, "\x05\x00", 2, 1, CRL_OK, "invalidityDate");
	judge_entry_extension(24, true, "\x05\x00", 2, 1, CRL_OK, "invalidityDate, critical");
	judge_entry_extension(23, true, "\x05\x00", 2, 6, CRL_OK, "holdInstructionCode, critical");
	judge_entry_extension(99, false, "\x05\x00", 2, 1, CRL_OK, "unknown");
	judge_entry_extension(99, true, "\x05\x00", 2, 1, CRL_ENTRY_CRITICAL, "unknown, critical");
	judge_entry_extension(99, true, "\x05\x00", 2, 8, CRL_ENTRY_CRITICAL, "unknown, critical, removed");
	judge_entry_extension(29, true, "\x30\x00", 2, NO_REASON, CRL_ENTRY_ISSUER, "certificateIssuer");
	judge_entry_extension(29, false, "\x30\x00", 2, NO_REASON, CRL_ENTRY_ISSUER,
	    "certificateIssuer, not critical");
	judge_entry_extension(21, true, "\x0a\x01\x01", 3, NO_REASON, CRL_OK, "reason, critical");
}

/* An entry that is passed over for its number is read to its end: it may show that the list is of another kind. */
static void
extensions_of_what_is_passed_over(void **state)
{
	struct der e = { .p = NULL }, more = { .p = NULL };
	uint8_t zero = 0;

	make_db("ca1", NULL);
	der_extension(&more, 99, true, "\x05\x00", 2);
	crlmaker_entry(&e, &zero, 1, pki_now() - DAY, NO_REASON, &more);
	judge_entries(&e, CRL_ENTRY_CRITICAL, "serial number zero, and a critical extension");
	der_done(&e);
	der_done(&more);
}

static void
judge_raw_entry(const char *bytes, size_t len, const char *what)
{
	struct der e = { .p = NULL };

	der_put(&e, bytes, len);
	judge_entries(&e, CRL_ENTRY, what);
	der_done(&e);
}

#define RAW(bytes, what) judge_raw_entry(bytes, sizeof (bytes) - 1, what)

static void
malformed_entries(void **state)
{
	make_db("ca1", NULL);
	RAW("\x31\x00", "a SET");
	RAW("\x30\x00", "empty");
	RAW("\x30\x03\x02\x01\x09", "no date");
	RAW("\x30\x05\x02\x01\x09\x05\x00", "a NULL as the date");
	RAW("\x30\x14\x02\x01\x09\x17\x0d" "260101000000Z" "\x05\x00", "something after");
	RAW("\x30\x16\x02\x01\x09\x17\x0d" "260101000000Z" "\x30\x02\x05\x00", "an extension that is none");
	RAW("\x30\x7f\x02\x01\x09", "longer than there is");
	RAW("\x30\x80\x02\x01\x09\x00\x00", "indefinite length");
}

static void
judge_date(const char *bytes, size_t len, uint32_t wanted, const char *what)
{
	struct der e = { .p = NULL };
	struct between b;

	der_put(&e, bytes, len);
	b = walk_around(&e, what);
	assert_string_equal(b.serial, "09");
	if (b.count != 1 || b.date != wanted)
		fail_msg("%s: %u entries, %u", what, b.count, b.date);
	if ((wanted == 0) != (strstr(logged(), "its date") != NULL))
		fail_msg("%s: %s", what, logged());
	der_done(&e);
}

#define DATE(bytes, wanted, what) judge_date(bytes, sizeof (bytes) - 1, wanted, what)
#define UTC_TIME "\x30\x12\x02\x01\x09\x17\x0d"
#define GENERALIZED_TIME "\x30\x14\x02\x01\x09\x18\x0f"

/* The certificate is revoked, even if the date does not exist. */
static void
an_odd_date_revokes_all_the_same(void **state)
{
	make_db("ca1", NULL);
	DATE(UTC_TIME "260101000000Z", 1767225600, "UTCTime");
	DATE(GENERALIZED_TIME "20260101000000Z", 1767225600, "GeneralizedTime before 2050");
	DATE(GENERALIZED_TIME "20600101000000Z", 2840140800u, "after 2050");
	DATE(GENERALIZED_TIME "21060207062815Z", UINT32_MAX, "the last second");
	DATE(UTC_TIME "261323000000Z", 0, "month 13");
	DATE(UTC_TIME "260230000000Z", 0, "30 February");
	DATE(UTC_TIME "260101240000Z", 0, "hour 24");
	DATE(UTC_TIME "2601010000000", 0, "no Z");
	DATE("\x30\x10\x02\x01\x09\x17\x0b" "2601010000Z", 0, "no seconds");
	DATE("\x30\x16\x02\x01\x09\x17\x11" "260101000000+0900", 0, "a time zone");
	DATE("\x30\x16\x02\x01\x09\x18\x11" "20260101000000.5Z", 0, "a fraction");
	DATE("\x30\x05\x02\x01\x09\x17\x00", 0, "an empty one");
	DATE(UTC_TIME "600101000000Z", 0, "before 1970");
	DATE(GENERALIZED_TIME "00000101000000Z", 0, "the year 0");
	DATE(GENERALIZED_TIME "21070101000000Z", 0, "after 2106");
}

/* Version 1 has neither extensions nor a version. */
static void
list_of_version_1(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct between b = { .count = 0 };
	struct crl *crl = NULL;
	struct der der, e = { .p = NULL };

	crlmaker_serial(&e, 5, pki_now(), NO_REASON);
	crlmaker_serial(&e, 6, pki_now(), NO_REASON);
	list_make(&(struct list){ .entries = &e, .version_1 = true }, &der);
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, "version 1");
	expect_fault(crl_each(crl, note_entry, &b, &test_log), CRL_OK, "version 1");
	assert_true(b.first && b.last);
	crl_free(crl);
	der_done(&der);
	der_done(&e);
	close_db(db);
}

/* Removed entries count for nothing, and are checked like others. */
static bool
add_up(void *ctx, const struct crl_entry *e)
{
	unsigned int *sum = ctx;

	assert_int_not_equal(e->reason, REASON_REMOVE);
	*sum += e->serial.data[e->serial.len - 1] * 100 + e->reason;
	return true;
}

static void
removed_entries_are_skipped(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct der der, e = { .p = NULL };
	struct crl *crl = NULL;
	unsigned int sum = 0;

	crlmaker_serial(&e, 3, pki_now(), 8);
	crlmaker_serial(&e, 4, pki_now(), 6);
	crlmaker_serial(&e, 5, pki_now(), NO_REASON);
	list_make(&(struct list){ .entries = &e }, &der);
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, "list");
	assert_int_equal(crl_facts(crl)->count, 2);
	expect_fault(crl_each(crl, add_up, &sum, &test_log), CRL_OK, "walk");
	assert_int_equal(sum, 406 + 500);
	crl_free(crl);
	der_done(&der);
	der_done(&e);
	close_db(db);
}

/* More than one window of the walk, and entries across its edges. */
static void
long_lists_are_walked_whole(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct der der, e = { .p = NULL }, more = { .p = NULL };
	static uint8_t filler[3000];
	struct crl *crl = NULL;
	uint8_t serial = 9;

	der_extension(&more, 99, false, filler, sizeof filler);
	for (uint64_t i = 1; i <= 20000; i++) {
		crlmaker_serial(&e, i, pki_now(), i % 7 == 0 ? 1 : NO_REASON);
		if (i % 50 == 0)
			crlmaker_entry(&e, &serial, 1, pki_now(), NO_REASON, &more);
	}
	list_make(&(struct list){ .entries = &e }, &der);
	expect_fault(list_verify(db, der.p, der.len, &crl), CRL_OK, "list");
	assert_int_equal(crl_facts(crl)->count, 20400);
	crl_free(crl);
	der_done(&der);
	der_done(&e);
	der_done(&more);
	close_db(db);
}

/* --- damage ----------------------------------------------------------------------- */

static void
every_cut_is_refused(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct der der;

	list_make(&(struct list){ .number = 5 }, &der);
	for (size_t len = 0; len < der.len; len++) {
		enum crl_fault f = list_verify(db, der.p, len, NULL);

		if (f != CRL_NOT_CRL && f != CRL_UNREADABLE)
			fail_msg("cut at %zu: %s", len, crl_fault_code(f));
	}
	der_put(&der, "", 1);
	expect_fault(list_verify(db, der.p, der.len, NULL), CRL_TRAILING, "one byte more");
	der_done(&der);
	close_db(db);
}

static void
every_flipped_bit_is_refused(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct der der;

	list_make(&(struct list){ .number = 5, .flags = POINT_USER }, &der);
	for (size_t bit = 0; bit < der.len * 8; bit++) {
		enum crl_fault f;

		der.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		f = list_verify(db, der.p, der.len, NULL);
		if (f == CRL_OK || f == CRL_INTERNAL || f == CRL_NO_MEMORY)
			fail_msg("bit %zu: %s", bit, crl_fault_code(f));
		der.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	expect_fault(list_verify(db, der.p, der.len, NULL), CRL_OK, "as it was");
	der_done(&der);
	close_db(db);
}

/*
 * The parser alone: the same damage, signed again, so that it comes past the
 * signature. Nothing may crash, nor be taken with another number of entries.
 */
static void
signed_damage_is_harmless(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL));
	struct der e = { .p = NULL }, name = { .p = NULL }, whole = { .p = NULL };

	point_of_leaf("good", &name);
	crlmaker_serial(&e, 0x0102030405, pki_now(), 1);
	crlmaker_serial(&e, 0x99, pki_now(), NO_REASON);
	for (size_t bit = 0; bit < e.len * 8; bit++) {
		struct crl *crl = NULL;

		e.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		list_make(&(struct list){ .entries = &e, .names = &name }, &whole);
		if (list_verify(db, whole.p, whole.len, &crl) == CRL_OK)
			assert_uint_in_range(crl_facts(crl)->count, 1, 2);
		crl_free(crl);
		der_done(&whole);
		e.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	der_done(&e);
	der_done(&name);
	close_db(db);
}

static void
every_fault_has_words(void **state)
{
	for (unsigned int f = 0; f < CRL_FAULT_COUNT; f++) {
		assert_true(strlen(crl_fault_code(f)) > 1);
		assert_true(strlen(crl_fault_text(f)) > 5);
		for (unsigned int g = 0; g < f; g++)
			assert_string_not_equal(crl_fault_code(f), crl_fault_code(g));
	}
	assert_string_equal(crl_fault_code(CRL_FAULT_COUNT), "internal");
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(right_ones_are_taken), T(facts_are_those_of_the_list),
		T(signer_is_judged), T(issuer_is_chosen_by_key), T(issuer_must_be_allowed),
		T(times_are_judged), T(age_changes_at_the_second), T(clock_can_be_left_out),
		T(extensions_are_judged), T(other_extensions),
		T(serial_numbers), T(serial_number_without_bytes), T(many_odd_entries), T(each_reason_is_known_or_reported_as_odd),
		T(two_reasons_revoke), T(entry_extensions), T(extensions_of_what_is_passed_over),
		T(malformed_entries), T(an_odd_date_revokes_all_the_same), T(list_of_version_1),
		T(removed_entries_are_skipped), T(long_lists_are_walked_whole),
		T(every_cut_is_refused), T(every_flipped_bit_is_refused),
		T(signed_damage_is_harmless), T(every_fault_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

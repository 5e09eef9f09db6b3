/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "nss/chain.h"
#include "nss/internal.h"
#include "nss/trustdb.h"
#include "tests/unit/nss_fixture.h"

#define POLICY_AUTH "1.2.392.200149.8.5.1.3.30"

static struct outcome
check_der(struct certdb *db, const struct bytes *der, const struct chain_rules *rules)
{
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(db, view_of(der), &cert);

	log_clear();
	if (outcome_ok(&o))
		o = chain_check(db, cert, rules, &test_log);
	cert_free(cert);
	return o;
}

static struct outcome
check_at(const char *dir, const char *name, int64_t now, const char *policy)
{
	struct chain_rules rules = { .now = now, .policy_oid = policy };
	struct bytes der = pki_der(name);
	struct certdb *db = open_db(dir);
	struct outcome o = check_der(db, &der, &rules);

	close_db(db);
	return o;
}

static void
expect(const char *dir, const char *name, enum outcome_status status)
{
	expect_status(check_at(dir, name, pki_now(), NULL), status, name);
}

static struct outcome
check_order(const char *dir, const struct order *order)
{
	struct chain_rules rules = { .now = pki_now() };
	struct bytes der = issue(order);
	struct certdb *db = open_db(dir);
	struct outcome o = check_der(db, &der, &rules);

	close_db(db);
	return o;
}

static const char *
all_cas(void)
{
	return make_db("ca1", "ca2", "ca-expired", "ca-ec", NULL);
}

/* --- the test PKI, row by row ------------------------------------------------ */

static void
every_certificate(void **state)
{
	static const struct { const char *name; enum outcome_status status; } rows[] = {
		{ "good", OUTCOME_OK }, { "good2", OUTCOME_OK }, { "other-person", OUTCOME_OK },
		{ "renewed", OUTCOME_OK }, { "soon", OUTCOME_OK }, { "eku-client", OUTCOME_OK },
		{ "stay", OUTCOME_OK }, { "bare", OUTCOME_OK }, { "phone", OUTCOME_OK },
		{ "no-policy", OUTCOME_OK }, { "wrong-policy", OUTCOME_OK },
		{ "rsa4096", OUTCOME_OK }, { "ec256", OUTCOME_OK }, { "ec384", OUTCOME_OK },
		{ "expired", OUTCOME_CERT_EXPIRED }, { "not-yet", OUTCOME_CERT_NOT_YET },
		{ "not-yet-soon", OUTCOME_CERT_NOT_YET }, { "expired-ca-leaf", OUTCOME_CA_EXPIRED },
		{ "other-ca", OUTCOME_UNTRUSTED }, { "by-nosign", OUTCOME_UNTRUSTED },
		{ "sign", OUTCOME_UNTRUSTED },
		{ "wrong-ku", OUTCOME_CERT_KIND }, { "ku-both", OUTCOME_CERT_KIND },
		{ "no-ku", OUTCOME_CERT_KIND }, { "eku-server", OUTCOME_CERT_KIND },
		{ "ca1", OUTCOME_CERT_KIND },
		{ "rsa1024", OUTCOME_CERT_WEAK }, { "sha1", OUTCOME_CERT_WEAK },
		{ "md5", OUTCOME_CERT_WEAK }, { "ec521", OUTCOME_CERT_WEAK },
		{ "tampered", OUTCOME_CERT_BAD }, { "unknown-critical", OUTCOME_CERT_BAD },
	};
	const char *dir = all_cas();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(dir, rows[i].name, rows[i].status);
}

/* All in one process and one context, as an enrollment of several is checked. */
static void
one_after_the_other(void **state)
{
	static const char *const names[] = { "good", "expired", "ec256", "other-ca", "good",
	    "expired-ca-leaf", "ec384", "good" };
	struct chain_rules rules = { .now = pki_now() };
	struct certdb *db = open_db(all_cas());

	(void)state;
	for (int round = 0; round < 10; round++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct bytes der = pki_der(names[i]);
			struct outcome o = check_der(db, &der, &rules);

			assert_int_equal(outcome_ok(&o), names[i][0] == 'g' || names[i][1] == 'c');
		}
	close_db(db);
}

/*
 * NSS remembers what it has verified and takes no second certificate of the
 * same issuer and serial while it does: an error then, never the wrong one.
 */
static void
same_serial_in_one_process(void **state)
{
	struct chain_rules rules = { .now = pki_now() };
	struct bytes good = pki_der("good"), good2 = pki_der("good2"), bad = pki_der("tampered");
	struct certdb *db = open_db(all_cas());
	struct outcome o;

	(void)state;
	expect_status(check_der(db, &good, &rules), OUTCOME_OK, "good");
	o = check_der(db, &good2, &rules);
	if (!outcome_ok(&o)) {
		expect_status(o, OUTCOME_CERT_BAD, "good2");
		assert_int_equal((PRErrorCode)o.raw, SEC_ERROR_REUSED_ISSUER_AND_SERIAL);
	}
	expect_status(check_der(db, &bad, &rules), OUTCOME_CERT_BAD, "tampered");
	expect_status(check_der(db, &good, &rules), OUTCOME_OK, "good again");
	close_db(db);
}

/* --- the issuer --------------------------------------------------------------- */

/* Generations share the name: the right key has to be there. */
static void
other_generation(void **state)
{
	const char *dir = make_db("ca2", NULL);

	(void)state;
	expect(dir, "good", OUTCOME_UNTRUSTED);
	expect(dir, "good2", OUTCOME_OK);
	expect(dir, "tampered", OUTCOME_UNTRUSTED);
}

static void
no_authority_trusted(void **state)
{
	(void)state;
	need_certutil();
	expect(certutil_db("ca1", ",,", NULL), "good", OUTCOME_UNTRUSTED);
	certutil_db("ca2", "C,C,C", NULL);
	expect(in_scratch("db"), "good2", OUTCOME_UNTRUSTED);
}

/* A certificate trusted as such (P) would need no chain and is refused. */
static void
trusted_leaf(void **state)
{
	(void)state;
	need_certutil();
	expect(certutil_db("other-ca", "P,P,P", "good", "P,,", NULL), "other-ca", OUTCOME_UNTRUSTED);
	expect(in_scratch("db"), "good", OUTCOME_UNTRUSTED);
}

/*
 * PKIX itself says yes to such a leaf, without an anchor, even when its CA is
 * trusted: here the rule "the anchor is ours" alone decides.
 */
static void
trusted_leaf_of_our_ca(void **state)
{
	(void)state;
	need_certutil();
	expect(certutil_db("ca1", "T,,", "good", "P,,", NULL), "good", OUTCOME_UNTRUSTED);
}

static void
distrusted_leaf(void **state)
{
	(void)state;
	need_certutil();
	expect(certutil_db("ca1", "T,,", "good", "p,p,p", NULL), "good", OUTCOME_UNTRUSTED);
}

/* A leaf trusted as if it were a CA becomes the anchor of no certificate, not even of its own. */
static void
leaf_as_anchor(void **state)
{
	EVP_PKEY *key = pki_key("good");
	struct order order = { .subject_cn = "child", .issuer = "good", .key = key,
	    .signer = key, .serial = 77, .from = pki_now() - DAY, .until = pki_now() + DAY,
	    .ku = "digitalSignature" };

	(void)state;
	need_certutil();
	certutil_db("good", "T,,", NULL);
	expect(in_scratch("db"), "good", OUTCOME_UNTRUSTED);
	expect_status(check_order(in_scratch("db"), &order), OUTCOME_UNTRUSTED, "child of a leaf");
	expect(certutil_db("ca-nosign", "T,,", NULL), "by-nosign", OUTCOME_UNTRUSTED);
	EVP_PKEY_free(key);
}

/* A holder must not issue certificates with the key of the card. */
static void
issued_by_a_leaf(void **state)
{
	EVP_PKEY *key = pki_key("good");
	struct order order = { .subject_cn = "child", .issuer = "good", .key = key,
	    .signer = key, .serial = 77, .from = pki_now() - DAY, .until = pki_now() + DAY,
	    .ku = "digitalSignature" };
	struct outcome o;

	(void)state;
	expect_status(check_order(make_db("ca1", NULL), &order), OUTCOME_UNTRUSTED, "child");
	/* under the CA's name */
	order.issuer = "ca1";
	o = check_order(in_scratch("db"), &order);
	expect_status(o, OUTCOME_CERT_BAD, "claims ca1");
	assert_int_equal((PRErrorCode)o.raw, SEC_ERROR_BAD_SIGNATURE);
	order.no_aki = true;
	expect_status(check_order(in_scratch("db"), &order), OUTCOME_UNTRUSTED, "claims ca1, no AKI");
	EVP_PKEY_free(key);
}

/* --- own orders: kinds and strengths ------------------------------------------ */

static void
certificates_made_to_order(void **state)
{
	EVP_PKEY *ca = pki_key("ca1"), *key = pki_key("good");
	EVP_PKEY *odd_curve = EVP_EC_gen("secp256k1"), *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	const struct order plain = { .subject_cn = "holder", .issuer = "ca1", .key = key,
	    .signer = ca, .serial = 99, .from = pki_now() - DAY, .until = pki_now() + DAY,
	    .ku = "critical,digitalSignature" };
	const char *dir = make_db("ca1", NULL);
	struct order o;

	(void)state;
	expect_status(check_order(dir, &plain), OUTCOME_OK, "plain");
	o = plain, o.no_aki = true;
	expect_status(check_order(dir, &o), OUTCOME_OK, "no AKI");
	o = plain, o.constraints = "critical,CA:TRUE";
	expect_status(check_order(dir, &o), OUTCOME_CERT_KIND, "a CA");
	o = plain, o.constraints = "critical,CA:FALSE";
	expect_status(check_order(dir, &o), OUTCOME_OK, "CA:FALSE");
	o = plain, o.ku = NULL, o.broken_ku = true;
	expect_status(check_order(dir, &o), OUTCOME_CERT_KIND, "broken keyUsage");
	o = plain, o.ku = "keyAgreement,keyEncipherment";
	expect_status(check_order(dir, &o), OUTCOME_CERT_KIND, "keyAgreement");
	o = plain, o.eku = "serverAuth,clientAuth,emailProtection";
	expect_status(check_order(dir, &o), OUTCOME_OK, "clientAuth among others");
	o = plain, o.eku = "anyExtendedKeyUsage";
	expect_status(check_order(dir, &o), OUTCOME_CERT_KIND, "anyExtendedKeyUsage");
	o = plain, o.eku = "critical,emailProtection";
	expect_status(check_order(dir, &o), OUTCOME_CERT_KIND, "emailProtection");
	o = plain, o.digest = "SHA512";
	expect_status(check_order(dir, &o), OUTCOME_OK, "SHA-512");
	o = plain, o.digest = "SHA224";
	expect_status(check_order(dir, &o), OUTCOME_CERT_WEAK, "SHA-224");
	o = plain, o.key = odd_curve;
	expect_status(check_order(dir, &o), OUTCOME_CERT_WEAK, "secp256k1");
	o = plain, o.key = ed;
	expect_status(check_order(dir, &o), OUTCOME_CERT_WEAK, "Ed25519");
	EVP_PKEY_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(odd_curve);
	EVP_PKEY_free(ed);
}

/* Put there by certutil, since trustdb_add() refuses it. */
static void
weak_ca_key(void **state)
{
	EVP_PKEY *weak = pki_key("rsa1024"), *key = pki_key("good");
	struct order ca = { .subject_cn = "weak CA", .key = weak, .signer = weak, .serial = 1,
	    .from = pki_now() - DAY, .until = pki_now() + DAY, .ku = "critical,keyCertSign",
	    .constraints = "critical,CA:TRUE" };
	struct order leaf = { .subject_cn = "holder", .key = key, .signer = weak, .serial = 2,
	    .from = pki_now() - DAY, .until = pki_now() + DAY, .ku = "critical,digitalSignature" };
	struct bytes der = issue(&ca);
	char path[512];

	(void)state;
	need_certutil();
	write_bytes(in_scratch("weak-ca.der"), der.data, der.len);
	snprintf(path, sizeof path, "../../../../../../../../../../..%s/weak-ca", scratch);
	certutil_db(in_scratch("weak-ca.der"), "T,,", NULL);
	leaf.issuer = path;
	expect_status(check_order(in_scratch("db"), &leaf), OUTCOME_CERT_WEAK, "weak CA");
	EVP_PKEY_free(weak);
	EVP_PKEY_free(key);
}

/* --- time ----------------------------------------------------------------------- */

static void
to_the_second(void **state)
{
	const char *dir = all_cas();
	int64_t from = pki_time("good_not_before"), until = pki_time("good_not_after");
	struct outcome o;

	(void)state;
	expect_status(check_at(dir, "good", from, NULL), OUTCOME_OK, "first second");
	expect_status(check_at(dir, "good", until, NULL), OUTCOME_OK, "last second");
	o = check_at(dir, "good", from - 1, NULL);
	expect_status(o, OUTCOME_CERT_NOT_YET, "second before");
	assert_int_equal(o.when, from);
	o = check_at(dir, "good", until + 1, NULL);
	expect_status(o, OUTCOME_CERT_EXPIRED, "second after");
	assert_int_equal(o.when, until);
	o = check_at(dir, "not-yet-soon", pki_now(), NULL);
	assert_int_equal(o.when, pki_time("not_yet_soon_not_before"));
}

/* A CA that ends before, and one that begins after, the certificates it issued. */
static void
ca_to_the_second(void **state)
{
	EVP_PKEY *ca = pki_key("ca2"), *key = pki_key("good");
	struct bytes ca_der = pki_der("ca2");
	struct order order = { .subject_cn = "holder", .issuer = "ca2", .key = key, .signer = ca,
	    .serial = 3, .ku = "critical,digitalSignature", .from = 86400 };
	struct chain_rules rules = { .policy_oid = NULL };
	struct certdb *db = open_db(make_db("ca2", NULL));
	struct cert *anchor = get_cert(db, view_of(&ca_der));
	int64_t from = cert_not_before(anchor), until = cert_not_after(anchor);
	struct bytes der;
	struct outcome o;

	(void)state;
	order.until = until + 1000 * DAY;
	der = issue(&order);
	rules.now = until;
	expect_status(check_der(db, &der, &rules), OUTCOME_OK, "last second of the CA");
	rules.now = until + 1;
	o = check_der(db, &der, &rules);
	expect_status(o, OUTCOME_CA_EXPIRED, "CA expired");
	assert_int_equal(o.when, until);
	rules.now = from;
	expect_status(check_der(db, &der, &rules), OUTCOME_OK, "first second of the CA");
	rules.now = from - 1;
	o = check_der(db, &der, &rules);
	expect_status(o, OUTCOME_CERT_NOT_YET, "CA not yet valid");
	assert_int_equal(o.when, from);
	cert_free(anchor);
	close_db(db);
	EVP_PKEY_free(ca);
	EVP_PKEY_free(key);
}

/* The given time counts, whatever the clock of the machine says. */
static void
the_given_time_counts(void **state)
{
	const char *dir = all_cas();

	(void)state;
	expect_status(check_at(dir, "expired", pki_now() - 4 * DAY, NULL), OUTCOME_OK, "expired");
	expect_status(check_at(dir, "not-yet", pki_now() + 4 * DAY, NULL), OUTCOME_OK, "not-yet");
	expect_status(check_at(dir, "expired-ca-leaf", pki_now() - 731 * DAY, NULL), OUTCOME_OK,
	    "expired-ca-leaf");
}

/* A CA certificate renewed with the old key: the valid one counts, in whatever order. */
static void
renewed_ca(void **state)
{
	EVP_PKEY *ca = pki_key("ca1"), *key = pki_key("good");
	struct order ca_order = { .subject_cn = "CA", .key = ca, .signer = ca, .serial = 1,
	    .from = pki_now() - 9 * DAY, .until = pki_now() - DAY, .ku = "critical,keyCertSign",
	    .constraints = "critical,CA:TRUE" };
	struct order leaf = { .subject_cn = "holder", .key = key, .signer = ca, .serial = 2,
	    .from = pki_now() - 2 * DAY, .until = pki_now() + DAY,
	    .ku = "critical,digitalSignature" };
	struct bytes cas[2];
	char path[512];

	(void)state;
	snprintf(path, sizeof path, "../../../../../../../../../../..%s/ca", scratch);
	leaf.issuer = path;
	cas[0] = issue(&ca_order);
	ca_order.serial = 3, ca_order.until = pki_now() + DAY;
	cas[1] = issue(&ca_order);
	write_bytes(in_scratch("ca.der"), cas[0].data, cas[0].len);
	for (int first = 0; first < 2; first++) {
		const char *dir = in_scratch(first == 0 ? "old-first" : "new-first");

		expect_status(trustdb_add(dir, geteuid(), view_of(&cas[first]), &test_log),
		    OUTCOME_OK, "first");
		expect_status(trustdb_add(dir, geteuid(), view_of(&cas[!first]), &test_log),
		    OUTCOME_OK, "second");
		expect_status(check_order(dir, &leaf), OUTCOME_OK, dir);
	}
	EVP_PKEY_free(ca);
	EVP_PKEY_free(key);
}

/* An untrusted certificate is reported as untrusted, even if it has expired; one of ours as expired. */
static void
untrusted_is_said_before_expired(void **state)
{
	EVP_PKEY *ca = pki_key("ca1"), *other = pki_key("ca-other"), *key = pki_key("good");
	struct order order = { .subject_cn = "holder", .issuer = "ca-other", .key = key,
	    .signer = other, .serial = 4, .from = pki_now() - 9 * DAY,
	    .until = pki_now() - DAY, .ku = "nonRepudiation", .digest = "SHA1" };
	const char *dir = make_db("ca1", NULL);
	struct outcome o;

	(void)state;
	expect_status(check_order(dir, &order), OUTCOME_UNTRUSTED, "all wrong");
	order.issuer = "ca1";
	order.signer = ca;
	o = check_order(dir, &order);
	expect_status(o, OUTCOME_CERT_EXPIRED, "ours, all else wrong");
	assert_int_equal(o.when, order.until);
	order.until = pki_now() + DAY;
	expect_status(check_order(dir, &order), OUTCOME_CERT_KIND, "kind before strength");
	EVP_PKEY_free(ca);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
}

/* --- policy ----------------------------------------------------------------------- */

static void
exactly_the_given_policy_is_required(void **state)
{
	const char *dir = make_db("ca1", NULL);
	int64_t now = pki_now();

	(void)state;
	expect_status(check_at(dir, "good", now, POLICY_AUTH), OUTCOME_OK, "good");
	expect_status(check_at(dir, "wrong-policy", now, POLICY_AUTH), OUTCOME_CERT_KIND, "wrong");
	expect_status(check_at(dir, "no-policy", now, POLICY_AUTH), OUTCOME_CERT_KIND, "none");
	expect_status(check_at(dir, "good", now, POLICY_AUTH "0"), OUTCOME_CERT_KIND, "longer");
	expect_status(check_at(dir, "good", now, "2.5.29.32.0"), OUTCOME_CERT_KIND, "anyPolicy");
	expect_status(check_at(dir, "good", now, "not an OID"), OUTCOME_CONFIG, "no OID");
	expect_status(check_at(dir, "good", now, ""), OUTCOME_CONFIG, "empty");
}

/* --- revocation ------------------------------------------------------------------- */

struct call {
	unsigned int count;
	const char *issuer_name;
	struct outcome answer;
};

static struct outcome
revoked(void *ctx, const struct cert *cert, const struct cert *issuer, int64_t now)
{
	struct call *call = ctx;
	struct bytes want = pki_der(call->issuer_name);

	call->count++;
	assert_true(view_equal(cert_der(issuer), view_of(&want)));
	assert_non_null(cert);
	assert_int_equal(now, pki_now());
	return call->answer;
}

static void
revocation_is_asked(void **state)
{
	static const char *const leaves[] = { "good", "good2", "ec384" };
	static const char *const issuers[] = { "ca1", "ca2", "ca-ec" };
	const char *dir = all_cas();

	(void)state;
	for (size_t i = 0; i < COUNT(leaves); i++) {
		struct call call = { 0, issuers[i], outcome_of(OUTCOME_TIMEOUT) };
		struct revocation revocation = { revoked, &call };
		struct chain_rules rules = { .now = pki_now(), .revocation = &revocation };
		struct bytes der = pki_der(leaves[i]);
		struct certdb *db = open_db(dir);

		expect_status(check_der(db, &der, &rules), OUTCOME_TIMEOUT, leaves[i]);
		call.answer = outcome_of(OUTCOME_OK);
		expect_status(check_der(db, &der, &rules), OUTCOME_OK, leaves[i]);
		assert_int_equal(call.count, 2);
		close_db(db);
	}
}

static void
revocation_is_not_asked_of_the_untrusted(void **state)
{
	static const char *const names[] = { "other-ca", "expired", "tampered", "wrong-ku", "sha1",
	    "unknown-critical" };
	const char *dir = all_cas();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct call call = { 0, "ca1", outcome_of(OUTCOME_OK) };
		struct revocation revocation = { revoked, &call };
		struct chain_rules rules = { .now = pki_now(), .revocation = &revocation };
		struct bytes der = pki_der(names[i]);
		struct certdb *db = open_db(dir);
		struct outcome o = check_der(db, &der, &rules);

		assert_false(outcome_ok(&o));
		assert_int_equal(call.count, 0);
		close_db(db);
	}
}

/* --- damage ------------------------------------------------------------------------ */

/* Every step-th bit; 1 unless a slow tool (valgrind) asks for fewer. */
static size_t
flip_step(void)
{
	const char *step = getenv("JPKI_TEST_STEP");

	return step != NULL && atoi(step) > 0 ? (size_t)atoi(step) : 1;
}

static void
no_bit_is_free(struct certdb *db, const char *name)
{
	struct chain_rules rules = { .now = pki_now() };
	struct bytes der = pki_der(name);

	for (size_t bit = 0; bit < der.len * 8; bit += flip_step()) {
		struct outcome o;

		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		o = check_der(db, &der, &rules);
		if (outcome_ok(&o))
			fail_msg("%s verifies with bit %zu flipped", name, bit);
		der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	expect_status(check_der(db, &der, &rules), OUTCOME_OK, name);
}

static void
bit_flips(void **state)
{
	struct certdb *db = open_db(make_db("ca1", "ca2", NULL));

	(void)state;
	no_bit_is_free(db, "good");
	no_bit_is_free(db, "ec256");
	close_db(db);
}

static void
cut_at_every_length(void **state)
{
	struct chain_rules rules = { .now = pki_now() };
	struct bytes der = pki_der("good");
	size_t whole = der.len;
	struct certdb *db = open_db(make_db("ca1", NULL));

	(void)state;
	for (der.len = 0; der.len < whole; der.len++)
		expect_status(check_der(db, &der, &rules), OUTCOME_CERT_BAD, "cut");
	close_db(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_done)
		T(every_certificate), T(one_after_the_other),
		T(same_serial_in_one_process), T(other_generation),
		T(no_authority_trusted), T(trusted_leaf), T(trusted_leaf_of_our_ca), T(distrusted_leaf),
		T(leaf_as_anchor), T(issued_by_a_leaf), T(certificates_made_to_order), T(weak_ca_key),
		T(to_the_second), T(ca_to_the_second), T(the_given_time_counts), T(renewed_ca),
		T(untrusted_is_said_before_expired), T(exactly_the_given_policy_is_required),
		T(revocation_is_asked), T(revocation_is_not_asked_of_the_untrusted),
		T(bit_flips), T(cut_at_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

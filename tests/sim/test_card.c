/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated card against what is known about the real one: the recorded
 * exchanges first, then state by state.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/sim/card.h"

#define SELECT_JPKI	"00A4040C0A D392F000260100000001"
#define SELECT_MANAGER	"00A4040C07 A0000001510000"
#define SELECT_OTHER	"00A4040C0A D3921000310001010408"
#define SELECT_EF	"00A4020C02 "
#define QUERY_AUTH	"00200098"
#define QUERY_SIGN	"0020009B"
#define VERIFY_AUTH	"0020009804 31323334"
#define VERIFY_WRONG	"0020009804 39393939"
#define VERIFY_SIGN	"0020009B06 414243313233"
#define HASH_ABC	"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define DIGEST_INFO_ABC	"3031300D060960864801650304020105000420" HASH_ABC
#define SIGN_ABC	"802A009733" DIGEST_INFO_ABC "00"

static char top[] = "/tmp/test_card.XXXXXX";
static char dir[64];
static struct sim_card *card;
static uint8_t response[SIM_RESPONSE_MAX];
static size_t response_len;

/* --- helpers --------------------------------------------------------------- */

static size_t
unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t len = 0;
	unsigned byte;

	for (; *hex != '\0'; hex += 2) {
		hex += strspn(hex, " ");
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_true(len < cap);
		out[len++] = (uint8_t)byte;
	}
	return len;
}

/* The status word; 0 for no answer. The data is in response. */
static unsigned
send_to(struct sim_card *to, const char *hex)
{
	uint8_t cmd[1024];
	size_t n = sim_card_transmit(to, cmd, unhex(hex, cmd, sizeof cmd),
	    response, sizeof response);

	response_len = n >= 2 ? n - 2 : 0;
	return n >= 2 ? (unsigned)response[n - 2] << 8 | response[n - 1] : 0;
}

#define expect(sw, hex)	assert_int_equal(send_to(card, hex), sw)

static void
expect_data(const char *hex)
{
	uint8_t want[512];
	size_t len = unhex(hex, want, sizeof want);

	assert_int_equal(response_len, len);
	assert_memory_equal(response, want, len);
}

static void
set(const char *key, const char *value)
{
	char err[SIM_ERROR_MAX] = "";

	if (!sim_card_set(card, key, value, err, sizeof err))
		fail_msg("%s", err);
}

static void
expect_state(const char *key, const char *want)
{
	char value[128];

	assert_true(sim_card_get(card, key, value, sizeof value));
	assert_string_equal(value, want);
}

static void
fault(const char *text)
{
	char err[SIM_ERROR_MAX] = "";

	if (!sim_card_fault(card, text, err, sizeof err))
		fail_msg("%s", err);
}

static void
reopen(void)
{
	char err[SIM_ERROR_MAX] = "";

	sim_card_free(card);
	card = sim_card_open(dir, err, sizeof err);
	if (card == NULL)
		fail_msg("%s", err);
	sim_card_power(card, true);
}

/* A card with these options, powered. */
static void
use(const char *leaf, const char *option1, const char *option2)
{
	const char *args[] = { dir, getenv("JPKI_PKI"), leaf, option1, option2, NULL };

	if (option1 == NULL)
		args[3] = option2;
	assert_true(sim_make_card(args));
	reopen();
}

static int
setup(void **state)
{
	use("good", NULL, NULL);
	return 0;
}

static int
teardown(void **state)
{
	sim_card_free(card);
	card = NULL;
	return 0;
}

static void *
pki_file(const char *name, const char *suffix, bool is_key)
{
	char path[512];
	void *object;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s%s", getenv("JPKI_PKI"), name, suffix);
	f = fopen(path, "r");
	assert_non_null(f);
	object = is_key ? (void *)PEM_read_PrivateKey(f, NULL, NULL, NULL) :
	    (void *)PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(object);
	return object;
}

/* The whole current EF, or as much of it as the DER header says. */
static size_t
read_cert(uint8_t *der, size_t cap)
{
	size_t len, have = 0;
	char cmd[16];

	expect(0x9000, "00B0000004");
	assert_int_equal(response[0], 0x30);
	assert_int_equal(response[1], 0x82);
	len = 4 + ((size_t)response[2] << 8 | response[3]);
	assert_true(len <= cap);
	while (have < len) {
		snprintf(cmd, sizeof cmd, "00B0%02X%02X00", (unsigned)(have >> 8),
		    (unsigned)(have & 0xff));
		expect(0x9000, cmd);
		if (response_len > len - have)
			response_len = len - have;
		memcpy(der + have, response, response_len);
		have += response_len;
	}
	return len;
}

static void
expect_cert(const char *name)
{
	uint8_t der[4096], *want = NULL;
	X509 *cert = pki_file(name, ".crt", false);
	int want_len = i2d_X509(cert, &want);

	assert_int_equal(read_cert(der, sizeof der), want_len);
	assert_memory_equal(der, want, want_len);
	OPENSSL_free(want);
	X509_free(cert);
}

/* Is response a signature of this hash? digest NULL: v1.5, bare input. */
static bool
signature_is_good(const char *name, int padding, const EVP_MD *digest, const char *input)
{
	EVP_PKEY *key = pki_file(name, ".key", true);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t in[256];
	size_t len = unhex(input, in, sizeof in);
	bool good;

	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
	if (digest != NULL)
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, digest), 1);
	good = EVP_PKEY_verify(ctx, response, response_len, in, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

static bool
signed_abc(void)
{
	return signature_is_good("good", RSA_PKCS1_PADDING, EVP_sha256(), HASH_ABC);
}

static void
log_in(void)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, VERIFY_AUTH);
}

/* --- recorded exchanges ---------------------------------------------------- */

static void
test_recorded_login(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, SELECT_EF "000A");
	expect_cert("good");
	expect(0x9000, SELECT_EF "0018");
	expect(0x63c3, "00200080");
	expect(0x9000, "0020008004 31323334");
	expect(0x9000, SELECT_EF "0017");
	expect(0x9000, "802A008033" DIGEST_INFO_ABC "00");
	assert_int_equal(response_len, 256);
	assert_true(signed_abc());
	expect(0x9000, SELECT_EF "001B");
	expect(0x9000, "0020008006 414243313233");
	expect(0x9000, SELECT_EF "0001");
	expect_cert("sign");
	expect(0x9000, SELECT_EF "001A");
	expect(0x9000, "802A008033" DIGEST_INFO_ABC "00");
	assert_true(signature_is_good("sign", RSA_PKCS1_PADDING, EVP_sha256(), HASH_ABC));
}

static void
test_recorded_extended_read(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, SELECT_EF "000A");
	expect(0x9000, "00B00004 00 0500");
	assert_int_equal(response_len, 0x500);
	expect(0x9000, "00B00000 00 0000");
	assert_int_equal(response_len, 3808);	/* the whole file */
	set("extended", "no");
	expect(0x6700, "00B00000 00 0000");
}

static void
test_recorded_token(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, "00B0860000");
	expect_data("4a504b494150494343544f4b454e322020202020202020202020202020202020"
	    "3030303030303030303030303030303030303030303030303030303030303031"
	    "4531365230314e4a202020202020202030303030303030303230353030303033"
	    "0000040d00000001000000000000000100000000"
	    "0000001000000006ffffffffffffffffffffffffffffffff"
	    "3033303139393939393939393939393939393939");
}

static void
test_recorded_odds(void **state)
{
	expect(0x9000, "00CA5F5100");
	expect_data("3BE000FF8131FE4514");
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, "00B0880000");
	expect_data("8F8F00");
	expect(0x6a82, SELECT_EF "3F00");
	expect(0x6b00, "00B0080000");
	expect(0x6881, "01A4040C0A D392F000260100000001");
}

static void
test_ca_name_is_byte_identical(void **state)
{
	static const char want[] =
	    "308182310b3009060355040613024a50310d300b060355040a0c044a504b49312530230603"
	    "55040b0c1c4a504b4920666f7220757365722061757468656e7469636174696f6e313d303b"
	    "060355040b0c344a6170616e204167656e637920666f72204c6f63616c20417574686f7269"
	    "747920496e666f726d6174696f6e2053797374656d73";
	static const char *const names[] = { "ca1", "ca2", "ca-ec" };
	uint8_t bytes[160];
	size_t len = unhex(want, bytes, sizeof bytes);

	for (size_t i = 0; i < 3; i++) {
		X509 *cert = pki_file(names[i], ".crt", false);
		const unsigned char *der;
		size_t n;

		assert_int_equal(X509_NAME_get0_der(X509_get_subject_name(cert), &der, &n), 1);
		assert_int_equal(n, len);
		assert_memory_equal(der, bytes, len);
		X509_free(cert);
	}
}

/* --- commands and files ---------------------------------------------------- */

static void
test_class_and_length(void **state)
{
	expect(0x6700, "00A404");
	expect(0x6700, "00");
	expect(0x6700, "00A4040C0A D392");
	expect(0x6700, "00A4040C00 00");
	expect(0x6882, "0CA4040C0A D392F000260100000001");
	expect(0x69fc, "08B0000004");
	expect(0x6982, "80AE0000");
	expect(0x6700, "80A200C1 04 00000000");
	expect(0x6881, "41A4040C0A D392F000260100000001");
	expect(0x6e00, "80A4040C0A D392F000260100000001");
	expect(0x6e00, "002A008000");
	expect(0x6e00, "FFCA000000");
	expect(0x6d00, "00FF0000");
	expect(0x6d00, "00E00000");
	expect(0x6700, "80FC0000");
}

static void
test_select(void **state)
{
	expect_state("ap", "manager");
	expect(0x6a86, "00A4000000");
	expect(0x6a82, SELECT_EF "000A");
	expect(0x6a82, "00A4040C07 A0000001520000");
	expect(0x6a82, "00A4040C04 D392F000");
	expect_state("ap", "manager");
	expect(0x9000, "00A4040C05 D392F00026");
	expect_state("ap", "jpki");
	expect(0x9000, "00A4000000");
	expect(0x6700, "00A4020C03 000A00");
	expect(0x9000, SELECT_EF "000A");
	expect_state("ef", "000A");
	expect(0x6a82, SELECT_EF "0042");
	expect_state("ef", "000A");
	expect(0x9000, SELECT_JPKI);
	expect_state("ef", "none");
	expect(0x9000, "00A4040007 A0000001510000");
	expect_state("ap", "manager");
	expect_data("");
	expect(0x6a82, "00A4020C02 3F00");
	set("fci-data", "6F00");
	expect(0x9000, "00A4040C07 A0000001510000");
	expect_data("");
	expect(0x9000, "00A404000A D392F000260100000001 00");
	expect_data("6F00");
	set("fci", "6A86");
	expect(0x6a86, "00A4040007 A0000001510000");
}

static void
test_read_binary(void **state)
{
	expect(0x6986, "00B0000000");
	expect(0x6986, "00B08A0000");
	expect(0x9000, SELECT_JPKI);
	expect(0x6986, "00B0000000");
	expect(0x9000, "00B08A0004");
	assert_int_equal(response_len, 4);
	expect_state("ef", "000A");
	expect(0x9000, "00B00ED000");	/* 16 bytes are left, all filler */
	expect_data("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
	expect(0x6b00, "00B00EE001");
	expect(0x6700, "00B00000");
	expect(0x6a86, "00B0800000");
	expect(0x6a86, "00B0AA0000");
	expect(0x6a82, "00B0830000");
	expect(0x6981, "00B0970000");
	expect(0x6981, "00B0980000");
	expect(0x6982, "00B0890000");
	expect(0x9000, SELECT_EF "000B");
	expect_cert("ca1");
	expect(0x9000, SELECT_EF "0002");
	expect_cert("sign-ca");
	expect(0x6982, "00B0810000");
	set("ief-read", "6982");
	expect(0x6982, "00B0970000");
}

static void
test_file_sizes(void **state)
{
	set("ef-size", "0");
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, SELECT_EF "000A");
	expect_cert("good");
	expect(0x6b00, "00B0080000");
	set("ef-size", "2560");
	expect(0x9000, "00B009FF00");
	expect_data("FF");
	expect(0x6b00, "00B00A0000");
}

static void
test_bad_certificate_files(void **state)
{
	expect(0x9000, SELECT_JPKI);
	set("auth-ef", "ff");
	expect(0x9000, "00B08A0004");
	expect_data("FFFFFFFF");
	set("auth-ef", "huge");
	expect(0x9000, "00B08A0004");
	expect_data("3082FFFF");
	set("auth-ef", "empty");
	expect(0x6b00, "00B08A0004");
	set("auth-ef", "truncated");
	expect(0x9000, "00B08A0004");
	expect(0x6b00, "00B0050000");
	set("auth-ef", "head");
	expect(0x9000, "00B08A0000");
	assert_int_equal(response_len, 16);
	set("auth-ef", "absent");
	expect(0x6a82, "00B08A0004");
}

static void
test_short_identifiers_can_be_refused(void **state)
{
	set("no-sfi", "yes");
	expect(0x9000, SELECT_JPKI);
	expect(0x6a86, "00B08A0000");
	expect(0x6a86, QUERY_AUTH);
	expect(0x6a86, SIGN_ABC);
	set("no-sfi", "6D00");
	expect(0x6d00, VERIFY_WRONG);
	expect_state("auth-tries", "3");
	expect(0x9000, SELECT_EF "0018");
	expect(0x63c3, "00200080");
}

static void
test_get_data(void **state)
{
	expect(0x9000, "00CA00F200");
	assert_int_equal(response_len, 8);
	assert_memory_equal(response, "20331103", 8);
	expect(0x9000, "00CA00F000");
	expect(0x6a88, "00CA123400");
	set("expiry", "none");
	expect(0x6a88, "00CA00F200");
	set("expiry", "large");
	expect(0x6700, "00CA00F200");
	expect(0x9000, SELECT_JPKI);
	expect(0x6a88, "00CA5F5100");
}

static void
test_get_challenge(void **state)
{
	expect(0x9000, "0084000008");
	assert_int_equal(response_len, 8);
	expect(0x9000, "0084000000");
	assert_int_equal(response_len, 256);
	expect(0x6700, "00840000");
}

/* --- PINs ------------------------------------------------------------------ */

static void
test_counter_walk(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x63c3, QUERY_AUTH);
	expect(0x63c2, VERIFY_WRONG);
	expect(0x63c1, VERIFY_WRONG);
	expect(0x63c1, QUERY_AUTH);
	expect(0x9000, VERIFY_AUTH);
	expect(0x63c3, QUERY_AUTH);
	expect(0x63c2, VERIFY_WRONG);
	expect(0x63c1, VERIFY_WRONG);
	expect(0x63c0, VERIFY_WRONG);
	expect(0x63c0, QUERY_AUTH);
	expect(0x6984, VERIFY_WRONG);
	expect(0x6984, VERIFY_AUTH);
	expect(0x6982, SIGN_ABC);
	expect(0x63c5, QUERY_SIGN);
	set("locked-query", "6984");
	expect(0x6984, QUERY_AUTH);
	set("locked-verify", "6983");
	expect(0x6983, VERIFY_AUTH);
}

/* A fifth byte is refused on T=1, and what a reader adds on T=0; neither costs a try. */
static void
test_query_in_five_bytes(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x6700, "0020009800");
	expect(0x6700, "0020009804");
	expect(0x9000, SELECT_EF "0018");
	expect(0x6700, "0020008000");
	expect(0x63c3, "00200080");
	set("t0", "yes");
	expect(0x63c3, "0020008000");
	expect(0x63c3, "00200080");
	expect(0x6700, "0020008004");
	set("query-with-le", "no");
	expect(0x6700, "0020008000");
	set("t0", "no");
	set("query-with-le", "yes");
	expect(0x63c3, "0020009800");
	assert_int_equal(sim_card_stats(card).verifies, 0);
}

static void
test_counter_survives(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x63c2, VERIFY_WRONG);
	sim_card_power(card, false);
	sim_card_power(card, true);
	expect(0x9000, SELECT_JPKI);
	expect(0x63c2, QUERY_AUTH);
	reopen();
	expect(0x9000, SELECT_JPKI);
	expect(0x63c1, VERIFY_WRONG);
	reopen();
	expect_state("auth-tries", "1");
	expect_state("sign-tries", "5");
}

/* A card that cannot write its counter must not tell whether the PIN was right. */
static void
test_counter_before_answer(void **state)
{
	char path[128];

	snprintf(path, sizeof path, "%s/state.new", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	expect(0x9000, SELECT_JPKI);
	expect(0x6581, VERIFY_WRONG);
	expect_state("auth-tries", "3");
	assert_int_equal(rmdir(path), 0);
	expect(0x63c2, VERIFY_WRONG);
	assert_int_equal(mkdir(path, 0700), 0);
	expect(0x6581, VERIFY_AUTH);
	expect_state("verified", "none");
	expect_state("auth-tries", "2");
	assert_int_equal(rmdir(path), 0);
}

static void
test_verify_parameters(void **state)
{
	expect(0x6986, VERIFY_AUTH);
	expect(0x9000, SELECT_JPKI);
	expect(0x6986, "00200080");
	expect(0x6a86, "00200180");
	expect(0x6a86, "00200018");
	expect(0x6a86, "002000B8");
	expect(0x6a82, "00200083");
	expect(0x6985, "00200097");
	expect(0x9000, SELECT_EF "000A");
	expect(0x6985, "00200080");
	set("wrong-ef", "6981");
	expect(0x6981, "00200080");
	expect(0x6700, "0020009811 3131313131313131313131313131313131");
	expect_state("auth-tries", "3");
	/* Not known; the simulated card is the strict one. */
	expect(0x63c2, "0020009803 313233");
	expect(0x63c1, "0020009805 3132333400");
}

static void
test_verified_query(void **state)
{
	log_in();
	expect(0x63c3, QUERY_AUTH);
	set("verified-query", "9000");
	expect(0x9000, QUERY_AUTH);
	expect(0x63c5, QUERY_SIGN);
}

static void
test_change_pin(void **state)
{
	expect(0x9000, SELECT_JPKI);
	expect(0x6982, "0024019804 35363738");
	expect(0x9000, VERIFY_AUTH);
	expect(0x6a86, "0024009808 3132333435363738");
	expect(0x6a80, "0024019803 353637");
	expect(0x6700, "00240198");
	expect(0x9000, "0024019804 35363738");
	expect_state("verified", "auth");
	reopen();
	expect(0x9000, SELECT_JPKI);
	expect(0x63c2, VERIFY_AUTH);
	expect(0x9000, "0020009804 35363738");
	expect(0x6982, "0024019B06 414141414141");
}

/* --- the security state ---------------------------------------------------- */

static void
test_what_keeps_the_login(void **state)
{
	log_in();
	expect(0x9000, SELECT_EF "000A");
	expect(0x9000, SELECT_JPKI);
	expect(0x6a82, "00A4040C07 A0000001520000");
	expect(0x6d00, "00FF0000");
	expect(0x9000, VERIFY_SIGN);
	expect(0x63c4, "0020009B06 393939393939");
	sim_card_reset(card);
	expect_state("verified", "auth");
	expect(0x9000, SIGN_ABC);
	expect(0x9000, SIGN_ABC);
}

static void
test_what_ends_the_login(void **state)
{
	log_in();
	expect(0x9000, SELECT_MANAGER);
	expect(0x9000, SELECT_JPKI);
	expect(0x6982, SIGN_ABC);
	log_in();
	expect(0x9000, SELECT_OTHER);
	expect_state("verified", "none");
	log_in();
	expect(0x63c2, VERIFY_WRONG);
	expect(0x6982, SIGN_ABC);
	log_in();
	sim_card_power(card, false);
	assert_int_equal(send_to(card, SELECT_JPKI), 0);
	sim_card_power(card, true);
	expect_state("ap", "manager");
	expect(0x9000, SELECT_JPKI);
	expect(0x6982, SIGN_ABC);
}

static void
test_reset_of_a_contact_card(void **state)
{
	set("atr", "3BE000FF8131FE4514");
	log_in();
	sim_card_reset(card);
	expect_state("verified", "none");
	expect_state("ap", "manager");
	set("reset-clears", "no");
	log_in();
	sim_card_reset(card);
	expect_state("verified", "auth");
	set("atr", "3B888001000041E0B381A1003B");
	set("reset-clears", "yes");
	sim_card_reset(card);
	expect_state("verified", "none");
}

static void
test_signature_certificate_needs_its_pin(void **state)
{
	log_in();
	expect(0x6982, "00B0810000");
	expect(0x6982, "802A009A33" DIGEST_INFO_ABC "00");
	expect(0x9000, VERIFY_SIGN);
	expect(0x9000, "00B0810000");
	expect_state("verified", "auth,sign");
}

static void
test_left_by_another_program(void **state)
{
	char err[SIM_ERROR_MAX];

	set("verified", "auth");
	expect_state("ap", "jpki");
	expect(0x9000, SIGN_ABC);
	set("verified", "none");
	expect(0x6982, SIGN_ABC);
	sim_card_power(card, false);
	assert_false(sim_card_set(card, "verified", "auth", err, sizeof err));
	assert_string_equal(err, "verified: the card is not powered");
}

/* --- signing --------------------------------------------------------------- */

static void
test_sign_schemes(void **state)
{
	log_in();
	expect(0x9000, SIGN_ABC);
	assert_true(signed_abc());
	expect(0x9000, "802A019703 616263 00");
	assert_true(signature_is_good("good", RSA_PKCS1_PADDING, NULL, HASH_ABC));
	expect(0x9000, "802A029720" HASH_ABC "00");
	assert_true(signed_abc());
	expect(0x9000, "802A039703 616263 00");
	assert_true(signed_abc());
	expect(0x9000, "802A049720" HASH_ABC "00");
	assert_true(signature_is_good("good", RSA_PKCS1_PSS_PADDING, EVP_sha256(), HASH_ABC));
	expect(0x9000, "802A059703 616263 00");
	assert_true(signature_is_good("good", RSA_PKCS1_PSS_PADDING, EVP_sha256(), HASH_ABC));
	expect(0x6a86, "802A069703 616263 00");
	assert_int_equal(sim_card_stats(card).signs, 6);
}

static void
test_sign_parameters(void **state)
{
	expect(0x6986, "802A008001 00 00");
	expect(0x9000, SELECT_JPKI);
	expect(0x6986, "802A008001 00 00");
	expect(0x6985, "802A009801 00 00");
	expect(0x6982, SIGN_ABC);
	expect(0x9000, VERIFY_AUTH);
	expect(0x9000, "802A009701 00 00");
	expect(0x6700, "802A009700");
	expect(0x6700, "802A029703 616263 00");
	expect(0x6700, "802A049703 616263 00");
	expect(0x6a86, "802A001703 616263 00");
	expect(0x9000, "802A009703 616263");
	assert_int_equal(response_len, 256);
	set("sign-needs-le", "yes");
	expect(0x6700, "802A009703 616263");
}

/* 245 bytes fit into a block of 256, 246 do not. */
static void
test_sign_longest(void **state)
{
	char cmd[1024] = "802A0097F5";

	log_in();
	memset(cmd + 10, '5', 2 * 245);
	expect(0x9000, cmd);
	cmd[9] = '6';
	memset(cmd + 10, '5', 2 * 246);
	expect(0x6700, cmd);
}

static void
test_sign_by_get_response(void **state)
{
	set("t0", "yes");
	log_in();
	expect(0x6100, SIGN_ABC);
	assert_int_equal(response_len, 0);
	expect(0x9000, "00C0000000");
	assert_int_equal(response_len, 256);
	assert_true(signed_abc());
	expect(0x6985, "00C0000000");
	expect(0x6100, SIGN_ABC);
	expect(0x63c3, QUERY_AUTH);
	expect(0x6985, "00C0000000");
}

/* What is left of a signature, and random bytes: one in 256 would ask for the command again as 6CXX. */
static void
test_spoiled_answer_ends_in_no_status_word(void **state)
{
	log_in();
	for (int i = 0; i < 200; i++) {
		char sign[17];
		unsigned int sw;

		snprintf(sign, sizeof sign, "802A009702%04X00", (unsigned int)i);
		fault(i % 2 == 0 ? "at 1 truncate 40" : "at 1 garbage");
		sw = send_to(card, sign);
		assert_int_equal(response_len, i % 2 == 0 ? 38 : 15);
		if (sw >> 12 == 6 || sw >> 12 == 9)
			fail_msg("answer %d ends in %04X", i, sw);
	}
}

static void
test_sign_rsa4096(void **state)
{
	uint8_t first[256];

	use("rsa4096", NULL, NULL);
	log_in();
	expect(0x6100, SIGN_ABC);
	assert_int_equal(response_len, 256);
	memcpy(first, response, 256);
	expect(0x9000, "00C0000000");
	assert_int_equal(response_len, 256);
	memmove(response + 256, response, 256);
	memcpy(response, first, 256);
	response_len = 512;
	assert_true(signature_is_good("rsa4096", RSA_PKCS1_PADDING, EVP_sha256(), HASH_ABC));
}

static void
expect_ecdsa(const char *name, const char *hash)
{
	EVP_PKEY *key = pki_file(name, ".key", true);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	size_t half = response_len / 2;
	uint8_t in[64], *der = NULL;
	size_t len = unhex(hash, in, sizeof in);
	int der_len;

	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(response, (int)half, NULL),
	    BN_bin2bn(response + half, (int)half, NULL)), 1);
	der_len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
	assert_int_equal(EVP_PKEY_verify(ctx, der, (size_t)der_len, in, len), 1);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void
test_sign_ec(void **state)
{
	use("ec256", NULL, NULL);
	log_in();
	expect(0x9000, "802A009720" HASH_ABC "00");
	assert_int_equal(response_len, 64);
	expect_ecdsa("ec256", HASH_ABC);
	expect(0x6700, SIGN_ABC);
	expect(0x6a86, "802A029720" HASH_ABC "00");
	use("ec384", NULL, NULL);
	log_in();
	expect(0x9000, "802A009730" HASH_ABC "00112233445566778899AABBCCDDEEFF" "00");
	assert_int_equal(response_len, 96);
	expect_ecdsa("ec384", HASH_ABC "00112233445566778899AABBCCDDEEFF");
}

/* --- power, profiles, options ---------------------------------------------- */

static void
test_first_command_fails(void **state)
{
	set("first-6f00", "yes");
	sim_card_power(card, true);
	expect(0x6f00, SELECT_JPKI);
	expect(0x9000, SELECT_JPKI);
}

static void
test_manager_absent(void **state)
{
	set("manager-absent", "yes");
	log_in();
	expect(0x6a82, SELECT_MANAGER);
	expect_state("verified", "auth");
}

static void
test_profile_child(void **state)
{
	use("good", NULL, "profile=child");
	log_in();
	expect(0x9000, "00B0880000");
	expect_data("008F00");
	expect(0x6a82, SELECT_EF "0001");
	expect(0x9000, SIGN_ABC);
	use("good", "none", "profile=child");
	log_in();
	expect(0x9000, SIGN_ABC);
	expect(0x6a88, "802A009A33" DIGEST_INFO_ABC "00");
}

static void
test_profile_locked(void **state)
{
	use("good", NULL, "profile=locked");
	expect(0x9000, SELECT_JPKI);
	expect(0x63c0, QUERY_AUTH);
	expect(0x6984, VERIFY_AUTH);
	use("good", NULL, "profile=lasttry");
	expect(0x9000, SELECT_JPKI);
	expect(0x63c1, QUERY_AUTH);
	expect(0x63c0, VERIFY_WRONG);
	use("good", NULL, "profile=faceauth");
	expect(0x9000, SELECT_JPKI);
	expect(0x63c0, QUERY_AUTH);
	expect(0x6a82, SELECT_EF "0001");
}

static void
test_profile_other_cards(void **state)
{
	uint8_t atr[33], want[33];
	size_t len = unhex("3B888001000014E0B38191005E", want, sizeof want);

	use("good", NULL, "profile=juki");
	assert_int_equal(sim_card_atr(card, atr), len);
	assert_memory_equal(atr, want, len);
	expect(0x9000, SELECT_JPKI);
	expect(0x6a82, SELECT_EF "000A");
	expect(0x6a82, SELECT_EF "0018");
	expect(0x9000, "00B0860010");
	assert_memory_equal(response, "JPKIAPICCTOKEN  ", 16);
	use("good", NULL, "profile=nojpki");
	expect(0x6a82, SELECT_JPKI);
	expect(0x6a82, SELECT_MANAGER);
	expect_state("ap", "none");
}

static void
test_profile_phones(void **state)
{
	use("phone", NULL, "profile=phone-android");
	expect(0x6a82, SELECT_MANAGER);
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, "00B0860010");
	assert_memory_equal(response, "JPKIAPGPSETOKEN ", 16);
	expect(0x63c3, QUERY_AUTH);
	expect(0x6982, "00B08A0000");
	expect(0x9000, SELECT_EF "000B");
	expect_cert("ca1");		/* the one of the cards, and free */
	expect(0x9000, SELECT_EF "000A");
	expect(0x6982, "00B0000000");
	expect(0x9000, VERIFY_AUTH);
	expect(0x9000, SELECT_EF "000A");
	expect_cert("phone");
	expect(0x6700, "80FC0000");
	use("good", NULL, "profile=phone-iphone");
	expect(0x9000, "80FC0000");
}

static void
test_options_win_over_profile(void **state)
{
	use("good", "auth-tries=2", "profile=locked");
	expect_state("auth-tries", "2");
	use("good2", "ca=ca1", "auth-pin = 8765");
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, "0020009804 38373635");
	expect(0x9000, SELECT_EF "000B");
	expect_cert("ca1");
	use("good2", NULL, NULL);
	expect(0x9000, SELECT_JPKI);
	expect(0x9000, SELECT_EF "000B");
	expect_cert("ca2");
}

static void
expect_refused(const char *option, const char *why)
{
	const char *args[] = { dir, getenv("JPKI_PKI"), "good", option, NULL };
	char err[SIM_ERROR_MAX] = "";

	assert_true(sim_make_card(args));
	assert_null(sim_card_open(dir, err, sizeof err));
	if (strstr(err, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err);
}

static void
test_bad_options(void **state)
{
	expect_refused("colour=red", "colour: no such option");
	expect_refused("profile=pilot", "profile: cannot be \"pilot\"");
	expect_refused("atr=3B8", "atr: cannot be");
	expect_refused("auth-tries=4", "auth-tries: cannot be");
	expect_refused("auth-tries=-1", "auth-tries: cannot be");
	expect_refused("locked-query=63", "locked-query: cannot be");
	expect_refused("t0=perhaps", "t0: cannot be");
	expect_refused("auth-pin=12345678901234567", "auth-pin: cannot be");
}

static void
test_damaged_state_file(void **state)
{
	char path[128], err[SIM_ERROR_MAX] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/state", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("auth 1234 7\n", f);
	fclose(f);
	assert_null(sim_card_open(dir, err, sizeof err));
	assert_non_null(strstr(err, "damaged"));
}

/* --- faults ---------------------------------------------------------------- */

static void
test_fault_drop(void **state)
{
	log_in();
	fault("at 2 drop");
	expect(0x63c3, QUERY_AUTH);
	assert_int_equal(send_to(card, VERIFY_WRONG), 0);
	assert_false(sim_card_present(card));
	expect_state("auth-tries", "3");
	expect_state("verified", "none");
	assert_int_equal(send_to(card, SELECT_JPKI), 0);
	sim_card_power(card, true);
	expect(0x9000, SELECT_JPKI);
	fault("ins 20:2 drop-after");
	expect(0x63c3, QUERY_AUTH);
	assert_int_equal(send_to(card, VERIFY_WRONG), 0);
	expect_state("auth-tries", "2");
	assert_int_equal(sim_card_stats(card).faults, 2);
}

static void
test_fault_answers(void **state)
{
	log_in();
	fault("at 1 sw 6F00");
	expect(0x6f00, VERIFY_WRONG);
	expect_state("auth-tries", "3");
	fault("ins B0:* truncate 1");
	assert_int_equal(send_to(card, "00B0860000"), 0);
	assert_int_equal(send_to(card, "00B0860000"), 0);
	fault("clear");
	expect(0x9000, "00B0860000");
	fault("at 1 overlong");
	expect(0x9000, "00B0860010");
	assert_int_equal(response_len, 298);
	fault("at 1 garbage 40");
	(void)send_to(card, "00B0860010");
	assert_int_equal(response_len, 38);
	fault("at 1 wrongdata");
	expect(0x9000, "00B0860010");
	assert_memory_not_equal(response, "JPKIAPICCTOKEN2 ", 16);
	fault("at * hang 250");
	set("latency", "50");
	expect(0x9000, "00B0860010");
	assert_int_equal(sim_card_delay_ms(card), 300);
	fault("clear");
	fault("at 1 hang forever");
	expect(0x9000, "00B0860010");
	assert_int_equal(sim_card_delay_ms(card), SIM_FOREVER);
}

static void
test_fault_counterfeits(void **state)
{
	set("signtime", "700");
	expect(0x9000, SELECT_JPKI);
	fault("ins 20 accept-any-pin");
	expect(0x9000, VERIFY_WRONG);
	fault("ins 2a wrongsig");
	expect(0x9000, SIGN_ABC);
	assert_int_equal(sim_card_delay_ms(card), 700);
	assert_false(signed_abc());
	fault("ins 2a sign-other-challenge");
	expect(0x9000, SIGN_ABC);
	assert_false(signed_abc());
	assert_true(signature_is_good("good", RSA_PKCS1_PADDING, EVP_sha256(),
	    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AC"));
	expect(0x9000, SIGN_ABC);
	assert_true(signed_abc());
}

static void
test_fault_syntax(void **state)
{
	static const char *const bad[] = {
		"", "at", "at 0 drop", "at 1", "at 1 explode", "at 1 drop 5", "at x drop",
		"ins 100 drop", "ins 20: drop", "at 1 sw", "at 1 sw 10000", "at 1 hang soon",
		"at 1 truncate -1", "sometimes drop",
	};
	char err[SIM_ERROR_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (sim_card_fault(card, bad[i], err, sizeof err))
			fail_msg("\"%s\" was taken", bad[i]);
	expect(0x9000, SELECT_JPKI);
	assert_int_equal(sim_card_stats(card).faults, 0);
}

/* --- trace and figures ----------------------------------------------------- */

static void
test_trace_masks_pins(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	sim_card_trace(card, f);
	log_in();
	expect(0x9000, "0024019804 35363738");
	expect(0x6700, "0020009807 35363738");
	expect(0x6881, "0120009804 35363738");
	expect(0x6985, "0020009700 0004 35363738");
	expect(0x63c3, QUERY_AUTH);
	expect(0x9000, "00B0880000");
	sim_card_trace(card, NULL);
	fclose(f);
	assert_string_equal(text,
	    "-> 00A4040C0A D392F000260100000001\n<- 9000\n"
	    "-> 0020009804 ********\n<- 9000\n"
	    "-> 0024019804 ********\n<- 9000\n"
	    "-> 0020009807 ********\n<- 6700\n"
	    "-> 0120009804 ********\n<- 6881\n"
	    "-> 0020009700 ************\n<- 6985\n"
	    "-> 00200098\n<- 63C3\n"
	    "-> 00B0880000\n<- 8F8F00 9000\n");
	free(text);
}

static void
test_stats(void **state)
{
	struct sim_stats stats;

	sim_card_stats_reset(card);
	log_in();
	expect(0x63c3, QUERY_AUTH);
	expect(0x9000, SIGN_ABC);
	sim_card_reset(card);
	sim_card_power(card, false);
	sim_card_power(card, false);
	stats = sim_card_stats(card);
	assert_int_equal(stats.apdus, 4);
	assert_int_equal(stats.bytes_in, 15 + 9 + 4 + 57);
	assert_int_equal(stats.bytes_out, 2 + 2 + 2 + 258);
	assert_int_equal(stats.verifies, 1);
	assert_int_equal(stats.queries, 1);
	assert_int_equal(stats.signs, 1);
	assert_int_equal(stats.resets, 1);
	assert_int_equal(stats.power_offs, 1);
}

static void
test_pin_since_power(void **state)
{
	expect_state("pin-since-power", "no");
	log_in();
	expect_state("pin-since-power", "yes");
	sim_card_reset(card);
	expect_state("pin-since-power", "yes");
	sim_card_power(card, false);
	expect_state("pin-since-power", "no");
	sim_card_power(card, true);
	expect_state("pin-since-power", "no");
	log_in();
	fault("at 1 drop");
	assert_int_equal(send_to(card, VERIFY_WRONG), 0);
	expect_state("pin-since-power", "no");
}

/* Nothing that can be sent makes it read or write where it should not. */
static void
test_noise(void **state)
{
	static const uint8_t ins[] = {
		0xa4, 0xb0, 0x20, 0x24, 0x2a, 0x84, 0xca, 0xc0, 0xfc, 0xff
	};
	uint8_t cmd[300];
	uint32_t seed = 1;

	log_in();
	for (int i = 0; i < 20000; i++) {
		size_t len;

		for (size_t j = 0; j < sizeof cmd; j++)
			cmd[j] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		len = seed >> 8 & 15;
		if ((seed >> 12 & 7) == 0)
			len = sizeof cmd;
		cmd[0] = cmd[0] < 128 ? 0x00 : cmd[0] < 240 ? 0x80 : cmd[0];
		cmd[1] = ins[cmd[1] % sizeof ins];
		if (cmd[1] == 0x2a || cmd[1] == 0x24)
			cmd[4] |= 0x80;		/* costly, and tested above */
		if (len > 5 && cmd[2] < 128)
			cmd[4] = (uint8_t)(len - 5);
		(void)sim_card_transmit(card, cmd, len, response, sizeof response);
	}
}

static int
make_top(void **state)
{
	if (getenv("JPKI_PKI") == NULL || mkdtemp(top) == NULL)
		return -1;
	snprintf(dir, sizeof dir, "%s/card", top);
	return 0;
}

static int
remove_top(void **state)
{
	static const char *const names[] = {
		"auth.key", "auth.crt", "auth-ca.crt", "sign.key", "sign.crt", "sign-ca.crt",
		"card.conf", "state", "state.new",
	};
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	return rmdir(top);
}

#define test(f)	cmocka_unit_test_setup_teardown(test_##f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(recorded_login), test(recorded_extended_read), test(recorded_token),
		test(recorded_odds), test(ca_name_is_byte_identical),
		test(class_and_length), test(select), test(read_binary), test(file_sizes),
		test(bad_certificate_files), test(short_identifiers_can_be_refused),
		test(get_data), test(get_challenge),
		test(counter_walk), test(query_in_five_bytes), test(counter_survives), test(counter_before_answer),
		test(verify_parameters), test(verified_query), test(change_pin),
		test(what_keeps_the_login), test(what_ends_the_login),
		test(reset_of_a_contact_card), test(signature_certificate_needs_its_pin),
		test(left_by_another_program),
		test(sign_schemes), test(sign_parameters), test(sign_longest),
		test(sign_by_get_response), test(spoiled_answer_ends_in_no_status_word),
		test(sign_rsa4096), test(sign_ec),
		test(first_command_fails), test(manager_absent), test(profile_child),
		test(profile_locked), test(profile_other_cards), test(profile_phones),
		test(options_win_over_profile), test(bad_options), test(damaged_state_file),
		test(fault_drop), test(fault_answers), test(fault_counterfeits),
		test(fault_syntax),
		test(trace_masks_pins), test(stats), test(pin_since_power), test(noise),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* card/apdu: how commands are written, and what status words mean. */
#include "config.h"

#include <string.h>

#include "card/apdu.h"
#include "tests/unit/script.h"
#include "tests/unit/test.h"

static struct outcome
play(const struct step *steps, const struct apdu *cmd, struct apdu_response *ret)
{
	struct script s;
	struct outcome o;

	script_start(&s, steps);
	o = apdu_transmit(&s.transport, cmd, ret);
	script_end(&s);
	return o;
}

static void
encodes_the_four_cases(void **state)
{
	static const uint8_t data[] = { 0xd3, 0x92 };
	const struct {
		struct apdu cmd;
		const char *bytes;
	} cases[] = {
		{ { 0x00, 0x20, 0x00, 0x98, .le = APDU_NO_LE }, "00 20 00 98" },
		{ { 0x00, 0xb0, 0x8a, 0x00, .le = APDU_LE_MAX }, "00 B0 8A 00 00" },
		{ { 0x00, 0xb0, 0x00, 0x04, .le = 0xff }, "00 B0 00 04 FF" },
		{ { 0x00, 0xa4, 0x04, 0x0c, { data, 2 }, APDU_NO_LE }, "00 A4 04 0C 02 D392" },
		{ { 0x80, 0x2a, 0x00, 0x97, { data, 2 }, APDU_LE_MAX }, "80 2A 00 97 02 D392 00" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct step steps[] = { { cases[i].bytes, "01 02 03 9000" }, { NULL } };
		struct apdu_response r;
		struct outcome o = play(steps, &cases[i].cmd, &r);

		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(r.sw, 0x9000);
		assert_int_equal(r.len, 3);
		assert_memory_equal(r.bytes, "\1\2\3", 3);
	}
}

static void
data_is_at_most_255_bytes(void **state)
{
	static const uint8_t data[256];
	struct apdu cmd = { 0x80, 0x2a, 0x00, 0x97, { data, 256 }, APDU_LE_MAX };
	const struct step nothing[] = { { NULL } };
	struct apdu_response r;
	struct outcome o = play(nothing, &cmd, &r);
	struct script s;
	char hex[2 * (5 + 255 + 1) + 1];
	struct step one[] = { { hex, "9000" }, { NULL } };

	assert_int_equal(o.status, OUTCOME_INTERNAL);
	memset(hex, '0', sizeof hex - 1);
	hex[sizeof hex - 1] = '\0';
	memcpy(hex, "802A0097FF", 10);
	cmd.data.len = 255;
	script_start(&s, one);
	o = apdu_transmit(&s.transport, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_OK);
}

static void
short_answer_is_a_bad_reply(void **state)
{
	const struct apdu cmd = { 0x00, 0xb0, 0x00, 0x00, .le = 0 };
	const char *const answers[] = { "", "90" };

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct step steps[] = { { "00B0000000", answers[i] }, { NULL } };
		struct apdu_response r;
		struct outcome o = play(steps, &cmd, &r);

		assert_int_equal(o.status, OUTCOME_BAD_REPLY);
	}
}

static void
transport_error_is_passed_on(void **state)
{
	const struct apdu cmd = { 0x00, 0xb0, 0x00, 0x00, .le = 0 };
	const struct step steps[] = { { "00B0000000", NULL, .fails = OUTCOME_CARD_REMOVED }, { NULL } };
	struct apdu_response r;
	struct outcome o = play(steps, &cmd, &r);

	assert_int_equal(o.status, OUTCOME_CARD_REMOVED);
}

/* --- 61xx and 6Cxx ------------------------------------------------------------ */

static void
get_response_fetches_the_rest(void **state)
{
	const struct apdu cmd = { 0x80, 0x2a, 0x00, 0x97, .le = 0 };
	const struct step steps[] = {
		{ "802A009700", "0102 6100" },
		{ "00C0000000", "0304 6103" },
		{ "00C0000003", "050607 9000" },
		{ NULL },
	};
	struct apdu_response r;
	struct outcome o = play(steps, &cmd, &r);

	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(r.sw, 0x9000);
	assert_int_equal(r.len, 7);
	assert_memory_equal(r.bytes, "\1\2\3\4\5\6\7", 7);
}

static void
get_response_is_sent_a_bounded_number_of_times(void **state)
{
	const struct apdu cmd = { 0x80, 0x2a, 0x00, 0x97, .le = 0 };
	const struct step forever[] = {
		{ "802A009700", "6101" },
		{ "00C0000001", "6101" }, { "00C0000001", "6101" }, { "00C0000001", "6101" },
		{ "00C0000001", "6101" }, { "00C0000001", "6101" }, { "00C0000001", "6101" },
		{ "00C0000001", "6101" }, { "00C0000001", "6101" },
		{ NULL },
	};
	static const uint8_t piece[256];
	const struct step too_much[] = {
		{ "802A009700", "6100" },
		{ "00C0000000", "6100", piece, 256 }, { "00C0000000", "6100", piece, 256 },
		{ "00C0000000", "6100", piece, 256 }, { "00C0000000", "9000", piece, 256 },
		{ NULL },
	};
	const struct step one_more[] = {
		{ "802A009700", "00 6100" },
		{ "00C0000000", "6100", piece, 256 }, { "00C0000000", "6100", piece, 256 },
		{ "00C0000000", "6100", piece, 256 }, { "00C0000000", "9000", piece, 256 },
		{ NULL },
	};
	const struct step torn[] = {
		{ "802A009700", "6100" },
		{ "00C0000000", NULL, .fails = OUTCOME_CARD_REMOVED },
		{ NULL },
	};
	struct apdu_response r;
	struct outcome o;

	o = play(forever, &cmd, &r);
	assert_true(!outcome_ok(&o) || r.sw != 0x9000);
	o = play(too_much, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(r.len, 1024);
	o = play(one_more, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_BAD_REPLY);
	o = play(torn, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_CARD_REMOVED);
}

static void
repeats_with_the_right_length(void **state)
{
	const struct apdu cmd = { 0x00, 0xb0, 0x00, 0x00, .le = 0 };
	const struct step once[] = { { "00B0000000", "6C04" }, { "00B0000004", "01020304 9000" }, { NULL } };
	const struct step twice[] = { { "00B0000000", "6C04" }, { "00B0000004", "6C05" }, { NULL } };
	const struct step both[] = { { "00B0000000", "6C04" }, { "00B0000004", "6104" },
		{ "00C0000004", "01020304 9000" }, { NULL } };
	struct apdu_response r;
	struct outcome o;

	o = play(once, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(r.len, 4);
	o = play(twice, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(r.sw, 0x6c05);
	o = play(both, &cmd, &r);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(r.len, 4);
}

static void
secret_is_sent_once(void **state)
{
	const struct apdu cmd = { 0x00, 0x20, 0x00, 0x98, { (const uint8_t *)"1234", 4 }, APDU_NO_LE,
		.secret = true };
	const char *const answers[] = { "6C04", "6C00", "6700", "6F00", "63C2" };

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct step steps[] = { { "00200098 04 31323334", answers[i] }, { NULL } };
		struct apdu_response r;
		struct outcome o = play(steps, &cmd, &r);

		assert_int_equal(o.status, OUTCOME_OK);
	}
}

/* On T=0 the Le of a command without data is in the place of the length of data. */
static void
a_command_of_exact_length_is_never_repeated(void **state)
{
	const struct apdu cmd = { 0x00, 0x20, 0x00, 0x98, .le = APDU_NO_LE, .exact = true };
	const char *const answers[] = { "6C04", "6C10", "6C00" };

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct step steps[] = { { "00200098", answers[i] }, { NULL } };
		struct apdu_response r;
		struct outcome o = play(steps, &cmd, &r);

		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(r.sw >> 8, 0x6c);
	}
}

/* Nor does it stay behind: the buffer that was sent has been wiped. */
static const uint8_t *sent_at;

static struct outcome
remember_where(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap,
    size_t *ret_len)
{
	sent_at = cmd;
	assert_memory_equal(cmd + 5, "1234", 4);
	memcpy(resp, "\x90", 2);
	*ret_len = 2;
	return outcome_of(OUTCOME_OK);
}

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

static void
secret_is_wiped(void **state)
{
#ifdef WITH_ASAN
	(void)remember_where;
	(void)sent_at;
	print_message("a dead stack frame cannot be looked at under the sanitizer\n");
	skip();
#else
	static const struct transport_ops ops = { .transmit = remember_where };
	struct transport t = { .ops = &ops };
	const struct apdu cmd = { 0x00, 0x20, 0x00, 0x98, { (const uint8_t *)"1234", 4 }, APDU_NO_LE,
		.secret = true };
	struct apdu_response r;
	struct outcome o = apdu_transmit(&t, &cmd, &r);
	const volatile uint8_t *p = sent_at;	/* below us on the stack, dead but untouched */
	uint8_t left[4] = { p[5], p[6], p[7], p[8] };

	assert_true(outcome_ok(&o));
	assert_memory_not_equal(left, "1234", 4);
#endif
}

/* --- status words ------------------------------------------------------------ */

#define PURPOSES (APDU_CHANGE_PIN + 1)

static void
each_status_word_has_its_outcome(void **state)
{
	static const struct {
		enum apdu_purpose purpose;
		uint16_t sw;
		enum outcome_status status;
		int tries;
	} table[] = {
		{ APDU_SELECT_APPLICATION, 0x6a82, OUTCOME_NOT_JPKI, TRIES_UNKNOWN },
		{ APDU_SELECT_APPLICATION, 0x6a86, OUTCOME_NOT_JPKI, TRIES_UNKNOWN },
		{ APDU_SELECT_APPLICATION, 0x6d00, OUTCOME_NOT_JPKI, TRIES_UNKNOWN },
		{ APDU_SELECT_APPLICATION, 0x6e00, OUTCOME_NOT_JPKI, TRIES_UNKNOWN },
		{ APDU_SELECT_APPLICATION, 0x6f00, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_SELECT_FILE, 0x6a82, OUTCOME_NO_CERT, TRIES_UNKNOWN },
		{ APDU_READ, 0x6a82, OUTCOME_NO_CERT, TRIES_UNKNOWN },
		{ APDU_READ, 0x6282, OUTCOME_OK, TRIES_UNKNOWN },
		{ APDU_READ, 0x6982, OUTCOME_PHONE, TRIES_UNKNOWN },
		{ APDU_READ, 0x6b00, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_QUERY_TRIES, 0x63c3, OUTCOME_OK, 3 },
		{ APDU_QUERY_TRIES, 0x63c1, OUTCOME_OK, 1 },
		{ APDU_QUERY_TRIES, 0x63c0, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_QUERY_TRIES, 0x6983, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_QUERY_TRIES, 0x6984, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_QUERY_TRIES, 0x6300, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_VERIFY, 0x63c2, OUTCOME_PIN_WRONG, 2 },
		{ APDU_VERIFY, 0x63c1, OUTCOME_PIN_WRONG, 1 },
		{ APDU_VERIFY, 0x63c0, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_VERIFY, 0x6983, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_VERIFY, 0x6984, OUTCOME_PIN_LOCKED, 0 },
		{ APDU_VERIFY, 0x6300, OUTCOME_PIN_WRONG, TRIES_UNKNOWN },
		{ APDU_VERIFY, 0x6700, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_VERIFY, 0x6985, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_SIGN, 0x6982, OUTCOME_BAD_REPLY, TRIES_UNKNOWN },
		{ APDU_CHANGE_PIN, 0x6982, OUTCOME_NEW_PIN_REFUSED, TRIES_UNKNOWN },
		{ APDU_CHANGE_PIN, 0x6a80, OUTCOME_NEW_PIN_REFUSED, TRIES_UNKNOWN },
		{ APDU_CHANGE_PIN, 0x6581, OUTCOME_PIN_UNCERTAIN, TRIES_UNKNOWN },
		{ APDU_CHANGE_PIN, 0x6f00, OUTCOME_PIN_UNCERTAIN, TRIES_UNKNOWN },
		{ APDU_CHANGE_PIN, 0x63c2, OUTCOME_PIN_UNCERTAIN, TRIES_UNKNOWN },
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct outcome o = apdu_outcome(table[i].purpose, table[i].sw);

		if (o.status != table[i].status || o.tries_left != table[i].tries)
			fail_msg("%u %04x: %s, tries %d", table[i].purpose, table[i].sw,
			    outcome_code(o.status), o.tries_left);
		if (o.status != OUTCOME_OK)
			assert_int_equal(o.raw, table[i].sw);
	}
	for (unsigned int purpose = 0; purpose < PURPOSES; purpose++)
		assert_int_equal(apdu_outcome(purpose, 0x9000).status, OUTCOME_OK);
}

/* Of all 65,536 words: nothing else is a success, a locked PIN or a number of tries. */
static void
no_other_status_word_is_a_success(void **state)
{
	for (unsigned int purpose = 0; purpose < PURPOSES; purpose++)
		for (unsigned int sw = 0; sw <= 0xffff; sw++) {
			bool pin = purpose == APDU_QUERY_TRIES || purpose == APDU_VERIFY;
			bool counts = pin && sw >= 0x63c1 && sw <= 0x63cf;
			bool locked = pin && (sw == 0x63c0 || sw == 0x6983 || sw == 0x6984);
			struct outcome o = apdu_outcome(purpose, (uint16_t)sw);

			if ((o.status == OUTCOME_OK) != (sw == 0x9000 ||
			    (purpose == APDU_READ && sw == 0x6282) ||
			    (purpose == APDU_QUERY_TRIES && counts)))
				fail_msg("%u %04x: %s", purpose, sw, outcome_code(o.status));
			assert_int_equal(o.status == OUTCOME_PIN_LOCKED, locked);
			assert_int_equal(o.status == OUTCOME_PIN_WRONG,
			    purpose == APDU_VERIFY && (counts || sw == 0x6300));
			/* Only a checking error says that nothing has changed. */
			assert_int_equal(o.status == OUTCOME_NEW_PIN_REFUSED,
			    purpose == APDU_CHANGE_PIN && sw >= 0x6700 && sw <= 0x6eff);
			assert_int_equal(o.status == OUTCOME_PIN_UNCERTAIN, purpose == APDU_CHANGE_PIN &&
			    sw != 0x9000 && (sw < 0x6700 || sw > 0x6eff));
			assert_int_equal(o.tries_left,
			    counts ? (int)(sw & 0xf) : locked ? 0 : TRIES_UNKNOWN);
		}
}

static void
refusals_of_short_ids(void **state)
{
	for (unsigned int sw = 0; sw <= 0xffff; sw++)
		assert_int_equal(apdu_refuses_short_id((uint16_t)sw),
		    sw == 0x6a82 || sw == 0x6a86 || sw == 0x6b00 || sw == 0x6d00 || sw == 0x6700);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_the_four_cases),
		cmocka_unit_test(data_is_at_most_255_bytes),
		cmocka_unit_test(short_answer_is_a_bad_reply),
		cmocka_unit_test(transport_error_is_passed_on),
		cmocka_unit_test(get_response_fetches_the_rest),
		cmocka_unit_test(get_response_is_sent_a_bounded_number_of_times),
		cmocka_unit_test(repeats_with_the_right_length),
		cmocka_unit_test(secret_is_sent_once),
		cmocka_unit_test(a_command_of_exact_length_is_never_repeated),
		cmocka_unit_test(secret_is_wiped),
		cmocka_unit_test(each_status_word_has_its_outcome),
		cmocka_unit_test(no_other_status_word_is_a_success),
		cmocka_unit_test(refusals_of_short_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/pinrule: which PINs may be, and which are warned of. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/pinrule.h"
#include "lib/secret.h"
#include "tests/unit/test.h"

static struct view
view_of(const char *text)
{
	return (struct view){ (const uint8_t *)text, strlen(text) };
}

static bool
is_auth(const char *bytes, size_t len)
{
	return pinrule_is_auth((struct view){ (const uint8_t *)bytes, len });
}

/* Every byte but the ten digits, at every place; every other length. */
static void
auth_pin_is_four_ascii_digits(void **state)
{
	assert_true(is_auth("0123", 4));
	assert_true(is_auth("4567", 4));
	assert_true(is_auth("8909", 4));
	for (size_t at = 0; at < 4; at++)
		for (int c = 0; c < 256; c++) {
			char pin[4] = { '1', '2', '3', '4' };

			pin[at] = (char)c;
			assert_int_equal(is_auth(pin, 4), c >= '0' && c <= '9');
		}
	for (size_t len = 0; len <= 16; len++)
		assert_int_equal(is_auth("1234567812345678", len), len == 4);
}

static void
signature_pins(void **state)
{
	static const struct {
		const char *text;
		bool may_be, is_new;
	} rows[] = {
		{ "ABC123", true, true },
		{ "1A1111", true, true },
		{ "ABCDEFGHIJKLMNO1", true, true },
		{ "ABCDEF", true, false },	/* no digit */
		{ "123456", true, false },	/* no letter */
		{ "", false, false },
		{ "ABC12", false, false },
		{ "ABCDEFGHIJKLMNOP1", false, false },
		{ "abc123", false, false },
		{ "ABC 123", false, false },
		{ "ABC-123", false, false },
		{ "ABC123\n", false, false },
		{ "@[ABC12", false, false },	/* beside A and Z */
		{ "/:ABC12", false, false },	/* beside 0 and 9 */
		{ "\xef\xbc\xa1" "ABC123", false, false },	/* full-width A */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pinrule_may_be_sign(view_of(rows[i].text)), rows[i].may_be);
		assert_int_equal(pinrule_is_new_sign(view_of(rows[i].text)), rows[i].is_new);
	}
}

static void
weak_pins(void **state)
{
	static const char *const series[] = { "0000", "9999", "1234", "0123", "7890", "8901", "4321",
		"9876", "0987", "1212", "6969", "1122", "2580", "0852" };
	static const char *const dates[] = { "1231", "3112", "0229", "2902", "0503", "1985", "2001" };
	static const char *const good[] = { "8275", "4713", "3170", "5836", "0230", "3102", "1332", "0045",
		"1246", "1357", "2468" };

	for (size_t i = 0; i < COUNT(series); i++)
		assert_int_equal(pinrule_weakness(view_of(series[i])), PIN_WEAK_SERIES);
	for (size_t i = 0; i < COUNT(dates); i++)
		assert_int_equal(pinrule_weakness(view_of(dates[i])), PIN_WEAK_DATE);
	for (size_t i = 0; i < COUNT(good); i++)
		if (pinrule_weakness(view_of(good[i])) != PIN_NOT_WEAK)
			fail_msg("%s is warned of", good[i]);
}

/* Every day of a year is warned of, and most PINs are not. */
static void
every_day_of_a_year_is_weak(void **state)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned int warned = 0;
	char text[16];

	for (int month = 1; month <= 12; month++)
		for (int day = 1; day <= days[month - 1]; day++) {
			snprintf(text, sizeof text, "%02d%02d", month, day);
			assert_int_not_equal(pinrule_weakness(view_of(text)), PIN_NOT_WEAK);
			snprintf(text, sizeof text, "%02d%02d", day, month);
			assert_int_not_equal(pinrule_weakness(view_of(text)), PIN_NOT_WEAK);
		}
	for (int pin = 0; pin < 10000; pin++) {
		snprintf(text, sizeof text, "%04d", pin);
		warned += pinrule_weakness(view_of(text)) != PIN_NOT_WEAK;
	}
	assert_uint_in_range(warned, 700, 1200);
}

/* Input that may have been meant as the PIN of the card: no other module gets it. */
static void
slips_of_a_pin(void **state)
{
	/* NOLINTBEGIN(bugprone-suspicious-missing-comma): an escape ends where its string does. */
	static const char *const slips[] = { "8275", "827", "82751", " 8275", "8275 ", "8 2 7 5", "8275\t", "8275\r\n",
		"\xef\xbc\x98\xef\xbc\x92\xef\xbc\x97\xef\xbc\x95",	/* full-width, as an input method types them */
		"\xef\xbc\x90\xef\xbc\x99" "75", "82" "\xe3\x80\x80" "75", "8275\xc2\xa0",
		"\xd9\xa8\xd9\xa2\xd9\xa7\xd9\xa5",		/* of another script */
		"\xe3\x82\x86\xe3\x81\xb5\xe3\x82\x84\xe3\x81\x88" };	/* the same keys, and kana */
	static const char *const others[] = { "", "8", "82", "   ", "827564", "82756412", "8275x", "x8275", "82-75",
		"8275!", "password", "/:/:", "8\x01" "275", "8275\xe3\x81\x88\xe3\x81\x88", "\xc3\xa4" "bc" };
	/* NOLINTEND(bugprone-suspicious-missing-comma) */

	for (size_t i = 0; i < COUNT(slips); i++)
		if (!pinrule_resembles_auth(view_of(slips[i])))
			fail_msg("may be a PIN: %s", slips[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (pinrule_resembles_auth(view_of(others[i])))
			fail_msg("is none: %s", others[i]);
	assert_false(pinrule_resembles_auth((struct view){ (const uint8_t *)"8275\0", 5 }));
	for (int pin = 0; pin < 10000; pin++) {
		char text[16];

		snprintf(text, sizeof text, "%04d", pin);
		assert_true(pinrule_resembles_auth(view_of(text)));
	}
}

/* What a person who knows the PIN types by mistake, and what a user with a password types. */
static void
mistyped_pins_are_slips_and_passwords_are_not(void **state)
{
	static const char *const slip[] = {
		"", " ", "\t", "\343\200\200", "\302\240",
		"1", "12", "123", "12345", "123456", "1234",
		" 1234", "1234 ", " 1234\t", "12 34", "1 2 3 4", "1234\n", "1234\r\n", "1234\343\200\200", "\302\2401234",
		"１２３４", "１２３", "１２３４５６", "１２３４　", "12３4",	/* the input method was on */
		"١٢٣٤", "۱۲۳۴", "१२३४", "๑๒๓๔", "𝟙𝟚𝟛𝟜", "①②③④", "一二三四", "ぬふあう", "ﾇﾌｱｳ",
		/* em space, zero-width space, byte order mark, keycaps, digits of two scripts */
		"\342\200\2031\342\200\2032\342\200\2033\342\200\2034\342\200\203", "\342\200\2131234\342\200\213",
		"\357\273\2771234\357\273\277", "1\357\270\217\342\203\2432\357\270\217\342\203\2433\357\270\217\342\203\2434\357\270\217\342\203\243",
		"\302\2051234\302\205", "１2٣४", "\r1234\r", "１　２　３　４　",
		/* no UTF-8: EUC-JP's full-width digits, a character cut, bytes that begin none */
		"\243\261\243\262\243\263\243\264", "1234\357\274", "\200\200\200\200\200\200\200\200", "1234\377\376",
	};
	static const char *const password[] = {
		"1234567", "12345678", "19991231", "１２３４５６７８", "1234 5678",
		"a", "1234a", "a1234", "12a4", "-123", "+123", "0x12", "12.4", "1234!", "１２３４a", "p", "pässe", "é1-",
		"secret", "Correct-horse-7", "いろはにほへと",
		"12345678\r", "１２３４ 5678", "\357\273\27712345678",
	};

	for (size_t i = 0; i < COUNT(slip); i++)
		if (!pinrule_is_slip(view_of(slip[i])))
			fail_msg("\"%s\" is taken for a password", slip[i]);
	for (size_t i = 0; i < COUNT(password); i++)
		if (pinrule_is_slip(view_of(password[i])))
			fail_msg("\"%s\" is taken for a slip", password[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auth_pin_is_four_ascii_digits),
		cmocka_unit_test(signature_pins),
		cmocka_unit_test(weak_pins),
		cmocka_unit_test(every_day_of_a_year_is_weak),
		cmocka_unit_test(slips_of_a_pin),
		cmocka_unit_test(mistyped_pins_are_slips_and_passwords_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "lib/pinrule.h"
#include "lib/secret.h"

/* By hand, because isdigit() and isupper() depend on the locale. */
static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_capital(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

bool
pinrule_is_auth(struct view pin)
{
	if (pin.len != AUTH_PIN_LENGTH)
		return false;
	for (size_t i = 0; i < pin.len; i++)
		if (!is_digit(pin.data[i]))
			return false;
	return true;
}

/*
 * The length of the blank, or of the mark without a character of its own, at the start of UTF-8 text:
 * blanks of all kinds, and the two marks that turn a digit into a keycap symbol.
 */
static size_t
blank(struct view v)
{
	static const struct {
		const char *first, *last;
		size_t len;
	} ranges[] = {
		{ "\t", "\r", 1 }, { " ", " ", 1 },
		{ "\xc2\x85", "\xc2\x85", 2 }, { "\xc2\xa0", "\xc2\xa0", 2 },
		{ "\xe1\x9a\x80", "\xe1\x9a\x80", 3 },	/* U+1680 */
		{ "\xe2\x80\x80", "\xe2\x80\xaf", 3 },	/* U+2000 to U+202F: punctuation too */
		{ "\xe2\x81\x9f", "\xe2\x81\xa0", 3 },	/* U+205F, U+2060 */
		{ "\xe2\x83\xa3", "\xe2\x83\xa3", 3 },	/* U+20E3, the keycap */
		{ "\xe3\x80\x80", "\xe3\x80\x80", 3 },	/* U+3000, the ideographic one */
		{ "\xef\xb8\x8e", "\xef\xb8\x8f", 3 },	/* U+FE0E, U+FE0F, before a keycap */
		{ "\xef\xbb\xbf", "\xef\xbb\xbf", 3 },	/* U+FEFF */
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (v.len >= ranges[i].len && memcmp(v.data, ranges[i].first, ranges[i].len) >= 0 &&
		    memcmp(v.data, ranges[i].last, ranges[i].len) <= 0)
			return ranges[i].len;
	return 0;
}

/*
 * The number of characters without blanks, if all are digits or not ASCII (which an input method makes of
 * digit keys). Else SIZE_MAX.
 */
static size_t
count_digit_keys(struct view typed)
{
	size_t count = 0;

	while (typed.len > 0) {
		size_t skip = blank(typed);
		uint8_t c = typed.data[0];

		if (skip == 0) {
			if (c < 0x80 && !is_digit(c))
				return SIZE_MAX;
			count += (c & 0xc0) != 0x80;	/* the first byte of a character */
			skip = 1;
		}
		typed = (struct view){ typed.data + skip, typed.len - skip };
	}
	return count;
}

bool
pinrule_resembles_auth(struct view typed)
{
	size_t digits = count_digit_keys(typed);

	return digits >= AUTH_PIN_LENGTH - 1 && digits <= AUTH_PIN_LENGTH + 1;
}

bool
pinrule_is_slip(struct view typed)
{
	return count_digit_keys(typed) <= PIN_SLIP_MAX;
}

bool
pinrule_may_be_sign(struct view pin)
{
	if (pin.len < SIGN_PIN_MIN || pin.len > SECRET_MAX)
		return false;
	for (size_t i = 0; i < pin.len; i++)
		if (!is_digit(pin.data[i]) && !is_capital(pin.data[i]))
			return false;
	return true;
}

bool
pinrule_is_new_sign(struct view pin)
{
	bool digit = false, capital = false;

	for (size_t i = 0; i < pin.len; i++) {
		digit = digit || is_digit(pin.data[i]);
		capital = capital || is_capital(pin.data[i]);
	}
	return digit && capital && pinrule_may_be_sign(pin);
}

/* Whether all steps between digits are equal (9 and 0 are neighbours). */
static bool
has_step(const uint8_t *digits, int step)
{
	for (size_t i = 1; i < AUTH_PIN_LENGTH; i++)
		if ((digits[i] - digits[i - 1] - step + 10) % 10 != 0)
			return false;
	return true;
}

static bool
is_series(const uint8_t *d)
{
	if (has_step(d, 0) || has_step(d, 1) || has_step(d, -1))
		return true;
	if ((d[0] == d[2] && d[1] == d[3]) || (d[0] == d[1] && d[2] == d[3]))
		return true;
	/* down or up the middle column of a keypad */
	return memcmp(d, "2580", AUTH_PIN_LENGTH) == 0 || memcmp(d, "0852", AUTH_PIN_LENGTH) == 0;
}

static int
two_digits(const uint8_t *d)
{
	return (d[0] - '0') * 10 + d[1] - '0';
}

static bool
is_day_of(int month, int day)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

static bool
is_date(const uint8_t *d)
{
	int first = two_digits(d), second = two_digits(d + 2);

	return is_day_of(first, second) || is_day_of(second, first) || first == 19 || first == 20;
}

enum pin_weakness
pinrule_weakness(struct view pin)
{
	if (is_series(pin.data))
		return PIN_WEAK_SERIES;
	return is_date(pin.data) ? PIN_WEAK_DATE : PIN_NOT_WEAK;
}

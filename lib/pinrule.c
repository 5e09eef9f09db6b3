/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "lib/pinrule.h"
#include "lib/secret.h"

/* By hand, because isdigit() and isupper() ask the locale. */
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

/* How many octets of blanks it begins with; also U+00A0 and U+3000, in UTF-8. */
static size_t
blank(struct view v)
{
	if (v.len >= 2 && memcmp(v.data, "\xc2\xa0", 2) == 0)
		return 2;
	if (v.len >= 3 && memcmp(v.data, "\xe3\x80\x80", 3) == 0)
		return 3;
	return v.len >= 1 && (v.data[0] == ' ' || (v.data[0] >= '\t' && v.data[0] <= '\r')) ? 1 : 0;
}

/*
 * How many characters there are, blanks aside, if there are none but digits and what is not ASCII,
 * which an input method makes of digit keys. Else SIZE_MAX.
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
			count += (c & 0xc0) != 0x80;	/* the first octet of a character */
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

/* Each digit as far from the one before, nine and nought being neighbours. */
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
	/* down and up the middle of a keypad */
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

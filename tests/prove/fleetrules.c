/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/rules: the stamps of an entry. Any text is refused, or has exactly the form in which a directory writes it,
 * and each number is the one that is written there.
 *
 * Included: tools/fleet/rules.c
 * Source: lib/buf.c
 * Bound: stamps of 41 characters (those of 0, 14, 15, 40 and 41 fill their memory)
 * Entry: any_csn any_time
 * Unwind: 43
 * Define: strtoul=hex_or_decimal
 * Define: strspn=span
 * Define: timegm=seconds_of
 * Defect: [any_csn] tools/fleet/rules.c: (last ? '\0' : '#') -> (last ? at[widths[i]] : '#')
 * Defect: [any_csn] tools/fleet/rules.c: || text[14] != '.') -> )
 * Defect: [any_csn] tools/fleet/rules.c: const char *at; -> const char *at = text + 15;
 * Defect: [any_time] tools/fleet/rules.c: two_digits(text + 4, 1, 12, &month) -> two_digits(text + 4, 0, 12, &month)
 * Defect: [any_time] tools/fleet/rules.c: strcmp(text + 14, "Z") != 0 -> strncmp(text + 14, "Z", 1) != 0
 */
#include "tests/prove/prove.h"
#include "tools/fleet/rules.c"

#define TIME 15			/* "YYYYMMDDHHMMSSZ" */

static bool
is_digit(char c, int base)
{
	return (c >= '0' && c <= '9') || (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

/* strspn(3), for digits or hexadecimal digits. */
size_t
span(const char *text, const char *set)
{
	const int base = set[10] == '\0' ? 10 : 16;
	size_t n = 0;

	while (is_digit(text[n], base))
		n++;
	return n;
}

static struct {
	const char *text;
	unsigned long number;
} decimal_at, hex_at;

/* strtoul(3) of digits that are there: any number, which is remembered with its place. */
unsigned long
hex_or_decimal(const char *text, char **end, int base)
{
	const unsigned long n = nondet_u32();

	promise(end == NULL && (base == 10 || base == 16) && is_digit(text[0], base));
	if (base == 10) {
		decimal_at.text = text;
		decimal_at.number = n;
	} else {
		hex_at.text = text;
		hex_at.number = n;
	}
	return n;
}

static struct tm asked;
static time_t answered;

/* timegm(3): any number, for what is a date but for the length of its month. */
time_t
seconds_of(struct tm *tm)
{
	asked = *tm;
	answered = (time_t)nondet_u64();
	return answered;
}

static int
two_at(const char *text)
{
	promise(is_digit(text[0], 10) && is_digit(text[1], 10));
	return (text[0] - '0') * 10 + text[1] - '0';
}

static void
promise_seconds(const char *text, int64_t s)
{
	promise(s == answered && s >= 0);
	promise(asked.tm_year == two_at(text) * 100 + two_at(text + 2) - 1900 && asked.tm_year >= 0);
	promise(asked.tm_mon == two_at(text + 4) - 1 && asked.tm_mon >= 0 && asked.tm_mon < 12);
	promise(asked.tm_mday == two_at(text + 6) && asked.tm_mday >= 1 && asked.tm_mday <= 31);
	promise(asked.tm_hour == two_at(text + 8) && asked.tm_hour < 24);
	promise(asked.tm_min == two_at(text + 10) && asked.tm_min < 60);
	promise(asked.tm_sec == two_at(text + 12) && asked.tm_sec <= 60);
}

static void
promise_digits(const char *text, size_t digits, int base, char after)
{
	for (size_t i = 0; i < digits; i++)
		promise(is_digit(text[i], base));
	promise(text[digits] == after);
}

/* A text that fills its array, or ends before: what reads behind it is found where it fills it. */
static const char *
fill(char *text, size_t size)
{
	for (size_t i = 0; i < size - 1; i++)
		text[i] = (char)nondet_u8();
	text[size - 1] = '\0';
	return text;
}

static void
read_csn(const char *text)
{
	struct fleet_stamp stamp;

	if (!rules_read_csn(text, &stamp))
		return;
	promise(strlen(text) == 40 && text[14] == '.' && text[22] == '#' && !stamp.coarse);
	promise_seconds(text, stamp.s);
	promise_digits(text + 15, 6, 10, 'Z');
	promise_digits(text + 23, 6, 16, '#');
	promise_digits(text + 30, 3, 16, '#');
	promise_digits(text + 34, 6, 16, '\0');
	promise(decimal_at.text == text + 15 && stamp.us == decimal_at.number);
	promise(hex_at.text == text + 23 && stamp.count == hex_at.number);
}

void
any_csn(void)
{
	char none[1], seconds[15], point[16], whole[41], longer[42];

	switch (nondet_u8()) {
	case 0: read_csn(fill(none, sizeof none)); break;
	case 1: read_csn(fill(seconds, sizeof seconds)); break;
	case 2: read_csn(fill(point, sizeof point)); break;
	case 3: read_csn(fill(whole, sizeof whole)); break;
	default: read_csn(fill(longer, sizeof longer));
	}
}

static void
read_time(const char *text)
{
	struct fleet_stamp stamp;

	if (!rules_read_time(text, &stamp))
		return;
	promise(strlen(text) == TIME && text[14] == 'Z' && stamp.coarse && stamp.us == 0 && stamp.count == 0);
	promise_seconds(text, stamp.s);
}

void
any_time(void)
{
	char seconds[15], whole[16], longer[17];

	switch (nondet_u8()) {
	case 0: read_time(fill(seconds, sizeof seconds)); break;
	case 1: read_time(fill(whole, sizeof whole)); break;
	default: read_time(fill(longer, sizeof longer));
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/der: one entry of a list. Any bytes are refused or taken as what they are: the number is the one that is written
 * there; an entry without extensions is never refused if it is well-formed; a critical extension that is not understood always
 * is. A text that is not a time is refused. A time becomes its number of seconds since 1970. Consecutive days have consecutive numbers.
 *
 * Source: nss/crl/fault.c lib/der.c lib/buf.c
 * Included: nss/crl/der.c
 * Bound: entries of 9 bytes with numbers of 2; extensions of 18 bytes, two of known form; all dates and times of two years, and the years from 1900 to 2300
 * Entry: any_entry whole_entry any_extensions known_extensions any_time all_days all_years
 * Unwind: 17
 * Unwindset: der_header.0:5
 * Unwindset: read_entry_extensions.0:3
 * Unwindset: view_hex.0:3
 * Unwindset: without_zeros.0:11
 * Unwindset: all_days.0:32
 * Unwindset: all_years.0:401
 * Smaller: nss/crl/fault.h: #define CRL_SERIAL_MAX 20 -> #define CRL_SERIAL_MAX 2
 * Smaller: nss/crl/der.c: #define OID_SHOWN_MAX 32 -> #define OID_SHOWN_MAX 2
 * Apart: nss/crl/der.c: days_since_1970(int year,
 * Defect: [any_entry] nss/crl/der.c: if (v.len <= CRL_SERIAL_MAX) -> if (v.len < CRL_SERIAL_MAX)
 * Defect: [any_entry] nss/crl/der.c: while (v.len > 0 && v.data[0] == 0) { -> while (v.data[0] == 0) {
 * Defect: [whole_entry] nss/crl/der.c: *ret = (uint32_t)date; -> return false;
 * Defect: [any_extensions] nss/crl/der.c: cursor_at_end(&r) && v.len == 1 && -> cursor_at_end(&r) &&
 * Defect: [known_extensions] nss/crl/der.c: if (reasons > 1) { -> if (reasons > 2) {
 * Defect: [known_extensions] nss/crl/der.c: return CRL_ENTRY_CRITICAL; -> return CRL_OK;
 * Defect: [any_time] nss/crl/der.c: minute > 59 || second > 59) -> minute > 59 || second > 60)
 * Defect: [all_days] nss/crl/der.c: (month > 2 && is_leap(year)) -> (month > 1 && is_leap(year))
 * Defect: [all_years] nss/crl/der.c: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; -> year % 4 == 0 && year % 100 != 0;
 */
#include "tests/prove/prove.h"

static int64_t days_since_1970(int year, int month, int day);

#include "nss/crl/der.c"

void
log_msg(const struct log *log, int priority, const char *format, ...)
{
	(void)log;
	promise(priority >= LOG_ERR && priority <= LOG_DEBUG && format != NULL);
}

static void
check_entry(const struct crl_entry *e)
{
	promise(e->serial.len <= CRL_SERIAL_MAX && (e->serial.len == 0 || __CPROVER_r_ok(e->serial.data, e->serial.len)));
	promise(crl_reason_name(e->reason) != NULL);
}

/* --- an entry ---------------------------------------------------------------------------- */

#define ENTRY 9

/* Of any bytes. */
void
any_entry(void)
{
	static uint8_t bytes[ENTRY];
	const size_t len = nondet_size(), i = nondet_size();
	const uint8_t *body, *number;
	struct crl_entry e;
	const char *odd;
	size_t left;

	assume(len <= ENTRY && i < CRL_SERIAL_MAX);
	__CPROVER_havoc_object(bytes);
	body = LAST_OF(bytes, len);
	if (read_entry((struct view){ body, len }, NULL, &e, &odd) != CRL_OK)
		return;
	check_entry(&e);
	promise(len >= 5 && body[0] == DER_INTEGER && body[1] > 0 && body[1] <= len - 4);
	number = body + 2;
	for (left = body[1]; left > 0 && *number == 0; left--)
		number++;
	promise(e.serial.len == (left <= CRL_SERIAL_MAX ? left : 0));
	promise(i >= e.serial.len || e.serial.data[i] == number[i]);
	promise((left > 0 && left <= CRL_SERIAL_MAX && (body[2] & 0x80) == 0) || odd != NULL);
}

/* Of any number and any date, without extensions: it is taken. */
void
whole_entry(void)
{
	static uint8_t body[2 + CRL_SERIAL_MAX + 2 + 15];
	const bool is_utc = nondet_bool();
	const size_t date = is_utc ? 13 : 15;
	struct crl_entry e;
	const char *odd;
	size_t n = 0;

	body[n++] = DER_INTEGER;
	body[n++] = CRL_SERIAL_MAX;
	body[n++] = nondet_u8();
	body[n++] = nondet_u8();
	body[n++] = is_utc ? TAG_UTC_TIME : TAG_GENERALIZED_TIME;
	body[n++] = (uint8_t)date;
	for (size_t i = 0; i < 15; i++)
		if (i < date)
			body[n++] = nondet_u8();
	promise(read_entry((struct view){ body, n }, NULL, &e, &odd) == CRL_OK);
	promise(e.reason == REASON_UNSPECIFIED && (e.serial.len > 0 || (body[2] == 0 && body[3] == 0)));
}

/* --- its extensions ---------------------------------------------------------------------- */

#define EXTENSIONS 18

void
any_extensions(void)
{
	static uint8_t bytes[EXTENSIONS];
	const size_t len = nondet_size();
	struct crl_entry e = { .reason = REASON_UNSPECIFIED };
	const char *odd = NULL;

	assume(len <= sizeof bytes);
	__CPROVER_havoc_object(bytes);
	if (read_entry_extensions((struct view){ LAST_OF(bytes, len), len }, NULL, &e, &odd) == CRL_OK)
		check_entry(&e);
}

#define ONE 15

/* An extension 2.5.29.n with a value that reads as a reason; alone, or twice. */
void
known_extensions(void)
{
	const uint8_t ce = nondet_u8(), critical = nondet_u8(), reason = nondet_u8();
	const uint8_t one[ONE] = { DER_SEQUENCE, ONE - 2, DER_OID, 3, 0x55, 0x1d, ce, TAG_BOOLEAN, 1, critical,
		DER_OCTET_STRING, 3, TAG_ENUMERATED, 1, reason };
	const size_t times = nondet_bool() ? 2 : 1;
	uint8_t body[7 + 2 * ONE] = { DER_INTEGER, 1, 5, TAG_UTC_TIME, 0, DER_SEQUENCE, (uint8_t)(times * ONE) };
	struct crl_entry e;
	const char *odd;
	bool known;

	for (size_t i = 0; i < ONE; i++)
		body[7 + i] = body[7 + ONE + i] = one[i];
	if (read_entry((struct view){ body, 7 + times * ONE }, NULL, &e, &odd) != CRL_OK)
		return;
	known = ce == CE_REASON_CODE || ce == CE_HOLD_INSTRUCTION || ce == CE_INVALIDITY_DATE;
	promise((critical == 0xff && known) || critical == 0);
	promise(ce != CE_CERTIFICATE_ISSUER && e.serial.len == 1 && e.serial.data[0] == 5);
	if (ce == CE_REASON_CODE && times == 1 && reason <= 10 && reason != 7)
		promise(e.reason == reason);
	else
		promise(e.reason == REASON_UNSPECIFIED && (ce != CE_REASON_CODE || odd != NULL));
}

/* --- times ------------------------------------------------------------------------------- */

static struct {
	int year, month, day;
	int64_t answer;
} days;

/* In place of what all_days and all_years prove: two numbers, as CBMC cannot multiply every one in time. */
static int64_t
days_since_1970(int year, int month, int day)
{
	days.year = year;
	days.month = month;
	days.day = day;
	days.answer = nondet_bool() ? -1 : 20000;
	return days.answer;
}

/* The number that two digits write; -1: they do not. */
static int
two_at(const uint8_t *text)
{
	bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';

	return digits ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

static int
last_day(int year, int month)
{
	return month == 2 ? (year == 2023 ? 28 : 29) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

#define REST 11			/* "MMDDHHMMSSZ" */

static void
check_time(int year)
{
	uint8_t text[REST];
	int64_t at;
	int month, day, hour, minute, second;
	bool is_time;

	for (size_t i = 0; i < REST; i++)
		text[i] = nondet_u8();
	month = two_at(text);
	day = two_at(text + 2);
	hour = two_at(text + 4);
	minute = two_at(text + 6);
	second = two_at(text + 8);
	is_time = month >= 1 && month <= 12 && day >= 1 && day <= last_day(year, month) && hour >= 0 && hour < 24 &&
	    minute >= 0 && minute < 60 && second >= 0 && second < 60 && text[10] == 'Z';
	promise(rest_of_time(text, year, &at) == is_time);
	if (!is_time)
		return;
	promise(days.year == year && days.month == month && days.day == day);
	promise(at == days.answer * 86400 + (hour * 60 + minute) * 60 + second);
}

void
any_time(void)
{
	check_time(2023);
	check_time(2024);
}

/* Each day comes after the one before it. */
void
all_days(void)
{
	int64_t before = whole_days_since_1970(2022, 12, 31);

	for (int year = 2023; year <= 2024; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= last_day(year, month); day++)
				promise(whole_days_since_1970(year, month, day) == ++before);
}

/* So does each year. */
void
all_years(void)
{
	promise(whole_days_since_1970(1970, 1, 1) == 0);
	for (int year = 1900; year < 2300; year++)
		promise(whole_days_since_1970(year + 1, 1, 1) == whole_days_since_1970(year, 12, 31) + 1);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/journal: any text is read as its format says. A record is taken if it is whole, and the next one in the
 * sequence; a text is at its end only if no record follows anywhere. The sum is CRC-32.
 *
 * Included: tools/fleet/journal.c
 * Source: lib/buf.c
 * Bound: texts of 9 bytes with marks of 1 ("j", "c"), numbers of 2 digits; every sum; 5 places for a next record; CRC-32 of each byte
 * Entry: any_first_line one_record any_next each_sum
 * Unwind: 10
 * Unwindset: each_sum.1:257
 * Unwindset: take_number.0:4
 * Unwindset: memcmp.0:2
 * Unwindset: has_record.0:6
 * Unwindset: find_mark.0:6
 * Unwindset: be_get.0:2
 * Smaller: tools/fleet/journal.c: #define FIRST_LINE "pam_jpki journal 1 " -> #define FIRST_LINE "j"
 * Smaller: tools/fleet/journal.c: #define RECORD_LINE "change " -> #define RECORD_LINE "c"
 * Smaller: tools/fleet/journal.c: && digits < 18; -> && digits < 2;
 * Apart: tools/fleet/journal.c: sum_of(int64_t number,
 * Apart: tools/fleet/journal.c: take_record(int64_t number,
 * Define: memmem=find_mark
 * Defect: [any_first_line] tools/fleet/journal.c: return digits > 0 && next -> return next
 * Defect: [any_first_line] tools/fleet/journal.c: ret->taken = len - c.left; -> ret->taken = c.left;
 * Defect: [any_next] tools/fleet/journal.c: if (sequence != j->sequence + 1) -> if (sequence < j->sequence + 1)
 * Defect: [any_next] tools/fleet/journal.c: c = cursor_of(at + 1, left - 1); -> c = cursor_of(at + 2, left - 2);
 * Defect: [one_record] tools/fleet/journal.c: sum == (int64_t)sum_of( -> sum <= (int64_t)sum_of(
 * Defect: [one_record] tools/fleet/journal.c: return len <= LEN_MAX && cursor_view(c, (size_t)len, ret_text) -> return len <= LEN_MAX && cursor_view(c, (size_t)len / 2, ret_text)
 * Defect: [each_sum] tools/fleet/journal.c: 0x76dc4190 -> 0x76dc4191
 */
#include <string.h>

#include "tests/prove/prove.h"

/* Stand-ins. sum_of() checks which bytes it is given, and returns any number. take_record() does what one_record proves of the real one. */
struct cursor;
struct view;
static uint32_t sum_of(int64_t number, int64_t sequence, const char *text, size_t len);
static bool take_record(int64_t number, struct cursor *c, int64_t *ret_sequence, struct view *ret_text);

#include "tools/fleet/journal.c"

#define TEXT 9

static uint8_t bytes[TEXT];
static const uint8_t *text;
static size_t text_len;
static uint32_t sum;
static int64_t number, summed_sequence;
static size_t summed_at, summed_len;

static uint32_t
sum_of(int64_t n, int64_t sequence, const char *of, size_t len)
{
	promise(n == number && (const uint8_t *)of >= text && (const uint8_t *)of + len <= text + text_len);
	summed_sequence = sequence;
	summed_at = (size_t)((const uint8_t *)of - text);
	summed_len = len;
	return sum;
}

/* memmem(3) of the mark of a record. */
void *
find_mark(const void *memory, size_t len, const void *wanted, size_t wanted_len)
{
	const uint8_t *p = memory;

	promise(wanted_len == 1 && *(const char *)wanted == 'c');
	for (size_t i = 0; i < len; i++)
		if (p[i] == 'c')
			return (void *)(p + i);
	return NULL;
}

/* One or two digits at a place, and what follows them; 0: there are none. */
static size_t
digits_at(size_t at, char end, int64_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (size_t i = at; i < text_len && n < 2 && text[i] >= '0' && text[i] <= '9'; i++, n++)
		*ret = *ret * 10 + text[i] - '0';
	return n > 0 && at + n < text_len && text[at + n] == end ? n + 1 : 0;
}

struct found {
	bool is;
	int64_t sequence, len;
	size_t body;
};

/* Whether the text begins with a whole record with a right sum. */
static struct found
whole_record(void)
{
	struct found f = { .is = false };
	size_t n[3] = { 0 };
	int64_t s = 0;

	if (text_len == 0 || text[0] != 'c')
		return f;
	n[0] = digits_at(1, ' ', &f.sequence);
	n[1] = n[0] > 0 ? digits_at(1 + n[0], ' ', &f.len) : 0;
	n[2] = n[1] > 0 ? digits_at(1 + n[0] + n[1], '\n', &s) : 0;
	f.body = 1 + n[0] + n[1] + n[2];
	f.is = n[2] > 0 && (size_t)f.len <= text_len - f.body && s == (int64_t)sum;
	return f;
}

static void
any_text(void)
{
	text_len = nondet_size();
	assume(text_len <= TEXT);
	for (size_t i = 0; i < TEXT; i++)
		bytes[i] = nondet_u8();
	text = LAST_OF(bytes, text_len);
}

void
any_first_line(void)
{
	struct journal j;
	int64_t n = 0;
	size_t digits;
	bool opened;

	any_text();
	opened = journal_open((const char *)text, text_len, &j);
	digits = text_len > 0 && text[0] == 'j' ? digits_at(1, '\n', &n) : 0;
	promise(opened == (digits > 0));
	promise(!opened || (j.number == n && j.sequence == 0 && j.taken == 1 + digits && j.len == text_len));
	promise(!opened || (const uint8_t *)j.text == text);
}

/* It is taken if it is there, with its sequence and its text. */
void
one_record(void)
{
	struct cursor c;
	struct view got;
	struct found f;
	int64_t sequence;

	any_text();
	sum = nondet_u8();
	number = nondet_u8();
	c = cursor_of(text, text_len);
	f = whole_record();
	promise(whole_take_record(number, &c, &sequence, &got) == f.is);
	if (!f.is)
		return;
	promise(sequence == f.sequence && got.data == text + f.body && got.len == (size_t)f.len);
	promise(c.p == got.data + got.len && c.left == text_len - f.body - got.len);
	promise(summed_sequence == sequence && summed_at == f.body && summed_len == got.len);
}

#define PLACES 5

static uint8_t places[PLACES];
static bool is_record[PLACES + 1];
static int64_t sequence_at[PLACES + 1];
static size_t taken_len;

/* A record at any of the places that begin like one; otherwise the cursor may have moved. */
static bool
take_record(int64_t n, struct cursor *c, int64_t *ret_sequence, struct view *ret_text)
{
	const size_t at = PLACES - c->left, len = nondet_size();

	promise(n == number && c->left <= PLACES && c->p == places + at);
	assume(len <= c->left);
	c->p += len;
	c->left -= len;
	if (!is_record[at])
		return false;
	*ret_sequence = sequence_at[at];
	*ret_text = (struct view){ c->p, 0 };
	taken_len = len;
	return true;
}

/* Of a text that was read up to any place. */
void
any_next(void)
{
	struct journal j = { .text = (const char *)places, .len = PLACES };
	const size_t taken = nondet_size();
	const int64_t before = nondet_u32();
	enum journal_next next;
	bool follows = false;
	size_t got_len;
	const char *got;

	assume(taken <= PLACES);
	number = nondet_u8();
	for (size_t i = 0; i < PLACES; i++) {
		places[i] = nondet_u8();
		is_record[i] = places[i] == 'c' && nondet_bool();
		sequence_at[i] = nondet_u32();
		follows = follows || (i >= taken && is_record[i]);
	}
	j.number = number;
	j.sequence = before;
	j.taken = taken;
	next = journal_next(&j, &got, &got_len);
	if (is_record[taken] && sequence_at[taken] == before + 1) {
		promise(next == JOURNAL_RECORD && j.sequence == before + 1 && j.taken == taken + taken_len);
		promise((const uint8_t *)got == places + j.taken && got_len == 0);
	} else {
		promise(next == (follows ? JOURNAL_DAMAGED : JOURNAL_END) && j.taken == taken && j.sequence == before);
	}
}

void
each_sum(void)
{
	for (unsigned int byte = 0; byte < 256; byte++) {
		const char one = (char)byte;
		uint32_t crc = 0xffffff00 | byte;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
		promise(crc_add(0xffffff00, &one, 1) == crc);
	}
	promise(~crc_add(UINT32_MAX, "123456789", 9) == 0xcbf43926);	/* the check value of CRC-32 */
}

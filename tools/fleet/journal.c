/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "tools/fleet/journal.h"

#define FIRST_LINE "pam_jpki journal 1 "
#define RECORD_LINE "change "
#define LEN_MAX INT64_C(1000000000)

/* --- the sum ------------------------------------------------------------------------------ */

/* CRC-32 as in ISO 3309 and RFC 1952 §8, four bits at a time. */
static uint32_t
crc_add(uint32_t crc, const char *text, size_t len)
{
	static const uint32_t table[] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
		0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint8_t)text[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

static uint32_t
sum_of(int64_t number, int64_t sequence, const char *text, size_t len)
{
	char head[JOURNAL_LINE_MAX];
	int n = snprintf(head, sizeof head, "%" PRId64 " %" PRId64 " %zu\n", number, sequence, len);

	return ~crc_add(crc_add(UINT32_MAX, head, (size_t)n), text, len);
}

/* --- reading ------------------------------------------------------------------------------ */

/* If one of these returns false, the cursor may have moved. */

static bool
take_text(struct cursor *c, const char *text)
{
	struct view taken;

	return cursor_view(c, strlen(text), &taken) && memcmp(taken.data, text, taken.len) == 0;
}

/* Decimal digits, and the character after them. */
static bool
take_number(struct cursor *c, char end, int64_t *ret)
{
	uint8_t next = 0;
	size_t digits = 0;

	for (*ret = 0; cursor_u8(c, &next) && next >= '0' && next <= '9' && digits < 18; digits++)
		*ret = *ret * 10 + (next - '0');
	return digits > 0 && next == (uint8_t)end;
}

bool
journal_open(const char *text, size_t len, struct journal *ret)
{
	struct cursor c = cursor_of(text, len);

	*ret = (struct journal){ .text = text, .len = len };
	if (!take_text(&c, FIRST_LINE) || !take_number(&c, '\n', &ret->number))
		return false;
	ret->taken = len - c.left;
	return true;
}

/* Takes the next record, with any number in the sequence. */
static bool
take_record(int64_t number, struct cursor *c, int64_t *ret_sequence, struct view *ret_text)
{
	int64_t len, sum;

	if (!take_text(c, RECORD_LINE) || !take_number(c, ' ', ret_sequence) || !take_number(c, ' ', &len) ||
	    !take_number(c, '\n', &sum))
		return false;
	return len <= LEN_MAX && cursor_view(c, (size_t)len, ret_text) &&
	    sum == (int64_t)sum_of(number, *ret_sequence, (const char *)ret_text->data, ret_text->len);
}

/* Whether a record follows anywhere in the rest. Then the bytes before it are not the last record, torn by a power cut. */
static bool
has_record(int64_t number, struct cursor c)
{
	const uint8_t *at;

	while ((at = memmem(c.p, c.left, RECORD_LINE, strlen(RECORD_LINE))) != NULL) {
		size_t left = c.left - (size_t)(at - c.p);
		struct cursor record = cursor_of(at, left);
		int64_t sequence;
		struct view text;

		if (take_record(number, &record, &sequence, &text))
			return true;
		c = cursor_of(at + 1, left - 1);
	}
	return false;
}

enum journal_next
journal_next(struct journal *j, const char **ret_text, size_t *ret_len)
{
	struct cursor rest = cursor_of(j->text + j->taken, j->len - j->taken), c = rest;
	struct view text;
	int64_t sequence;

	if (!take_record(j->number, &c, &sequence, &text))
		return has_record(j->number, rest) ? JOURNAL_DAMAGED : JOURNAL_END;
	if (sequence != j->sequence + 1)
		return JOURNAL_DAMAGED;
	j->sequence = sequence;
	j->taken = j->len - c.left;
	*ret_text = (const char *)text.data;
	*ret_len = text.len;
	return JOURNAL_RECORD;
}

/* --- writing ------------------------------------------------------------------------------ */

size_t
journal_first_line(int64_t number, char line[static JOURNAL_LINE_MAX])
{
	return (size_t)snprintf(line, JOURNAL_LINE_MAX, FIRST_LINE "%" PRId64 "\n", number);
}

size_t
journal_record_line(int64_t number, int64_t sequence, const char *text, size_t len, char line[static JOURNAL_LINE_MAX])
{
	return (size_t)snprintf(line, JOURNAL_LINE_MAX, RECORD_LINE "%" PRId64 " %zu %" PRIu32 "\n", sequence, len,
	    sum_of(number, sequence, text, len));
}

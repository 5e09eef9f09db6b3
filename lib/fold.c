/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "lib/fold.h"

/* What Japanese does not put at the start of a line, or at its end (JIS X 4051). */
static const char *const closing[] = { "、", "。", "，", "．", "・", "：", "；", "？", "！", "ー", "」", "』", "）", "］", "】", NULL };
static const char *const opening[] = { "「", "『", "（", "［", "【", NULL };

/* The bytes of the character there, which is not at its end; 1 for what is no UTF-8. */
static size_t
character_len(const char *at)
{
	size_t len = 1;

	if ((unsigned char)at[0] >= 0xc0)
		while (((unsigned char)at[len] & 0xc0) == 0x80)
			len++;
	return len;
}

/* From U+0800 on: what is narrower there does not occur in our texts. */
static size_t
character_columns(const char *at)
{
	return (unsigned char)at[0] >= 0xe0 ? 2 : 1;
}

static bool
is_ascii(const char *at)
{
	return (unsigned char)at[0] < 0x80;
}

static bool
is_one_of(const char *at, const char *const *marks)
{
	for (size_t i = 0; marks[i] != NULL; i++)
		if (strncmp(at, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

static bool
is_end(const char *at)
{
	return at[0] == '\0' || at[0] == ' ';
}

/* The bytes of what may not be broken: a word, or a character with the marks that belong to it. */
static size_t
piece_len(const char *text, size_t *ret_columns)
{
	const char *at = text, *last;

	*ret_columns = 0;
	do {
		last = at;
		*ret_columns += character_columns(at);
		at += character_len(at);
	} while (!is_end(at) && ((is_ascii(last) && is_ascii(at)) || is_one_of(at, closing) || is_one_of(last, opening)));
	return (size_t)(at - text);
}

void
fold_text(const char *text, size_t columns, char *dst, size_t size)
{
	size_t used = 0, column = 0, blanks, len, width;

	while (blanks = strspn(text, " "), text[blanks] != '\0') {
		bool feed;

		len = piece_len(text + blanks, &width);
		feed = column > 0 && column + blanks + width > columns;
		if (feed) {
			text += blanks;
			blanks = column = 0;
		}
		if (used + feed + blanks + len >= size)
			break;
		if (feed)
			dst[used++] = '\n';
		memcpy(dst + used, text, blanks + len);
		used += blanks + len;
		text += blanks + len;
		column += blanks + width;
	}
	dst[used] = '\0';
}

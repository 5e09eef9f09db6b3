/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "lib/edited.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define IDEOGRAPHIC_SPACE "\xe3\x80\x80"	/* U+3000 */
#define NO_BREAK_SPACE "\xc2\xa0"

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static char *
without_blanks(const char *line, char *end)
{
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	return end;
}

void
edited_tidy(char *text, size_t *len)
{
	const char *from = text + (begins(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0);
	const char *end = text + *len;
	char *line = text, *to = text;
	bool comment = false;

	while (from < end) {
		size_t wide = comment ? 0 : begins(from, IDEOGRAPHIC_SPACE) ? strlen(IDEOGRAPHIC_SPACE) :
		    begins(from, NO_BREAK_SPACE) ? strlen(NO_BREAK_SPACE) : 0;

		if (*from == '\n')
			to = without_blanks(line, to);
		comment = *from == '#' || (comment && *from != '\n');
		*to = *from;
		if (wide > 0)
			*to = ' ';
		to++;
		from += wide > 0 ? wide : 1;
		if (to[-1] == '\n')
			line = to;
	}
	to = without_blanks(line, to);
	*to = '\0';
	*len = (size_t)(to - text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config/conf: a value of any text is refused or fits its field, a number is within its range, and a list has no
 * empty word and no character that was not allowed.
 *
 * Source: lib/buf.c
 * Included: config/conf.c
 * Bound: values of 8 characters for fields of 6
 * Entry: numbers texts
 * Unwind: 72
 * Define: __NO_CTYPE
 * Define: CONFDIR="/c"
 * Define: STATEDIR="/s"
 * Defect: [texts] config/conf.c: if (len >= size) -> if (len > size)
 * Defect: [numbers] config/conf.c: errno != 0 || *end != '\0' || n < min -> errno != 0 || n < min
 * Defect: [numbers] config/conf.c: if (!isdigit((unsigned char)text[0]))	/* -> if (text[0] == 0)	/*
 * Defect: [texts] config/conf.c: len == 0 || text[0] == ',' -> text[0] == ','
 * Defect: [texts] config/conf.c: return text + strlen(one); -> return text + strlen(one) + 2;
 */
#include "config/conf.c"
#include "tests/prove/prove.h"

#define VALUE 9

static char field[6];

static bool
is_list(const char *list, const char *punctuation)
{
	bool word = false;

	for (const char *p = list; *p != '\0'; p++) {
		if (*p == ',' ? !word || p[1] == '\0' : !isalnum((unsigned char)*p) && strchr(punctuation, *p) == NULL)
			return false;
		word = *p != ',';
	}
	return true;
}

void
numbers(void)
{
	char letters[VALUE], *text = any_string(letters, sizeof letters);
	unsigned int min = nondet_u8(), max = nondet_u16(), n;

	if (parse_uint(text, min, max, &n))
		promise(n >= min && n <= max && text[0] != '\0' && strspn(text, "0123456789") == strlen(text));
	if (parse_word(text, TYPE_REMOVAL, &n))
		promise(n < 4 && strcmp(text, words_of[TYPE_REMOVAL][n]) == 0);
}

void
texts(void)
{
	char letters[VALUE], *text = any_string(letters, sizeof letters);
	static const struct row path = { .key = "", .type = TYPE_PATH, .size = sizeof field };

	switch (nondet_u8()) {
	case 0:
		if (parse_list(text, "none", "_.-$", field, sizeof field))
			promise(strlen(field) < sizeof field && is_list(field, "_.-$") && (field[0] == '\0') == (strcmp(text, "none") == 0));
		break;
	case 1:
		if (parse_oid(text, field, sizeof field))
			promise(strlen(field) < sizeof field && field[0] != '.' && strspn(field, "0123456789.") == strlen(field));
		break;
	case 2:
		if (parse_proxy(text, field, sizeof field))
			promise(strlen(field) < sizeof field && strchr(field, '@') == NULL);
		break;
	case 3:
		if (set_value((struct conf *)(void *)field, &path, text))
			promise(strlen(field) < sizeof field && field[0] == '/');
		break;
	default:
		if (parse_command(text, field, sizeof field))
			promise(strlen(field) < sizeof field && (field[0] == '\0' || field[0] == '/'));
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "nss/base64.h"
#include "tools/fleet/ldif.h"

/* --- lines ------------------------------------------------------------------------------- */

/* "attribute: value", "attribute:: base64", taken apart in place. */
static bool
add_value(struct ldif_entry *entry, char *line)
{
	struct ldif_value *v = &entry->at[entry->count];
	char *colon = strchr(line, ':'), *value;
	size_t len = 0;

	if (colon == NULL || colon == line)
		return false;
	if (entry->count == LDIF_VALUES_MAX) {
		entry->cut = true;	/* costs this entry alone */
		return true;
	}
	*colon = '\0';
	value = colon + 1;
	v->attribute = line;
	if (*value == '<' || strcasecmp(line, "changetype") == 0)
		return false;
	if (*value == ':') {
		value++;
		value += strspn(value, " ");
		if (*value != '\0' && !base64_read(value, (uint8_t *)value, strlen(value), &len))
			return false;
		value[len] = '\0';
	} else {
		value += strspn(value, " ");
		len = strlen(value);
	}
	v->value = (struct view){ (const uint8_t *)value, len };
	entry->count++;
	return true;
}

/* Unfolds lines: one that begins with a blank continues the line before. */
static void
unfold(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++)
		if (from[0] == '\n' && from[1] == ' ')
			from++;
		else
			*to++ = *from;
	*to = '\0';
}

/* The lines up to an empty one, without those that are comments; *ret_lines of the file were read. */
static bool
read_lines(FILE *f, struct ldif_entry *entry, size_t *ret_len, size_t *ret_lines)
{
	bool comment = false;
	char *text = entry->text;
	size_t len = 0;

	*ret_lines = 0;
	while (fgets(text + len, (int)(LDIF_ENTRY_MAX - len), f) != NULL) {
		size_t n = strlen(text + len);

		++*ret_lines;
		/* A NUL, no room for the rest of the line, or a file that was cut off within it. */
		if (n == 0 || text[len + n - 1] != '\n')
			return false;
		if (n >= 2 && text[len + n - 2] == '\r') {
			text[len + n - 2] = '\n';
			text[len + --n] = '\0';
		}
		if (text[len] == '\n')
			break;
		comment = text[len] == '#' || (comment && text[len] == ' ');
		if (!comment)
			len += n;
	}
	text[len] = '\0';
	*ret_len = len;
	return ferror(f) == 0;
}

enum ldif
ldif_next(FILE *f, struct ldif_entry *entry)
{
	size_t len = 0, lines;
	char *next, *line;
	bool whole;

	if (entry->text == NULL)
		entry->text = calloc(1, LDIF_ENTRY_MAX);
	if (entry->text == NULL)
		return LDIF_BAD;
	entry->count = 0;
	entry->cut = false;
	do {
		whole = read_lines(f, entry, &len, &lines);
		entry->line += lines;
		if (!whole)
			return LDIF_BAD;
	} while (len == 0 && lines > 0);
	if (len == 0)
		return LDIF_END;
	unfold(entry->text);
	next = entry->text;
	while ((line = strsep(&next, "\n")) != NULL)
		if (*line != '\0' && !add_value(entry, line))
			return LDIF_BAD;
	return LDIF_ENTRY;
}

void
ldif_done(struct ldif_entry *entry)
{
	free(entry->text);
	*entry = (struct ldif_entry){ .count = 0 };
}

/* --- values ------------------------------------------------------------------------------ */

const struct ldif_value *
ldif_only(const struct ldif_entry *entry, const char *attribute)
{
	const struct ldif_value *found = NULL;

	for (size_t i = 0; i < entry->count; i++)
		if (strcasecmp(entry->at[i].attribute, attribute) == 0) {
			if (found != NULL)
				return NULL;
			found = &entry->at[i];
		}
	return found;
}

const char *
ldif_text(const struct ldif_entry *entry, const char *attribute)
{
	const struct ldif_value *v = ldif_only(entry, attribute);

	return v != NULL && v->value.len == strlen((const char *)v->value.data) ? (const char *)v->value.data : NULL;
}

bool
ldif_has(const struct ldif_entry *entry, const char *attribute, const char *value)
{
	for (size_t i = 0; i < entry->count; i++)
		if (strcasecmp(entry->at[i].attribute, attribute) == 0 &&
		    strcasecmp((const char *)entry->at[i].value.data, value) == 0)
			return true;
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/ldif: an entry of any bytes is taken or refused. The lines that are kept are those of the file up to an empty
 * one, without comments; a fold is taken out wherever it is; a line is one attribute and its value, within the text; no line
 * is left out, and no more values are kept than there is room for.
 *
 * Included: tools/fleet/ldif.c
 * Source: lib/buf.c
 * Bound: files of 6 bytes for entries of 5; lines of 8 characters; entries of 4 characters; 2 values
 * Entry: any_lines any_folds any_value any_entry
 * Unwind: 11
 * Unwindset: fgets.0:6
 * Unwindset: whole_read_lines.0:8
 * Unwindset: note_line.0:6
 * Unwindset: note_line.1:6
 * Smaller: tools/fleet/ldif.h: #define LDIF_ENTRY_MAX 131072 -> #define LDIF_ENTRY_MAX 5
 * Smaller: tools/fleet/ldif.h: #define LDIF_VALUES_MAX 128 -> #define LDIF_VALUES_MAX 2
 * Smaller: tools/fleet/ldif.c: strcasecmp(line, "changetype") -> strcasecmp(line, "ch")
 * Apart: tools/fleet/ldif.c: add_value(struct ldif_entry *entry,
 * Apart: tools/fleet/ldif.c: unfold(char *text)
 * Apart: tools/fleet/ldif.c: read_lines(FILE *f,
 * Define: strspn=span_of_blanks
 * Defect: [any_lines] tools/fleet/ldif.c: if (n == 0 || text[len + n - 1] != '\n') -> if (n == 0)
 * Defect: [any_lines] tools/fleet/ldif.c: (int)(LDIF_ENTRY_MAX - len) -> (int)LDIF_ENTRY_MAX
 * Defect: [any_lines] tools/fleet/ldif.c: (comment && text[len] == ' ') -> comment
 * Defect: [any_lines] tools/fleet/ldif.c: return ferror(f) == 0; -> return true;
 * Defect: [any_folds] tools/fleet/ldif.c: if (from[0] == '\n' && from[1] == ' ') -> if (from[0] == '\n')
 * Defect: [any_value] tools/fleet/ldif.c: if (entry->count == LDIF_VALUES_MAX) { -> if (entry->count > LDIF_VALUES_MAX) {
 * Defect: [any_value] tools/fleet/ldif.c: if (colon == NULL || colon == line) -> if (colon == line)
 * Defect: [any_value] tools/fleet/ldif.c: value[len] = '\0'; -> value[len + 1] = '\0';
 * Defect: [any_entry] tools/fleet/ldif.c: if (*line != '\0' && !add_value(entry, line)) -> if (!add_value(entry, line))
 * Defect: [any_entry] tools/fleet/ldif.c: } while (len == 0 && lines > 0); -> } while (len == 0);
 */
#include <stdio.h>

#include "tests/prove/prove.h"

/* In place of what is proved apart. */
struct ldif_entry;
static bool add_value(struct ldif_entry *entry, char *line);
static void unfold(char *text);
static bool read_lines(FILE *f, struct ldif_entry *entry, size_t *ret_len, size_t *ret_lines);

#include "tools/fleet/ldif.c"

static struct ldif_entry entry;

/* strspn(3) of blanks. */
size_t
span_of_blanks(const char *text, const char *set)
{
	size_t n = 0;

	promise(set[0] == ' ' && set[1] == '\0');
	while (text[n] == ' ')
		n++;
	return n;
}

/* --- lines ------------------------------------------------------------------------------- */

#define FILE_MAX 6

static char file[FILE_MAX], kept[LDIF_ENTRY_MAX];
static size_t file_len, taken, kept_len, lines_taken;
static bool failed, met_end, in_comment, had_nul, had_part, was_empty;

/* Reads that line a second time, as RFC 2849 has it. */
static void
note_line(const char *line, size_t n)
{
	const size_t ends = n > 0 && line[n - 1] == '\n' ? n >= 2 && line[n - 2] == '\r' ? 2 : 1 : 0;

	had_part = had_part || ends == 0;
	lines_taken++;
	for (size_t i = 0; i < n; i++)
		had_nul = had_nul || line[i] == '\0';
	if (ends > 0 && n == ends) {
		was_empty = true;
		return;
	}
	in_comment = line[0] == '#' || (in_comment && line[0] == ' ');
	for (size_t i = 0; i < n && !in_comment; i++)
		if (ends < 2 || i != n - 2)
			kept[kept_len++] = line[i];
}

/* fgets(3) and ferror(3) of a file of any bytes, or one that fails at any byte. */
char *
fgets(char *restrict to, int size, FILE *restrict f)
{
	size_t n = 0;

	(void)f;
	promise(size > 0 && __CPROVER_w_ok(to, (size_t)size) && !was_empty && !had_part);
	while (n + 1 < (size_t)size && (n == 0 || to[n - 1] != '\n')) {
		failed = nondet_bool();
		met_end = taken == file_len;
		if (failed || met_end)
			break;
		to[n++] = file[taken++];
	}
	if (failed || (n == 0 && size > 1))
		return NULL;
	to[n] = '\0';
	note_line(to, n);
	return to;
}

int
ferror(FILE *f)
{
	(void)f;
	return failed;
}

void
any_lines(void)
{
	static char text[LDIF_ENTRY_MAX];
	size_t len = 0, lines = 0;

	for (size_t i = 0; i < FILE_MAX; i++)
		file[i] = (char)nondet_u8();
	file_len = nondet_size();
	assume(file_len <= FILE_MAX);
	entry.text = text;
	if (!whole_read_lines(NULL, &entry, &len, &lines)) {
		promise(failed || had_part || had_nul);
		return;
	}
	promise(!failed && !had_part && !had_nul && (was_empty || met_end) && lines == lines_taken);
	promise(len == kept_len && len < sizeof text && text[len] == '\0');
	for (size_t i = 0; i < sizeof kept; i++)
		promise(i >= len || text[i] == kept[i]);
}

/* --- folds ------------------------------------------------------------------------------- */

#define TEXT 9

static char *
any_text(char text[static TEXT])
{
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (char)nondet_u8();
	return any_string(text, TEXT);
}

void
any_folds(void)
{
	char folded[TEXT], copy[TEXT], *text = any_text(folded);
	const size_t before = strlen(text);
	size_t n = 0;

	for (size_t i = 0; i <= before; i++)
		copy[i] = text[i];
	whole_unfold(text);
	for (size_t i = 0; i < before; i++)
		if (copy[i] == '\n' && copy[i + 1] == ' ')
			i++;
		else
			promise(text[n++] == copy[i]);
	promise(text[n] == '\0');
}

/* --- values ------------------------------------------------------------------------------ */

/* tests/prove/base64.c: no more than there is room for; a group of four gives three bytes. */
bool
base64_read(const char *text, uint8_t *data, size_t size, size_t *ret_len)
{
	const size_t len = nondet_size(), had = strlen(text);

	promise(had > 0 && (const char *)data == text && size == had);
	if (nondet_bool())
		return false;
	assume(len > 0 && len <= size && len <= had / 4 * 3);
	for (size_t i = 0; i < TEXT; i++)
		if (i < len)
			data[i] = nondet_u8();
	*ret_len = len;
	return true;
}

void
any_value(void)
{
	char letters[TEXT], *line = any_text(letters);
	const size_t count = nondet_u8(), len = strlen(line);
	const char *colon = strchr(line, ':');
	const bool is_coded = colon != NULL && colon[1] == ':';
	bool added;

	assume(count <= LDIF_VALUES_MAX);
	entry.count = count;
	added = whole_add_value(&entry, line);
	if (colon == NULL || colon == line) {
		promise(!added && entry.count == count);
	} else if (count == LDIF_VALUES_MAX) {
		promise(added && entry.cut && entry.count == count);
	} else if (!added) {
		promise(entry.count == count && (is_coded || colon[1] == '<' || colon == line + 2));
	} else {
		const struct ldif_value *v = &entry.at[count];
		const char *value = (const char *)v->value.data;

		promise(!entry.cut && entry.count == count + 1 && colon[1] != '<');
		promise(v->attribute == line && line + strlen(line) == colon);
		promise(value > colon && value + v->value.len <= line + len && value[v->value.len] == '\0');
		promise(is_coded || (*value != ' ' && v->value.len == strlen(value) && value + v->value.len == line + len));
	}
}

/* --- an entry ---------------------------------------------------------------------------- */

static struct {
	char text[LDIF_ENTRY_MAX];
	bool bad, unfolded, refused;
	size_t reads, lines, len, at;	/* at: how far the lines were handed on */
} part;

static bool
read_lines(FILE *f, struct ldif_entry *e, size_t *ret_len, size_t *ret_lines)
{
	promise(f == NULL && e == &entry && e->text != NULL && !part.bad && part.len == 0);
	part.reads++;
	part.bad = nondet_bool();
	part.len = part.reads == 3 ? 0 : nondet_size();		/* two empty lines before it, and the end of the file */
	*ret_lines = part.reads == 3 ? 0 : nondet_u8();
	assume(part.len < LDIF_ENTRY_MAX && *ret_lines >= part.len);
	part.lines += part.bad ? 0 : *ret_lines;
	for (size_t i = 0; i < part.len; i++) {
		part.text[i] = (char)nondet_u8();
		assume(part.text[i] != '\0');
		e->text[i] = part.text[i];
	}
	e->text[part.len] = '\0';
	*ret_len = part.len;
	return !part.bad;
}

static void
unfold(char *text)
{
	promise(text == entry.text && !part.unfolded);
	part.unfolded = true;
}

/* The next line that is not empty, with its end. */
static bool
add_value(struct ldif_entry *e, char *line)
{
	promise(e == &entry && part.unfolded && !part.refused);
	while (part.text[part.at] == '\n')
		part.at++;
	promise(line == e->text + part.at && part.at < part.len);
	while (part.text[part.at] != '\n' && part.text[part.at] != '\0') {
		promise(*line++ == part.text[part.at]);
		part.at++;
	}
	promise(*line == '\0');
	part.refused = nondet_bool();
	return !part.refused;
}

void
any_entry(void)
{
	static char text[LDIF_ENTRY_MAX];
	const size_t before = nondet_u8();
	enum ldif next;

	entry.text = nondet_bool() ? text : NULL;
	entry.line = before;
	next = ldif_next(NULL, &entry);
	if (next == LDIF_BAD) {
		promise(part.bad || part.refused || entry.text == NULL);
		return;
	}
	promise(!part.bad && !part.refused && entry.line == before + part.lines);
	while (part.text[part.at] == '\n')
		part.at++;
	promise(next == LDIF_END ? part.len == 0 : part.len > 0 && part.at == part.len);
}

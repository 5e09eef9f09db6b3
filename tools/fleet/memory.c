/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fleetcopy.h"
#include "lib/memstream.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/record.h"

#define FIRST_LINE "pam_jpki fleet 2 "
#define FIRST_LINE_BEFORE "pam_jpki fleet 1"	/* without a number: 0 */
#define NEVER "-"

/* --- sorted tables ------------------------------------------------------------------------ */

/* Where the second key of an entry is; 0: it has none. */
#define SECOND_OF_GONE offsetof(struct memory_gone, hash)

static int
compare(const void *entry, const char *key, const char *second, size_t offset)
{
	int order = strcmp(entry, key);

	return order != 0 || offset == 0 ? order : strcmp((const char *)entry + offset, second);
}

/* The index of the entry, or the one at which to insert it. */
static size_t
place_of(const struct memory_table *t, const char *key, const char *second, size_t offset, bool *ret_there)
{
	size_t low = 0, high = t->count;

	*ret_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(t->at[middle], key, second, offset);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void *
find(const struct memory_table *t, const char *key, const char *second, size_t offset)
{
	bool there;
	size_t i = place_of(t, key, second, offset, &there);

	return there ? t->at[i] : NULL;
}

/* Doubles the table each time that its count is a power of two. */
static bool
make_room(struct memory_table *t)
{
	void **grown;

	if ((t->count & (t->count - 1)) != 0)
		return true;
	grown = reallocarray(t->at, t->count > 0 ? t->count * 2 : 1, sizeof *grown);
	if (grown != NULL)
		t->at = grown;
	return grown != NULL;
}

static void *
add(struct memory_table *t, const char *key, const char *second, size_t offset, size_t size)
{
	bool there;
	size_t i = place_of(t, key, second, offset, &there);
	void *entry;

	if (there)
		return t->at[i];
	entry = t->count < MEMORY_ENTRIES_MAX && make_room(t) ? calloc(1, size) : NULL;
	if (entry == NULL)
		return NULL;
	memmove(t->at + i + 1, t->at + i, (t->count - i) * sizeof t->at[0]);
	t->at[i] = entry;
	t->count++;
	memcpy(entry, key, strlen(key) + 1);
	if (offset > 0)
		memcpy((char *)entry + offset, second, strlen(second) + 1);
	return entry;
}

struct memory_user *
memory_find_user(const struct memory *m, const char *user)
{
	return find(&m->users, user, NULL, 0);
}

struct memory_gone *
memory_find_gone(const struct memory *m, const char *user, const char *hash)
{
	return find(&m->gone, user, hash, SECOND_OF_GONE);
}

struct memory_user *
memory_add_user(struct memory *m, const char *user)
{
	return userfile_user_ok(user) ? add(&m->users, user, NULL, 0, sizeof(struct memory_user)) : NULL;
}

struct memory_gone *
memory_add_gone(struct memory *m, const char *user, const char *hash)
{
	return userfile_user_ok(user) && hex_is_text(hash, CERT_FINGERPRINT_LEN) ?
	    add(&m->gone, user, hash, SECOND_OF_GONE, sizeof(struct memory_gone)) : NULL;
}

struct memory_mark *
memory_add_mark(struct memory *m, const char *name)
{
	return record_is_block_name(name) ? add(&m->marks, name, NULL, 0, sizeof(struct memory_mark)) : NULL;
}

int64_t
memory_registered(const struct memory *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->users.count; i++)
		n += memory_user_at(m, i)->count > 0;
	return n;
}

static void
table_done(struct memory_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->at[i]);
	free(t->at);
}

void
memory_done(struct memory *m)
{
	table_done(&m->users);
	table_done(&m->gone);
	table_done(&m->marks);
	*m = (struct memory){ .head.has_source = false };
}

/* --- reading ------------------------------------------------------------------------------- */

/* "S", or "S.U.C"; NEVER gives all zero and false in *ret_is. */
static bool
read_stamp(char *text, struct fleet_stamp *ret, bool *ret_is)
{
	char *next = text, *s, *us, *count;
	int64_t number[3] = { 0, 0, 0 };

	*ret = (struct fleet_stamp){ .coarse = true };
	*ret_is = text != NULL && strcmp(text, NEVER) != 0;
	if (text == NULL || !*ret_is)
		return text != NULL;
	s = strsep(&next, ".");
	us = strsep(&next, ".");
	count = strsep(&next, ".");
	if (next != NULL || !fleetcopy_read_number(s, &number[0]))
		return false;
	ret->s = number[0];
	if (us == NULL)
		return true;
	if (!fleetcopy_read_number(us, &number[1]) || number[1] > 999999 || !fleetcopy_read_number(count, &number[2]) || number[2] > UINT32_MAX)
		return false;
	*ret = (struct fleet_stamp){ .s = number[0], .us = (uint32_t)number[1], .count = (uint32_t)number[2] };
	return true;
}

static bool
read_source(char *rest, struct memory *m)
{
	struct fleet_source *source = &m->head.source;
	int64_t *const into[] = { &source->generation, &source->time, &source->enrolled, &source->blocked };

	for (size_t i = 0; i < sizeof into / sizeof into[0]; i++)
		if (!fleetcopy_read_number(strsep(&rest, " "), into[i]))
			return false;
	m->head.has_source = true;
	return rest == NULL;
}

static bool
read_mark(char *rest, struct memory *m)
{
	const char *name = strsep(&rest, " ");
	struct memory_mark *e;
	struct fleet_mark mark;
	bool lifted;

	if (!read_stamp(strsep(&rest, " "), &mark.blocked_at, &mark.ever_blocked) ||
	    !read_stamp(strsep(&rest, " "), &mark.lifted_at, &lifted) || rest != NULL)
		return false;
	e = memory_add_mark(m, name);
	if (e != NULL)
		e->mark = mark;
	return e != NULL;
}

/* again: the user may be known. */
static bool
read_have(char *rest, struct memory *m, bool again)
{
	struct fleet_stamp modified, created;
	struct memory_user *e;
	bool is;
	char *hashes, *hash;

	if (!read_stamp(strsep(&rest, " "), &modified, &is) || !read_stamp(strsep(&rest, " "), &created, &is))
		return false;
	hashes = strsep(&rest, " ");
	e = rest != NULL ? memory_add_user(m, rest) : NULL;	/* a name may have blanks */
	if (e == NULL || (e->count > 0 && !again))
		return false;
	e->count = 0;
	e->modified = modified;
	e->created = created;
	while ((hash = strsep(&hashes, ",")) != NULL) {
		if (e->count == USERCERTS_MAX || !hex_is_text(hash, CERT_FINGERPRINT_LEN))
			return false;
		memcpy(e->hashes[e->count++], hash, CERT_FINGERPRINT_LEN + 1);
	}
	return true;
}

static bool
read_gone(char *rest, struct memory *m)
{
	struct fleet_stamp removed;
	struct memory_gone *e;
	const char *hash;
	bool is;

	if (!read_stamp(strsep(&rest, " "), &removed, &is))
		return false;
	hash = strsep(&rest, " ");
	e = hash != NULL && rest != NULL ? memory_add_gone(m, rest, hash) : NULL;
	if (e != NULL)
		e->removed = removed;
	return e != NULL;
}

/* A user who came and left between two records is not known. */
static bool
read_left(const char *user, const struct memory *m)
{
	struct memory_user *e = memory_find_user(m, user);

	if (e != NULL)
		e->count = 0;
	return userfile_user_ok(user);
}

static bool
read_line(char *line, struct memory *m, bool again)
{
	const char *word = strsep(&line, " ");

	if (line == NULL)
		return false;
	if (strcmp(word, "source") == 0)
		return read_source(line, m);
	if (strcmp(word, "held") == 0)
		return fleetcopy_read_number(line, &m->head.held);
	if (strcmp(word, "mark") == 0)
		return read_mark(line, m);
	if (strcmp(word, "have") == 0)
		return read_have(line, m, again);
	if (strcmp(word, "gone") == 0)
		return read_gone(line, m);
	return again && strcmp(word, "left") == 0 && read_left(line, m);
}

/* Reads lines. Each has to end with a newline: the last one may have been cut off. */
static bool
read_lines(char *text, struct memory *m, bool again)
{
	char *next = text, *line;

	while ((line = strsep(&next, "\n")) != NULL) {
		if (next == NULL)	/* behind the last newline */
			return *line == '\0';
		if (!read_line(line, m, again))
			return false;
	}
	return false;
}

bool
memory_number(const char *text, int64_t *ret)
{
	const char *end = strchr(text, '\n');
	size_t before = strlen(FIRST_LINE), len = end != NULL ? (size_t)(end - text) : 0;
	char number[32];

	*ret = 0;
	if (len == strlen(FIRST_LINE_BEFORE) && strncmp(text, FIRST_LINE_BEFORE, len) == 0)
		return true;
	if (len <= before || len - before >= sizeof number || strncmp(text, FIRST_LINE, before) != 0)
		return false;
	memcpy(number, text + before, len - before);
	number[len - before] = '\0';
	return fleetcopy_read_number(number, ret);
}

bool
memory_read(char *text, struct memory *ret)
{
	int64_t number;

	if (!memory_number(text, &number) || !read_lines(strchr(text, '\n') + 1, ret, false))
		return false;
	ret->head_read = ret->head;
	return true;
}

bool
memory_add_changes(char *lines, size_t len, struct memory *m)
{
	/* The end of the last line becomes the end of the text: what is behind it is another record. */
	if (len == 0 || lines[len - 1] != '\n' || memchr(lines, '\0', len) != NULL)
		return false;
	lines[len - 1] = '\0';
	for (char *next = lines, *line; (line = strsep(&next, "\n")) != NULL;)
		if (!read_line(line, m, true))
			return false;
	m->head_read = m->head;
	return true;
}

/* --- writing ------------------------------------------------------------------------------- */

static void
put_stamp(FILE *f, const struct fleet_stamp *s)
{
	if (s->coarse)
		fprintf(f, " %" PRId64, s->s);
	else
		fprintf(f, " %" PRId64 ".%" PRIu32 ".%" PRIu32, s->s, s->us, s->count);
}

static void
put_mark(FILE *f, const struct memory_mark *e)
{
	fprintf(f, "mark %s", e->name);
	if (e->mark.ever_blocked)
		put_stamp(f, &e->mark.blocked_at);
	else
		fputs(" " NEVER, f);
	put_stamp(f, &e->mark.lifted_at);
	fputc('\n', f);
}

static void
put_have(FILE *f, const struct memory_user *e)
{
	fputs("have", f);
	put_stamp(f, &e->modified);
	put_stamp(f, &e->created);
	for (size_t i = 0; i < e->count; i++)
		fprintf(f, "%c%s", i == 0 ? ' ' : ',', e->hashes[i]);
	fprintf(f, " %s\n", e->user);
}

static void
put_gone(FILE *f, const struct memory_gone *e)
{
	fputs("gone", f);
	put_stamp(f, &e->removed);
	fprintf(f, " %s %s\n", e->hash, e->user);
}

static void
put_head(FILE *f, const struct memory_head *h)
{
	if (h->has_source)
		fprintf(f, "source %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", h->source.generation, h->source.time,
		    h->source.enrolled, h->source.blocked);
	fprintf(f, "held %" PRId64 "\n", h->held);
}

static void
put_tables(FILE *f, const struct memory *m, bool all)
{
	for (size_t i = 0; i < m->marks.count; i++) {
		const struct memory_mark *e = m->marks.at[i];

		if (all || e->changed)
			put_mark(f, e);
	}
	for (size_t i = 0; i < m->users.count; i++) {
		const struct memory_user *e = m->users.at[i];

		if (e->count > 0 && (all || e->changed))
			put_have(f, e);
		else if (e->changed && !all)
			fprintf(f, "left %s\n", e->user);
	}
	for (size_t i = 0; i < m->gone.count; i++) {
		const struct memory_gone *e = m->gone.at[i];

		if (all || e->changed)
			put_gone(f, e);
	}
}

char *
memory_write(const struct memory *m, int64_t number, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (f == NULL)
		return NULL;
	fprintf(f, FIRST_LINE "%" PRId64 "\n", number);
	put_head(f, &m->head);
	put_tables(f, m, true);
	return memstream_close(f, &text);
}

static bool
same_head(const struct memory_head *a, const struct memory_head *b)
{
	return a->has_source == b->has_source && a->held == b->held && a->source.generation == b->source.generation &&
	    a->source.time == b->source.time && a->source.enrolled == b->source.enrolled && a->source.blocked == b->source.blocked;
}

char *
memory_write_changes(const struct memory *m, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (f == NULL)
		return NULL;
	if (!same_head(&m->head, &m->head_read))
		put_head(f, &m->head);
	put_tables(f, m, false);
	return memstream_close(f, &text);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fleet/memory.h"
#include "tools/fleet/record.h"

#define FIRST_LINE "pam_jpki fleet 1"
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

/* Where it is, or would have to be put. */
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

/* Room for twice as many, each time that it is a power of two. */
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

struct memory_mark *
memory_find_mark(const struct memory *m, const char *name)
{
	return find(&m->marks, name, NULL, 0);
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

void
memory_drop_empty(struct memory *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->users.count; i++)
		if (memory_user_at(m, i)->count > 0)
			m->users.at[kept++] = m->users.at[i];
		else
			free(m->users.at[i]);
	m->users.count = kept;
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
	*m = (struct memory){ .has_source = false };
}

/* --- reading ------------------------------------------------------------------------------- */

static bool
read_number(const char *text, int64_t *ret)
{
	size_t digits = text != NULL ? strspn(text, "0123456789") : 0;

	if (digits == 0 || digits > 18 || text[digits] != '\0')
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

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
	if (next != NULL || !read_number(s, &number[0]))
		return false;
	ret->s = number[0];
	if (us == NULL)
		return true;
	if (!read_number(us, &number[1]) || number[1] > 999999 || !read_number(count, &number[2]) || number[2] > UINT32_MAX)
		return false;
	*ret = (struct fleet_stamp){ .s = number[0], .us = (uint32_t)number[1], .count = (uint32_t)number[2] };
	return true;
}

static bool
read_source(char *rest, struct memory *m)
{
	int64_t *const into[] = { &m->source.generation, &m->source.time, &m->source.enrolled, &m->source.blocked };

	for (size_t i = 0; i < sizeof into / sizeof into[0]; i++)
		if (!read_number(strsep(&rest, " "), into[i]))
			return false;
	m->has_source = true;
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

static bool
read_have(char *rest, struct memory *m)
{
	struct fleet_stamp modified, created;
	struct memory_user *e;
	bool is;
	char *hashes, *hash;

	if (!read_stamp(strsep(&rest, " "), &modified, &is) || !read_stamp(strsep(&rest, " "), &created, &is))
		return false;
	hashes = strsep(&rest, " ");
	e = rest != NULL ? memory_add_user(m, rest) : NULL;	/* a name may have blanks */
	if (e == NULL || e->count > 0)
		return false;
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

static bool
read_line(char *line, struct memory *m)
{
	const char *word = strsep(&line, " ");

	if (line == NULL)
		return false;
	if (strcmp(word, "source") == 0)
		return read_source(line, m);
	if (strcmp(word, "held") == 0)
		return read_number(line, &m->held);
	if (strcmp(word, "mark") == 0)
		return read_mark(line, m);
	if (strcmp(word, "have") == 0)
		return read_have(line, m);
	return strcmp(word, "gone") == 0 && read_gone(line, m);
}

bool
memory_read(char *text, struct memory *ret)
{
	char *next = text, *line = strsep(&next, "\n");

	if (strcmp(line, FIRST_LINE) != 0)
		return false;
	while ((line = strsep(&next, "\n")) != NULL) {
		if (next == NULL)	/* behind the last newline; what is there was cut off */
			return *line == '\0';
		if (!read_line(line, ret))
			return false;
	}
	return false;
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

char *
memory_write(const struct memory *m, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);
	bool failed;

	if (f == NULL)
		return NULL;
	fputs(FIRST_LINE "\n", f);
	if (m->has_source)
		fprintf(f, "source %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", m->source.generation, m->source.time,
		    m->source.enrolled, m->source.blocked);
	fprintf(f, "held %" PRId64 "\n", m->held);
	for (size_t i = 0; i < m->marks.count; i++)
		put_mark(f, m->marks.at[i]);
	for (size_t i = 0; i < m->users.count; i++)
		put_have(f, memory_user_at(m, i));
	for (size_t i = 0; i < m->gone.count; i++)
		put_gone(f, m->gone.at[i]);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

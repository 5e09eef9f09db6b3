/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ldap/known.h"

/* A name, once for all entries that register it, so that a look for one does not go through all entries. */
struct registered {
	const char *text;	/* first, as in known_entry: compare() */
	size_t entries;
	char room[];
};

struct known_entry {
	const char *key;
	struct registered *name;
	char room[];
};

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* --- names -------------------------------------------------------------------------------- */

/* A node of a tree, as tsearch(3) has it: its first member points to what is ours. */
static struct registered *
name_find(const struct known *k, const char *text)
{
	struct registered **node = tfind(&text, &k->names, compare);

	return node != NULL ? *node : NULL;
}

/* The name for one entry more; NULL without memory. */
static struct registered *
name_take(struct known *k, const char *text)
{
	struct registered *name = name_find(k, text);
	size_t size = strlen(text) + 1;

	if (name == NULL) {
		name = calloc(1, sizeof *name + size);
		if (name == NULL)
			return NULL;
		name->text = memcpy(name->room, text, size);
		if (tsearch(name, &k->names, compare) == NULL) {
			free(name);
			return NULL;
		}
	}
	name->entries++;
	return name;
}

static void
name_leave(struct known *k, struct registered *name)
{
	if (--name->entries > 0)
		return;
	(void)tdelete(name, &k->names, compare);
	free(name);
}

/* --- entries ------------------------------------------------------------------------------ */

static struct known_entry *
entry_find(const struct known *k, const char *key)
{
	struct known_entry **node = tfind(&key, &k->tree, compare);

	return node != NULL ? *node : NULL;
}

static bool
entry_insert(struct known *k, const char *key, struct registered *name)
{
	size_t len = strlen(key);
	struct known_entry *e;

	if (len >= KNOWN_KEY_MAX || k->count >= KNOWN_ENTRIES_MAX)
		return false;
	e = calloc(1, sizeof *e + len + 1);
	if (e == NULL)
		return false;
	e->key = memcpy(e->room, key, len + 1);
	e->name = name;
	if (tsearch(e, &k->tree, compare) == NULL) {
		free(e);
		return false;
	}
	k->count++;
	return true;
}

bool
known_add(struct known *k, const char *key, const char *name)
{
	struct known_entry *e = entry_find(k, key);
	struct registered *now = name_take(k, name);

	if (now == NULL)
		return false;
	if (e != NULL) {
		name_leave(k, e->name);
		e->name = now;
		return true;
	}
	if (entry_insert(k, key, now))
		return true;
	name_leave(k, now);
	return false;
}

const char *
known_name(const struct known *k, const char *key)
{
	const struct known_entry *e = entry_find(k, key);

	return e != NULL ? e->name->text : NULL;
}

void
known_drop(struct known *k, const char *key)
{
	struct known_entry *e = entry_find(k, key);

	if (e == NULL)
		return;
	(void)tdelete(e, &k->tree, compare);
	name_leave(k, e->name);
	free(e);
	k->count--;
}

bool
known_has_name(const struct known *k, const char *name)
{
	return name_find(k, name) != NULL;
}

void
known_done(struct known *k)
{
	tdestroy(k->tree, free);
	tdestroy(k->names, free);
	*k = (struct known){ .tree = NULL };
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ldap/known.h"

struct known_entry {
	char *name;
	char key[];
};

static int
compare(const void *a, const void *b)
{
	const struct known_entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void
entry_free(void *p)
{
	struct known_entry *e = p;

	free(e->name);
	free(e);
}

static struct known_entry *
entry_new(const char *key)
{
	size_t len = strlen(key);
	struct known_entry *e = len < KNOWN_KEY_MAX ? calloc(1, sizeof *e + len + 1) : NULL;

	if (e != NULL)
		memcpy(e->key, key, len + 1);
	return e;
}

/* The node of the tree, as tsearch(3) has it: its first member points to our entry. */
static struct known_entry **
find(const struct known *k, const char *key)
{
	struct known_entry *sought = entry_new(key);
	struct known_entry **node = sought != NULL ? tfind(sought, &k->tree, compare) : NULL;

	free(sought);
	return node;
}

static bool
insert(struct known *k, const char *key, char *name)
{
	struct known_entry *e = k->count < KNOWN_ENTRIES_MAX ? entry_new(key) : NULL;

	if (e == NULL)
		return false;
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
	struct known_entry **node = find(k, key);
	char *copy = strdup(name);

	if (copy == NULL)
		return false;
	if (node != NULL) {
		free((*node)->name);
		(*node)->name = copy;
		return true;
	}
	if (insert(k, key, copy))
		return true;
	free(copy);
	return false;
}

const char *
known_name(const struct known *k, const char *key)
{
	struct known_entry **node = find(k, key);

	return node != NULL ? (*node)->name : NULL;
}

void
known_drop(struct known *k, const char *key)
{
	struct known_entry **node = find(k, key);
	struct known_entry *e;

	if (node == NULL)
		return;
	e = *node;
	(void)tdelete(e, &k->tree, compare);
	entry_free(e);
	k->count--;
}

struct quest {
	const char *name;
	bool found;
};

static void
look(const void *node, VISIT visit, void *ctx)
{
	const struct known_entry *const *e = node;
	struct quest *q = ctx;

	if ((visit == postorder || visit == leaf) && strcmp((*e)->name, q->name) == 0)
		q->found = true;
}

bool
known_has_name(const struct known *k, const char *name)
{
	struct quest q = { .name = name };

	twalk_r(k->tree, look, &q);
	return q.found;
}

void
known_done(struct known *k)
{
	tdestroy(k->tree, entry_free);
	*k = (struct known){ .tree = NULL };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose registration each entry of the directory was: a message that an entry was deleted names it by entryUUID
 * alone (RFC 4533 §2.2), and one that was renamed has a new uid.
 */
#ifndef JPKI_TOOLS_LDAP_KNOWN_H
#define JPKI_TOOLS_LDAP_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#define KNOWN_KEY_MAX 256
#define KNOWN_ENTRIES_MAX 200000

struct known_entry;

struct known {
	void *tree;		/* of tsearch(3): entries by key */
	void *names;		/* and names, each of which some entry registers */
	size_t count;
};

/*
 * Notes an entry: its key (entryUUID, or DN, as text) and the name that it registers. False: too many, a key too
 * long, or no memory.
 */
bool known_add(struct known *k, const char *key, const char *name) __attribute__((warn_unused_result));

/* The name that the entry registers; NULL: it is not known. Lent until the next call. */
const char *known_name(const struct known *k, const char *key);

void known_drop(struct known *k, const char *key);

/* Whether an entry registers this name. */
bool known_has_name(const struct known *k, const char *name);

void known_done(struct known *k);

#endif

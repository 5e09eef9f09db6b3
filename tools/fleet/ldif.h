/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries in LDIF (RFC 2849), as ldapsearch(1) and slapcat(8) write them. Content alone: a file with
 * changes is refused, and so are values that are kept in other files (":<").
 */
#ifndef JPKI_TOOLS_FLEET_LDIF_H
#define JPKI_TOOLS_FLEET_LDIF_H

#include <stdio.h>

#include "lib/buf.h"

#define LDIF_ENTRY_MAX 131072	/* bytes, as they are written */
#define LDIF_VALUES_MAX 128

struct ldif_value {
	const char *attribute;	/* as written, with its options: "userCertificate;binary" */
	struct view value;	/* a NUL after it does not count */
};

struct ldif_entry {
	struct ldif_value at[LDIF_VALUES_MAX];
	size_t count;
	bool cut;		/* it has more values than these */
	size_t line;		/* the last line read, from 1: the one after the entry, or where a bad one ends */
	char *text;		/* owns all the rest */
};

enum ldif { LDIF_ENTRY, LDIF_END, LDIF_BAD };

/*
 * Reads the next entry: some lines up to an empty one. LDIF_BAD: it is not understood, too long, cut off
 * within a line, or cannot be read; what follows is not read. *entry is zeroed before the first call; its values
 * are lent until the next. ldif_done() in every case.
 */
enum ldif ldif_next(FILE *f, struct ldif_entry *entry) MUST_CHECK;
void ldif_done(struct ldif_entry *entry);

/*
 * The value of an attribute, by its name without regard to case. NULL if it has none, or more than one.
 */
const struct ldif_value *ldif_only(const struct ldif_entry *entry, const char *attribute);

/* The same as a text without NUL, or NULL. */
const char *ldif_text(const struct ldif_entry *entry, const char *attribute);

/* Whether one of an attribute's values is this text, without regard to case. */
bool ldif_has(const struct ldif_entry *entry, const char *attribute, const char *value);

#endif

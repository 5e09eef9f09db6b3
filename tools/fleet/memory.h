/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program that writes the copy of an organization's directory remembers the directory in a text beside
 * the copy. Because of this memory a restored directory brings no removed registration back. So lines are
 * never removed, except for registrations that have gone, and each of those leaves another line.
 *
 *	pam_jpki fleet 2 NUMBER				counts how often it was written as a whole ("1": before there was a journal)
 *	source GENERATION TIME ENROLLED BLOCKED		the state entry, as last believed
 *	held N						registrations whose removal waits for an administrator
 *	mark NAME BLOCKED LIFTED			stamps; "-" for never
 *	have MODIFIED CREATED HASH[,HASH...] USER
 *	gone REMOVED HASH USER
 *
 * A stamp is SECONDS, or SECONDS.MICROSECONDS.COUNT. Changes are added to the journal beside it
 * (tools/fleet/journal.h), in the same lines; each replaces the earlier line on the same thing. The journal also has
 *
 *	left USER					the user has no registration any more
 */
#ifndef JPKI_TOOLS_FLEET_MEMORY_H
#define JPKI_TOOLS_FLEET_MEMORY_H

#include <sys/types.h>

#include "config/userfile.h"
#include "flow/usercerts.h"
#include "lib/log.h"
#include "nss/cert.h"
#include "tools/fleet/rules.h"

#define MEMORY_FILE "memory"
#define MEMORY_MAX ((size_t)128 << 20)	/* bytes */
#define MEMORY_ENTRIES_MAX 200000

struct memory_user {
	char user[USERFILE_USER_MAX + 1];
	struct fleet_stamp modified, created;
	char hashes[USERCERTS_MAX][CERT_FINGERPRINT_LEN + 1];
	size_t count;		/* 0: not registered (any more) */
	bool seen;		/* in the refresh that is under way; not written */
	bool changed;		/* since it was read */
};

struct memory_gone {
	char user[USERFILE_USER_MAX + 1];
	char hash[CERT_FINGERPRINT_LEN + 1];
	struct fleet_stamp removed;
	bool changed;
};

struct memory_mark {
	char name[FLEET_NAME_MAX];
	struct fleet_mark mark;
	bool changed;
};

/* Pointers to entries, sorted by the strings that these begin with. */
struct memory_table {
	void **at;
	size_t count;
};

/* The lines that occur once. */
struct memory_head {
	bool has_source;
	struct fleet_source source;
	int64_t held;
};

struct memory {
	struct memory_head head, head_read;	/* as it is, and as it was read */
	struct memory_table users;	/* struct memory_user, by user */
	struct memory_table gone;	/* struct memory_gone, by user and hash */
	struct memory_table marks;	/* struct memory_mark, by name */
};

static inline struct memory_user *
memory_user_at(const struct memory *m, size_t i)
{
	return m->users.at[i];
}

/* The NUMBER in the first line of a text; false: that is no memory. */
bool memory_number(const char *text, int64_t *ret) MUST_CHECK;

/*
 * Reads a text, which is taken apart in place, into an empty memory. False: it is not understood, has too many
 * entries, or there is not enough memory. Call memory_done() in every case.
 */
bool memory_read(char *text, struct memory *ret) MUST_CHECK;
void memory_done(struct memory *m);

/* Takes over the lines of one record of the journal. They are taken apart in place. False as above. */
bool memory_add_changes(char *lines, size_t len, struct memory *m) MUST_CHECK;

/*
 * Writes the whole memory, or the changes since it was read. The caller frees the text, which is empty if
 * nothing has changed. NULL: out of memory.
 */
char *memory_write(const struct memory *m, int64_t number, size_t *ret_len);
char *memory_write_changes(const struct memory *m, size_t *ret_len);

/* Look one up; NULL if there is none. */
struct memory_user *memory_find_user(const struct memory *m, const char *user);
struct memory_gone *memory_find_gone(const struct memory *m, const char *user, const char *hash);

/* Finds an entry, or adds it. NULL: out of memory, or there are MEMORY_ENTRIES_MAX already. */
struct memory_user *memory_add_user(struct memory *m, const char *user);
struct memory_gone *memory_add_gone(struct memory *m, const char *user, const char *hash);
struct memory_mark *memory_add_mark(struct memory *m, const char *name);

/* Whether that many removals more can be remembered. */
static inline bool
memory_has_room(const struct memory *m, size_t gone)
{
	return m->gone.count + gone <= MEMORY_ENTRIES_MAX;
}

/* How many users are registered. */
int64_t memory_registered(const struct memory *m) MUST_CHECK;

#endif

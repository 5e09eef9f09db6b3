/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For whom a certificate is enrolled, without a look at every enrollment: the file USERS_DIR.index beside
 * the directory, as text.
 *
 *	pam_jpki users 1 SIZE SECONDS.NANOSECONDS	of the file; st_mtim of the directory when it was made
 *	SERIAL NAME SECONDS.NANOSECONDS			serial number (hex); st_ctim of NAME.pem; sorted as bytes
 *
 * An enrollment without a certificate has "-" in place of a serial number. The index never decides: what it
 * names has to be looked up in the enrollment itself, and what it does not know may be enrolled all the
 * same, for an administrator puts files into the directory without jpkictl. Times are compared for being
 * equal alone, so a clock that was wrong does no harm.
 */
#ifndef JPKI_CONFIG_USERINDEX_H
#define JPKI_CONFIG_USERINDEX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"

#define USERINDEX_KEY_MAX 41		/* 20 bytes of a serial number (RFC 5280 §4.1.2.2), and the NUL */
#define USERINDEX_NO_KEY "-"
#define USERINDEX_MAX ((size_t)64 << 20)	/* bytes of the file; 20,000 enrollments take 1 MB */

struct userindex_stamp {
	int64_t s;
	uint32_t ns;
};

/* The path of the index of a directory; false if it is too long. */
bool userindex_path(const char *users_dir, char path[static PATH_MAX]) MUST_CHECK;

bool userindex_same_stamp(struct userindex_stamp a, struct userindex_stamp b);

/* st_ctim of a user's file; false if it is not there. */
bool userindex_stamp_of(const char *users_dir, const char *user, struct userindex_stamp *ret);

/* st_mtim of the directory; false if it is not there. */
bool userindex_stamp_of_dir(const char *users_dir, struct userindex_stamp *ret);

/*
 * Calls `each` for every user whom the file names under this key, sorted, reading about twice the logarithm of
 * its lines. True: the directory is as it was when the index was made, so no file has come to it or left it since
 * (one may have been changed in place). Also false if there is no index, or none that can be used (logged).
 */
bool userindex_find(const char *users_dir, uid_t owner, const struct log *log, const char *key,
    void (*each)(void *ctx, const char *user), void *ctx);

/* --- the whole of it ------------------------------------------------------------------ */

struct userindex_entry {
	const char *key, *user;		/* lent from the index */
	struct userindex_stamp changed;
};

struct userindex {
	char *text;
	struct userindex_entry *at;	/* sorted by user */
	size_t count;
};

/*
 * Reads all of it. OUTCOME_OK; NOT_ENROLLED: there is none; ENROLMENT: it cannot be used (logged); NO_MEMORY.
 * *ret is empty then, and to be userindex_done() in every case.
 */
struct outcome userindex_load(const char *users_dir, uid_t owner, const struct log *log,
    struct userindex *ret) MUST_CHECK;
void userindex_done(struct userindex *index);

/* The entries of a user: how many, and the first of them. Lent. */
size_t userindex_of(const struct userindex *index, const char *user, const struct userindex_entry **ret);

/* Lines for a new one. */
struct userindex_lines {
	char **at;
	size_t count, room;
	bool failed;		/* there was no memory */
};

void userindex_add(struct userindex_lines *lines, const char *key, struct userindex_stamp changed, const char *user);
void userindex_lines_done(struct userindex_lines *lines);

/*
 * Replaces the index, atomically, mode 0644; sorts the lines. dir: what the directory was like before the first of
 * them was made. ENROLMENT (logged; the old one stays); NO_MEMORY.
 */
struct outcome userindex_write(const char *users_dir, struct userindex_stamp dir, struct userindex_lines *lines,
    const struct log *log) MUST_CHECK;

#endif

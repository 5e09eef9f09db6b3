/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The enrolled certificates: one file of PEM certificates per user, USERS_DIR/NAME.pem. This folder reads
 * and writes the text; nss/ interprets it.
 */
#ifndef JPKI_CONFIG_USERFILE_H
#define JPKI_CONFIG_USERFILE_H

#include <limits.h>
#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"

#define USERFILE_MAX 65536
#define USERFILE_USER_MAX 251	/* and ".pem" make the longest file name */

/*
 * Whether this can name an enrollment: 1 to USERFILE_USER_MAX bytes, no
 * slash, no control characters, not beginning with a dot or a hyphen.
 */
bool userfile_user_ok(const char *user);

/* The path of a user's file; false for a name that can have none, and for a path that is too long. */
bool userfile_path(const char *users_dir, const char *user, char path[static PATH_MAX]) MUST_CHECK;

/*
 * Whether the user has such a file, valid or not. Only to avoid useless work; userfile_read() decides.
 */
bool userfile_exists(const char *users_dir, const char *user);

/*
 * The text of a user's file. OUTCOME_OK: *ret_text (NUL-terminated) is the
 * caller's, free(). NOT_ENROLLED: no such file, or no possible name.
 * ENROLMENT: unsafe, unreadable or empty (logged). NO_MEMORY.
 */
struct outcome userfile_read(const char *users_dir, const char *user, uid_t owner,
    const struct log *log, char **ret_text, size_t *ret_len) MUST_CHECK;

/*
 * Replaces a user's file, or creates it, atomically, mode 0644; creates the directory if necessary.
 * ENROLMENT (logged; the old file is unchanged), also for a directory that userfile_read() would refuse.
 */
struct outcome userfile_write(const char *users_dir, const char *user, uid_t owner,
    const char *text, const struct log *log) MUST_CHECK;

/*
 * The lock for reading, changing and writing, or removing. *ret_fd is the caller's; closing it releases the
 * lock. ENROLMENT (logged). A login never takes it.
 */
struct outcome userfile_lock(const char *users_dir, uid_t owner, const struct log *log,
    int *ret_fd) MUST_CHECK;

/* Removes a user's file. NOT_ENROLLED if there is none; ENROLMENT as above. */
struct outcome userfile_remove(const char *users_dir, const char *user, uid_t owner,
    const struct log *log) MUST_CHECK;

/*
 * Calls `each` with every enrolled user's name, sorted. A directory that does not exist has no users.
 * ENROLMENT (logged).
 */
struct outcome userfile_each(const char *users_dir, uid_t owner, const struct log *log,
    void (*each)(void *ctx, const char *user), void *ctx) MUST_CHECK;

#endif

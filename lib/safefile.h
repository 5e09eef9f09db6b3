/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens the files that decide who can log in.
 *
 * MUSTs: the path is absolute; no component of it is a symbolic link; every
 * directory on the way, and the file, belongs to root or to `owner`, and no
 * one else can write to it (a sticky directory such as /tmp, where only the
 * owner of an entry can replace it, is allowed); the file is regular and
 * belongs to `owner`; what is read is what was checked (fstat on the open
 * descriptor). `owner` is 0 except in tests. (doc/facts/pitfalls.md §23, §24;
 * the model is pam-u2f's open_safely.)
 */
#ifndef JPKI_LIB_SAFEFILE_H
#define JPKI_LIB_SAFEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"

enum safefile {
	SAFEFILE_OK,
	SAFEFILE_ABSENT,	/* ENOENT: the caller decides what that means */
	SAFEFILE_REFUSED,	/* unsafe, unreadable, too long: logged with the remedy */
	SAFEFILE_NO_MEMORY,
};

/*
 * The outcome of opening or reading a file: OUTCOME_OK; OUTCOME_NO_MEMORY; `absent` or `refused`, as the
 * caller wants such a file reported; OUTCOME_INTERNAL for a number that is none of the above.
 */
struct outcome safefile_outcome(enum safefile r, enum outcome_status absent,
    enum outcome_status refused) MUST_CHECK;

/*
 * Opens for reading, O_CLOEXEC. *ret_fd is the caller's. With a
 * NULL ret_fd it only checks.
 */
enum safefile safefile_open(const char *path, uid_t owner, const struct log *log,
    int *ret_fd) MUST_CHECK;

/* The same checks for a program, which need not be readable for the caller. */
enum safefile safefile_check_program(const char *path, uid_t owner, const struct log *log)
	MUST_CHECK;

/* The same checks for a directory (its own entry included). */
enum safefile safefile_check_dir(const char *path, uid_t owner, const struct log *log)
	MUST_CHECK;

/*
 * From now on keeps the directories on the way to files open, up to SAFEFILE_KEPT_MAX of them, for a process that opens
 * many files and then ends. The checks stay as they are: each time a directory is passed it is looked at by its name,
 * and the kept descriptor counts only if it is the same directory still.
 */
#define SAFEFILE_KEPT_MAX 24
void safefile_keep_directories(void);

/*
 * A directory to look names up in, by fstatat(2) and openat(2), with all the checks: O_PATH, O_CLOEXEC. *ret_fd is the
 * caller's.
 */
enum safefile safefile_find_dir(const char *path, uid_t owner, const struct log *log, int *ret_fd) MUST_CHECK;

/*
 * For directories with many such files: opens the directory with all the checks, then
 * files in it with those of the file. Both descriptors are the caller's, for reading,
 * O_CLOEXEC. dir_path is for the log; name has no slash.
 */
enum safefile safefile_open_dir(const char *path, uid_t owner, const struct log *log,
    int *ret_fd) MUST_CHECK;
enum safefile safefile_open_at(int dir, const char *dir_path, const char *name, uid_t owner,
    const struct log *log, int *ret_fd) MUST_CHECK;

/*
 * As safefile_open_dir(), but creates a missing directory: readable by its owner only; and its parent, if
 * that is missing too: readable by all. REFUSED, logged, also if it cannot be created.
 */
enum safefile safefile_make_dir(const char *path, uid_t owner, const struct log *log,
    int *ret_fd) MUST_CHECK;

/*
 * Reads a whole file of at most max bytes into new memory (a NUL is added,
 * not counted in *ret_len). *ret_text is the caller's, free().
 */
enum safefile safefile_read(const char *path, uid_t owner, size_t max, const struct log *log,
    char **ret_text, size_t *ret_len) MUST_CHECK;

/* How the name of an unfinished file begins. The file stays if its writer is killed. */
#define SAFEFILE_ASIDE ".new-"

/*
 * Replaces the file at path by `len` bytes: written aside in the same directory
 * with the given mode, synced, renamed, directory synced. False, with the old
 * file untouched and errno logged, on any error.
 */
bool safefile_replace(const char *path, mode_t mode, const void *data, size_t len,
    const struct log *log) MUST_CHECK;

/* Writes all of it, from the present offset on; false with errno. */
bool safefile_write(int fd, const void *data, size_t len) MUST_CHECK;

/*
 * An empty file on disk without a name, for reading and writing, O_CLOEXEC; the caller's. Any
 * user may call. -1 with errno.
 */
int safefile_temporary(void) MUST_CHECK;

/*
 * How many bytes a file may take from the file system that fd is on: half of what it has free for
 * users, so that a file from outside cannot fill it. False with errno.
 */
bool safefile_room(int fd, uint64_t *ret_bytes) MUST_CHECK;

/*
 * Syncs the directory of path (absolute), so that a change of the entry survives a power failure. False
 * with errno.
 */
bool safefile_sync_directory_of(const char *path) MUST_CHECK;

#endif

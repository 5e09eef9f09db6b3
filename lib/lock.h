/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock (flock) on an empty file. The file is never removed, or two programs could lock two files of one
 * name. Only programs that may write need the lock; the file is 0600, so no other user can take it.
 */
#ifndef JPKI_LIB_LOCK_H
#define JPKI_LIB_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/log.h"

enum lock {
	LOCK_TAKEN,
	LOCK_BUSY,	/* another process had it all the time */
	LOCK_FAILED,	/* errno says why; EPERM: the file is not ours */
};

/*
 * Creates the file if necessary and locks it, waiting up to 20 seconds. *ret_fd is the caller's; closing it
 * releases the lock. The caller has checked the directory before.
 */
enum lock lock_take(const char *path, uid_t owner, int *ret_fd)
	__attribute__((warn_unused_result));

/* The same, waiting up to that many seconds. */
enum lock lock_take_within(const char *path, uid_t owner, unsigned int seconds, int *ret_fd)
	__attribute__((warn_unused_result));

/*
 * The lock of a file or directory that is replaced as a whole: the file PATH.lock beside
 * it. *ret_fd as above. False, logged: another program has it, or it cannot be opened.
 */
bool lock_beside(const char *path, uid_t owner, const struct log *log, int *ret_fd)
	__attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One at a time, by an empty file that stays: to remove it would let two
 * programs hold two locks of one name. Only who may write asks for it; it is 0600, so
 * nobody else can keep it.
 */
#ifndef JPKI_LIB_LOCK_H
#define JPKI_LIB_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/log.h"

enum lock {
	LOCK_TAKEN,
	LOCK_BUSY,	/* another process has kept it all the time */
	LOCK_FAILED,	/* errno tells; EPERM: something that is not our file lies there */
};

/*
 * Makes the file if need be and locks it (flock), waiting up to 20 seconds. *ret_fd is
 * the caller's; closing it releases the lock. The directory is to be checked before.
 */
enum lock lock_take(const char *path, uid_t owner, int *ret_fd)
	__attribute__((warn_unused_result));

/* The same, waiting up to that many seconds. */
enum lock lock_take_within(const char *path, uid_t owner, unsigned int seconds, int *ret_fd)
	__attribute__((warn_unused_result));

/*
 * The lock of a file or directory that is replaced as a whole: the file PATH.lock beside
 * it. *ret_fd as above. False, logged: somebody keeps it, or it cannot be had.
 */
bool lock_beside(const char *path, uid_t owner, const struct log *log, int *ret_fd)
	__attribute__((warn_unused_result));

#endif

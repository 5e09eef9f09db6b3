/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * That a card was registered for an account by its own user, for the user to read at the next logins:
 * it may have been another user who knew the password.
 *
 * One file for each account, NOTICES_DIR/UID, which only root reads and writes; the directory and
 * the file are checked as lib/safefile.h says. The time of its last change says when the user was told; it
 * is before 1970-01-02 until then. The user is told once a day (the day in Japan) for NOTICE_DAYS: one
 * login may be that of an attacker, who does not want the user to know.
 */
#ifndef JPKI_LIB_NOTICE_H
#define JPKI_LIB_NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/log.h"

#ifndef NOTICES_DIR
#define NOTICES_DIR STATEDIR "/notices"
#endif
#define NOTICE_DAYS 7

#define NOTICE_TERMINAL_MAX 32

struct notice {
	int64_t when;		/* it was registered, clk_wall_s */
	char terminal[NOTICE_TERMINAL_MAX];	/* "pts/3": letters, digits, slashes */
};

struct notice_store {
	const char *dir;	/* an absolute path; its parent directory is there */
	uid_t owner;		/* 0 but in tests */
	const struct log *log;
};

/* Leaves one, in place of another. False: logged. */
bool notice_leave(const struct notice_store *store, uid_t uid, const struct notice *n)
    __attribute__((warn_unused_result));

/* Removes the notice: what it reports did not happen. */
void notice_take_back(const struct notice_store *store, uid_t uid);

/*
 * Whether there is anything to read at all: for a caller that does not yet know which account logs in. False
 * also where this process is not root.
 */
bool notice_may_be_there(const struct notice_store *store) __attribute__((warn_unused_result));

/*
 * Whether the user is to be told now. True with *ret. False: there is no notice; the user was told today; it
 * is older than NOTICE_DAYS, and has been removed; or it cannot be read (logged).
 */
bool notice_due(const struct notice_store *store, uid_t uid, int64_t now, struct notice *ret)
    __attribute__((warn_unused_result));

/* The user has been told. */
void notice_note_told(const struct notice_store *store, uid_t uid);

#endif

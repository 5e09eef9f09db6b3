/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose card it would be: the account that called pkexec(1), and no other. */
#ifndef JPKI_TOOLS_ENROLL_SELF_CALLER_H
#define JPKI_TOOLS_ENROLL_SELF_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/account.h"
#include "lib/log.h"

#define LOGIN_DEFS "/etc/login.defs"
#define LOGIN_DEFS_MAX 65536

/* PKEXEC_UID, which pkexec(1) sets: digits alone. False: not a uid, or NULL. */
bool caller_parse_uid(const char *text, uid_t *ret) __attribute__((warn_unused_result));

/*
 * The lowest user id of a person: UID_MIN of login.defs(5), which useradd(8) gives them by; 1000, as shadow has it,
 * where the file or the word is absent. False, logged: the file is unsafe, or the value is no number.
 */
bool caller_lowest_uid(const char *path, uid_t owner, const struct log *log, uid_t *ret)
    __attribute__((warn_unused_result));

enum caller_found {
	CALLER_FOUND = 1,
	CALLER_SYSTEM,		/* root, or an account that is no person's */
	CALLER_NOT_ONE,		/* no account, several of one uid, or one with a name that is not its own; perhaps logged */
};

/* The account with this uid. Several accounts of one uid have passwords, groups and cards of their own. */
enum caller_found caller_find(uid_t uid, uid_t lowest, const struct log *log, struct account *ret);

#endif

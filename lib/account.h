/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounts, as the user database knows them (nsswitch.conf(5)).
 *
 * One account may be found by several names: Active Directory and LDAP fold case, SSSD and winbind accept
 * hanako@realm or REALM\hanako for hanako. Only pw_name is used: for the file of the enrolled certificates,
 * in challenges and in the log.
 */
#ifndef JPKI_LIB_ACCOUNT_H
#define JPKI_LIB_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/log.h"

#define ACCOUNT_NAME_MAX 256	/* with the NUL */
#define ACCOUNT_NO_UID ((uid_t)-1)	/* the user database gives it to none */

struct account {
	char name[ACCOUNT_NAME_MAX];	/* pw_name */
	uid_t uid;
};

enum account_found {
	ACCOUNT_FOUND = 1,
	ACCOUNT_ABSENT,		/* or the database does not answer, which is logged */
	ACCOUNT_AMBIGUOUS,	/* logged */
};

/*
 * Looks an account up by any of its names. *ret is set for ACCOUNT_FOUND alone.
 *
 * AMBIGUOUS: a lookup of pw_name finds no account, another account, or another name. If there is a local
 * hanako, and a hanako@realm that the directory calls hanako as well, a card enrolled for one would be
 * accepted at a login of the other. So no card is looked up for such an account.
 *
 * Not pam_modutil_getpwnam(3): it keeps what it finds until pam_end(3), and there are programs that
 * log in again and again on one handle.
 */
enum account_found account_find(const char *name, const struct log *log, struct account *ret);

/*
 * Turns a typed name into the name to look up an enrollment by: the
 * account's, or the typed one if there is no account (so remote users cannot
 * find out which accounts exist). False: the typed name is empty or too long
 * for any account, or AMBIGUOUS.
 */
bool account_name(const char *typed, const struct log *log, char name[static ACCOUNT_NAME_MAX]);

/* The same, with the uid that belongs to the name: ACCOUNT_NO_UID where there is no account. */
bool account_or_typed(const char *typed, const struct log *log, struct account *ret);

/*
 * The account with a uid. Several may share one: `named` says which is meant (LOGNAME; NULL for no hint),
 * and is ignored if it has another uid. Otherwise as account_find().
 */
enum account_found account_of_uid(uid_t uid, const char *named, const struct log *log, struct account *ret);

/*
 * Whether a file in a directory of ours may have this name, one for each user: up to 255 bytes, no
 * slash, no control characters, not beginning with a dot or a hyphen. Nothing is looked up.
 */
bool account_is_file_name(const char *name);

/* The uid of an account, by any of its names; false: there is none, or it is AMBIGUOUS. Logs nothing. */
bool account_uid(const char *name, uid_t *ret);

#endif

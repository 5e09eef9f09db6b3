/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "lib/account.h"
#include "lib/cleanup.h"

#define TEXT_FIRST ((size_t)16384)	/* text of an entry: names, a directory, a comment */
#define TEXT_MAX ((size_t)1 << 20)

/* What to look for: a name, or a uid if the name is NULL. */
struct account_key {
	const char *name;
	uid_t uid;
};

static int
call_database(const struct account_key *key, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	return key->name != NULL ? getpwnam_r(key->name, entry, text, size, ret) :
	    getpwuid_r(key->uid, entry, text, size, ret);
}

/* Also false if it is no name, or too long for an account that could be enrolled. */
static bool
copy_entry(const struct passwd *entry, struct account *ret)
{
	size_t len = strlen(entry->pw_name);

	if (len == 0 || len >= sizeof ret->name)
		return false;
	memcpy(ret->name, entry->pw_name, len + 1);
	ret->uid = entry->pw_uid;
	return true;
}

/* Entries have no maximum length: if one does not fit, ask again with a larger buffer. */
static enum account_found
look_up(const struct account_key *key, const struct log *log, struct account *ret)
{
	struct passwd entry, *found = NULL;

	for (size_t size = TEXT_FIRST; size <= TEXT_MAX; size *= 4) {
		_cleanup_(freep) char *text = malloc(size);
		int error = text != NULL ? call_database(key, &entry, text, size, &found) : ENOMEM;

		if (error == ERANGE)
			continue;
		if (error != 0)
			log_msg(log, LOG_WARNING, "the user database does not answer: %s", strerror(error));
		if (error != 0 || found == NULL)
			return ACCOUNT_ABSENT;
		return copy_entry(found, ret) ? ACCOUNT_FOUND : ACCOUNT_AMBIGUOUS;
	}
	log_msg(log, LOG_WARNING, "the user database has an entry that is too long");
	return ACCOUNT_ABSENT;
}

/* Whether a lookup of the account's own name finds the same account. */
static bool
leads_back(const struct account *account, const struct log *log)
{
	const struct account_key key = { .name = account->name };
	struct account again;

	return look_up(&key, log, &again) == ACCOUNT_FOUND && again.uid == account->uid &&
	    strcmp(again.name, account->name) == 0;
}

enum account_found
account_find(const char *name, const struct log *log, struct account *ret)
{
	const struct account_key key = { .name = name };
	struct account account;
	enum account_found found = look_up(&key, log, &account);

	if (found == ACCOUNT_FOUND && strcmp(account.name, name) != 0 && !leads_back(&account, log))
		found = ACCOUNT_AMBIGUOUS;
	if (found == ACCOUNT_AMBIGUOUS)
		log_msg(log, LOG_ERR, "the user database gives %s a name that is not only its own; no card is looked for",
		    LOG_NAME(name));
	if (found == ACCOUNT_FOUND)
		*ret = account;
	return found;
}

bool
account_or_typed(const char *typed, const struct log *log, struct account *ret)
{
	struct account account = { .uid = ACCOUNT_NO_UID };
	size_t len = strlen(typed);

	if (len == 0 || len >= sizeof account.name)
		return false;
	switch (account_find(typed, log, &account)) {
	case ACCOUNT_FOUND:
		*ret = account;
		return true;
	case ACCOUNT_ABSENT:
		memcpy(account.name, typed, len + 1);
		*ret = account;
		return true;
	case ACCOUNT_AMBIGUOUS:
		break;
	}
	return false;
}

bool
account_name(const char *typed, const struct log *log, char name[static ACCOUNT_NAME_MAX])
{
	struct account account;

	if (!account_or_typed(typed, log, &account))
		return false;
	memcpy(name, account.name, sizeof account.name);
	return true;
}

enum account_found
account_of_uid(uid_t uid, const char *named, const struct log *log, struct account *ret)
{
	const struct account_key key = { .uid = uid };
	struct account account;
	enum account_found found;

	if (named != NULL && named[0] != '\0' && account_find(named, log, &account) == ACCOUNT_FOUND &&
	    account.uid == uid) {
		*ret = account;
		return ACCOUNT_FOUND;
	}
	found = look_up(&key, log, &account);
	if (found == ACCOUNT_FOUND)
		found = account_find(account.name, log, &account);
	/* The name may already belong to another account. */
	if (found == ACCOUNT_FOUND && account.uid != uid)
		found = ACCOUNT_AMBIGUOUS;
	if (found == ACCOUNT_FOUND)
		*ret = account;
	return found;
}

bool
account_uid(const char *name, uid_t *ret)
{
	const struct log silent = { .sink = NULL };
	struct account account;

	if (account_find(name, &silent, &account) != ACCOUNT_FOUND)
		return false;
	*ret = account.uid;
	return true;
}

bool
account_is_file_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

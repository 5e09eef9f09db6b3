/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "config/userfile.h"
#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "tools/enroll_self/caller.h"

#define LOWEST_UID 1000		/* of shadow, without a word in login.defs(5) */
#define OVERFLOW_UID ((1U << 16) - 2)	/* of no person: what the kernel shows for a number that it cannot map (user_namespaces(7)) */
#define BLANKS " \t"

bool
caller_parse_uid(const char *text, uid_t *ret)
{
	uintmax_t n;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoumax(text, &end, 10);
	if (errno != 0 || *end != '\0' || n >= UINT32_MAX)
		return false;
	*ret = (uid_t)n;
	return true;
}

/* The value of UID_MIN in a line, cut out of it; NULL: the line has none. */
static char *
value_of_line(char *line)
{
	static const char word[] = "UID_MIN";
	char *value;

	line += strspn(line, BLANKS);
	if (strncmp(line, word, sizeof word - 1) != 0)
		return NULL;
	value = line + sizeof word - 1;
	if (strspn(value, BLANKS) == 0)
		return NULL;
	value += strspn(value, BLANKS);
	value[strcspn(value, BLANKS)] = '\0';
	return value;
}

bool
caller_lowest_uid(const char *path, uid_t owner, const struct log *log, uid_t *ret)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	char *next;
	enum safefile r = safefile_read(path, owner, LOGIN_DEFS_MAX, log, &text, &len);

	*ret = LOWEST_UID;
	if (r == SAFEFILE_ABSENT)
		return true;
	if (r != SAFEFILE_OK)
		return false;
	/* Of two lines the last counts, as for useradd(8). */
	for (char *line = text; line != NULL; line = next) {
		char *value;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		value = value_of_line(line);
		if (value != NULL && !caller_parse_uid(value, ret)) {
			log_msg(log, LOG_ERR, "%s: UID_MIN is not a number", path);
			return false;
		}
	}
	return true;
}

/* As far as the database lists its accounts: directories often do not. */
static bool
is_shared(const struct account *account)
{
	const struct passwd *pw;
	bool shared = false;

	/* One thread. NOLINTBEGIN(concurrency-mt-unsafe) */
	setpwent();
	while (!shared && (pw = getpwent()) != NULL)
		shared = pw->pw_uid == account->uid && strcmp(pw->pw_name, account->name) != 0;
	endpwent();
	/* NOLINTEND(concurrency-mt-unsafe) */
	return shared;
}

enum caller_found
caller_find(uid_t uid, uid_t lowest, const struct log *log, struct account *ret)
{
	struct account account;

	if (uid == 0 || uid < lowest || uid == OVERFLOW_UID)
		return CALLER_SYSTEM;
	if (account_of_uid(uid, NULL, log, &account) != ACCOUNT_FOUND || !userfile_user_ok(account.name) ||
	    is_shared(&account))
		return CALLER_NOT_ONE;
	*ret = account;
	return CALLER_FOUND;
}

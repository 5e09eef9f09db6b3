/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/userfile.h"
#include "lib/account.h"
#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/lock.h"
#include "lib/safefile.h"

#define SUFFIX ".pem"

bool
userfile_user_ok(const char *user)
{
	return account_is_file_name(user) && strlen(user) <= USERFILE_USER_MAX;
}

bool
userfile_path(const char *users_dir, const char *user, char path[static PATH_MAX])
{
	int n;

	if (!userfile_user_ok(user))
		return false;
	n = snprintf(path, PATH_MAX, "%s/%s" SUFFIX, users_dir, user);
	return n > 0 && n < PATH_MAX;
}

bool
userfile_exists(const char *users_dir, const char *user)
{
	char path[PATH_MAX];

	return userfile_path(users_dir, user, path) && access(path, F_OK) == 0;
}

struct outcome
userfile_read(const char *users_dir, const char *user, uid_t owner, const struct log *log,
    char **ret_text, size_t *ret_len)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	enum safefile r;

	if (!userfile_path(users_dir, user, path))
		return outcome_of(OUTCOME_NOT_ENROLLED);
	r = safefile_read(path, owner, USERFILE_MAX, log, &text, &len);
	if (r != SAFEFILE_OK)
		return safefile_outcome(r, OUTCOME_NOT_ENROLLED, OUTCOME_ENROLMENT);
	edited_tidy(text, &len);
	if (memchr(text, '\0', len) != NULL || len == 0) {
		log_msg(log, LOG_ERR, "%s: %s; enroll the card again", path,
		    len == 0 ? "empty" : "not a text");
		return outcome_of(OUTCOME_ENROLMENT);
	}
	*ret_text = text;
	text = NULL;	/* given to the caller */
	*ret_len = len;
	return outcome_of(OUTCOME_OK);
}

/* Refuse a directory that logins would refuse. */
static struct outcome
check_dir(const char *users_dir, uid_t owner, const struct log *log, bool *ret_absent)
{
	enum safefile r = safefile_check_dir(users_dir, owner, log);

	*ret_absent = r == SAFEFILE_ABSENT;
	return safefile_outcome(r, OUTCOME_OK, OUTCOME_ENROLMENT);
}

struct outcome
userfile_write(const char *users_dir, const char *user, uid_t owner, const char *text,
    const struct log *log)
{
	char path[PATH_MAX];
	bool absent;
	struct outcome o;

	if (!userfile_path(users_dir, user, path))
		return outcome_of(OUTCOME_NOT_ENROLLED);
	o = check_dir(users_dir, owner, log, &absent);
	if (outcome_ok(&o) && absent) {
		if (mkdir(users_dir, 0755) != 0) {
			log_msg(log, LOG_ERR, "%s: cannot be made: %s", users_dir, strerror(errno));
			return outcome_of(OUTCOME_ENROLMENT);
		}
		o = check_dir(users_dir, owner, log, &absent);
	}
	if (!outcome_ok(&o))
		return o;
	if (!safefile_replace(path, 0644, text, strlen(text), log))
		return outcome_of(OUTCOME_ENROLMENT);
	return outcome_of(OUTCOME_OK);
}

struct outcome
userfile_lock(const char *users_dir, uid_t owner, const struct log *log, int *ret_fd)
{
	bool absent;
	struct outcome o = check_dir(users_dir, owner, log, &absent);

	if (outcome_ok(&o) && !lock_beside(users_dir, owner, log, ret_fd))
		o = outcome_of(OUTCOME_ENROLMENT);
	return o;
}

struct outcome
userfile_remove(const char *users_dir, const char *user, uid_t owner, const struct log *log)
{
	char path[PATH_MAX];
	bool absent;
	struct outcome o;

	if (!userfile_path(users_dir, user, path))
		return outcome_of(OUTCOME_NOT_ENROLLED);
	o = check_dir(users_dir, owner, log, &absent);
	if (!outcome_ok(&o))
		return o;
	if (unlink(path) == 0)
		return outcome_of(OUTCOME_OK);
	if (errno == ENOENT)
		return outcome_of(OUTCOME_NOT_ENROLLED);
	log_msg(log, LOG_ERR, "%s: cannot be removed: %s", path, strerror(errno));
	return outcome_of(OUTCOME_ENROLMENT);
}

/* NAME.pem, for a name that userfile_read() would accept. */
static int
is_enrollment(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	size_t suffix = strlen(SUFFIX);
	char user[sizeof entry->d_name];

	if (len <= suffix || strcmp(entry->d_name + len - suffix, SUFFIX) != 0)
		return 0;
	memcpy(user, entry->d_name, len - suffix);
	user[len - suffix] = '\0';
	return userfile_user_ok(user);
}

struct outcome
userfile_each(const char *users_dir, uid_t owner, const struct log *log,
    void (*each)(void *ctx, const char *user), void *ctx)
{
	struct dirent **entries;
	bool absent;
	struct outcome o = check_dir(users_dir, owner, log, &absent);
	int n;

	if (!outcome_ok(&o) || absent)
		return o;
	n = scandir(users_dir, &entries, is_enrollment, alphasort);
	if (n < 0) {
		log_msg(log, LOG_ERR, "%s: cannot be read: %s", users_dir, strerror(errno));
		return outcome_of(OUTCOME_ENROLMENT);
	}
	for (int i = 0; i < n; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
		each(ctx, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return outcome_of(OUTCOME_OK);
}

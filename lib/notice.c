/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/message.h"
#include "lib/notice.h"
#include "lib/safefile.h"

#define DAY_S 86400
#define TEXT_MAX 128
#define TERMINAL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/"

static void
notice_path(const struct notice_store *store, uid_t uid, char path[static PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%lu", store->dir, (unsigned long)uid);
}

/* What utimensat(2) takes: the time of the last change, and not that of the last read. */
static bool
set_told(const char *path, bool now)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = now ? UTIME_NOW : 0 } };

	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0;
}

bool
notice_leave(const struct notice_store *store, uid_t uid, const struct notice *n)
{
	_cleanup_(closep) int dir = -1;
	char path[PATH_MAX], text[TEXT_MAX];

	notice_path(store, uid, path);
	snprintf(text, sizeof text, "registered %" PRId64 " %s\n", n->when, n->terminal);
	if (safefile_make_dir(store->dir, store->owner, store->log, &dir) != SAFEFILE_OK ||
	    !safefile_replace(path, 0600, text, strlen(text), store->log))
		return false;
	if (set_told(path, false))
		return true;
	log_msg(store->log, LOG_ERR, "%s: %m", path);
	return false;
}

void
notice_take_back(const struct notice_store *store, uid_t uid)
{
	char path[PATH_MAX];

	notice_path(store, uid, path);
	(void)unlink(path);
}

bool
notice_may_be_there(const struct notice_store *store)
{
	return geteuid() == store->owner && access(store->dir, F_OK) == 0;
}

/* As notice_leave() writes it, and nothing else. */
static bool
parse_notice(const char *text, struct notice *ret)
{
	static const char first[] = "registered ";
	const char *at = text + sizeof first - 1;
	size_t len;
	char *end;

	if (strncmp(text, first, sizeof first - 1) != 0 || at[0] < '0' || at[0] > '9')
		return false;
	ret->when = strtoll(at, &end, 10);
	if (*end != ' ')
		return false;
	at = end + 1;
	len = strspn(at, TERMINAL_CHARACTERS);
	if (len >= sizeof ret->terminal || strcmp(at + len, "\n") != 0)
		return false;
	memcpy(ret->terminal, at, len);
	ret->terminal[len] = '\0';
	return true;
}

/* False if there is no notice, or it cannot be read (logged). */
static bool
read_notice(const struct notice_store *store, const char *path, struct notice *ret, int64_t *ret_told)
{
	_cleanup_(closep) int fd = -1;
	char text[TEXT_MAX];
	struct stat st;
	ssize_t n;

	if (safefile_open(path, store->owner, store->log, &fd) != SAFEFILE_OK)
		return false;
	n = read(fd, text, sizeof text - 1);
	if (n >= 0 && fstat(fd, &st) == 0) {
		text[n] = '\0';
		*ret_told = st.st_mtime;
		if (parse_notice(text, ret))
			return true;
	}
	log_msg(store->log, LOG_ERR, "%s: cannot be read, or is damaged: check which cards are registered (jpkictl list), then "
	    "remove it", path);
	return false;
}

bool
notice_due(const struct notice_store *store, uid_t uid, int64_t now, struct notice *ret)
{
	char path[PATH_MAX];
	int64_t told = 0;

	notice_path(store, uid, path);
	if (!read_notice(store, path, ret, &told))
		return false;
	/* A day to come is a clock that was set back. */
	if (now - ret->when < (int64_t)NOTICE_DAYS * DAY_S)
		return message_day(told) != message_day(now);
	notice_take_back(store, uid);
	return false;
}

void
notice_note_told(const struct notice_store *store, uid_t uid)
{
	char path[PATH_MAX];

	notice_path(store, uid, path);
	if (!set_told(path, true))
		log_msg(store->log, LOG_ERR, "%s: cannot record that the user was notified: %m", path);
}

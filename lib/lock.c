/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/lock.h"

#define SECONDS 20		/* changes wait for each other, but not for ever */
#define TRIES_PER_SECOND 10
#define PAUSE_NS (1000000000L / TRIES_PER_SECOND)

static int
open_lock(const char *path, uid_t owner)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	int opened;

	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) != 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != owner || fchmod(fd, 0600) != 0) {
		errno = EPERM;
		return -1;
	}
	opened = fd;
	fd = -1;	/* given to the caller */
	return opened;
}

enum lock
lock_take_within(const char *path, uid_t owner, unsigned int seconds, int *ret_fd)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	_cleanup_(closep) int fd = open_lock(path, owner);

	if (fd < 0)
		return LOCK_FAILED;
	for (unsigned int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return LOCK_FAILED;
		if (i == seconds * TRIES_PER_SECOND)
			return LOCK_BUSY;
		(void)nanosleep(&pause, NULL);
	}
	*ret_fd = fd;
	fd = -1;	/* given to the caller */
	return LOCK_TAKEN;
}

enum lock
lock_take(const char *path, uid_t owner, int *ret_fd)
{
	return lock_take_within(path, owner, SECONDS, ret_fd);
}

static bool
path_beside(const char *path, char lock[static PATH_MAX])
{
	size_t len = strlen(path);
	int n;

	while (len > 1 && path[len - 1] == '/')
		len--;
	n = snprintf(lock, PATH_MAX, "%.*s.lock", (int)len, path);
	return n >= 0 && n < PATH_MAX;
}

bool
lock_beside(const char *path, uid_t owner, const struct log *log, int *ret_fd)
{
	char lock[PATH_MAX];

	errno = ENAMETOOLONG;
	switch (path_beside(path, lock) ? lock_take(lock, owner, ret_fd) : LOCK_FAILED) {
	case LOCK_TAKEN:
		return true;
	case LOCK_BUSY:
		log_msg(log, LOG_ERR, "%s: another program is changing it (%s); "
		    "nothing was changed, try again when that has ended", path, strerror(errno));
		break;
	case LOCK_FAILED:
		log_msg(log, LOG_ERR, "%s: the lock beside it cannot be opened: %s; nothing was changed",
		    path, strerror(errno));
		break;
	}
	return false;
}

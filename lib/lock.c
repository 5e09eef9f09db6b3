#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/cleanup.h"
#include "lib/lock.h"

#define TRIES 200		/* 20 s: several changes wait for each other, nobody for ever */
#define PAUSE_NS 100000000L

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
lock_take(const char *path, uid_t owner, int *ret_fd)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	_cleanup_(closep) int fd = open_lock(path, owner);

	if (fd < 0)
		return LOCK_FAILED;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return LOCK_FAILED;
		if (i == TRIES)
			return LOCK_BUSY;
		(void)nanosleep(&pause, NULL);
	}
	*ret_fd = fd;
	fd = -1;	/* given to the caller */
	return LOCK_TAKEN;
}

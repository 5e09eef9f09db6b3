/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "card/pcsc.h"
#include "tools/watch/service.h"

/* pcscd binds its socket, listens, and changes its mode: from IN_ATTRIB on it can be reached. */
#define EVENTS (IN_CREATE | IN_ATTRIB | IN_MOVED_TO)

/* The path up to the n-th slash from the end. */
static void
above(char *path, int n)
{
	while (n-- > 0) {
		char *slash = strrchr(path, '/');

		if (slash != NULL)
			*slash = '\0';
	}
}

int
service_listen(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	for (int n = 1; fd >= 0 && n <= 2; n++) {
		char path[] = PCSC_SOCKET;

		above(path, n);
		if (inotify_add_watch(fd, path, EVENTS | IN_ONLYDIR) >= 0)
			break;
	}
	return fd;
}

void
service_wait(int fd, int64_t ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)poll(&p, 1, (int)ms);
}

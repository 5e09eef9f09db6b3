/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into all programs (/etc/ld.so.preload): for jpki_ldap, time passes N times as fast, if this file is named
 * fastclock-N.so. So a day is over in seconds, and the program does what it does each day.
 */
#include "config.h"

#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int (*real_clock)(clockid_t id, struct timespec *ts);
static int (*real_poll)(struct pollfd *fds, nfds_t count, int ms);
static long speed = 1;

/* Function pointers and object pointers are not the same in C; POSIX's dlsym(3) needs them to be. */
static void
find(const char *name, void *to)
{
	void *function = dlsym(RTLD_NEXT, name);

	memcpy(to, &function, sizeof function);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int result;

	if (real_clock == NULL)
		find("clock_gettime", &real_clock);
	result = real_clock(id, ts);
	if (result == 0 && id == CLOCK_MONOTONIC && speed > 1)
		ts->tv_sec = ts->tv_sec * speed + ts->tv_nsec * speed / 1000000000;
	return result;
}

/* Its own waits, which begin with standard input; those of libldap for a server last as ever. */
int
poll(struct pollfd *fds, nfds_t count, int ms)
{
	if (real_poll == NULL)
		find("poll", &real_poll);
	return real_poll(fds, count, speed > 1 && ms > 0 && count > 0 && fds[0].fd == STDIN_FILENO ? (int)(ms / speed) + 1 : ms);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *number;
	Dl_info self;

	if (strcmp(program_invocation_short_name, "jpki_ldap") != 0 || dladdr(&speed, &self) == 0)
		return;
	number = strrchr(self.dli_fname, '-');
	speed = number != NULL ? strtol(number + 1, NULL, 10) : 1;
}

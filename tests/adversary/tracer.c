/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tracer NAME SEEN: waits for a process of that name (comm) and attaches to it, as soon as it is
 * called that, which is from its exec on. SEEN gets "seized", or a dot for each time the kernel
 * refused. Ends by a signal.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

static void
attach(const char *pid, const char *name, int seen)
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
	comm[strcspn(comm, "\n")] = '\0';
	if (strcmp(comm, name) != 0)
		return;
	if (ptrace(PTRACE_SEIZE, (pid_t)atoi(pid), NULL, NULL) == 0)
		(void)!write(seen, "seized\n", 7);
	else
		(void)!write(seen, ".", 1);
}

int
main(int argc, char **argv)
{
	int seen;

	if (argc != 3)
		errx(2, "usage: tracer NAME SEEN");
	seen = open(argv[2], O_WRONLY | O_APPEND);
	if (seen < 0)
		err(1, "%s", argv[2]);
	for (;;) {
		DIR *proc = opendir("/proc");
		const struct dirent *e;

		if (proc == NULL)
			err(1, "/proc");
		while ((e = readdir(proc)) != NULL)
			if (isdigit((unsigned char)e->d_name[0]))
				attach(e->d_name, argv[1], seen);
		(void)closedir(proc);
	}
}

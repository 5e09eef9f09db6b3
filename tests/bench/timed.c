/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timed [--to FILE] COMMAND [ARGUMENT]...: runs it, its output thrown away, and prints "MS KIB":
 * how long it took from start to end, and the most memory (RSS) that it had. Small itself, because
 * the kernel counts the memory of who starts a program as the program's.
 *
 * --to FILE: the line is added to FILE, and the command has all descriptors and its exit status
 * as without this program: it can be run in place of a helper.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/stats.h"

static FILE *
open_report(const char *path)
{
	FILE *f = fopen(path, "ae");

	if (f == NULL)
		err(2, "%s", path);
	return f;
}

int
main(int argc, char **argv)
{
	bool to_file = argc > 3 && strcmp(argv[1], "--to") == 0;
	char **command = argv + (to_file ? 3 : 1);
	FILE *report = to_file ? open_report(argv[2]) : stdout;
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start;
	int status;
	pid_t pid;

	if (*command == NULL)
		errx(2, "usage: timed [--to FILE] COMMAND [ARGUMENT]...");
	if (posix_spawn_file_actions_init(&actions) != 0 || (!to_file &&
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0))
		err(2, "posix_spawn_file_actions");
	start = now_ms();
	errno = posix_spawnp(&pid, *command, &actions, NULL, command, environ);
	if (errno != 0)
		err(2, "%s", *command);
	if (wait4(pid, &status, 0, &usage) != pid)
		err(2, "wait4");
	fprintf(report, "%.3f %ld\n", now_ms() - start, usage.ru_maxrss);
	posix_spawn_file_actions_destroy(&actions);
	if (fflush(report) != 0)
		err(2, "cannot write");
	if (to_file && WIFEXITED(status))
		return WEXITSTATUS(status);
	return status == 0 ? 0 : 1;
}

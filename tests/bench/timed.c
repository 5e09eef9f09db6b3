/*
 * timed COMMAND [ARGUMENT]...: runs it, its output thrown away, and prints "MS KIB": how long it
 * took from start to end, and the most memory (RSS) that it had. Small itself, because
 * the kernel counts the memory of who starts a program as the program's.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/stats.h"

int
main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start;
	int status;
	pid_t pid;

	if (argc < 2)
		errx(2, "usage: timed COMMAND [ARGUMENT]...");
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
		err(2, "posix_spawn_file_actions");
	start = now_ms();
	errno = posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ);
	if (errno != 0)
		err(2, "%s", argv[1]);
	if (wait4(pid, &status, 0, &usage) != pid)
		err(2, "wait4");
	printf("%.3f %ld\n", now_ms() - start, usage.ru_maxrss);
	posix_spawn_file_actions_destroy(&actions);
	return status == 0 ? 0 : 1;
}

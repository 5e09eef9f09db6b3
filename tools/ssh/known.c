/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tools/ssh/known.h"

#define KEYWORD "knownhostscommand "	/* as ssh -G writes it */

/* Runs "ssh -G" with its output on a pipe. The real ssh reports errors later. */
static FILE *
start_ssh(char *const *argv, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	FILE *from = NULL;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	if (posix_spawn_file_actions_init(&actions) == 0) {
		if (posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
		    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) == 0 &&
		    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
		    posix_spawnp(ret_pid, "ssh", &actions, NULL, argv, environ) == 0)
			from = fdopen(ends[0], "r");
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)close(ends[1]);
	if (from == NULL)
		(void)close(ends[0]);
	return from;
}

static char *
read_command(FILE *from)
{
	_cleanup_(freep) char *line = NULL;
	char *command = NULL;
	size_t size = 0;

	while (getline(&line, &size, from) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (command == NULL && strncmp(line, KEYWORD, strlen(KEYWORD)) == 0)
			command = strdup(line + strlen(KEYWORD));
	}
	return command;
}

char *
known_hosts_command(const char *config, char *const *words)
{
	_cleanup_(freep) char **argv = NULL;
	char *command;
	size_t count = 0, n = 0;
	pid_t pid;
	FILE *from;

	while (words[count] != NULL)
		count++;
	argv = calloc(count + 5, sizeof *argv);
	if (argv == NULL)
		return NULL;
	argv[n++] = (char *)(uintptr_t)"ssh";
	argv[n++] = (char *)(uintptr_t)"-G";
	if (config != NULL) {
		argv[n++] = (char *)(uintptr_t)"-F";
		argv[n++] = (char *)(uintptr_t)config;
	}
	memcpy(argv + n, words, count * sizeof *words);
	from = start_ssh(argv, &pid);
	if (from == NULL)
		return NULL;
	command = read_command(from);
	(void)fclose(from);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (command == NULL || strcmp(command, "none") != 0)
		return command;
	free(command);
	return NULL;
}

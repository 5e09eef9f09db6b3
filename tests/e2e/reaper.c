/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reaper PROGRAM [ARGUMENT…]: runs it, and when it has ended, kills every process that it or one
 * of those has started, daemons too. SIGTERM, SIGINT and SIGHUP end it with all of them. The exit
 * status is the program's, or 128 and the number of the signal that ended it. In a container
 * (tests/e2e/in-container) this does what the end of a process namespace does elsewhere; it is
 * compiled there before anything else is.
 */
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t told_to_end;

static void
note_signal(int number)
{
	told_to_end = number;
}

static void
end_by_signals(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = note_signal;	/* no SA_RESTART: waitpid is to return */
	if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0 ||
	    sigaction(SIGHUP, &action, NULL) != 0)
		err(125, "sigaction");
}

/* The parent of that process, or 0. The name in the middle may have spaces and parentheses. */
static pid_t
parent_of(const char *pid)
{
	char path[64], line[512], *after;
	FILE *file;
	int parent = 0;

	(void)snprintf(path, sizeof path, "/proc/%.32s/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(line, sizeof line, file) != NULL && (after = strrchr(line, ')')) != NULL &&
	    sscanf(after, ") %*c %d", &parent) != 1)
		parent = 0;
	(void)fclose(file);
	return parent;
}

static void
kill_children(void)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (proc == NULL)
		err(125, "/proc");
	while ((entry = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == getpid())
			(void)kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
	}
	(void)closedir(proc);
}

/* The children of a killed process become ours, and are killed in their turn. */
static void
end_all(void)
{
	do
		kill_children();
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

/* Orphans that end meanwhile are buried here, too. */
static int
wait_for(pid_t program)
{
	int status;
	pid_t ended;

	do {
		ended = waitpid(-1, &status, 0);
		if (told_to_end != 0)
			return 128 + told_to_end;
		if (ended < 0 && errno != EINTR)
			err(125, "waitpid");
	} while (ended != program);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	pid_t program;
	int status;

	if (argc < 2)
		errx(125, "usage: reaper PROGRAM [ARGUMENT...]");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0)
		err(125, "prctl");
	end_by_signals();
	program = fork();
	if (program < 0)
		err(125, "fork");
	if (program == 0) {
		/* A shell that started us in the background has had it ignored. */
		(void)signal(SIGINT, SIG_DFL);
		(void)execvp(argv[1], argv + 1);
		err(125, "%s", argv[1]);
	}
	status = wait_for(program);
	end_all();
	return status;
}

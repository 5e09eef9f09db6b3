/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into a program that ignores SIGCHLD: kills its helper as soon as that was started, and
 * starts a child of the same number, as if that many had come and gone. At the end of the program
 * /run/victim says what became of this child: "lived" or "killed".
 */
#include "config.h"

#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t victim;	/* 0: not yet */

/* Needs CAP_CHECKPOINT_RESTORE. */
static pid_t
child_of_number(pid_t wanted)
{
	struct clone_args args = { .set_tid = (uintptr_t)&wanted, .set_tid_size = 1, .exit_signal = SIGCHLD };
	int closed[2];
	char none;
	pid_t pid;

	if (pipe2(closed, O_CLOEXEC) != 0)
		err(2, "pipe2");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		err(2, "no child of number %d", (int)wanted);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* As a program that was started: without the helper's end of the socket. */
		closefrom(STDERR_FILENO + 1);
		for (;;)
			(void)pause();
	}
	(void)close(closed[1]);
	(void)!read(closed[0], &none, 1);	/* until it has closed */
	(void)close(closed[0]);
	return pid;
}

int
posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	union {
		void *found;
		int (*fn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
		    char *const [], char *const []);
	} libc = { .found = dlsym(RTLD_NEXT, "posix_spawn") };
	int e = libc.fn(ret_pid, path, actions, attr, argv, envp);

	if (e != 0 || victim != 0 || strstr(path, "jpki_helper") == NULL)
		return e;
	(void)kill(*ret_pid, SIGKILL);
	while (kill(*ret_pid, 0) == 0)
		(void)sched_yield();
	victim = child_of_number(*ret_pid);
	return e;
}

__attribute__((destructor))
static void
look_for_the_victim(void)
{
	FILE *f = victim > 0 ? fopen("/run/victim", "we") : NULL;

	if (f == NULL)
		return;
	fputs(kill(victim, 0) == 0 ? "lived" : "killed", f);
	(void)fclose(f);
	(void)kill(victim, SIGKILL);
}

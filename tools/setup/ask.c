/* SPDX-License-Identifier: BSD-2-Clause */
/* Used by the steps of the set-up: prompts at the terminal, and other programs. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/signals.h"
#include "tools/common/agree.h"
#include "tools/setup/setup.h"

bool
setup_line(const struct setup *s, const char *question, char line[static SETUP_LINE])
{
	line[0] = '\0';
	if (!s->terminal)
		return false;
	printf("%s ", question);
	(void)fflush(stdout);
	if (fgets(line, SETUP_LINE, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

bool
setup_agrees(const struct setup *s, const char *question, bool by_default)
{
	return s->yes || (s->terminal && agree_by_line(question, by_default));
}

#define WORDS_MAX 16

static void
become(const char *path, const char *const argv[])
{
	char *words[WORDS_MAX] = { NULL };

	for (size_t i = 0; argv[i] != NULL && i + 1 < WORDS_MAX; i++)
		words[i] = strdup(argv[i]);
	execvp(path, words);
	_exit(127);
}

/* ^C goes to the child, which decides when to end; afterwards to us. */
static int
run_program(const char *path, const char *const argv[])
{
	sigset_t before;
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	signals_hold(&before);
	pid = fork();
	if (pid == 0) {
		signals_release(&before);
		become(path, argv);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signals_release(&before);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool
setup_program(const char *const argv[])
{
	return run_program(argv[0], argv) == 0;
}

int
setup_jpkictl(const struct setup *s, const char *argv[])
{
	const char *whole[WORDS_MAX] = { "jpkictl", "--config", s->t->conf_file };

	for (size_t i = 0; argv[i] != NULL && i + 4 < WORDS_MAX; i++)
		whole[i + 3] = argv[i];
	return run_program("/proc/self/exe", whole);
}

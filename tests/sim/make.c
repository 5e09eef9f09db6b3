/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/card.h"

#define ARGS_MAX	24

bool
sim_make_card(const char *const argv[])
{
	const char *script = getenv("JPKI_MKCARD");
	char *args[ARGS_MAX + 3] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)script };
	size_t n = 0;
	int status;
	pid_t pid;

	if (script == NULL)
		return false;
	for (; n < ARGS_MAX && argv[n] != NULL; n++)
		args[n + 2] = (char *)(uintptr_t)argv[n];
	if (posix_spawnp(&pid, "sh", NULL, NULL, args, environ) != 0)
		return false;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

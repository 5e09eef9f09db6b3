/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/deed.h"
#include "tests/unit/test.h"

int
end_of(int (*deed)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(deed());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WELL + WEXITSTATUS(status);
}

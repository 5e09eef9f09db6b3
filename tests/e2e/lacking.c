/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lacking landlock|restriction|seccomp PROGRAM [ARGUMENT…]: runs it as on a kernel that does not have
 * this; restriction: that has Landlock, and takes no further layer of it.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = -1;

	if (argc < 3)
		errx(2, "usage: lacking landlock|restriction|seccomp PROGRAM [ARGUMENT...]");
	if (filter != NULL && strcmp(argv[1], "landlock") == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_landlock_create_ruleset, 0);
	else if (filter != NULL && strcmp(argv[1], "restriction") == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(E2BIG), SYS_landlock_restrict_self, 0);
	else if (filter != NULL && strcmp(argv[1], "seccomp") == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
		    SCMP_A0_64(SCMP_CMP_EQ, PR_GET_SECCOMP));
	if (r != 0 || seccomp_load(filter) != 0)
		errx(1, "%s cannot be taken away", argv[1]);
	seccomp_release(filter);
	(void)execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}

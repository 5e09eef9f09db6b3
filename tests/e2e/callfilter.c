/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callfilter PROGRAM [ARGUMENT…]: runs it with the system calls that are named on standard input,
 * one a line, and EPERM for every other: what systemd makes of SystemCallFilter= with
 * SystemCallErrorNumber=EPERM. Names that libseccomp does not know are left out, as systemd does.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	unsigned int known = 0;
	char name[64];

	if (argc < 2)
		errx(2, "usage: callfilter PROGRAM [ARGUMENT...] < CALLS");
	if (filter == NULL)
		errx(1, "seccomp");
	while (fgets(name, sizeof name, stdin) != NULL) {
		int call;

		name[strcspn(name, "\n")] = '\0';
		call = seccomp_syscall_resolve_name(name);
		if (call == __NR_SCMP_ERROR)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) != 0)
			errx(1, "%s", name);
		known++;
	}
	if (known < 100)
		errx(1, "only %u calls are named", known);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || seccomp_load(filter) != 0)
		err(1, "callfilter");
	seccomp_release(filter);
	(void)execvp(argv[1], argv + 1);
	err(1, "%s", argv[1]);
}

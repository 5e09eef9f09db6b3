/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox PROGRAM [ARGUMENT…]: runs it as systemd would with NoNewPrivileges, LimitMEMLOCK=0,
 * MemoryDenyWriteExecute and RestrictAddressFamilies=AF_UNIX, which is how newer polkits run
 * their helper (doc/facts/consumers.md §1.2). What of that takes mounts and networks away is for
 * the caller.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXECUTABLE_MEMORY(call, argument, bits) \
	seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(call), 1, \
	    SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, bits))

int
main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2)
		errx(2, "usage: sandbox PROGRAM [ARGUMENT...]");
	if (filter == NULL || EXECUTABLE_MEMORY(mmap, 2, PROT_WRITE | PROT_EXEC) != 0 ||
	    EXECUTABLE_MEMORY(mprotect, 2, PROT_EXEC) != 0 || EXECUTABLE_MEMORY(shmat, 2, SHM_EXEC) != 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
	    SCMP_CMP64(0, SCMP_CMP_NE, AF_UNIX)) != 0)
		errx(1, "seccomp");
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    seccomp_load(filter) != 0)
		err(1, "sandbox");
	seccomp_release(filter);
	(void)execvp(argv[1], argv + 1);
	err(1, "%s", argv[1]);
}

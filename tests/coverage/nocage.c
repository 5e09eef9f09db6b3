/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded where coverage is measured: a program's counters are written as it ends, which the cage
 * of jpki_helper forbids. The cage is tested by tests/unit/helper/test_cage and 37-cage.sh.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int
seccomp_load(scmp_filter_ctx filter)
{
	return 0;
}

#undef setrlimit
int
setrlimit(__rlimit_resource_t resource, const struct rlimit *to)
{
	return 0;
}

/* No Landlock: the counters are none of the files that a login reads. */
long
syscall(long number, ...)
{
	static union { void *found; long (*fn)(long, ...); } libc;
	long a[6];
	va_list ap;

	if (number == SYS_landlock_create_ruleset) {
		errno = ENOSYS;
		return -1;
	}
	if (libc.found == NULL)
		libc.found = dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return libc.fn(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

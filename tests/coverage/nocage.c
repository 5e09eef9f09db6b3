/*
 * Preloaded where coverage is measured: a program's counters are written as it ends, which the cage
 * of jpki_helper forbids. What keeps the cage is tests/unit/test_cage and 37-cage.sh.
 */
#include "config.h"

#include <seccomp.h>
#include <sys/resource.h>

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

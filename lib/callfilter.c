/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <sys/prctl.h>

#include "lib/callfilter.h"

bool
callfilter_add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_rule_add_array(filter, action, calls[i], 0, NULL) != 0)
			return false;
	return true;
}

bool
callfilter_add_rules(scmp_filter_ctx filter, const struct callfilter_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seccomp_rule_add_array(filter, rules[i].action, rules[i].call, rules[i].count,
		    rules[i].when) != 0)
			return false;
	return true;
}

bool
callfilter_in_kernel(void)
{
	return prctl(PR_GET_SECCOMP) >= 0 || errno != EINVAL;
}

bool
callfilter_load(uint32_t otherwise, bool (*fill)(scmp_filter_ctx filter))
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	bool loaded = filter != NULL && fill(filter) && seccomp_load(filter) == 0;

	seccomp_release(filter);
	return loaded;
}

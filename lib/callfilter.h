/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a system call filter (seccomp(2)) from lists. Each program has its own lists (helper/cage.c,
 * tools/fetch/filter.c). If two rules or two filters match a call, the kernel applies the stricter one.
 */
#ifndef JPKI_LIB_CALLFILTER_H
#define JPKI_LIB_CALLFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

/* A rule that depends on one argument of the call, or on two. */
struct callfilter_rule {
	uint32_t action;		/* SCMP_ACT_… */
	int call;			/* SCMP_SYS(…) */
	unsigned int count;		/* of the comparisons below, 1 or 2: all have to be true */
	struct scmp_arg_cmp when[2];
};

/*
 * Adds the action for each of these calls, whatever their arguments. False: libseccomp refuses one
 * of them, and the filter must not be loaded.
 */
bool callfilter_add_calls(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
    __attribute__((warn_unused_result));

/* Adds the rules. False as above. */
bool callfilter_add_rules(scmp_filter_ctx filter, const struct callfilter_rule *rules, size_t count)
    __attribute__((warn_unused_result));

/* Whether this kernel supports filters; if not, the caller logs that it runs without. */
bool callfilter_in_kernel(void);

/*
 * Puts this process, and what it starts, under a filter for good: what `fill` adds, and the action
 * `otherwise` for every other call. execve(2) can no longer gain privileges (PR_SET_NO_NEW_PRIVS).
 * False, and nothing is loaded: `fill` returned false, or libseccomp or the kernel refuses.
 */
bool callfilter_load(uint32_t otherwise, bool (*fill)(scmp_filter_ctx filter))
    __attribute__((warn_unused_result));

#endif

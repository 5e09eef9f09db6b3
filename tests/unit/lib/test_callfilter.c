/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/callfilter: lists become a filter as they say, or none is loaded. Each deed in a process of its own. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/callfilter.h"
#include "tests/unit/deed.h"
#include "tests/unit/test.h"

/* How many there are; a container gives every process one to begin with. Linux 5.9 shows it. */
static int
count_filters(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	int count = -1;

	if (status == NULL)
		return -1;
	while (fgets(line, sizeof line, status) != NULL)
		(void)sscanf(line, "Seccomp_filters: %d", &count);
	(void)fclose(status);
	return count;
}

static int filters_before;

static bool
is_filtered(void)
{
	return count_filters() > filters_before;
}

/* --- lists ------------------------------------------------------------------------ */

static bool
no_parent_or_session(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(getppid), SCMP_SYS(getsid) };

	return callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, calls, COUNT(calls));
}

static int
first_of_the_list(void)
{
	return callfilter_load(SCMP_ACT_ALLOW, no_parent_or_session) ? (int)getppid() : 1;
}

static int
last_of_the_list(void)
{
	return callfilter_load(SCMP_ACT_ALLOW, no_parent_or_session) ? (int)getsid(0) : 1;
}

static int
not_on_the_list(void)
{
	return callfilter_load(SCMP_ACT_ALLOW, no_parent_or_session) && is_filtered() && getpgid(0) >= 0 ? 0 : 1;
}

static void
calls_of_a_list(void **state)
{
	assert_int_equal(end_of(first_of_the_list), SIGSYS);
	assert_int_equal(end_of(last_of_the_list), SIGSYS);
	assert_int_equal(end_of(not_on_the_list), WELL);
}

static bool
the_end_alone(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(exit_group) };

	return callfilter_add_calls(filter, SCMP_ACT_ALLOW, calls, COUNT(calls));
}

static int
all_others(void)
{
	return callfilter_load(SCMP_ACT_ERRNO(EXDEV), the_end_alone) && syscall(SYS_getppid) < 0 && errno == EXDEV ?
	    0 : 1;
}

static void
otherwise_is_for_what_no_list_has(void **state)
{
	assert_int_equal(end_of(all_others), WELL);
}

/* --- arguments -------------------------------------------------------------------- */

/* Signal 0 is not delivered; SIGCONT to ourselves changes nothing. */
static bool
some_signals(scmp_filter_ctx filter)
{
	const struct callfilter_rule rules[] = {
		{ SCMP_ACT_ERRNO(E2BIG), SCMP_SYS(kill), 2, { SCMP_CMP64(0, SCMP_CMP_EQ, (scmp_datum_t)getpid()),
		    SCMP_CMP64(1, SCMP_CMP_EQ, 0) } },
		{ SCMP_ACT_ERRNO(EXDEV), SCMP_SYS(getpgid), 1, { SCMP_CMP64(0, SCMP_CMP_EQ, 0) } },
	};

	return callfilter_add_rules(filter, rules, COUNT(rules));
}

static int
both_arguments(void)
{
	pid_t parent = getppid();

	if (!callfilter_load(SCMP_ACT_ALLOW, some_signals))
		return 1;
	if (kill(getpid(), 0) == 0 || errno != E2BIG)
		return 2;
	if (kill(getpid(), SIGCONT) != 0 || kill(parent, 0) != 0)
		return 3;
	return getpgid(0) < 0 && errno == EXDEV && getpgid(getpid()) >= 0 ? 0 : 4;
}

static void
rules_compare_every_argument(void **state)
{
	assert_int_equal(end_of(both_arguments), WELL);
}

/* --- several ---------------------------------------------------------------------- */

static bool
parent_is_an_error(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(getppid) };

	return callfilter_add_calls(filter, SCMP_ACT_ERRNO(EXDEV), calls, COUNT(calls));
}

static int
a_milder_one_later(void)
{
	return callfilter_load(SCMP_ACT_ALLOW, no_parent_or_session) &&
	    callfilter_load(SCMP_ACT_ALLOW, parent_is_an_error) ? (int)getppid() : 1;
}

static void
harsher_filter_prevails(void **state)
{
	assert_int_equal(end_of(a_milder_one_later), SIGSYS);
}

/* --- refusals --------------------------------------------------------------------- */

/* libseccomp takes no rule that says what is so anyway; here, the second. */
static bool
refused_call(scmp_filter_ctx filter)
{
	static const int killed[] = { SCMP_SYS(getppid) }, allowed[] = { SCMP_SYS(getsid) };

	return callfilter_add_calls(filter, SCMP_ACT_KILL_PROCESS, killed, COUNT(killed)) &&
	    callfilter_add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
}

static bool
refused_rule(scmp_filter_ctx filter)
{
	static const struct callfilter_rule rules[] = {
		{ SCMP_ACT_ALLOW, SCMP_SYS(getsid), 1, { SCMP_CMP64(0, SCMP_CMP_EQ, 0) } },
		{ SCMP_ACT_KILL_PROCESS, SCMP_SYS(getppid), 0, { { 0 } } },
	};

	return callfilter_add_rules(filter, rules, COUNT(rules));
}

static int
after_refused_call(void)
{
	return !callfilter_load(SCMP_ACT_ALLOW, refused_call) && !is_filtered() && getppid() > 0 ? 0 : 1;
}

static int
after_refused_rule(void)
{
	return !callfilter_load(SCMP_ACT_ALLOW, refused_rule) && !is_filtered() && getppid() > 0 ? 0 : 1;
}

static bool
no_filters(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(seccomp), SCMP_SYS(prctl) };

	return callfilter_add_calls(filter, SCMP_ACT_ERRNO(EINVAL), calls, COUNT(calls));
}

/* As on a kernel without seccomp(2). */
static int
kernel_without_filters(void)
{
	return callfilter_in_kernel() && callfilter_load(SCMP_ACT_ALLOW, no_filters) && !callfilter_in_kernel() &&
	    !callfilter_load(SCMP_ACT_ALLOW, no_parent_or_session) && getppid() > 0 ? 0 : 1;
}

static void
refusals_load_nothing(void **state)
{
	assert_int_equal(end_of(after_refused_call), WELL);
	assert_int_equal(end_of(after_refused_rule), WELL);
	assert_int_equal(end_of(kernel_without_filters), WELL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_a_list),
		cmocka_unit_test(otherwise_is_for_what_no_list_has),
		cmocka_unit_test(rules_compare_every_argument),
		cmocka_unit_test(harsher_filter_prevails),
		cmocka_unit_test(refusals_load_nothing),
	};

	filters_before = count_filters();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/signals: what is held comes later, and the deadline comes all the same. */
#include "config.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "lib/signals.h"
#include "tests/unit/test.h"

static volatile sig_atomic_t struck;

static void
count(int signal)
{
	struck++;
}

static void
handle(int signal)
{
	struct sigaction action = { .sa_handler = count };

	struck = 0;
	assert_int_equal(sigaction(signal, &action, NULL), 0);
}

static void
mask(int how, int signal)
{
	sigset_t set;

	assert_int_equal(sigemptyset(&set), 0);
	assert_int_equal(sigaddset(&set, signal), 0);
	assert_int_equal(sigprocmask(how, &set, NULL), 0);
}

static void
held_signal_strikes_at_the_release(void **state)
{
	static const int signals[] = { SIGINT, SIGTSTP, SIGHUP, SIGTERM, SIGUSR1 };
	sigset_t before;

	for (size_t i = 0; i < COUNT(signals); i++) {
		handle(signals[i]);
		signals_hold(&before);
		assert_int_equal(raise(signals[i]), 0);
		assert_int_equal(struck, 0);
		signals_release(&before);
		assert_int_equal(struck, 1);
	}
}

static void
what_was_blocked_before_stays_so(void **state)
{
	sigset_t before;

	handle(SIGUSR1);
	mask(SIG_BLOCK, SIGUSR1);
	signals_hold(&before);
	assert_int_equal(raise(SIGUSR1), 0);
	signals_release(&before);
	assert_int_equal(struck, 0);
	mask(SIG_UNBLOCK, SIGUSR1);
	assert_int_equal(struck, 1);
}

static void
deadline_strikes_while_signals_are_held(void **state)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 } };
	const struct timespec pause = { .tv_nsec = 10000000 };
	sigset_t before;

	struck = 0;
	signals_on_alarm(count);
	signals_hold(&before);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	for (int i = 0; i < 1000 && struck == 0; i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(struck, 1);
	signals_release(&before);
}

/* The mask outlives execve(2): a caller could hold the deadline off. */
static void
deadline_that_the_caller_has_blocked(void **state)
{
	struck = 0;
	mask(SIG_BLOCK, SIGALRM);
	assert_int_equal(raise(SIGALRM), 0);
	signals_on_alarm(count);	/* and what has come already strikes now */
	assert_int_equal(struck, 1);
	assert_int_equal(raise(SIGALRM), 0);
	assert_int_equal(struck, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(held_signal_strikes_at_the_release),
		cmocka_unit_test(what_was_blocked_before_stays_so),
		cmocka_unit_test(deadline_strikes_while_signals_are_held),
		cmocka_unit_test(deadline_that_the_caller_has_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/watch/waking: when the machine woke, by clocks and a timer of our own. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tools/watch/waking.h"

int __real_clock_gettime(clockid_t id, struct timespec *ts);
ssize_t __real_read(int fd, void *data, size_t size);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
ssize_t __wrap_read(int fd, void *data, size_t size);
int __wrap_timerfd_create(int id, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);

static _Atomic int64_t mono_ms, slept_ms;
static _Atomic int armed;	/* how often */
static int jumps[2];		/* a pipe: a byte is a jump of the real-time clock */
static bool no_timer;

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t ms = mono_ms + (id == CLOCK_BOOTTIME ? slept_ms : 0);

	if (id != CLOCK_BOOTTIME && id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, ts);
	*ts = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	return 0;
}

int
__wrap_timerfd_create(int id, int flags)
{
	assert_int_equal(id, CLOCK_REALTIME);
	errno = EMFILE;
	return no_timer ? -1 : dup(jumps[0]);
}

int
__wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	assert_int_equal(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
	assert_true(new->it_value.tv_sec > INT64_C(4102444800));	/* 2100: it does not strike in this time */
	armed++;
	return 0;
}

ssize_t
__wrap_read(int fd, void *data, size_t size)
{
	char byte;

	if (size != sizeof(uint64_t))
		return __real_read(fd, data, size);
	if (__real_read(fd, &byte, 1) != 1)
		return 0;
	errno = ECANCELED;
	return -1;
}

/* The clock jumps, and those who wait for that are notified. */
static void
jump(void)
{
	int before = armed;

	assert_int_equal(write(jumps[1], "", 1), 1);
	for (int i = 0; i < 5000 && armed == before; i++)
		(void)poll(NULL, 0, 1);
	assert_int_equal(armed, before + 1);
}

static void
the_moment_is_noted(void **state)
{
	int64_t woke;

	mono_ms = 5000000;
	slept_ms = 7200000;		/* before this program began */
	assert_int_equal(pipe(jumps), 0);
	waking_begin();
	for (int i = 0; i < 5000 && armed == 0; i++)
		(void)poll(NULL, 0, 1);
	assert_int_equal(armed, 1);
	assert_true(waking_last_ms() == WAKING_NEVER);
	slept_ms += 999;		/* the two clocks are not read at one moment */
	jump();
	assert_true(waking_last_ms() == WAKING_NEVER);
	jump();				/* the clock is set */
	assert_true(waking_last_ms() == WAKING_NEVER);
	slept_ms += 3600000;
	woke = mono_ms;
	jump();
	mono_ms += 3600000;		/* no call for an hour */
	assert_int_equal(waking_last_ms(), woke);
	jump();
	assert_int_equal(waking_last_ms(), woke);
	slept_ms += 1000;
	woke = mono_ms;
	assert_int_equal(waking_last_ms(), woke);	/* before the other thread got to run */
	mono_ms += 10;
	jump();
	assert_int_equal(waking_last_ms(), woke);
}

/* Where no timer is to be had: the first look after it. */
static void
without_a_timer(void **state)
{
	no_timer = true;
	waking_begin();
	slept_ms += 60000;
	mono_ms += 4000;
	assert_int_equal(waking_last_ms(), mono_ms);
	mono_ms += 4000;
	assert_int_equal(waking_last_ms(), mono_ms - 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_moment_is_noted),
		cmocka_unit_test(without_a_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tools/watch/waking.h"

#define NEVER_S (INT64_MAX / 1000000000)	/* the last second of the kernel's clock */
#define SUSPEND_MS 1000		/* because the two clocks are not read at the same moment */

static struct {
	pthread_mutex_t lock;
	int64_t slept_ms;	/* time in suspend since boot, when last recorded */
	int64_t woke_ms;
} noted = { .lock = PTHREAD_MUTEX_INITIALIZER, .woke_ms = WAKING_NEVER };

static int64_t
clock_ms(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* CLOCK_BOOTTIME runs during suspend, CLOCK_MONOTONIC does not (clock_gettime(2)). */
static int64_t
slept_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME) - clock_ms(CLOCK_MONOTONIC);
}

int64_t
waking_last_ms(void)
{
	int64_t slept = slept_ms(), woke;

	(void)pthread_mutex_lock(&noted.lock);
	if (slept - noted.slept_ms >= SUSPEND_MS) {
		noted.slept_ms = slept;
		noted.woke_ms = clock_ms(CLOCK_MONOTONIC);
	}
	woke = noted.woke_ms;
	(void)pthread_mutex_unlock(&noted.lock);
	return woke;
}

/* The timer never expires: it is cancelled when the real-time clock jumps, as it does after a suspend. */
static bool
arm(int fd)
{
	const struct itimerspec never = { .it_value = { .tv_sec = NEVER_S } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0;
}

static void *
note_each(void *ctx)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
	uint64_t expirations;

	while (fd >= 0 && arm(fd) && read(fd, &expirations, sizeof expirations) < 0 && errno == ECANCELED)
		(void)waking_last_ms();
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

void
waking_begin(void)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;

	noted.slept_ms = slept_ms();
	if (pthread_attr_init(&detached) != 0)
		return;
	/* Block signals in this thread, so that the main thread gets them. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	(void)!pthread_create(&thread, &detached, note_each, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&detached);
}

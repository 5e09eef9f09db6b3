/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of the bench share. */
#ifndef JPKI_TESTS_BENCH_STATS_H
#define JPKI_TESTS_BENCH_STATS_H

#include <time.h>

static inline double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judgecost [ROUNDS]: what it costs to judge a user's registration, the first time and again after the prompt: processor
 * time, medians. JPKI_PKI names the throw-away certificates.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "flow/usercerts.h"

#define ROUNDS_MAX 999
#define SETTLED_S 4	/* younger files are opened again (nss/certdb.h) */

static double
used_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *ms, size_t n)
{
	qsort(ms, n, sizeof ms[0], by_size);
	return ms[n / 2];
}

static void
judge_rounds(const struct kit *kit, size_t rounds)
{
	static double first[ROUNDS_MAX], again[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++) {
		struct usercerts e = { .count = 0 };
		double from = used_ms();
		struct outcome o = usercerts_load(&kit->env, "hanako", &e);

		first[i] = used_ms() - from;
		assert_true(outcome_ok(&o) && e.count == 1);
		from = used_ms();
		o = usercerts_load_again(&kit->env, "hanako", &e);
		again[i] = used_ms() - from;
		assert_true(outcome_ok(&o) && e.count == 1);
		usercerts_done(&e);
	}
	printf("judged first: %.3f ms, again: %.3f ms of the processor (medians of %zu)\n", median(first, rounds),
	    median(again, rounds), rounds);
}

int
main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 101;
	void *state;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	assert_int_equal(kit_new(&state), 0);
	kit_enroll(state, "hanako", "good", NULL);
	sleep(SETTLED_S);
	judge_rounds(state, (size_t)rounds);
	return kit_done(&state);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/budget, helper/watchdog: what ends a wait, and what must not. */
#include "config.h"

#include "helper/watchdog.h"
#include "lib/budget.h"
#include "tests/unit/test.h"

static int64_t now_ms;

static int64_t
mono_ms(void *ctx)
{
	return now_ms;
}

static const struct clk clk = { .mono_ms = mono_ms };

static void
runs_out(void **state)
{
	struct budget b = {0};

	assert_int_equal(budget_left_ms(&b), 0);	/* never started */
	now_ms = 5000;
	budget_start(&b, &clk, 1000);
	assert_int_equal(budget_left_ms(&b), 1000);
	now_ms += 999;
	assert_int_equal(budget_left_ms(&b), 1);
	now_ms++;
	assert_int_equal(budget_left_ms(&b), 0);
	now_ms++;
	assert_int_equal(budget_left_ms(&b), 0);
}

static void
does_not_run_while_it_is_paused(void **state)
{
	struct budget b;

	budget_start(&b, &clk, 1000);
	now_ms += 400;
	budget_pause(&b);
	now_ms += 3600000;
	assert_int_equal(budget_left_ms(&b), 600);
	budget_pause(&b);
	assert_int_equal(budget_left_ms(&b), 600);
	budget_resume(&b, 100000);
	assert_int_equal(budget_left_ms(&b), 600);
	now_ms += 600;
	assert_int_equal(budget_left_ms(&b), 0);
	budget_pause(&b);
	budget_resume(&b, 100000);
	assert_int_equal(budget_left_ms(&b), 0);	/* a pause gives nothing back */
}

static void
goes_on_with_less(void **state)
{
	struct budget b;

	budget_start(&b, &clk, 20000);
	budget_pause(&b);
	budget_resume(&b, 7000);
	assert_int_equal(budget_left_ms(&b), 7000);
	budget_pause(&b);
	budget_resume(&b, 0);
	assert_int_equal(budget_left_ms(&b), 0);
}

/* It reads as the end of time: then every deadline is over. */
static void
clock_that_cannot_be_read(void **state)
{
	struct budget b;

	now_ms = INT64_MAX;
	budget_start(&b, &clk, 1000);
	assert_int_equal(budget_left_ms(&b), 0);
	now_ms = 0;
}

enum { WAITS = 1, GONE = 2, PIN = 4, FINISH = 8, ALL = 15 };

static bool
strikes(struct watchdog *w, int how)
{
	w->pin_received = (how & PIN) != 0;
	w->must_finish = (how & FINISH) != 0;
	return watchdog_strikes(w, (how & WAITS) != 0, (how & GONE) != 0);
}

static void
time_ends_everything(void **state)
{
	struct watchdog w = { .open_by = INT64_MAX };

	budget_start(&w.budget, &clk, 1000);
	now_ms += 999;
	for (int how = 0; how <= ALL; how++)
		if ((how & GONE) == 0)
			assert_false(strikes(&w, how));
	now_ms++;
	for (int how = 0; how <= ALL; how++)
		assert_true(strikes(&w, how));
}

/* Also where the module still listens and there is plenty of time. */
static void
another_program_ends_a_wait_for_it(void **state)
{
	struct watchdog w = { .open_by = now_ms + 3000 };

	budget_start(&w.budget, &clk, 100000);
	now_ms += 2999;
	assert_false(strikes(&w, WAITS));
	now_ms++;
	for (int how = 0; how <= ALL; how++)
		if ((how & GONE) == 0)
			assert_int_equal(strikes(&w, how), (how & WAITS) != 0);
}

static void
a_closed_connection_ends_only_waits(void **state)
{
	static const struct {
		int how;
		bool strikes;
	} rows[] = {
		{ 0, true },			/* before the prompt */
		{ WAITS, true },
		{ PIN, false },			/* between VERIFY and the drop, perhaps */
		{ PIN | WAITS, true },		/* before VERIFY */
		{ FINISH, false },		/* drops another one's state */
		{ FINISH | WAITS, false },
		{ FINISH | PIN, false },	/* has said its last */
		{ FINISH | PIN | WAITS, false },
	};
	struct watchdog w = { .open_by = INT64_MAX };

	budget_start(&w.budget, &clk, 100000);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strikes(&w, rows[i].how | GONE) != rows[i].strikes)
			fail_msg("row %zu", i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_out),
		cmocka_unit_test(does_not_run_while_it_is_paused),
		cmocka_unit_test(goes_on_with_less),
		cmocka_unit_test(clock_that_cannot_be_read),
		cmocka_unit_test(time_ends_everything),
		cmocka_unit_test(another_program_ends_a_wait_for_it),
		cmocka_unit_test(a_closed_connection_ends_only_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

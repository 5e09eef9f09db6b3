/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "lib/budget.h"

void
budget_start(struct budget *budget, const struct clk *clk, int64_t ms)
{
	int64_t deadline;

	/* A clock that cannot be read returns its last moment: no time is left then. */
	if (__builtin_add_overflow(clk_mono_ms(clk), ms, &deadline))
		deadline = INT64_MAX;
	*budget = (struct budget){ .clk = clk, .deadline = deadline };
}

void
budget_pause(struct budget *budget)
{
	budget->paused_ms = budget_left_ms(budget);
	budget->paused = true;
}

void
budget_resume(struct budget *budget, int64_t most_ms)
{
	int64_t left = budget_left_ms(budget);

	budget_start(budget, budget->clk, left < most_ms ? left : most_ms);
}

int64_t
budget_left_ms(const struct budget *budget)
{
	if (budget->clk == NULL)
		return 0;
	return budget->paused ? budget->paused_ms : clk_left_ms(budget->clk, budget->deadline);
}

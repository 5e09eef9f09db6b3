/* SPDX-License-Identifier: BSD-2-Clause */
/* The time that a piece of work may take. It is paused while the user types. */
#ifndef JPKI_LIB_BUDGET_H
#define JPKI_LIB_BUDGET_H

#include "lib/clk.h"

struct budget {
	const struct clk *clk;
	int64_t deadline;	/* clk_mono_ms, while it runs */
	int64_t paused_ms;	/* what was left when it was paused */
	bool paused;
};

/* Starts now, with that many milliseconds. clk must outlive the budget. */
void budget_start(struct budget *budget, const struct clk *clk, int64_t ms);

void budget_pause(struct budget *budget);

/* Continues with the time left at the pause, but at most most_ms milliseconds. */
void budget_resume(struct budget *budget, int64_t most_ms);

/*
 * Milliseconds; 0 once it is used up, or was never started. May be called from a signal
 * handler that cannot interrupt the functions above.
 */
int64_t budget_left_ms(const struct budget *budget);

#endif

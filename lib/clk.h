/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks, passed in, so that a test can choose the time. */
#ifndef JPKI_LIB_CLK_H
#define JPKI_LIB_CLK_H

#include <stdbool.h>
#include <stdint.h>

struct clk {
	int64_t (*wall_s)(void *ctx);	/* seconds since 1970 UTC */
	int64_t (*mono_ms)(void *ctx);	/* milliseconds that never jump */
	void *ctx;
};

/* The machine's own clocks. */
extern const struct clk clk_system;

int64_t clk_wall_s(const struct clk *clk);
int64_t clk_mono_ms(const struct clk *clk);

/* Milliseconds until the deadline (a clk_mono_ms value); 0 once it has passed. */
int64_t clk_left_ms(const struct clk *clk, int64_t deadline_ms);

/*
 * "2026-11-23T05:40:00Z" from seconds since 1970 UTC; false (and "?") for a time
 * that does not fit.
 */
#define CLK_UTC_MAX (sizeof "2026-11-23T05:40:00Z")
bool clk_utc_text(int64_t seconds, char ret_text[static CLK_UTC_MAX]);

#endif

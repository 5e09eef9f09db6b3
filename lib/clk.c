/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>

#include "lib/clk.h"

static int64_t
system_wall_s(void *ctx)
{
	return time(NULL);
}

static int64_t
system_mono_ms(void *ctx)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		return INT64_MAX;	/* every deadline has passed */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const struct clk clk_system = { .wall_s = system_wall_s, .mono_ms = system_mono_ms };

int64_t
clk_wall_s(const struct clk *clk)
{
	return clk->wall_s(clk->ctx);
}

int64_t
clk_mono_ms(const struct clk *clk)
{
	return clk->mono_ms(clk->ctx);
}

int64_t
clk_left_ms(const struct clk *clk, int64_t deadline_ms)
{
	int64_t now = clk_mono_ms(clk);

	return now < deadline_ms ? deadline_ms - now : 0;
}

bool
clk_utc_text(int64_t seconds, char ret_text[static CLK_UTC_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL &&
	    strftime(ret_text, CLK_UTC_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) != 0)
		return true;
	ret_text[0] = '?';
	ret_text[1] = '\0';
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "helper/watchdog.h"

bool
watchdog_strikes(const struct watchdog *w, bool waits, bool gone)
{
	if (budget_left_ms(&w->budget) == 0)
		return true;
	if (waits && clk_left_ms(w->budget.clk, w->open_by) == 0)
		return true;
	return gone && !w->must_finish && (waits || !w->pin_received);
}

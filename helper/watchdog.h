/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides when the helper ends itself in the middle of a call that cannot be interrupted. For the
 * signal handler in helper/tick.c: it calls only clock_gettime(2).
 */
#ifndef JPKI_HELPER_WATCHDOG_H
#define JPKI_HELPER_WATCHDOG_H

#include "lib/budget.h"

struct watchdog {
	struct budget budget;	/* of the card's work, with the wait for a card */
	int64_t open_by;	/* clk_mono_ms: until then another program may keep the card from us */
	bool pin_received;	/* from now on a card may have a verified PIN */
	bool must_finish;	/* it may have one in any case, or only the end is left */
};

/*
 * waits: the process waits for another program to release the card, and has verified nothing. gone:
 * the module no longer listens. True when
 * - the time is used up,
 * - another program has kept the card for as long as it may,
 * - the module has gone, unless a card may have a verified PIN.
 */
bool watchdog_strikes(const struct watchdog *w, bool waits, bool gone);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the machine last woke from suspend: after that, readers come up one by one, and a card
 * that seems to have gone may only be behind a reader that is not there yet.
 */
#ifndef JPKI_TOOLS_WATCH_WAKING_H
#define JPKI_TOOLS_WATCH_WAKING_H

#include <stdint.h>

#define WAKING_NEVER INT64_MIN

/*
 * Starts to note it, by a thread that sleeps until the machine wakes or its clock is set. Where
 * there can be none, waking_last_ms() finds a suspend at its first call afterwards, and takes that for the moment.
 */
void waking_begin(void);

/* Milliseconds of CLOCK_MONOTONIC, as clk_mono_ms(); WAKING_NEVER: not since waking_begin(). */
int64_t waking_last_ms(void);

#endif

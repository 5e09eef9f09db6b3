/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the machine last woke from suspend. After that, readers appear one by one, so a card may seem
 * removed only because its reader is not there yet.
 */
#ifndef JPKI_TOOLS_WATCH_WAKING_H
#define JPKI_TOOLS_WATCH_WAKING_H

#include <stdint.h>

#define WAKING_NEVER INT64_MIN

/*
 * Starts a thread that sleeps until the machine wakes or its clock is set. If that fails, waking_last_ms()
 * detects a suspend at the next call, and takes that moment for it.
 */
void waking_begin(void);

/* Milliseconds of CLOCK_MONOTONIC, as clk_mono_ms(); WAKING_NEVER: not since waking_begin(). */
int64_t waking_last_ms(void);

#endif

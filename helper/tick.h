/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks the work four times a second, and ends the process if it must (helper/watchdog.h).
 *
 * No call of libpcsclite can be interrupted: it waits without limit for another program's
 * transaction, or for a reader that hangs. pcscd resets the card after this process, which is not
 * enough on contactless readers: the module starts a helper that drops the state.
 *
 * The handler of SIGALRM sends a RESULT that was prepared, wipes the PINs, and exits.
 */
#ifndef JPKI_HELPER_TICK_H
#define JPKI_HELPER_TICK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/budget.h"

/*
 * Starts the time: work_s seconds for all work of card and reader, and before it wait_s to wait for
 * a card. must_finish: the task drops the card's state, and continues when the module has gone.
 * Ends the process if a timer cannot be set.
 */
void tick_begin(unsigned int wait_s, unsigned int work_s, bool must_finish);

/* The remaining time. Valid for the life of the process. */
const struct budget *tick_budget(void);

/* Pauses the time while the user types, without limit. Unused waiting time is not added to the work. */
void tick_pause(void);
void tick_resume(void);

/* Resumes with all the remaining time, if a card still has to be found. */
void tick_resume_search(void);

/* Allows another program to keep the card from us for this many milliseconds. */
void tick_others_have_card(int64_t ms);

/* A PIN has arrived: from now on a card may have it verified. Call it while the time is paused. */
void tick_pin_received(void);
/* The new PIN may be on its way to the card: ending from here on is PIN_UNCERTAIN. */
void tick_pin_changing(void);
/* RESULT is sent: only the end is left. */
void tick_result_sent(void);

#endif

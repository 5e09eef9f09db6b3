/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks up from the work four times a second, and ends the process if need be (helper/watchdog.h).
 *
 * Nothing in libpcsclite can be interrupted: a call waits without limit for another program's
 * transaction, or for a reader that hangs. pcscd resets the card after this process, which is not
 * enough on contactless readers: the module starts a helper that drops the state.
 *
 * The handler of SIGALRM sends a RESULT that was made before, wipes the PINs, and exits.
 */
#ifndef JPKI_HELPER_TICK_H
#define JPKI_HELPER_TICK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/budget.h"

/*
 * Starts the time: work_s seconds for what card and reader do in all, and wait_s before it, for a
 * card that is not there yet. must_finish: the task drops the card's state, and goes on when
 * the module has gone. The process ends if a timer cannot be set.
 */
void tick_begin(unsigned int wait_s, unsigned int work_s, bool must_finish);

/* What is left of it. Lent, for the life of the process. */
const struct budget *tick_budget(void);

/* While a person types, for as long as they like. What was not spent on waiting for a card is no time for its work. */
void tick_pause(void);
void tick_resume(void);

/* The same where a card still has to be found: with all the time that was left. */
void tick_resume_search(void);

/* For so many milliseconds another program may keep the card from us. */
void tick_others_have_card(int64_t ms);

/* A PIN has come: from now on a card may have it verified. While the time is paused. */
void tick_pin_received(void);
/* The new PIN may be on its way to the card: an end from here on is PIN_UNCERTAIN. */
void tick_pin_changing(void);
/* RESULT is sent: there is nothing left but to end. */
void tick_result_sent(void);

#endif

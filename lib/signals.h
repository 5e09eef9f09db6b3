/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks signals (^C, ^Z, a closed terminal) during work that must not be interrupted. Only SIGALRM, for a
 * deadline, still arrives.
 */
#ifndef JPKI_LIB_SIGNALS_H
#define JPKI_LIB_SIGNALS_H

#include <signal.h>

/*
 * Blocks all signals that can be blocked, except SIGALRM. Pending ones are delivered in signals_release(),
 * given the same set.
 */
void signals_hold(sigset_t *ret_before);
void signals_release(sigset_t *before);

/*
 * Installs the handler for SIGALRM and unblocks the signal, which the parent program may have blocked. The
 * handler may call only what signal-safety(7) lists. The caller sets the timer (setitimer(2)).
 */
void signals_on_alarm(void (*handler)(int signal));

#endif

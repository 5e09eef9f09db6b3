/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work that no signal may cut off half-way: the keyboard's ^C and ^Z, a closed terminal. And the
 * one signal that may, the deadline's.
 */
#ifndef JPKI_LIB_SIGNALS_H
#define JPKI_LIB_SIGNALS_H

#include <signal.h>

/*
 * Holds back whatever can be held back, but SIGALRM: a deadline still strikes.
 * What came meanwhile takes effect in signals_release(), given the same set.
 */
void signals_hold(sigset_t *ret_before);
void signals_release(sigset_t *before);

/*
 * From here on SIGALRM calls the handler, even if the program that started this one has blocked it. The
 * handler may call what signal-safety(7) lists, and nothing else. When it strikes is for the
 * caller to say (setitimer(2)).
 */
void signals_on_alarm(void (*handler)(int signal));

#endif

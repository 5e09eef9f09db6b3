/* SPDX-License-Identifier: BSD-2-Clause */
/* Work that no signal may cut off half-way: the keyboard's ^C and ^Z, a closed terminal. */
#ifndef JPKI_LIB_SIGNALS_H
#define JPKI_LIB_SIGNALS_H

#include <signal.h>

/*
 * Holds back whatever can be held back, but SIGALRM: a deadline still strikes.
 * What came meanwhile takes effect in signals_release(), given the same set.
 */
void signals_hold(sigset_t *ret_before);
void signals_release(sigset_t *before);

#endif

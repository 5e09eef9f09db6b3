/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Reading the card …" on a terminal, for work of another process that has shown nothing for a second. The line
 * disappears before anything else is shown. Nothing is shown if standard error is not a terminal.
 */
#ifndef JPKI_LIB_BUSY_H
#define JPKI_LIB_BUSY_H

#include <stdbool.h>

#define BUSY_AFTER_MS 1000

struct busy {
	bool possible;		/* standard error is a terminal */
	bool shown;
};

/* Begins the wait. */
struct busy busy_begin(void);

/* How long to wait, at most ms milliseconds (poll(2); -1: without limit), before busy_show(). */
int busy_wait_ms(const struct busy *b, int ms);

/*
 * For when busy_wait_ms() has passed without a result. Returns true if it shows the line now, so that the wait
 * goes on; false if all of ms has passed.
 */
bool busy_show(struct busy *b, const char *text) __attribute__((warn_unused_result));

/* Something else is about to be shown, or the work is done. */
void busy_clear(struct busy *b);

#endif

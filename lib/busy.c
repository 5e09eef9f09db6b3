/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/busy.h"

#define ERASE_LINE "\r\033[K"	/* ECMA-48, EL */

struct busy
busy_begin(void)
{
	return (struct busy){ .possible = isatty(STDERR_FILENO) == 1 };
}

int
busy_wait_ms(const struct busy *b, int ms)
{
	return b->possible && !b->shown && (ms < 0 || ms > BUSY_AFTER_MS) ? BUSY_AFTER_MS : ms;
}

bool
busy_show(struct busy *b, const char *text)
{
	if (!b->possible || b->shown)
		return false;
	fprintf(stderr, "%s", text);
	(void)fflush(stderr);
	b->shown = true;
	return true;
}

void
busy_clear(struct busy *b)
{
	if (!b->shown)
		return;
	fputs(ERASE_LINE, stderr);
	(void)fflush(stderr);
	b->shown = false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/busy.h for work that this process does itself: a child waits a second, then shows the line. The child has no
 * PIN (struct secret is empty in a child), and exits when this process does, even if that is killed.
 */
#ifndef JPKI_TOOLS_SSH_BUSY_APART_H
#define JPKI_TOOLS_SSH_BUSY_APART_H

#include <sys/types.h>

struct busy_apart {
	pid_t child;		/* -1: none */
	int fd;			/* the child lives until this is closed */
};

/* From now on. Without a terminal at standard error, or without another process, nothing is shown. */
struct busy_apart busy_apart_begin(const char *text);

/* The work is done: the line is gone when this returns. */
void busy_apart_end(struct busy_apart *b);

#endif

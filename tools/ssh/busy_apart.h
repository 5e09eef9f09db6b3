/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * busy.h for work of this process itself: a child waits for the second to pass, and shows the line. It has no
 * PIN (struct secret is empty in a child), and ends with us, however we end.
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

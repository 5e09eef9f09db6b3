/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of libc's, functions that fail once: the n-th allocation or system call of a
 * process. Linked into a program (tests/faults/test_faults), or preloaded into installed
 * programs (tests/faults/preload.c).
 */
#ifndef JPKI_TESTS_FAILING_H
#define JPKI_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_kind {
	FAILING_NOTHING,
	FAILING_MEMORY,		/* malloc() and the like: ENOMEM */
	FAILING_SYSTEM,		/* system calls: EIO */
};

struct failing {
	enum failing_kind kind;
	bool own;		/* only calls of the program's own code, not of its libraries' */
	unsigned long at;	/* the one that fails, from 1 on; 0: none, they are counted */
	unsigned long seen;
	unsigned long *shared;	/* where forked processes count together, in place of `seen`, or NULL */
	const char *failed;	/* the function that failed, or NULL */
};

/*
 * Makes the shared object whose path has `name` in it the program's own code, in place of the program.
 * False: there is none (yet).
 */
bool failing_own_object(const char *name);

/* One for the process. While `paused`, nothing fails and nothing is counted. */
extern struct failing failing;
extern bool failing_paused;

/* While `own`: how many blocks that the program's own code has allocated are not free yet. */
size_t failing_blocks(void);

/* Called once, right before the failure; NULL: nothing. */
extern void (*failing_notice)(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A deed that a filter may kill, or that gives up what the process needs later, runs in a child. */
#ifndef JPKI_TESTS_UNIT_DEED_H
#define JPKI_TESTS_UNIT_DEED_H

#define WELL 1000	/* no signal has this number */

/* How the child ended: by which signal, or else WELL + what the deed returned. */
int end_of(int (*deed)(void));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Release at the end of scope: _cleanup_(thing_done) struct thing t = {0}; */
#ifndef JPKI_LIB_CLEANUP_H
#define JPKI_LIB_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* For pointers that are released by free(). */
static inline void
freep(void *p)
{
	free(*(void **)p);
}

/* For file descriptors; -1 is none. */
static inline void
closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* For streams that were only read from; NULL is none. */
static inline void
fclosep(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);
}

/* For directories; NULL is none. */
static inline void
closedirp(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

#endif

/* Release at the end of scope: _cleanup_(thing_done) struct thing t = {0}; */
#ifndef JPKI_LIB_CLEANUP_H
#define JPKI_LIB_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* For char pointers and the like that end with free(). */
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

#endif

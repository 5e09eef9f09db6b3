/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting and ending the helper. The application's signal handlers are left as they are: it may
 * reap our child before we do, which is not an error.
 */
#ifndef JPKI_PAM_SPAWN_H
#define JPKI_PAM_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct helper {
	pid_t pid;	/* until there is a pidfd */
	int pidfd;	/* the process, even if another gets its number; -1: it ended at once */
	int fd;		/* our end of the socket pair; -1 */
};

#define HELPER_NONE { .pid = -1, .pidfd = -1, .fd = -1 }

/*
 * Starts LIBEXECDIR/jpki_helper with an empty environment, default signals, its own session,
 * /dev/null for standard streams and nothing else open but its end of the socket pair. False with
 * errno.
 */
bool helper_start(struct helper *ret_helper) __attribute__((warn_unused_result));

/*
 * Gives the helper a moment to end, then kills it; collects it. Returns the signal that ended it
 * (ours, SIGKILL, included), or 0: it exited, or the application has collected it. Idempotent.
 */
int helper_end(struct helper *h);

#endif

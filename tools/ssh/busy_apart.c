/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/busy.h"
#include "lib/signals.h"
#include "tools/ssh/busy_apart.h"

/* Until the other end of the pipe is closed. Signals are for the parent: the line has to go in any case. */
static _Noreturn void
busy_wait_for_end(struct busy *b, int fd, const char *text)
{
	struct pollfd p = { .fd = fd };
	sigset_t before;
	int r;

	signals_hold(&before);
	do
		r = poll(&p, 1, busy_wait_ms(b, -1));
	while ((r < 0 && errno == EINTR) || (r == 0 && busy_show(b, text)));
	busy_clear(b);
	_exit(0);
}

struct busy_apart
busy_apart_begin(const char *text)
{
	struct busy_apart none = { .child = -1, .fd = -1 };
	struct busy b = busy_begin();
	int ends[2];
	pid_t child;

	if (!b.possible || pipe2(ends, O_CLOEXEC) != 0)
		return none;
	child = fork();
	if (child == 0) {
		(void)close(ends[1]);
		busy_wait_for_end(&b, ends[0], text);
	}
	(void)close(ends[0]);
	if (child > 0)
		return (struct busy_apart){ .child = child, .fd = ends[1] };
	(void)close(ends[1]);
	return none;
}

void
busy_apart_end(struct busy_apart *b)
{
	if (b->child < 0)
		return;
	(void)close(b->fd);
	while (waitpid(b->child, NULL, 0) < 0 && errno == EINTR)
		;
	b->child = -1;
}

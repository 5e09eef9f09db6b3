/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/proto.h"
#include "lib/cleanup.h"
#include "pam/spawn.h"

#ifndef HELPER_PATH	/* tests put another in its place */
#define HELPER_PATH LIBEXECDIR "/jpki_helper"
#endif
#define END_MS 1000

static int
add_file_actions(posix_spawn_file_actions_t *actions, int socket_fd)
{
	int e;

	/* The socket first: an application without standard streams may have given it number 0. */
	e = posix_spawn_file_actions_adddup2(actions, socket_fd, PROTO_FD);
	for (int fd = 0; e == 0 && fd < PROTO_FD; fd++)
		e = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(actions, PROTO_FD + 1);
	return e;
}

static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int e;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	e = posix_spawnattr_setsigmask(attr, &none);
	if (e == 0)
		e = posix_spawnattr_setsigdefault(attr, &all);
	/* In its own session: ^C is for the application, and must not interrupt an exchange with the card. */
	if (e == 0)
		e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
		    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	return e;
}

static int
spawn_with(int socket_fd, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr,
    struct helper *h)
{
	static char name[] = "jpki_helper";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };
	int e;

	e = add_file_actions(actions, socket_fd);
	if (e == 0)
		e = set_attributes(attr);
	if (e == 0)
#ifdef HAVE_PIDFD_SPAWN
		e = pidfd_spawn(&h->pidfd, HELPER_PATH, actions, attr, argv, envp);
#else
		e = posix_spawn(&h->pid, HELPER_PATH, actions, attr, argv, envp);
#endif
	return e;
}

static int
spawn(int socket_fd, struct helper *h)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int e;

	e = posix_spawn_file_actions_init(&actions);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e == 0) {
		e = spawn_with(socket_fd, &actions, &attr, h);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

/*
 * Waits for the helper and returns the signal that ended it, or 0. By the descriptor: its number
 * may be another child's by now.
 */
static int
collect(int pidfd, int flags)
{
	siginfo_t info = { .si_pid = 0 };

	/* ECHILD: the application collects its children itself. */
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | flags) < 0 && errno == EINTR)
		;
	return info.si_pid != 0 && info.si_code != CLD_EXITED ? info.si_status : 0;
}

#ifdef HAVE_PIDFD_SPAWN
static int
open_pidfd(struct helper *h)
{
	return 0;	/* it came with the process */
}
#else
/* Whether the helper still has its end of the socket pair. */
static bool
helper_is_there(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) >= 0 && (p.revents & POLLHUP) == 0;
}

/* Without a descriptor: the helper ends when its socket closes, and keeps its number until then. */
static int
give_up(struct helper *h, int e)
{
	bool there = helper_is_there(h->fd);

	(void)close(h->fd);
	h->fd = -1;
	while (there && waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return e;
}

/*
 * Before glibc 2.39 the descriptor is opened by process number. In an application that ignores
 * SIGCHLD the number of a helper that has ended may already be another child's. So the descriptor
 * counts only if the helper is still there after it was opened; otherwise no process is signalled
 * or waited for.
 */
static int
open_pidfd(struct helper *h)
{
	int pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);

	if (pidfd < 0)
		return errno == ESRCH ? 0 : give_up(h, errno);
	if (helper_is_there(h->fd)) {
		h->pidfd = pidfd;
		return 0;
	}
	(void)collect(pidfd, WNOHANG);	/* the helper itself, in any other application */
	(void)close(pidfd);
	return 0;
}
#endif

bool
helper_start(struct helper *ret_helper)
{
	struct helper h = HELPER_NONE;
	int pair[2];
	int e;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	h.fd = pair[0];
	e = spawn(pair[1], &h);
	(void)close(pair[1]);
	if (e == 0)
		e = open_pidfd(&h);
	if (e != 0) {
		closep(&h.fd);
		errno = e;
		return false;
	}
	*ret_helper = h;
	return true;
}

static bool
ended_within(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

int
helper_end(struct helper *h)
{
	int sig = 0;

	if (h->fd < 0)
		return 0;
	(void)close(h->fd);
	if (h->pidfd >= 0) {
		if (!ended_within(h->pidfd, END_MS))
			(void)syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
		sig = collect(h->pidfd, 0);
		(void)close(h->pidfd);
	}
	*h = (struct helper)HELPER_NONE;
	return sig;
}

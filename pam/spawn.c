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
	/* Its own session: ^C is for the application, not for a card in mid-exchange. */
	if (e == 0)
		e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
		    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	return e;
}

static int
spawn_with(int socket_fd, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr,
    pid_t *ret_pid)
{
	static char name[] = "jpki_helper";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };
	int e;

	e = add_file_actions(actions, socket_fd);
	if (e == 0)
		e = set_attributes(attr);
	if (e == 0)
		e = posix_spawn(ret_pid, HELPER_PATH, actions, attr, argv, envp);
	return e;
}

static int
spawn(int socket_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int e;

	e = posix_spawn_file_actions_init(&actions);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e == 0) {
		e = spawn_with(socket_fd, &actions, &attr, ret_pid);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

static void
collect(pid_t pid)
{
	/* ECHILD: the application collects children itself. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool
helper_start(struct helper *ret_helper)
{
	struct helper h = HELPER_NONE;
	int pair[2];
	int e;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	h.fd = pair[0];
	e = spawn(pair[1], &h.pid);
	(void)close(pair[1]);
	if (e != 0) {
		(void)close(h.fd);
		errno = e;
		return false;
	}
	h.pidfd = (int)syscall(SYS_pidfd_open, h.pid, 0);
	if (h.pidfd < 0) {
		e = errno;
		(void)close(h.fd);	/* without its socket the helper ends by itself */
		collect(h.pid);
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
	siginfo_t info = { .si_pid = 0 };

	if (h->fd < 0)
		return 0;
	(void)close(h->fd);
	if (!ended_within(h->pidfd, END_MS))
		(void)syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
	/*
	 * By the descriptor: in an application that collects children itself the
	 * number may be another child's by now. ECHILD then, which is no error.
	 */
	while (waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	(void)close(h->pidfd);
	*h = (struct helper)HELPER_NONE;
	return info.si_pid != 0 && info.si_code != CLD_EXITED ? info.si_status : 0;
}

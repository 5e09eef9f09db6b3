/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded: a server that takes jpki_fetch over with the first bytes of its answer, looks round
 * and says what it has got. It takes what no list is fetched by: accounts, processes, homes, the
 * directory of the lists, another service of the machine, at last a process of its own.
 */
#include "config.h"

#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
tell(const char *what)
{
	(void)!write(STDERR_FILENO, what, strlen(what));
	(void)!write(STDERR_FILENO, "\n", 1);
}

static void
look_round(void)
{
	static const char *const files[] = { "/etc/passwd", "/proc/self/status", "/home", "/var/lib/pam_jpki" };
	struct sockaddr_un pcscd = { .sun_family = AF_UNIX, .sun_path = "/run/pcscd/pcscd.comm" };
	int s;

	tell("taken over");
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (open(files[i], O_RDONLY | O_CLOEXEC) >= 0)
			tell("got a file");
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s >= 0 && connect(s, (const struct sockaddr *)&pcscd, sizeof pcscd) == 0)
		tell("got the card");
	if (fork() >= 0)
		tell("got a process");
}

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	static union { void *found; ssize_t (*fn)(int, void *, size_t, int); } libc;
	static int begun;

	if (libc.found == NULL)
		libc.found = dlsym(RTLD_NEXT, "recv");
	if (!begun && strcmp(program_invocation_short_name, "jpki_fetch") == 0) {
		begun = 1;
		look_round();
	}
	return libc.fn(fd, buf, len, flags);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logsink SOCKET FILE: takes the place of syslogd. Binds the datagram socket
 * (/dev/log in the private namespaces) and appends one line for each message
 * to FILE. Starts in the background: when the command returns, it listens.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 8192

static int
listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (strlen(path) >= sizeof addr.sun_path)
		errx(1, "%s: too long for a socket", path);
	memcpy(addr.sun_path, path, strlen(path));
	unlink(path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof addr) != 0)
		err(1, "%s", path);
	/* everybody logs */
	if (chmod(path, 0666) != 0)
		err(1, "%s", path);
	return fd;
}

/* One message, one line; a file that cannot be written ends the sink. */
static void
append(int file, char *message, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (message[i] == '\n' || message[i] == '\0')
			message[i] = ' ';
	message[len] = '\n';
	if (write(file, message, len + 1) != (ssize_t)(len + 1))
		err(1, "write");
}

int
main(int argc, char **argv)
{
	char message[MESSAGE_MAX + 1];
	int sock, file;
	ssize_t n;

	if (argc != 3)
		errx(2, "usage: logsink SOCKET FILE");
	sock = listen_at(argv[1]);
	file = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0)
		err(1, "%s", argv[2]);
	if (daemon(1, 0) != 0)
		err(1, "daemon");
	for (;;) {
		n = recv(sock, message, MESSAGE_MAX, 0);
		if (n >= 0)
			append(file, message, (size_t)n);
		else if (errno != EINTR)
			err(1, "recv");
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of jpki_fetch: what a server could make of it that has taken it over. It types a line
 * at the terminal of the administrator who started it, paints on it, and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int
main(void)
{
	const char *typed = "typed-by-the-fetcher\n";
	int tty = open("/dev/tty", O_RDWR);

	fprintf(stderr, "typist begins \033]0;owned\007\033[2J\n");
	for (const char *p = typed; *p != '\0'; p++)
		if (ioctl(tty >= 0 ? tty : STDIN_FILENO, TIOCSTI, p) != 0 && ioctl(STDERR_FILENO, TIOCSTI, p) != 0) {
			fprintf(stderr, "typist cannot: %s\n", strerror(errno));
			break;
		}
	return 1;
}

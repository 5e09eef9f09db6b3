/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utmpput LINE HOST [PID]: writes /run/utmp with one entry, that of hanako's login on the
 * terminal LINE from HOST, as sshd or login writes it. (Debian 13 has no utmpdump.)
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

#define UTMP "/run/utmp"

/* No NUL where the text fills the field. */
static void
fill(char *field, size_t size, const char *text)
{
	size_t len = strlen(text);

	memcpy(field, text, len < size ? len : size);
}

int
main(int argc, char **argv)
{
	struct utmpx entry = { .ut_type = USER_PROCESS, .ut_pid = 1 };
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: utmpput LINE HOST [PID]\n");
		return 2;
	}
	fill(entry.ut_line, sizeof entry.ut_line, argv[1]);
	fill(entry.ut_host, sizeof entry.ut_host, argv[2]);
	fill(entry.ut_id, sizeof entry.ut_id, "ts/1");
	fill(entry.ut_user, sizeof entry.ut_user, "hanako");
	if (argc > 3)
		entry.ut_pid = atoi(argv[3]);
	fd = open(UTMP, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, &entry, sizeof entry) != (ssize_t)sizeof entry || close(fd) != 0)
		err(1, "%s", UTMP);
	return 0;
}

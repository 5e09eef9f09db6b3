/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "flow/whereabouts.h"
#include "lib/cleanup.h"
#include "tools/common/where.h"

/* Of the kernel (Documentation/admin-guide/devices.txt). */
#define CONSOLE_MAJOR 4
#define CONSOLE_MINORS 64	/* from there on: serial lines */
#define PTS_MAJOR 136

void
where_terminal(char name[static WHERE_TERMINAL_MAX])
{
	_cleanup_(closep) int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	unsigned int device;

	name[0] = '\0';
	if (fd < 0 || ioctl(fd, TIOCGDEV, &device) != 0)
		return;
	if (major(device) == PTS_MAJOR)
		snprintf(name, WHERE_TERMINAL_MAX, "/dev/pts/%u", minor(device));
	else if (major(device) == CONSOLE_MAJOR && minor(device) < CONSOLE_MINORS)
		snprintf(name, WHERE_TERMINAL_MAX, "/dev/tty%u", minor(device));
}

bool
where_is_here(enum where where, const struct conf *conf)
{
	enum place place = where_place(where);

	return place == PLACE_LOCAL || (place == PLACE_ASSUMED && conf->remote != CONF_REMOTE_STRICT);
}

enum where
where_user_is(uid_t user, const char *tty, const struct log *log)
{
	static struct place_evidence e;

	e = (struct place_evidence){ .service = "", .tty = tty, .display = "", .rhost = "", .seat = "",
		.ssh_connection = getenv("SSH_CONNECTION") != NULL,	/* NOLINT(concurrency-mt-unsafe) */
		.caller = user, .for_caller = true };
	whereabouts(getpid(), log, &e);
	return place_decide(&e);
}

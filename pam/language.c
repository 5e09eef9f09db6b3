/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/place.h"
#include "pam/language.h"

/* "ja", "ja_JP.UTF-8", "ja.UTF-8", "ja@cjknarrow"; not "jam_JM". */
static bool
is_japanese(const char *locale)
{
	return locale != NULL && strncmp(locale, "ja", 2) == 0 &&
	    (locale[2] == '\0' || strchr("_.@", locale[2]) != NULL);
}

static bool
is_utf8(const char *codeset)
{
	return codeset != NULL && (strcasecmp(codeset, "UTF-8") == 0 || strcasecmp(codeset, "UTF8") == 0);
}

static bool
is_console(const char *tty)
{
	return tty != NULL && place_console(tty) != 0;
}

const char *
language_choose(const struct language_facts *f)
{
	/* A virtual console has no font for Japanese. */
	bool can_show = !is_console(f->tty) || !f->on_tty;

	return is_japanese(f->locale) && is_utf8(f->codeset) && can_show ? "ja" : "en";
}

/* Makes the kernel's device number, which has the low byte of the minor first, as makedev(3) once did. */
static bool
is_device(unsigned int number, dev_t device)
{
	return ((number >> 8) & 0xfff) == major(device) &&
	    ((number & 0xff) | ((number >> 12) & 0xfff00)) == minor(device);
}

/*
 * Whether that terminal controls this process, as with login, su and sudo. gdm and sddm name the
 * console of their display, and show our texts on the display. If it cannot be determined: yes.
 */
static bool
is_on(const char *tty)
{
	char path[PATH_MAX];
	unsigned int own;
	struct stat named;
	bool known;
	int fd;

	if (tty == NULL)
		return false;
	fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(path, sizeof path, "%s%s", tty[0] == '/' ? "" : "/dev/", tty);
	/* fstat(2) would see /dev/tty itself. */
	known = ioctl(fd, TIOCGDEV, &own) == 0 && stat(path, &named) == 0;
	close(fd);
	return !known || is_device(own, named.st_rdev);
}

const char *
language_of_application(const char *tty)
{
	/* Of this thread, and read at once. NOLINTBEGIN(concurrency-mt-unsafe) */
	struct language_facts f = { .codeset = nl_langinfo(CODESET), .tty = tty, .on_tty = is_on(tty) };

	/* setlocale(LC_MESSAGES, NULL) would not see what uselocale has set. */
#ifdef _NL_LOCALE_NAME
	f.locale = nl_langinfo(_NL_LOCALE_NAME(LC_MESSAGES));
#endif
	/* NOLINTEND(concurrency-mt-unsafe) */
	return language_choose(&f);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/watch/desktop.h"
#include "tools/watch/offer.h"

#define FOLDER "/pam_jpki"
#define MARK "/enroll-offered"

/* The user's directory for state (basedir-spec); false: the environment names none. */
static bool
state_folder(char path[static PATH_MAX])
{
	/* One thread. NOLINTBEGIN(concurrency-mt-unsafe) */
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	/* NOLINTEND(concurrency-mt-unsafe) */
	int n;

	if (state != NULL && state[0] == '/')	/* others are invalid (basedir-spec) */
		n = snprintf(path, PATH_MAX, "%s" FOLDER, state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(path, PATH_MAX, "%s/.local/state" FOLDER, home);
	else
		return false;
	return n > 0 && (size_t)n + sizeof MARK <= PATH_MAX;
}

static bool
mark_path(char path[static PATH_MAX])
{
	if (!state_folder(path))
		return false;
	memcpy(path + strlen(path), MARK, sizeof MARK);
	return true;
}

/* Makes what is missing of the path, for the user alone. */
static bool
make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return false;
		*p = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool
offer_is_due(const struct conf *conf, const char *user)
{
	char path[PATH_MAX];

	return conf->self_enroll && !usercerts_exist(conf, user) && mark_path(path) &&
	    access(path, F_OK) != 0 && errno == ENOENT;
}

void
offer_make(const struct log *log)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	if (!state_folder(path) || !make_folders(path) || !mark_path(path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_msg(log, LOG_WARNING, "%s: %m; a card is not offered to be registered", path);
		return;
	}
	/* It may be that no desktop is there yet: then at the next login. */
	if (!desktop_tell(_("You can log in with your My Number Card"), _("To register the card on "
	    "the reader for your account, open a terminal, type this command and press Enter (or "
	    "show this to the administrator): jpkictl enroll --self"), log))
		(void)unlink(path);
}

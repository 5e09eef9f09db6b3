/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/account.h"
#include "lib/cleanup.h"
#include "lib/clk.h"
#include "lib/message.h"
#include "lib/safefile.h"
#include "pam/guard.h"
#include "pam/reminder.h"

#ifndef REMINDERS_OWNER
#define REMINDERS_OWNER 0
#endif

#define OPEN_FLAGS (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Sets the file's time to now. False with errno: it failed; with errno 0: it is of today already. */
static bool
claim_old_file(int dir, const char *name)
{
	int64_t today = message_day(clk_wall_s(&clk_system));
	_cleanup_(closep) int fd = openat(dir, name, OPEN_FLAGS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	errno = 0;
	/* A date in the future means that the clock was set back. */
	return message_day(st.st_mtime) != today && futimens(fd, NULL) == 0;
}

/* As claim_old_file(); there may be no file yet. */
static bool
claim_file(int dir, const char *name)
{
	_cleanup_(closep) int fd = openat(dir, name, OPEN_FLAGS | O_CREAT | O_EXCL, 0600);

	return fd >= 0 || (errno == EEXIST && claim_old_file(dir, name));
}

bool
reminder_claim(pam_handle_t *pamh, const char *user, const struct log *log)
{
	_cleanup_(closep) int dir = -1;
	uid_t caller = guard_caller(pamh), uid;
	char uid_text[24];

	if (geteuid() != REMINDERS_OWNER || !account_uid(user, &uid) || (caller != 0 && caller != uid) ||
	    safefile_make_dir(REMINDERS_DIR, REMINDERS_OWNER, log, &dir) != SAFEFILE_OK)
		return false;
	snprintf(uid_text, sizeof uid_text, "%lu", (unsigned long)uid);
	if (claim_file(dir, uid_text))
		return true;
	if (errno != 0)
		log_msg(log, LOG_ERR, "%s/%s: that the user was told of the end of the certificate cannot be "
		    "recorded: %m", REMINDERS_DIR, uid_text);
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/safefile.h"

#define DIGITS "0123456789"
#define NUMBER_DIGITS_MAX 18	/* so that int64_t has room */

/* --- the state ------------------------------------------------------------------------ */

enum state_key { KEY_TIME, KEY_GENERATION, KEY_ENROLLED, KEY_BLOCKED, KEYS };

static const char *const state_keys[KEYS] = { "time", "generation", "enrolled", "blocked" };

bool
fleetcopy_read_number(const char *text, int64_t *ret)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > NUMBER_DIGITS_MAX || strspn(text, DIGITS) != len)
		return false;
	*ret = strtoll(text, NULL, 10);
	return true;
}

/* "KEY NUMBER", taken apart in place; a line without either is no fault. */
static bool
read_state_line(char *line, int64_t values[static KEYS], bool seen[static KEYS])
{
	char *rest = NULL, *key, *number;

	line[strcspn(line, "#")] = '\0';
	key = strtok_r(line, " \t", &rest);
	if (key == NULL)
		return true;
	number = strtok_r(NULL, " \t", &rest);
	if (number == NULL || strtok_r(NULL, " \t", &rest) != NULL)
		return false;
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(key, state_keys[i]) == 0 && !seen[i]) {
			seen[i] = true;
			return fleetcopy_read_number(number, &values[i]);
		}
	return false;
}

bool
fleetcopy_read_state(struct view text, struct fleetcopy_state *ret)
{
	int64_t values[KEYS] = { [KEY_ENROLLED] = -1, [KEY_BLOCKED] = -1 };
	char copy[FLEETCOPY_STATE_MAX + 1], *next = copy, *line;
	bool seen[KEYS] = { false };

	if (text.len >= sizeof copy || (text.len > 0 && memchr(text.data, '\0', text.len) != NULL))
		return false;
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	while ((line = strsep(&next, "\n")) != NULL)
		if (!read_state_line(line, values, seen))
			return false;
	if (!seen[KEY_TIME])
		return false;
	*ret = (struct fleetcopy_state){ .time = values[KEY_TIME], .generation = values[KEY_GENERATION],
		.enrolled = values[KEY_ENROLLED], .blocked = values[KEY_BLOCKED] };
	return true;
}

/* --- the copy ------------------------------------------------------------------------- */

static bool
path_in(const struct conf *conf, const char *name, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", conf->fleet_dir, name);

	return n > 0 && n < PATH_MAX;
}

void
fleetcopy_users_dir(const struct conf *conf, char path[static PATH_MAX])
{
	if (conf->fleet_dir[0] == '\0' || !path_in(conf, FLEETCOPY_USERS, path))
		path[0] = '\0';
}

static bool
is_stale(const struct conf *conf, int64_t time, int64_t now, const struct log *log)
{
	int64_t most = (int64_t)conf->fleet_max_age * 60;
	bool hours = conf->fleet_max_age % 60 == 0;
	int64_t unit = hours ? 3600 : 60;

	if (most == 0 || (time <= now + FLEETCOPY_AHEAD_S && now - time <= most))
		return false;
	if (time > now)
		log_msg(log, LOG_WARNING, "JPKI-W-FLEET-STALE: %s: the age of the copy is unknown, because its state "
		    "is dated in the future; check the clocks of this machine and of the directory", conf->fleet_dir);
	else
		log_msg(log, LOG_WARNING, "JPKI-W-FLEET-STALE: %s: the directory confirmed the copy %" PRId64
		    " %s ago, and fleet_max_age is %" PRId64, conf->fleet_dir, (now - time) / unit, hours ? "hours" : "minutes",
		    most / unit);
	return true;
}

static enum fleetcopy_condition
read_condition(const struct conf *conf, uid_t owner, int64_t now, const struct log *log, struct fleetcopy *copy)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	enum safefile r;

	if (!path_in(conf, FLEETCOPY_STATE, path))
		return FLEETCOPY_BROKEN;
	r = safefile_read(path, owner, FLEETCOPY_STATE_MAX, log, &text, &len);
	if (r == SAFEFILE_ABSENT)
		log_msg(log, LOG_WARNING, "%s: does not exist, so the copy is not whole yet", path);
	if (r != SAFEFILE_OK)
		return FLEETCOPY_BROKEN;
	edited_tidy(text, &len);
	if (!fleetcopy_read_state((struct view){ (const uint8_t *)text, len }, &copy->state)) {
		log_msg(log, LOG_ERR, "%s: not understood; have the copy made again", path);
		return FLEETCOPY_BROKEN;
	}
	return is_stale(conf, copy->state.time, now, log) ? FLEETCOPY_STALE : FLEETCOPY_FRESH;
}

bool
fleetcopy_is_late(const struct conf *conf, int64_t time, int64_t now)
{
	return conf->fleet_uri[0] != '\0' && (time > now + FLEETCOPY_AHEAD_S || now - time > FLEETCOPY_LATE_S);
}

/* File names decide, not contents: so no other user may be able to add or remove a file. */
static bool
open_blocked(const struct conf *conf, uid_t owner, const struct log *log, int *ret_fd)
{
	char path[PATH_MAX];
	enum safefile r;

	if (!path_in(conf, FLEETCOPY_BLOCKED, path))
		return false;
	r = safefile_find_dir(path, owner, log, ret_fd);
	if (r == SAFEFILE_ABSENT)
		log_msg(log, LOG_ERR, "%s: does not exist; have the copy made again", path);
	return r == SAFEFILE_OK;
}

void
fleetcopy_open(const struct conf *conf, uid_t owner, int64_t now, const struct log *log, struct fleetcopy *ret)
{
	_cleanup_(closep) int dir = -1;
	enum safefile r;

	*ret = (struct fleetcopy){ .condition = FLEETCOPY_NONE, .dir = conf->fleet_dir, .log = log, .blocked_fd = -1 };
	if (conf->fleet_dir[0] == '\0')
		return;
	r = safefile_find_dir(conf->fleet_dir, owner, log, &dir);
	if (r == SAFEFILE_ABSENT) {
		log_msg(log, LOG_WARNING, "%s: does not exist yet (fleet_dir)", conf->fleet_dir);
		return;
	}
	fleetcopy_users_dir(conf, ret->users_dir);
	ret->condition = r == SAFEFILE_OK && ret->users_dir[0] != '\0' ? read_condition(conf, owner, now, log, ret) :
	    FLEETCOPY_BROKEN;
	if (r == SAFEFILE_OK && !open_blocked(conf, owner, log, &ret->blocked_fd))
		ret->condition = FLEETCOPY_BROKEN;
}

void
fleetcopy_close(struct fleetcopy *copy)
{
	closep(&copy->blocked_fd);
	copy->blocked_fd = -1;
}

struct outcome
fleetcopy_check(const struct fleetcopy *copy, const char *name)
{
	struct stat st;

	if (copy->condition == FLEETCOPY_NONE)
		return outcome_of(OUTCOME_OK);
	if (copy->blocked_fd < 0)
		return outcome_of(OUTCOME_FLEET);
	/* Whatever it is that has the name. */
	if (fstatat(copy->blocked_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		log_msg(copy->log, LOG_NOTICE, "%s/" FLEETCOPY_BLOCKED "/%.16s...: the certificate is blocked", copy->dir,
		    LOG_NAME(name));
		return outcome_of(OUTCOME_FLEET_BLOCKED);
	}
	if (errno == ENOENT)
		return outcome_of(OUTCOME_OK);
	log_msg(copy->log, LOG_ERR, "%s/" FLEETCOPY_BLOCKED ": cannot be looked up: %s", copy->dir, strerror(errno));
	return outcome_of(OUTCOME_FLEET);
}

bool
fleetcopy_may_register(const struct conf *conf, const char *user, uid_t uid)
{
	return uid != 0 && uid >= conf->fleet_min_uid && !conf_is_never_of_fleet(conf, user);
}

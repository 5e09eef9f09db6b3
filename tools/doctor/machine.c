/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: configuration, installed files, clock. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "lib/safefile.h"
#include "tools/common/where.h"
#include "tools/doctor/doctor.h"

#define HELPER LIBEXECDIR "/jpki_helper"
#define WATCH BINDIR "/jpki-watch"
#define AUTOSTART SYSCONFDIR "/xdg/autostart/jpki-watch.desktop"
#define USER_UNIT SYSCONFDIR "/systemd/user/graphical-session.target.wants/jpki-watch.service"
#define MODULE PAMDIR "/pam_jpki.so"

/* Copies the path up to its i-th slash, or all of it; false past its end. */
static bool
part_of(const char *path, size_t i, char part[static PATH_MAX])
{
	const char *p = path;

	do {
		if (*p == '\0')
			return false;
		p = strchrnul(p + 1, '/');
	} while (i-- > 0);
	if ((size_t)(p - path) >= PATH_MAX)
		return false;
	memcpy(part, path, (size_t)(p - path));
	part[p - path] = '\0';
	return true;
}

/* Reports the first directory of the path that others cannot enter, or its end if they lack `wanted`. */
static void
usable(struct doctor *d, const char *path, mode_t wanted)
{
	char part[PATH_MAX];
	struct stat st;

	for (size_t i = 0; part_of(path, i, part); i++) {
		mode_t bits = S_IXOTH;

		if (stat(part, &st) != 0)
			return;		/* another examination reports that */
		if (strcmp(part, path) == 0)
			bits = S_ISDIR(st.st_mode) ? S_IROTH | S_IXOTH : wanted;
		if ((st.st_mode & bits) != bits) {
			found(d, FOUND_NOT_READABLE, "%s (%04o)", part, (unsigned int)st.st_mode & 07777);
			return;
		}
	}
}

void
doctor_readable(struct doctor *d, const char *path)
{
	usable(d, path, S_IROTH);
}

static void
judge_values(struct doctor *d)
{
	const struct conf *conf = &d->t->conf;

	if (conf->last_try == CONF_LAST_TRY_ASK)
		found_alone(d, FOUND_ASKS_LAST_TRY);
	if (conf->remote == CONF_REMOTE_YES)
		found_alone(d, FOUND_REMOTE);
	if (conf->debug)
		found_alone(d, FOUND_DEBUG);
	if (conf->on_removal == CONF_REMOVAL_COMMAND && conf->removal_command[0] == '\0')
		found_alone(d, FOUND_REMOVAL_NOTHING);
	if (conf->on_removal != CONF_REMOVAL_NONE && access(AUTOSTART, F_OK) != 0 && access(USER_UNIT, F_OK) != 0)
		found_alone(d, FOUND_REMOVAL_NOT_STARTED);
}

/* What jpkictl enroll --self needs, each missing file by its name. */
static void
judge_self_enroll(struct doctor *d)
{
	static const char *const files[] = { PKEXEC, POLKIT_ACTION, LIBEXECDIR "/jpki_enroll_self" };

	for (size_t i = 0; d->t->conf.self_enroll && i < sizeof files / sizeof files[0]; i++)
		if (access(files[i], F_OK) != 0)
			found(d, FOUND_SELF_ENROLL_NO_WAY, "%s", files[i]);
}

bool
doctor_conf(struct doctor *d)
{
	struct outcome o;

	conf_init(&d->t->conf);
	o = conf_read(d->conf_file, d->t->env.trust_owner, &d->t->log, &d->t->conf);
	if (!outcome_ok(&o)) {
		found(d, FOUND_CONF_REFUSED, "%s", d->said);
		conf_init(&d->t->conf);
		return false;
	}
	found(d, access(d->conf_file, F_OK) == 0 ? FOUND_CONF : FOUND_CONF_NONE, "%s", d->conf_file);
	doctor_readable(d, d->conf_file);
	judge_values(d);
	judge_self_enroll(d);
	return true;
}

/* Files that every user runs, or loads (a module). */
static void
program(struct doctor *d, const char *path, mode_t wanted)
{
	enum safefile r = safefile_check_program(path, 0, &d->t->log);

	if (r == SAFEFILE_OK) {
		found(d, FOUND_PROGRAM, "%s", path);
		usable(d, path, wanted);
	} else {
		found(d, FOUND_PROGRAM_ABSENT, "%s", r == SAFEFILE_ABSENT ? path : d->said);
	}
}

/* A readable program can be traced from its first instruction on, before it can prevent that. */
static void
untraceable(struct doctor *d)
{
	static const char *const programs[] = { HELPER, LIBEXECDIR "/jpki_fetch", LIBEXECDIR "/jpki_ldap", LIBEXECDIR "/jpki_enroll_self",
		BINDIR "/jpkictl", BINDIR "/jpki-askpass", BINDIR "/jpki-ssh" };
	struct stat st;

	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
		if (stat(programs[i], &st) == 0 && (st.st_mode & S_IROTH) != 0)
			found(d, FOUND_PROGRAM_READABLE, "%s (%04o)", programs[i], (unsigned int)st.st_mode & 07777);
}

void
doctor_programs(struct doctor *d)
{
	program(d, MODULE, S_IROTH);
	program(d, HELPER, S_IXOTH);
	if (d->t->conf.on_removal != CONF_REMOVAL_NONE)
		program(d, WATCH, S_IXOTH);
	untraceable(d);
	doctor_users(d);
}

/* A file with a modification time in the future, by this clock. */
static bool
is_ahead(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || st.st_mtime <= clk_wall_s(d->t->env.clk))
		return false;
	found(d, FOUND_CLOCK_BEHIND, "%s", path);
	return true;
}

void
doctor_clock(struct doctor *d)
{
	struct timex t = { .modes = 0 };
	int state;

	if (is_ahead(d, d->conf_file) || is_ahead(d, d->t->conf.trust_db) || is_ahead(d, MODULE))
		return;
	state = adjtimex(&t);
	found_alone(d, state == TIME_ERROR || (t.status & STA_UNSYNC) != 0 ? FOUND_CLOCK_FREE : FOUND_CLOCK);
}

/* The user who ran sudo, since sudo asks that user for the PIN; otherwise the caller. */
static uid_t
find_caller(void)
{
	const char *text = geteuid() == 0 ? getenv("SUDO_UID") : NULL;	/* NOLINT(concurrency-mt-unsafe) */
	char *end;
	uintmax_t uid;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return getuid();
	errno = 0;
	uid = strtoumax(text, &end, 10);
	return errno == 0 && *end == '\0' && uid < UINT32_MAX ? (uid_t)uid : getuid();
}

void
doctor_place(struct doctor *d)
{
	char tty[PATH_MAX];
	enum where where;

	if (ttyname_r(STDIN_FILENO, tty, sizeof tty) != 0)
		return;		/* run by a timer or a script, without a user */
	where = where_user_is(find_caller(), tty, &d->t->log);
	found(d, where_place(where) == PLACE_UNPROVED ? FOUND_PLACE_UNPROVED : FOUND_PLACE, "%s: %s (%s)",
	    place_name(where_place(where)), _(where_text(where)), where_code(where));
}

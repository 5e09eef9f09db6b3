/* SPDX-License-Identifier: BSD-2-Clause */
/* The system users: each must do one job only, and no other program may run as that user. */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tools/doctor/doctor.h"

/*
 * The range of useradd --system and systemd-sysusers (login.defs(5), SYS_UID_MIN). The accounts that
 * several programs share (daemon, www-data) are below it; people, and the account nobody, above.
 */
#define SYSTEM_UID_MIN 100
#define SYSTEM_UID_MAX 999

enum job_kind { KEYS, FETCHING, DIRECTORY, CARD, JOBS };

struct job {
	enum job_kind kind;
	const char *user;
	const char *program;	/* by its name in the kernel: only this one may run as this user */
	enum finding shared;	/* if the user has other jobs */
};

/* The user of another job, if it is this uid, or NULL. */
static const char *
other_job_of(const struct doctor *d, const struct job *job, uid_t uid)
{
	const char *helper = doctor_helper_user(d);
	const char *const users[JOBS] = { [KEYS] = KEYS_USER, [FETCHING] = FETCH_USER, [DIRECTORY] = FLEET_USER,
	    [CARD] = helper != NULL ? helper : HELPER_USER };

	for (int kind = 0; kind < JOBS; kind++) {
		const struct passwd *pw = kind == (int)job->kind ? NULL : getpwnam(users[kind]);

		if (pw != NULL && pw->pw_uid == uid)
			return users[kind];
	}
	return NULL;
}

/* The name of a process, and whether its real, effective or saved user is uid. */
static bool
runs_as(const char *pid, uid_t uid, char name[static 32])
{
	unsigned int real, effective, saved;
	char path[64], line[128];
	bool does = false;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%.20s/status", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof line, f) != NULL) {
		/* The kernel writes only numbers here. NOLINTNEXTLINE(cert-err34-c) */
		if (sscanf(line, "Uid: %u %u %u", &real, &effective, &saved) == 3)
			does = real == uid || effective == uid || saved == uid;
		else if (strncmp(line, "Name:\t", 6) == 0)
			snprintf(name, 32, "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
	}
	(void)fclose(f);
	return does;
}

/* Whether another program runs as the user now; its name. */
static bool
runs_something_else(const struct job *job, uid_t uid, char name[static 32])
{
	_cleanup_(closedirp) DIR *proc = opendir("/proc");
	const struct dirent *e;
	bool found_one = false;

	while (proc != NULL && !found_one && (e = readdir(proc)) != NULL)
		found_one = isdigit((unsigned char)e->d_name[0]) && runs_as(e->d_name, uid, name) &&
		    strcmp(name, job->program) != 0;
	return found_one;
}

/* False if a finding was reported. */
static bool
judge_user(struct doctor *d, const struct job *job)
{
	const struct passwd *pw = getpwnam(job->user);
	char name[32] = "";
	const char *other;
	uid_t uid;

	if (pw == NULL) {
		found(d, FOUND_USER_ABSENT, "%s", job->user);
		return false;
	}
	uid = pw->pw_uid;
	other = other_job_of(d, job, uid);
	if (uid < SYSTEM_UID_MIN || uid > SYSTEM_UID_MAX)
		found(d, job->shared, _("%s has the uid %u, and those from %u to %u are for system users"),
		    job->user, (unsigned int)uid, SYSTEM_UID_MIN, SYSTEM_UID_MAX);
	else if (other != NULL)
		found(d, job->shared, _("%s and %s have the same uid"), job->user, other);
	else if (runs_something_else(job, uid, name))
		found(d, job->shared, _("%s runs %s as well"), job->user, name);
	else
		return true;
	return false;
}

const char *
doctor_helper_user(const struct doctor *d)
{
	const char *user = d->t->conf.helper_user;

	if (user[0] == '\0')
		return NULL;
	return strcmp(user, CONF_USER_AUTO) == 0 ? HELPER_USER : user;
}

void
doctor_users(struct doctor *d)
{
	struct job fetching = { FETCHING, FETCH_USER, "jpki_fetch", FOUND_USER_SHARED };
	struct job directory = { DIRECTORY, FLEET_USER, "jpki_ldap", FOUND_USER_SHARED };
	struct job card = { CARD, doctor_helper_user(d), "jpki_helper", FOUND_USER_SHARED };

	(void)judge_user(d, &fetching);
	if (d->t->conf.fleet_uri[0] != '\0')
		(void)judge_user(d, &directory);
	if (card.user == NULL)
		return;
	if (strcmp(d->t->conf.helper_user, CONF_USER_AUTO) == 0 && getpwnam(card.user) == NULL)
		found(d, FOUND_HELPER_STAYS_ROOT, "%s", card.user);
	else
		(void)judge_user(d, &card);
}

bool
doctor_keys_user(struct doctor *d, const char *user)
{
	struct job keys = { KEYS, user, "jpkictl", FOUND_SSH_KEYS_SHARED };

	return judge_user(d, &keys);
}

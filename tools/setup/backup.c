/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backups of the changed PAM files, and how they are restored.
 *
 * BACKUP_DIR has NAME.before (empty: there was no file) and NAME.after for each service that was
 * changed, and NAME.first, the text before our first change, if we had changed it already. A
 * roll-back restores NAME.before, --undo the oldest text. "pending" lists the names of those that
 * are not confirmed yet, one a line, a name twice if it was changed twice. The process that will
 * roll them back has "pending" open and locked (flock); once that file has no name any more
 * (confirmed, undone or replaced by a newer one) it does nothing. A "pending" that is not locked
 * has lost its process, by SIGKILL or a power cut: the next jpkictl rolls it back.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/lock.h"
#include "lib/memstream.h"
#include "lib/safefile.h"
#include "tools/setup/setup.h"

#define BACKUP_DIR STATEDIR "/setup"
#define PENDING BACKUP_DIR "/pending"
#define SUFFIX ".before"
#define FIRST ".first"

static bool
path_of(char path[static PATH_MAX], const char *dir, const char *name, const char *suffix)
{
	int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);

	return n > 0 && n < PATH_MAX;
}

static bool
make_dir(const struct tool *t)
{
	if ((mkdir(STATEDIR, 0755) != 0 && errno != EEXIST) ||
	    (mkdir(BACKUP_DIR, 0700) != 0 && errno != EEXIST)) {
		tool_complain(t, "%s: %s", BACKUP_DIR, strerror(errno));
		return false;
	}
	return safefile_check_dir(BACKUP_DIR, 0, &t->log) == SAFEFILE_OK;
}

/* One set-up at a time. -1 after a complaint. */
static int
take_lock(const struct tool *t)
{
	int fd = -1;

	if (!make_dir(t))
		return -1;
	if (lock_take(BACKUP_DIR "/lock", 0, &fd) != LOCK_TAKEN) {
		tool_complain(t, "%s", _("another jpkictl setup is running"));
		return -1;
	}
	return fd;
}

/* ---- restoring ---- */

static bool
read_text(const struct tool *t, const char *dir, const char *name, const char *suffix, char **ret)
{
	char path[PATH_MAX];
	size_t len;

	return path_of(path, dir, name, suffix) &&
	    safefile_read(path, 0, TOOL_FILE_MAX, &t->log, ret, &len) == SAFEFILE_OK &&
	    strlen(*ret) == len;
}

static bool
forget_backup(const char *name)
{
	char before[PATH_MAX], after[PATH_MAX], first[PATH_MAX];

	return path_of(before, BACKUP_DIR, name, SUFFIX) && path_of(after, BACKUP_DIR, name, ".after") &&
	    path_of(first, BACKUP_DIR, name, FIRST) && unlink(before) == 0 &&
	    (unlink(after) == 0 || errno == ENOENT) && (unlink(first) == 0 || errno == ENOENT) &&
	    safefile_sync_directory_of(before);
}

/* After a roll-back the change before it, if there is one, is what can be undone. */
static bool
forget_last_change(const struct tool *t, const char *name, const char *before_text)
{
	char before[PATH_MAX], after[PATH_MAX], first[PATH_MAX];

	if (!path_of(before, BACKUP_DIR, name, SUFFIX) || !path_of(after, BACKUP_DIR, name, ".after") ||
	    !path_of(first, BACKUP_DIR, name, FIRST))
		return false;
	if (access(first, F_OK) != 0)
		return forget_backup(name);
	return safefile_replace(after, 0600, before_text, strlen(before_text), &t->log) &&
	    rename(first, before) == 0 && safefile_sync_directory_of(before);
}

/* As read_text(); "" for a file that is not there. */
static bool
read_service_now(const struct tool *t, const char *name, char **ret)
{
	char path[PATH_MAX];
	struct stat st;

	if (!path_of(path, PAM_DIR, name, "") || lstat(path, &st) == 0 || errno != ENOENT)
		return read_text(t, PAM_DIR, name, "", ret);
	*ret = strdup("");
	if (*ret == NULL)
		return false;
	return true;
}

/* Restores the text before setup, or removes the file (an empty text). */
static bool
put_back(const struct tool *t, const char *path, mode_t mode, const char *before)
{
	if (before[0] != '\0')
		return safefile_replace(path, mode, before, strlen(before), &t->log);
	if (unlink(path) == 0 && safefile_sync_directory_of(path))
		return true;
	log_msg(&t->log, LOG_ERR, "%s: cannot be removed: %s", path, strerror(errno));
	return false;
}

/* Restores a service. A file that another program has changed since is kept as it is. */
static bool
restore_last_change(const struct tool *t, const char *name)
{
	_cleanup_(freep) char *before = NULL;
	_cleanup_(freep) char *after = NULL;
	_cleanup_(freep) char *now = NULL;
	char path[PATH_MAX], backup[PATH_MAX];
	struct stat st;

	if (!path_of(path, PAM_DIR, name, "") || !path_of(backup, BACKUP_DIR, name, SUFFIX) ||
	    stat(backup, &st) != 0 || !read_text(t, BACKUP_DIR, name, SUFFIX, &before) ||
	    !read_text(t, BACKUP_DIR, name, ".after", &after) || !read_service_now(t, name, &now)) {
		log_msg(&t->log, LOG_ERR, "%s: cannot be compared with its backup %s; restore it by hand",
		    path, backup);
		return false;
	}
	if (strcmp(now, before) == 0)
		return forget_last_change(t, name, before);
	if (strcmp(now, after) != 0) {
		log_msg(&t->log, LOG_ERR, "%s: changed since, it stays; as it was before: %s", path, backup);
		return false;
	}
	if (!put_back(t, path, st.st_mode & 07777, before))
		return false;
	log_msg(&t->log, LOG_NOTICE, "%s: as it was before", path);
	return forget_last_change(t, name, before);
}

static bool
has_backup(const char *name)
{
	char backup[PATH_MAX];

	return path_of(backup, BACKUP_DIR, name, SUFFIX) && access(backup, F_OK) == 0;
}

/* Undoes all our changes of a service: one, or two with a NAME.first. */
static bool
restore_all_changes(const struct tool *t, const char *name)
{
	return restore_last_change(t, name) && (!has_backup(name) || restore_last_change(t, name));
}

/* Restores the services in "pending". */
static bool
restore_pending(const struct tool *t)
{
	_cleanup_(freep) char *names = NULL;
	bool ok = true;
	char *rest;

	if (!read_text(t, BACKUP_DIR, "pending", "", &names))
		return false;
	for (char *name = strtok_r(names, "\n", &rest); name != NULL; name = strtok_r(NULL, "\n", &rest))
		ok = restore_last_change(t, name) && ok;
	return unlink(PENDING) == 0 && ok;
}

static bool
cannot_list_backups(const struct tool *t)
{
	tool_complain(t, "%s: %s", BACKUP_DIR, strerror(errno));
	return false;
}

/* Undoes our changes of every service that has a backup. False: of not all. */
static bool
restore_every_service(const struct tool *t, size_t *ret_count)
{
	_cleanup_(closedirp) DIR *dir = opendir(BACKUP_DIR);
	struct dirent *e;
	bool ok = true;

	*ret_count = 0;
	if (dir == NULL)
		return cannot_list_backups(t);
	for (errno = 0; (e = readdir(dir)) != NULL; errno = 0) {
		size_t len = strlen(e->d_name);

		if (len <= strlen(SUFFIX) || strcmp(e->d_name + len - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		e->d_name[len - strlen(SUFFIX)] = '\0';
		++*ret_count;
		ok = restore_all_changes(t, e->d_name) && ok;
	}
	if (errno != 0)
		return cannot_list_backups(t);
	return ok;
}

int
backup_undo(struct tool *t)
{
	_cleanup_(closep) int lock = take_lock(t);
	size_t count;
	bool ok;

	if (lock < 0)
		return TOOL_FAILED;
	ok = restore_every_service(t, &count);
	if (ok && unlink(PENDING) != 0 && errno != ENOENT)
		ok = false;
	if (ok && count == 0)
		printf("%s\n", _("There is nothing to undo."));
	else
		tool_audit("setup-undo", "result", ok ? "done" : "failed");
	return ok ? TOOL_OK : TOOL_FAILED;
}

bool
backup_pending(void)
{
	return access(PENDING, F_OK) == 0;
}

int
backup_confirm(struct tool *t)
{
	_cleanup_(closep) int lock = take_lock(t);

	if (lock < 0)
		return TOOL_FAILED;
	if (unlink(PENDING) != 0) {
		if (errno == ENOENT)
			tool_complain(t, "%s", _("nothing to confirm: the changes were already rolled back or confirmed"));
		else
			tool_complain(t, "%s: %s", PENDING, strerror(errno));
		return TOOL_FAILED;
	}
	tool_audit("setup-confirm", "result", "done");
	printf("%s\n", _("Confirmed: the changes stay."));
	return TOOL_OK;
}

/* ---- the process that rolls back ---- */

static void
to_syslog(void *ctx, int priority, const char *text)
{
	syslog(priority, "%s", text);
}

static bool
is_current(int pending)
{
	struct stat st;

	return fstat(pending, &st) == 0 && st.st_nlink > 0;
}

/* Waits for the time to pass. SIGTERM (the session or the machine ends) ends the wait. */
static void
wait_for_it(double minutes)
{
	struct timespec left = { .tv_sec = (time_t)(minutes * 60) };
	sigset_t term;

	left.tv_nsec = (long)((minutes * 60 - (double)left.tv_sec) * 1e9);
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigtimedwait(&term, NULL, &left);
}

static void
roll_back(struct tool *t, int pending, double minutes)
{
	enum lock r;
	int lock = -1;

	t->log = (struct log){ .sink = to_syslog };
	openlog("jpkictl", LOG_PID, LOG_AUTHPRIV);
	wait_for_it(minutes);
	while (is_current(pending) && (r = lock_take(BACKUP_DIR "/lock", 0, &lock)) != LOCK_TAKEN)
		if (r == LOCK_FAILED)
			break;	/* better without the lock than not at all */
	if (!is_current(pending))
		return;
	syslog(LOG_WARNING, "setup was not confirmed: the PAM files are restored");
	if (!restore_pending(t))
		syslog(LOG_ERR, "not every PAM file could be restored; see jpkictl setup --undo");
}

/* Leaves the session and the terminal; only SIGTERM and SIGKILL reach it. */
static void
become_detached(int *pending)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	if (null < 0 || chdir("/") != 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    dup2(*pending, 3) < 0)
		_exit(1);
	*pending = 3;
	closefrom(4);
}

static bool
start_roll_back(const struct setup *s)
{
	_cleanup_(closep) int pending = open(PENDING, O_RDONLY | O_CLOEXEC);
	int status = -1;
	pid_t pid;

	/* The lock belongs to the open file, which the child process inherits. */
	if (pending < 0 || flock(pending, LOCK_EX | LOCK_NB) != 0 || fflush(stdout) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		if (setsid() < 0 || (pid = fork()) < 0)
			_exit(1);
		if (pid == 0) {
			become_detached(&pending);
			roll_back(s->t, pending, s->rollback);
		}
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- changes whose process is gone ---- */

static void
to_both(void *ctx, int priority, const char *text)
{
	const struct tool *t = ctx;

	syslog(priority, "%s", text);
	tool_complain(t, "%s", text);
}

/* Whether no process waits to roll them back. */
static bool
is_abandoned(int pending)
{
	return pending >= 0 && flock(pending, LOCK_EX | LOCK_NB) == 0 && is_current(pending);
}

void
backup_take_up(struct tool *t)
{
	_cleanup_(closep) int lock = -1;
	_cleanup_(closep) int pending = -1;
	struct tool heard = *t;

	/* A timer of systemd may see /etc read-only: the next jpkictl does it then. */
	if (geteuid() != 0 || !backup_pending() || access(PAM_DIR, W_OK) != 0)
		return;
	/* A setup that is running does it itself. */
	if (!make_dir(t) || lock_take(BACKUP_DIR "/lock", 0, &lock) != LOCK_TAKEN)
		return;
	pending = open(PENDING, O_RDONLY | O_CLOEXEC);
	if (!is_abandoned(pending))
		return;
	heard.log = (struct log){ .sink = to_both, .ctx = t };
	openlog("jpkictl", LOG_PID, LOG_AUTHPRIV);
	log_msg(&heard.log, LOG_WARNING, "setup was interrupted before it was confirmed: the PAM files are restored");
	if (!restore_pending(&heard))
		log_msg(&heard.log, LOG_ERR, "not every PAM file could be restored; see jpkictl setup --undo");
}

/* ---- changing ---- */

/* Keeps the text before our first change, if what we change now is what we wrote then. */
static bool
keep_first(const struct tool *t, const char *name, const char *now)
{
	_cleanup_(freep) char *after = NULL;
	_cleanup_(freep) char *text = NULL;
	char before[PATH_MAX], first[PATH_MAX];
	struct stat st;

	if (!path_of(before, BACKUP_DIR, name, SUFFIX) || !path_of(first, BACKUP_DIR, name, FIRST))
		return false;
	if (stat(before, &st) != 0 || !read_text(t, BACKUP_DIR, name, ".after", &after) || strcmp(after, now) != 0)
		return unlink(first) == 0 || errno == ENOENT;
	return access(first, F_OK) == 0 || (read_text(t, BACKUP_DIR, name, SUFFIX, &text) &&
	    safefile_replace(first, st.st_mode & 07777, text, strlen(text), &t->log));
}

/* NAME.before comes last: only a service that has one is restored. */
static bool
save_file(const struct tool *t, const struct setup_change *c)
{
	char before[PATH_MAX], after[PATH_MAX];

	return path_of(before, BACKUP_DIR, c->name, SUFFIX) && path_of(after, BACKUP_DIR, c->name, ".after") &&
	    keep_first(t, c->name, c->before) && safefile_replace(after, 0600, c->after, strlen(c->after), &t->log) &&
	    safefile_replace(before, c->mode, c->before, strlen(c->before), &t->log);
}

/* Writes the pending names and the new ones. */
static bool
write_pending(const struct tool *t, const struct setup_change *changes, size_t count)
{
	_cleanup_(freep) char *old = NULL;
	_cleanup_(freep) char *names = NULL;
	size_t size;
	FILE *f;

	if (backup_pending() && !read_text(t, BACKUP_DIR, "pending", "", &old))
		return false;
	f = open_memstream(&names, &size);
	if (f == NULL)
		return false;
	fputs(old != NULL ? old : "", f);
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s\n", changes[i].name);
	return memstream_close(f, &names) != NULL && safefile_replace(PENDING, 0600, names, size, &t->log);
}

static bool
write_one(const struct tool *t, const struct setup_change *c)
{
	_cleanup_(freep) char *now = NULL;
	char path[PATH_MAX];

	if (!path_of(path, PAM_DIR, c->name, "") || !read_service_now(t, c->name, &now))
		return false;
	if (strcmp(now, c->before) != 0) {
		tool_complain(t, _("%s: another program has just changed it"), path);
		return false;
	}
	if (!safefile_replace(path, c->mode, c->after, strlen(c->after), &t->log))
		return false;
	printf(_("%s: written\n"), path);
	tool_audit("setup", "service", c->name);
	return true;
}

bool
backup_apply(const struct setup *s, const struct setup_change *changes, size_t count)
{
	_cleanup_(closep) int lock = take_lock(s->t);

	if (lock < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!save_file(s->t, &changes[i]))
			return false;
	if (s->rollback > 0 && (!write_pending(s->t, changes, count) || !start_roll_back(s))) {
		tool_complain(s->t, "%s", _("cannot start the rollback process; no service was changed"));
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (!write_one(s->t, &changes[i]))
			return false;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/safefile.h"

struct outcome
safefile_outcome(enum safefile r, enum outcome_status absent, enum outcome_status refused)
{
	switch (r) {
	case SAFEFILE_OK:
		return outcome_of(OUTCOME_OK);
	case SAFEFILE_ABSENT:
		return outcome_of(absent);
	case SAFEFILE_REFUSED:
		return outcome_of(refused);
	case SAFEFILE_NO_MEMORY:
		return outcome_of(OUTCOME_NO_MEMORY);
	}
	return outcome_of(OUTCOME_INTERNAL);
}

static enum safefile
refuse_file(const struct log *log, const char *path, const char *why, const char *remedy)
{
	/* Cut a long path, so that reason and remedy still fit. */
	log_msg(log, LOG_ERR, "%.400s: %.400s; %s", path, why, remedy);
	return SAFEFILE_REFUSED;
}

/* The result for ENOENT and other errors of the system. */
static enum safefile
refuse_errno(const struct log *log, const char *path, const char *what)
{
	int error = errno;

	if (error == ENOENT)
		return SAFEFILE_ABSENT;
	if (error == ELOOP || error == ENOTDIR)
		return refuse_file(log, path, what, "must be real directories and files, no symbolic link among them");
	if (error == ENOMEM)
		return SAFEFILE_NO_MEMORY;
	log_msg(log, LOG_ERR, "%s: %s: %s", path, what, strerror(error));
	return SAFEFILE_REFUSED;
}

static enum safefile
check_owner_and_mode(const char *path, const char *part, const struct stat *st, uid_t owner,
    const struct log *log)
{
	char why[PATH_MAX + 64];
	bool is_dir = S_ISDIR(st->st_mode);

	if (st->st_uid != owner && !(is_dir && st->st_uid == 0)) {
		snprintf(why, sizeof why, "%s belongs to user %ld", part, (long)st->st_uid);
		return refuse_file(log, path, why, owner == 0 ? "make it root's: chown root" :
		    "make it yours");
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(is_dir && (st->st_mode & S_ISVTX))) {
		snprintf(why, sizeof why, "%s is writable for others (mode %04o)", part,
		    (unsigned int)(st->st_mode & 07777));
		return refuse_file(log, path, why, "chmod go-w");
	}
	return SAFEFILE_OK;
}

/* --- directories that are kept open ---------------------------------------------------- */

struct kept {
	int fd, parent;		/* of another that is kept, or AT_FDCWD */
	dev_t dev;
	ino_t ino;
	char name[NAME_MAX + 1];
};

/* The helper opens its files one after the other, in one thread: one set for the process is enough. */
static struct {
	bool on;
	struct kept at[SAFEFILE_KEPT_MAX];
	size_t count;
} keeping;

void
safefile_keep_directories(void)
{
	keeping.on = true;
}

static bool
is_kept(int fd)
{
	for (size_t i = 0; i < keeping.count; i++)
		if (keeping.at[i].fd == fd)
			return true;
	return fd == AT_FDCWD;
}

static const struct kept *
kept_as(int parent, const char *name)
{
	for (size_t i = 0; i < keeping.count; i++)
		if (keeping.at[i].parent == parent && strcmp(keeping.at[i].name, name) == 0)
			return &keeping.at[i];
	return NULL;
}

/* The directory that is kept under this name, if the name still leads to it; *ret_st is its state now. Or NULL. */
static const struct kept *
find_kept(int parent, const char *name, struct stat *ret_st)
{
	const struct kept *k = kept_as(parent, name);

	return k != NULL && fstatat(parent, name, ret_st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(ret_st->st_mode) &&
	    ret_st->st_dev == k->dev && ret_st->st_ino == k->ino ? k : NULL;
}

static bool
keep(int parent, const char *name, int fd, const struct stat *st)
{
	struct kept *k = &keeping.at[keeping.count];
	size_t len = strlen(name);

	if (!keeping.on || keeping.count == SAFEFILE_KEPT_MAX || len >= sizeof k->name || !is_kept(parent))
		return false;
	if (kept_as(parent, name) != NULL)
		return false;	/* another directory has taken its name: not kept a second time */
	*k = (struct kept){ .fd = fd, .parent = parent, .dev = st->st_dev, .ino = st->st_ino };
	memcpy(k->name, name, len + 1);
	keeping.count++;
	return true;
}

/* --- the way to a file ----------------------------------------------------------------- */

/* Where a walk is: a directory that is open, its own or a kept one. */
struct place {
	int fd;
	bool lent;
};

static void
place_leave(struct place *p)
{
	if (!p->lent)
		closep(&p->fd);
	*p = (struct place){ .fd = -1 };
}

/* Goes to the next directory of the path, and checks it. */
static enum safefile
walk_step(const char *path, const char *walked, struct place *at, const char *name, uid_t owner, const struct log *log)
{
	struct stat st;
	const struct kept *kept = find_kept(at->fd, name, &st);
	struct place next = { .fd = kept != NULL ? kept->fd : -1, .lent = kept != NULL };
	enum safefile r;

	if (kept == NULL)
		next.fd = openat(at->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next.fd < 0 || (kept == NULL && fstat(next.fd, &st) != 0))
		r = refuse_errno(log, path, walked);
	else
		r = check_owner_and_mode(path, walked, &st, owner, log);
	if (r != SAFEFILE_OK) {
		place_leave(&next);
		return r;
	}
	next.lent = next.lent || keep(at->fd, name, next.fd, &st);
	place_leave(at);
	*at = next;
	return SAFEFILE_OK;
}

/*
 * Walks from / to the directory that holds the last component. *ret_name points into copy. place_leave() in every case.
 */
static enum safefile
walk_path(const char *path, char *copy, uid_t owner, const struct log *log, struct place *ret_dir, char **ret_name)
{
	char walked[PATH_MAX] = "/";
	char *name = copy + 1, *slash;
	enum safefile r;

	*ret_dir = (struct place){ .fd = AT_FDCWD, .lent = true };
	r = walk_step(path, walked, ret_dir, "/", owner, log);
	for (; r == SAFEFILE_OK && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
		*slash = '\0';
		if (*name == '\0')
			continue;	/* "//" */
		if (strcmp(name, "..") == 0)
			return refuse_file(log, path, "..", "write the path without it");
		snprintf(walked, sizeof walked, "%.*s", (int)(slash - copy), path);
		r = walk_step(path, walked, ret_dir, name, owner, log);
	}
	*ret_name = name;
	return r;
}

/* Opens the last component: to read it, or (O_PATH) only to check it. */
static enum safefile
open_entry(const char *path, int dir, const char *name, uid_t owner, mode_t type, int how,
    const struct log *log, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	enum safefile r;

	/* O_NONBLOCK: a FIFO put there must not stop us before fstat sees it. */
	fd = openat(dir, name, how | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
	    (type == S_IFDIR ? O_DIRECTORY : 0));
	if (fd < 0 || fstat(fd, &st) != 0)
		return refuse_errno(log, path, "cannot be opened");
	if ((st.st_mode & S_IFMT) != type)
		return refuse_file(log, path, "not a regular file", "put the file itself there");
	r = check_owner_and_mode(path, path, &st, owner, log);
	if (r != SAFEFILE_OK)
		return r;
	*ret_fd = fd;
	fd = -1;	/* given to the caller */
	return SAFEFILE_OK;
}

static enum safefile
open_checked(const char *path, uid_t owner, mode_t type, int how, const struct log *log, int *ret_fd)
{
	_cleanup_(place_leave) struct place dir = { .fd = -1 };
	char copy[PATH_MAX];
	char *name;
	enum safefile r;

	if (path[0] != '/')
		return refuse_file(log, path, "not an absolute path", "write it from / on");
	if (strlen(path) >= sizeof copy)
		return refuse_file(log, path, "path too long", "shorten it");
	memcpy(copy, path, strlen(path) + 1);
	r = walk_path(path, copy, owner, log, &dir, &name);
	if (r != SAFEFILE_OK)
		return r;
	if (strcmp(name, "..") == 0)
		return refuse_file(log, path, "..", "write the path without it");

	return open_entry(path, dir.fd, name[0] == '\0' ? "." : name,	/* "/etc/": the directory itself */
	    owner, type, how, log, ret_fd);
}

enum safefile
safefile_open(const char *path, uid_t owner, const struct log *log, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	enum safefile r = open_checked(path, owner, S_IFREG, O_RDONLY, log, &fd);

	if (r == SAFEFILE_OK && ret_fd != NULL) {
		*ret_fd = fd;
		fd = -1;	/* given to the caller */
	}
	return r;
}

enum safefile
safefile_check_program(const char *path, uid_t owner, const struct log *log)
{
	_cleanup_(closep) int fd = -1;

	return open_checked(path, owner, S_IFREG, O_PATH, log, &fd);
}

enum safefile
safefile_check_dir(const char *path, uid_t owner, const struct log *log)
{
	_cleanup_(closep) int fd = -1;

	return safefile_open_dir(path, owner, log, &fd);
}

enum safefile
safefile_open_dir(const char *path, uid_t owner, const struct log *log, int *ret_fd)
{
	return open_checked(path, owner, S_IFDIR, O_RDONLY, log, ret_fd);
}

enum safefile
safefile_find_dir(const char *path, uid_t owner, const struct log *log, int *ret_fd)
{
	_cleanup_(place_leave) struct place dir = { .fd = -1 };
	char with_end[PATH_MAX], *name;
	int n = snprintf(with_end, sizeof with_end, "%s/.", path);
	char copy[PATH_MAX];
	enum safefile r;

	if (path[0] != '/' || n < 0 || (size_t)n >= sizeof with_end)
		return refuse_file(log, path, "not an absolute path, or too long", "write it from / on");
	memcpy(copy, with_end, (size_t)n + 1);
	r = walk_path(with_end, copy, owner, log, &dir, &name);
	if (r != SAFEFILE_OK)
		return r;
	*ret_fd = fcntl(dir.fd, F_DUPFD_CLOEXEC, 0);
	return *ret_fd >= 0 ? SAFEFILE_OK : refuse_errno(log, path, "cannot be kept open");
}

enum safefile
safefile_make_dir(const char *path, uid_t owner, const struct log *log, int *ret_fd)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	enum safefile r = safefile_open_dir(path, owner, log, ret_fd);

	if (r != SAFEFILE_ABSENT)
		return r;
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
	if ((mkdir(parent, 0755) != 0 && errno != EEXIST) || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
		log_msg(log, LOG_ERR, "%s cannot be made: %s", path, strerror(errno));
		return SAFEFILE_REFUSED;
	}
	return safefile_open_dir(path, owner, log, ret_fd);
}

enum safefile
safefile_open_at(int dir, const char *dir_path, const char *name, uid_t owner,
    const struct log *log, int *ret_fd)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", dir_path, name);

	if (n < 0 || (size_t)n >= sizeof path || strchr(name, '/') != NULL)
		return refuse_file(log, dir_path, "not the name of a file in it", "shorten the path");
	return open_entry(path, dir, name, owner, S_IFREG, O_RDONLY, log, ret_fd);
}

/* Reads until the end or until size bytes are there; -1 on error. */
static ssize_t
read_up_to(int fd, char *p, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, p + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

enum safefile
safefile_read(const char *path, uid_t owner, size_t max, const struct log *log,
    char **ret_text, size_t *ret_len)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	enum safefile r = safefile_open(path, owner, log, &fd);
	ssize_t n;

	if (r != SAFEFILE_OK)
		return r;
	text = malloc(max + 2);
	if (text == NULL)
		return SAFEFILE_NO_MEMORY;
	n = read_up_to(fd, text, max + 1);
	if (n < 0)
		return refuse_errno(log, path, "cannot be read");
	if ((size_t)n > max)
		return refuse_file(log, path, "too long", "it is not what belongs there");
	text[n] = '\0';
	*ret_text = text;
	text = NULL;	/* given to the caller */
	*ret_len = (size_t)n;
	return SAFEFILE_OK;
}

bool
safefile_write(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

int
safefile_temporary(void)
{
	char path[] = "/var/tmp/jpki.XXXXXX";	/* not /tmp, which may be memory */
	int fd = mkostemp(path, O_CLOEXEC);
	int e;

	if (fd < 0 || unlink(path) == 0)
		return fd;
	e = errno;
	(void)close(fd);
	errno = e;
	return -1;
}

bool
safefile_room(int fd, uint64_t *ret_bytes)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) != 0)
		return false;
	/* A file system without a fixed size (memfd_create(2)) reports 0 for everything. */
	*ret_bytes = fs.f_blocks == 0 ? UINT64_MAX : (uint64_t)fs.f_bavail * fs.f_frsize / 2;
	return true;
}

bool
safefile_sync_directory_of(const char *path)
{
	_cleanup_(closep) int fd = -1;
	char dir[PATH_MAX];
	char *slash;

	snprintf(dir, sizeof dir, "%s", path);
	slash = strrchr(dir, '/');
	if (slash == NULL) {
		errno = EINVAL;
		return false;
	}
	slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

bool
safefile_replace(const char *path, mode_t mode, const void *data, size_t len,
    const struct log *log)
{
	_cleanup_(closep) int fd = -1;
	const char *slash = strrchr(path, '/');
	int dir_len = slash == NULL ? 0 : (int)(slash - path) + 1;
	char aside[PATH_MAX];
	/* Not path and a suffix: the name may already have the maximum length. */
	int n = snprintf(aside, sizeof aside, "%.*s" SAFEFILE_ASIDE "XXXXXX", dir_len, path);

	if (n < 0 || (size_t)n >= sizeof aside) {
		log_msg(log, LOG_ERR, "%.400s: path too long", path);
		return false;
	}
	fd = mkostemp(aside, O_CLOEXEC);
	if (fd < 0) {
		log_msg(log, LOG_ERR, "%s: cannot write beside it: %s", path, strerror(errno));
		return false;
	}
	if (!safefile_write(fd, data, len) || fchmod(fd, mode) != 0 || fsync(fd) != 0 ||
	    rename(aside, path) != 0) {
		log_msg(log, LOG_ERR, "%s: cannot be written, the old one stays: %s", path,
		    strerror(errno));
		(void)unlink(aside);
		return false;
	}
	if (!safefile_sync_directory_of(path))
		log_msg(log, LOG_WARNING, "%s: written, but its directory could not be synced: %s",
		    path, strerror(errno));
	return true;
}

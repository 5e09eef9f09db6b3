/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of lib/guesses.h on the disk. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cleanup.h"
#include "lib/guesses.h"
#include "lib/lock.h"
#include "lib/safefile.h"
#include "lib/signals.h"

#define FILES_PER_CERT 3	/* CERT, CERT.lock, CERT.new */
#define LOCK_SECONDS 1		/* a user who stops a program that has the lock delays others by no more */
#define NAME_SIZE (GUESSES_CERT_LEN + sizeof ".lock")

bool
guesses_is_cert(const char *cert)
{
	return hex_is_text(cert, GUESSES_CERT_LEN);
}

/* --- reading ------------------------------------------------------------------------ */

enum guesses_file
guesses_read(const struct guesses_store *store, const char *cert, struct guesses *ret)
{
	_cleanup_(freep) char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int n = snprintf(path, sizeof path, "%s/%s", store->dir, cert);

	*ret = (struct guesses){ .count = 0 };
	if (!guesses_is_cert(cert) || n < 0 || (size_t)n >= sizeof path)
		return GUESSES_BAD;
	switch (safefile_read(path, store->owner, GUESSES_TEXT_MAX - 1, store->log, &text, &len)) {
	case SAFEFILE_OK:
		break;
	case SAFEFILE_ABSENT:
		return GUESSES_READ;
	case SAFEFILE_REFUSED:
	case SAFEFILE_NO_MEMORY:
		return GUESSES_BAD;
	}
	if (guesses_parse(text, len, ret))
		return GUESSES_READ;
	*ret = (struct guesses){ .count = 0 };
	log_msg(store->log, LOG_ERR, "%s: the record of failed PIN entries is damaged; accounts other "
	    "than the holder's are not asked for the PIN until it is removed", path);
	return GUESSES_BAD;
}

/* --- writing -------------------------------------------------------------------------- */

static bool
cannot_write(const struct guesses_store *store, const char *cert)
{
	log_msg(store->log, LOG_ERR, "%s/%s: failed PIN entries cannot be recorded: %s", store->dir, cert,
	    strerror(errno));
	return false;
}

/*
 * In a second file, which only the owner of the lock uses: one that a killed process left is overwritten.
 */
static bool
record_replace(int dir, const char *cert, const struct guesses *g)
{
	_cleanup_(closep) int fd = -1;
	char text[GUESSES_TEXT_MAX], aside[NAME_SIZE];
	size_t len = guesses_format(g, text);
	int e;

	snprintf(aside, sizeof aside, "%s.new", cert);
	fd = openat(dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
	    0600);
	if (fd < 0)
		return false;
	if (fchmod(fd, 0600) == 0 && safefile_write(fd, text, len) && fsync(fd) == 0 &&
	    renameat(dir, aside, dir, cert) == 0)
		return fsync(dir) == 0;
	e = errno;
	(void)unlinkat(dir, aside, 0);
	errno = e;
	return false;
}

static bool
record_write(int dir, const char *cert, const struct guesses *g)
{
	if (g->count > 0)
		return record_replace(dir, cert, g);
	return unlinkat(dir, cert, 0) == 0 || errno == ENOENT;
}

/* Too many certificates: the administrator's, or a compromised helper makes them up. */
static bool
has_room(const struct guesses_store *store, const char *lock)
{
	unsigned int files = 0;
	DIR *dir;
	int err;

	if (faccessat(AT_FDCWD, lock, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	dir = opendir(store->dir);
	if (dir == NULL)
		return false;
	errno = 0;
	while (readdir(dir) != NULL)
		files++;
	err = errno;
	if (err == 0 && files >= FILES_PER_CERT * GUESSES_CERTS_MAX)
		err = ENOSPC;
	(void)closedir(dir);
	errno = err;
	return err == 0;
}

static bool
lock_record(const struct guesses_store *store, const char *cert, int *ret_lock)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s.lock", store->dir, cert);

	if (n < 0 || (size_t)n >= sizeof path)
		errno = ENAMETOOLONG;
	else if (has_room(store, path) &&
	    lock_take_within(path, store->owner, LOCK_SECONDS, ret_lock) == LOCK_TAKEN)
		return true;
	return cannot_write(store, cert);
}

static bool
update_record(const struct guesses_store *store, const char *cert, bool (*change)(void *ctx, struct guesses *g),
    void *ctx)
{
	_cleanup_(closep) int dir = -1;
	_cleanup_(closep) int lock = -1;
	struct guesses g;

	if (safefile_make_dir(store->dir, store->owner, store->log, &dir) != SAFEFILE_OK ||
	    !lock_record(store, cert, &lock) ||
	    guesses_read(store, cert, &g) != GUESSES_READ || !change(ctx, &g))
		return false;
	return record_write(dir, cert, &g) || cannot_write(store, cert);
}

bool
guesses_update(const struct guesses_store *store, const char *cert,
    bool (*change)(void *ctx, struct guesses *g), void *ctx)
{
	static const struct timespec at_once = {0};
	sigset_t before, size;
	bool done;

	if (!guesses_is_cert(cert))
		return false;
	signals_hold(&before);
	done = update_record(store, cert, change, ctx);
	/* The caller of su may have limited the size of files: get EFBIG instead of a signal. */
	if (sigemptyset(&size) == 0 && sigaddset(&size, SIGXFSZ) == 0 && sigismember(&before, SIGXFSZ) == 0)
		(void)sigtimedwait(&size, NULL, &at_once);
	signals_release(&before);
	return done;
}

static bool
cannot_list(const struct guesses_store *store)
{
	log_msg(store->log, LOG_ERR, "%s: cannot be read: %s", store->dir, strerror(errno));
	return false;
}

bool
guesses_each(const struct guesses_store *store, void (*each)(void *ctx, const char *cert), void *ctx)
{
	int fd = -1;
	enum safefile r = safefile_open_dir(store->dir, store->owner, store->log, &fd);
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *e;

	if (r != SAFEFILE_OK)
		return r == SAFEFILE_ABSENT;
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return cannot_list(store);
	}
	for (errno = 0; (e = readdir(dir)) != NULL; errno = 0)
		if (guesses_is_cert(e->d_name))
			each(ctx, e->d_name);
	return errno == 0 || cannot_list(store);
}

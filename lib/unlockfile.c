/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/account.h"
#include "lib/buf.h"
#include "lib/cleanup.h"
#include "lib/unlockfile.h"

static bool
path_of(const char *dir, const char *user, char path[static PATH_MAX])
{
	int n;

	if (!account_is_file_name(user))
		return false;
	n = snprintf(path, PATH_MAX, "%s/%s", dir, user);
	return n > 0 && n < PATH_MAX;
}

/* Others than its owner may not even read it. */
static enum safefile
check_private(int fd, const char *path, const struct log *log)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return SAFEFILE_OK;
	log_msg(log, LOG_ERR, "%s: others than root may read it; run jpkictl unlock set again, and change the "
	    "password if another user may have", path);
	return SAFEFILE_REFUSED;
}

static enum safefile
read_private(const char *path, uid_t owner, const struct log *log, struct unlockfile *ret)
{
	_cleanup_(closep) int fd = -1;
	enum safefile r = safefile_open(path, owner, log, &fd);
	ssize_t n;

	if (r == SAFEFILE_OK)
		r = check_private(fd, path, log);
	if (r != SAFEFILE_OK)
		return r;
	do {
		n = read(fd, ret->bytes, sizeof ret->bytes);
	} while (n < 0 && errno == EINTR);
	/* A file of that size is read at once. */
	if (n <= 0 || n == sizeof ret->bytes) {
		log_msg(log, LOG_ERR, "%s: not what jpkictl unlock set writes; run it again", path);
		return SAFEFILE_REFUSED;
	}
	ret->len = (size_t)n;
	return SAFEFILE_OK;
}

enum safefile
unlockfile_machine(const struct unlockfile_place *place, const struct log *log, char ret[static UNLOCKFILE_MACHINE_LEN + 1])
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	enum safefile r = safefile_read(place->machine_file, place->owner, UNLOCKFILE_MACHINE_LEN + 1, log, &text,
	    &len);

	ret[0] = '\0';
	if (r == SAFEFILE_OK && len == UNLOCKFILE_MACHINE_LEN + 1 && text[UNLOCKFILE_MACHINE_LEN] == '\n')
		text[UNLOCKFILE_MACHINE_LEN] = '\0';
	if (r == SAFEFILE_OK && hex_is_text(text, UNLOCKFILE_MACHINE_LEN)) {
		memcpy(ret, text, UNLOCKFILE_MACHINE_LEN + 1);
		return SAFEFILE_OK;
	}
	if (r == SAFEFILE_OK || r == SAFEFILE_ABSENT)
		log_msg(log, LOG_ERR, "%s: not an id of a machine; see systemd-machine-id-setup(1)",
		    place->machine_file);
	return r == SAFEFILE_NO_MEMORY ? r : SAFEFILE_REFUSED;
}

enum safefile
unlockfile_read(const struct unlockfile_place *place, const char *user, const struct log *log,
    struct unlockfile *ret)
{
	char path[PATH_MAX];
	enum safefile r;

	ret->len = 0;
	ret->machine[0] = '\0';
	if (!path_of(place->dir, user, path))
		return SAFEFILE_ABSENT;
	r = read_private(path, place->owner, log, ret);
	if (r == SAFEFILE_OK)
		r = unlockfile_machine(place, log, ret->machine);
	if (r != SAFEFILE_OK)
		ret->len = 0;
	return r;
}

bool
unlockfile_write(const struct unlockfile_place *place, const char *user, const struct unlockfile *file,
    const struct log *log)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	return path_of(place->dir, user, path) &&
	    safefile_make_dir(place->dir, place->owner, log, &fd) == SAFEFILE_OK &&
	    safefile_replace(path, 0600, file->bytes, file->len, log);
}

enum safefile
unlockfile_remove(const struct unlockfile_place *place, const char *user, const struct log *log)
{
	char path[PATH_MAX];
	enum safefile r = safefile_check_dir(place->dir, place->owner, log);

	if (r != SAFEFILE_OK)
		return r;
	if (!path_of(place->dir, user, path))
		return SAFEFILE_ABSENT;
	if (unlink(path) == 0)
		return safefile_sync_directory_of(path) ? SAFEFILE_OK : SAFEFILE_REFUSED;
	if (errno == ENOENT)
		return SAFEFILE_ABSENT;
	log_msg(log, LOG_ERR, "%s: cannot be removed: %s", path, strerror(errno));
	return SAFEFILE_REFUSED;
}

static int
is_of_user(const struct dirent *entry)
{
	return account_is_file_name(entry->d_name);
}

bool
unlockfile_each(const struct unlockfile_place *place, const struct log *log,
    void (*each)(void *ctx, const char *user), void *ctx)
{
	enum safefile r = safefile_check_dir(place->dir, place->owner, log);
	struct dirent **entries;
	int n;

	if (r != SAFEFILE_OK)
		return r == SAFEFILE_ABSENT;
	n = scandir(place->dir, &entries, is_of_user, alphasort);
	if (n < 0) {
		log_msg(log, LOG_ERR, "%s: cannot be read: %s", place->dir, strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		each(ctx, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return true;
}

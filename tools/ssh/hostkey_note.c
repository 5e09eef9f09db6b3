/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "tools/ssh/hostkey_note.h"

#define HOST_KEY "hostkey"
#define DONE "done"

/* When a process started, in the kernel's ticks since boot; false if there is no such process. */
static bool
start_of(pid_t pid, unsigned long long *ret)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[64], line[1024];
	const char *p;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (f == NULL || fgets(line, sizeof line, f) == NULL)
		return false;
	/* proc(5): the name, in parentheses, may contain anything; starttime is field 22. */
	p = strrchr(line, ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	/* The kernel wrote it. NOLINTNEXTLINE(cert-err34-c) */
	return p != NULL && sscanf(p, "%llu", ret) == 1;
}

bool
hostkey_note_path(const char *dir, pid_t ssh, const char *what, char path[static PATH_MAX])
{
	unsigned long long start;

	if (!start_of(ssh, &start)) {
		errno = ESRCH;
		return false;
	}
	return snprintf(path, PATH_MAX, "%s/%ld.%llu.%s", dir, (long)ssh, start, what) < PATH_MAX;
}

static bool
is_private(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return false;
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return true;
	errno = EPERM;
	return false;
}

static bool
make_private(const char *parent, const char *name, char ret_path[static PATH_MAX])
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s%s", parent, name) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(ret_path, path, strlen(path) + 1);
	return (mkdir(path, 0700) == 0 || errno == EEXIST) && is_private(path);
}

bool
hostkey_note_directory(char ret_path[static PATH_MAX])
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");

	if (runtime != NULL && runtime[0] == '/' && is_private(runtime))
		return make_private(runtime, "/jpki-ssh", ret_path);
	snprintf(ret_path, PATH_MAX, "-%lu", (unsigned long)geteuid());
	if (make_private("/tmp/jpki-ssh", ret_path, ret_path))
		return true;
	/* Any user can create the one in /tmp first. */
	return home != NULL && home[0] == '/' && make_private(home, "/.jpki-ssh", ret_path);
}

bool
hostkey_note_write(const char *dir, pid_t ssh, const char *hostkey)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	if (!hostkey_note_path(dir, ssh, HOST_KEY, path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0 && safefile_write(fd, hostkey, strlen(hostkey));
}

bool
hostkey_note_find(const char *dir, pid_t ssh, char ret[static SSHWIRE_HOSTKEY_LEN + 1])
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	memset(ret, 0, SSHWIRE_HOSTKEY_LEN + 1);
	if (!hostkey_note_path(dir, ssh, HOST_KEY, path))
		return false;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && read(fd, ret, SSHWIRE_HOSTKEY_LEN) == SSHWIRE_HOSTKEY_LEN)
		return true;
	ret[0] = '\0';
	return false;
}

bool
hostkey_note_first_challenge(const char *dir, pid_t ssh)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];

	if (!hostkey_note_path(dir, ssh, DONE, path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0;
}

static bool
is_stale(const char *name)
{
	unsigned long long noted, start;
	long pid;
	int end = 0;

	/* Names that hostkey_note_path() made. NOLINTNEXTLINE(cert-err34-c) */
	return sscanf(name, "%ld.%llu.%n", &pid, &noted, &end) == 2 && end > 0 &&
	    (!start_of((pid_t)pid, &start) || start != noted);
}

void
hostkey_note_clean(const char *dir)
{
	_cleanup_(closedirp) DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_stale(e->d_name))
			(void)unlinkat(dirfd(d), e->d_name, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char dir[PATH_MAX / 2];
static char *paths[1024];
static size_t path_count;

int
scratch_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char given[PATH_MAX], real[PATH_MAX];

	snprintf(given, sizeof given, "%s/pam_jpki.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(given) == NULL || realpath(given, real) == NULL || strlen(real) >= sizeof dir)
		return -1;
	memcpy(dir, real, strlen(real) + 1);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int
scratch_teardown(void **state)
{
	while (path_count > 0)
		free(paths[--path_count]);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_path(const char *name)
{
	assert_true(path_count < COUNT(paths));
	assert_true(asprintf(&paths[path_count], "%s/%s", dir, name) > 0);
	return paths[path_count++];
}

const char *
scratch_file(const char *name, const void *data, size_t len)
{
	const char *path = scratch_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

const char *
scratch_text(const char *name, const char *text)
{
	return scratch_file(name, text, strlen(text));
}

const char *
scratch_mkdir(const char *name, mode_t mode)
{
	const char *path = scratch_path(name);

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

size_t
scratch_count(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

int
scratch_holds(const char *path, const char *text)
{
	char have[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, have, sizeof have);
	(void)close(fd);
	return n >= 0 && (size_t)n == strlen(text) && memcmp(have, text, (size_t)n) == 0;
}

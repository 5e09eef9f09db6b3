/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static char directory[64];

_Noreturn void
fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

uint8_t
fuzz_u8(struct cursor *in)
{
	uint8_t v = 0;

	return cursor_u8(in, &v) ? v : 0;
}

struct view
fuzz_bytes(struct cursor *in, size_t max)
{
	struct view v = { .len = 0 };

	CHECK(cursor_view(in, in->left < max ? in->left : max, &v));
	return v;
}

void
fuzz_string(struct cursor *in, size_t max, char *ret_text, size_t size)
{
	struct view v = fuzz_bytes(in, max < size - 1 ? max : size - 1);

	if (v.len > 0)
		memcpy(ret_text, v.data, v.len);
	ret_text[v.len] = '\0';
}

char *
fuzz_text(struct cursor *in)
{
	struct view v = fuzz_bytes(in, in->left);
	char *text = malloc(v.len + 1);

	CHECK(text != NULL);
	if (v.len > 0)
		memcpy(text, v.data, v.len);
	text[v.len] = '\0';
	return text;
}

static void
look_at_line(void *ctx, int priority, const char *text)
{
	CHECK(priority >= 0 && priority <= 7);
	CHECK(strlen(text) < LOG_TEXT_MAX);
	for (; *text != '\0'; text++)
		CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

const struct log fuzz_log = { .sink = look_at_line };

static void
write_all(int fd, const void *data, size_t len)
{
	CHECK(fd >= 0);
	CHECK(len == 0 || write(fd, data, len) == (ssize_t)len);
}

int
fuzz_file(const void *data, size_t len)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	write_all(fd, data, len);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void
remove_directory(void)
{
	(void)nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
fuzz_dir(void)
{
	if (directory[0] != '\0')
		return directory;
	snprintf(directory, sizeof directory, "/tmp/jpki-fuzz-XXXXXX");
	CHECK(mkdtemp(directory) != NULL && chmod(directory, 0755) == 0);
	CHECK(atexit(remove_directory) == 0);
	return directory;
}

const char *
fuzz_path(const char *name)
{
	static char path[PATH_MAX];

	CHECK((size_t)snprintf(path, sizeof path, "%s/%s", fuzz_dir(), name) < sizeof path);
	return path;
}

void
fuzz_write_to(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	write_all(fd, data, len);
	CHECK(fchmod(fd, 0644) == 0 && close(fd) == 0);
}

const char *
fuzz_write(const char *name, const void *data, size_t len)
{
	const char *path = fuzz_path(name);

	fuzz_write_to(path, data, len);
	return path;
}

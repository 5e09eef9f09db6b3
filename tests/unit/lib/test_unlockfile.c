/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/unlockfile: a user's file is whole, the owner's alone, and on a machine that has an id. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/unlockfile.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define MACHINE_ID "0123456789abcdef0123456789abcdef"

static char dir[PATH_MAX], machine[PATH_MAX];
static struct unlockfile_place place;
static struct capture logged;

static int
setup(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	snprintf(dir, sizeof dir, "%s", scratch_path("state/unlock"));
	snprintf(machine, sizeof machine, "%s", scratch_text("machine-id", MACHINE_ID "\n"));
	place = (struct unlockfile_place){ dir, machine, geteuid() };
	capture_start(&logged);
	return 0;
}

static void
write_bytes(const char *user, const void *bytes, size_t len)
{
	struct unlockfile file = { .len = len };

	memcpy(file.bytes, bytes, len);
	assert_true(unlockfile_write(&place, user, &file, &logged.log));
}

static enum safefile
read_file(const char *user, struct unlockfile *ret)
{
	enum safefile r;

	memset(ret, 0xaa, sizeof *ret);
	r = unlockfile_read(&place, user, &logged.log, ret);
	if (r != SAFEFILE_OK)
		assert_int_equal(ret->len, 0);
	return r;
}

static const char *
path_of(const char *user)
{
	static char path[PATH_MAX + 300];

	snprintf(path, sizeof path, "%s/%s", dir, user);
	return path;
}

static void
comes_back_whole(void **state)
{
	struct unlockfile file;
	struct stat st;

	write_bytes("hanako", "old and longer", 14);
	write_bytes("hanako", "n\0w", 3);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_OK);
	assert_int_equal(file.len, 3);
	assert_memory_equal(file.bytes, "n\0w", 3);
	assert_string_equal(file.machine, MACHINE_ID);
	assert_int_equal(stat(path_of("hanako"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(logged.lines, 0);
}

static void
an_absent_file_is_not_an_error(void **state)
{
	static const char *const names[] = { "hanako", "", ".", "..", ".hidden", "-r", "a/b", "a\nb" };
	struct unlockfile file;

	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(read_file(names[i], &file), SAFEFILE_ABSENT);
	write_bytes("taro", "x", 1);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(read_file(names[i], &file), SAFEFILE_ABSENT);
		assert_int_equal(unlockfile_remove(&place, names[i], &logged.log), SAFEFILE_ABSENT);
		file.len = 1;
		if (i > 0)
			assert_false(unlockfile_write(&place, names[i], &file, &logged.log));
	}
	assert_int_equal(logged.lines, 0);
}

/* A file that another user could have read, or written. */
static void
not_the_owners_alone(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0610, 0601, 0620, 0602, 0644, 0666 };
	struct unlockfile file;

	write_bytes("hanako", "x", 1);
	for (size_t i = 0; i < COUNT(modes); i++) {
		assert_int_equal(chmod(path_of("hanako"), modes[i]), 0);
		capture_start(&logged);
		assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
		assert_int_equal(logged.lines, 1);
	}
	assert_int_equal(chmod(path_of("hanako"), 0400), 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_OK);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	assert_int_equal(chmod(dir, 0700), 0);
	place.owner++;
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	place.owner--;
	assert_int_equal(rename(path_of("hanako"), scratch_path("elsewhere")), 0);
	assert_int_equal(symlink(scratch_path("elsewhere"), path_of("hanako")), 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	assert_int_equal(unlink(path_of("hanako")), 0);
	assert_int_equal(mkdir(path_of("hanako"), 0700), 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
}

static void
empty_and_overlong_files_are_refused(void **state)
{
	static uint8_t bytes[UNLOCKFILE_MAX];
	struct unlockfile file;

	write_bytes("hanako", "", 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	write_bytes("hanako", bytes, UNLOCKFILE_MAX - 1);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_OK);
	write_bytes("hanako", bytes, UNLOCKFILE_MAX);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	assert_int_equal(truncate(path_of("hanako"), 100 * UNLOCKFILE_MAX), 0);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
}

static void
machines_without_an_id(void **state)
{
	static const char *const ids[] = { "", "\n", "uninitialized\n", MACHINE_ID, MACHINE_ID "0\n", MACHINE_ID "\n\n",
		"0123456789ABCDEF0123456789ABCDEF\n", "0123456789abcdef0123456789abcde\n" };
	struct unlockfile file;

	write_bytes("hanako", "x", 1);
	for (size_t i = 0; i < COUNT(ids); i++) {
		bool whole = strcmp(ids[i], MACHINE_ID) == 0;	/* without an end of line, as some write it */

		(void)scratch_text("machine-id", ids[i]);
		capture_start(&logged);
		assert_int_equal(read_file("hanako", &file), whole ? SAFEFILE_OK : SAFEFILE_REFUSED);
		assert_int_equal(logged.lines, whole ? 0 : 1);
	}
	assert_int_equal(unlink(machine), 0);
	capture_start(&logged);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_REFUSED);
	assert_int_equal(logged.lines, 1);
}

static void
a_file_is_removed(void **state)
{
	struct unlockfile file;

	assert_int_equal(unlockfile_remove(&place, "hanako", &logged.log), SAFEFILE_ABSENT);
	write_bytes("hanako", "x", 1);
	assert_int_equal(unlockfile_remove(&place, "hanako", &logged.log), SAFEFILE_OK);
	assert_int_equal(read_file("hanako", &file), SAFEFILE_ABSENT);
	assert_int_equal(mkdir(path_of("hanako"), 0700), 0);
	assert_int_equal(unlockfile_remove(&place, "hanako", &logged.log), SAFEFILE_REFUSED);
}

static void
note_name(void *ctx, const char *user)
{
	char *names = ctx;

	snprintf(names + strlen(names), 64 - strlen(names), "%s ", user);
}

static void
users_with_a_file_are_listed(void **state)
{
	char names[64] = "";

	assert_true(unlockfile_each(&place, &logged.log, note_name, names));
	assert_string_equal(names, "");
	write_bytes("taro", "x", 1);
	write_bytes("hanako", "x", 1);
	assert_int_equal(rename(path_of("taro"), scratch_path("state/unlock/.new-123456")), 0);
	write_bytes("jiro", "x", 1);
	assert_true(unlockfile_each(&place, &logged.log, note_name, names));
	assert_string_equal(names, "hanako jiro ");
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(unlockfile_each(&place, &logged.log, note_name, names));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		TEST(comes_back_whole),
		TEST(an_absent_file_is_not_an_error),
		TEST(not_the_owners_alone),
		TEST(empty_and_overlong_files_are_refused),
		TEST(machines_without_an_id),
		TEST(a_file_is_removed),
		TEST(users_with_a_file_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

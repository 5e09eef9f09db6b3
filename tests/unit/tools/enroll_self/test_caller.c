/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose card it would be: numbers that are none, system accounts, accounts that are not one. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/enroll_self/caller.h"

static struct passwd accounts[] = {
	{ .pw_name = (char[]){ "root" }, .pw_uid = 0 },
	{ .pw_name = (char[]){ "daemon" }, .pw_uid = 1 },
	{ .pw_name = (char[]){ "hanako" }, .pw_uid = 2001 },
	{ .pw_name = (char[]){ "taro" }, .pw_uid = 2002 },
	{ .pw_name = (char[]){ "taro-too" }, .pw_uid = 2002 },
	{ .pw_name = (char[]){ "nobody" }, .pw_uid = 65534 },
	{ .pw_name = (char[]){ "../root" }, .pw_uid = 2003 },
	{ .pw_name = (char[]){ "-r" }, .pw_uid = 2004 },
	/* The directory's second account with the name of a local one. */
	{ .pw_name = (char[]){ "hanako" }, .pw_uid = 3001 },
	{ .pw_name = (char[]){ "jiro" }, .pw_uid = 2000001 },
};
static size_t at;
static struct capture capture;

/* In place of libc's. */
int
getpwuid_r(uid_t uid, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	*ret = NULL;
	if (uid == 2999)
		return EIO;
	for (size_t i = 0; i < COUNT(accounts) && *ret == NULL; i++)
		if (accounts[i].pw_uid == uid) {
			*entry = accounts[i];
			*ret = entry;
		}
	return 0;
}

int
getpwnam_r(const char *name, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < COUNT(accounts) && *ret == NULL; i++)
		if (strcmp(accounts[i].pw_name, name) == 0) {
			*entry = accounts[i];
			*ret = entry;
		}
	return 0;
}

void
setpwent(void)
{
	at = 0;
}

struct passwd *
getpwent(void)
{
	return at < COUNT(accounts) ? &accounts[at++] : NULL;
}

void
endpwent(void)
{
	at = COUNT(accounts);
}

static void
numbers_are_digits(void **state)
{
	static const char *const bad[] = { NULL, "", " 2001", "2001 ", "+2001", "-1", "0x7d1", "2001x", "2001\n", "4294967295",
		"4294967296", "4294969297", "18446744073709551616", "hanako", "二" };
	uid_t uid = 77;

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(caller_parse_uid(bad[i], &uid));
	assert_int_equal(uid, 77);
	assert_true(caller_parse_uid("0", &uid));
	assert_int_equal(uid, 0);
	assert_true(caller_parse_uid("2001", &uid));
	assert_int_equal(uid, 2001);
	assert_true(caller_parse_uid("4294967294", &uid));
	assert_int_equal(uid, 4294967294U);
}

static void
expect_lowest(const char *text, bool readable, uid_t lowest)
{
	const char *path = scratch_text("login.defs", text);
	uid_t uid = 77;

	capture_start(&capture);
	assert_int_equal(caller_lowest_uid(path, geteuid(), &capture.log, &uid), readable);
	if (readable)
		assert_int_equal(uid, lowest);
	else
		assert_non_null(strstr(capture.text, "UID_MIN is not a number"));
}

static void
lowest_uid_is_of_login_defs(void **state)
{
	uid_t uid;

	capture_start(&capture);
	assert_true(caller_lowest_uid(scratch_path("absent"), geteuid(), &capture.log, &uid));
	assert_int_equal(uid, 1000);
	expect_lowest("", true, 1000);
	expect_lowest("UID_MIN\t\t\t 500\n", true, 500);
	expect_lowest("UID_MAX 60000\nUID_MIN 2000", true, 2000);
	expect_lowest("  UID_MIN 3000 # people\n", true, 3000);
	expect_lowest("UID_MIN 3000\nUID_MIN 4000\n", true, 4000);
	expect_lowest("#UID_MIN 3000\nSYS_UID_MIN 100\nSUB_UID_MIN 100000\nUID_MINIMUM 5\n", true, 1000);
	expect_lowest("UID_MIN many\n", false, 0);
	expect_lowest("UID_MIN -5\n", false, 0);
	expect_lowest("UID_MIN 1000x\n", false, 0);
	expect_lowest("UID_MIN \n", false, 0);
}

static void
unsafe_login_defs_is_refused(void **state)
{
	const char *path = scratch_text("login.defs", "UID_MIN 1\n");
	uid_t uid;

	capture_start(&capture);
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(caller_lowest_uid(path, geteuid(), &capture.log, &uid));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_false(caller_lowest_uid(path, geteuid(), &capture.log, &uid));
}

static void
expect_found(uid_t uid, uid_t lowest, enum caller_found wanted, const char *name)
{
	struct account account = { .name = "untouched" };

	assert_int_equal(caller_find(uid, lowest, &capture.log, &account), wanted);
	assert_string_equal(account.name, wanted == CALLER_FOUND ? name : "untouched");
	if (wanted == CALLER_FOUND)
		assert_int_equal(account.uid, uid);
}

static void
only_people_are_found(void **state)
{
	capture_start(&capture);
	expect_found(2001, 1000, CALLER_FOUND, "hanako");
	expect_found(2000001, 1000, CALLER_FOUND, "jiro");
	expect_found(0, 1000, CALLER_SYSTEM, NULL);
	expect_found(0, 0, CALLER_SYSTEM, NULL);
	expect_found(1, 1000, CALLER_SYSTEM, NULL);
	expect_found(999, 1000, CALLER_SYSTEM, NULL);
	expect_found(2001, 2002, CALLER_SYSTEM, NULL);
	expect_found(65534, 1000, CALLER_SYSTEM, NULL);
}

static void
accounts_that_are_not_one_are_refused(void **state)
{
	capture_start(&capture);
	expect_found(2002, 1000, CALLER_NOT_ONE, NULL);		/* two of one uid */
	expect_found(3001, 1000, CALLER_NOT_ONE, NULL);		/* with the name of another */
	expect_found(2003, 1000, CALLER_NOT_ONE, NULL);		/* with a name that is a path */
	expect_found(2004, 1000, CALLER_NOT_ONE, NULL);
	expect_found(4242, 1000, CALLER_NOT_ONE, NULL);		/* none */
	expect_found(2999, 1000, CALLER_NOT_ONE, NULL);		/* the database does not answer */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits),
		cmocka_unit_test_setup_teardown(lowest_uid_is_of_login_defs, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(unsafe_login_defs_is_refused, scratch_setup, scratch_teardown),
		cmocka_unit_test(only_people_are_found),
		cmocka_unit_test(accounts_that_are_not_one_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

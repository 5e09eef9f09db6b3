/* SPDX-License-Identifier: BSD-2-Clause */
/* Each user reads once a day that the certificate ends soon, if that can be recorded. */
#include "config.h"

#include <fcntl.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/message.h"
#include "pam/reminder.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define HANAKO 2001
#define TARO 2002
#define DAY 86400

static uid_t caller;	/* root: login, sshd, a greeter */
static struct capture capture;

/* In place of libc's. */
uid_t
getuid(void)
{
	return caller;
}

int
getpwnam_r(const char *name, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	static char hanako[] = "hanako", taro[] = "taro";

	*ret = NULL;
	if (strcmp(name, hanako) == 0)
		*entry = (struct passwd){ .pw_name = hanako, .pw_uid = HANAKO };
	else if (strcmp(name, taro) == 0)
		*entry = (struct passwd){ .pw_name = taro, .pw_uid = TARO };
	else
		return 0;
	*ret = entry;
	return 0;
}

static bool
claim(const char *user)
{
	static const struct pam_conv conv;
	pam_handle_t *pamh;
	bool due;

	assert_int_equal(pam_start("test", user, &conv, &pamh), PAM_SUCCESS);
	due = reminder_claim(pamh, user, &capture.log);
	pam_end(pamh, PAM_SUCCESS);
	return due;
}

/* The user was told that many seconds ago. */
static void
told_before(const char *uid, int64_t seconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - seconds } };
	char path[64];

	snprintf(path, sizeof path, "reminders/%s", uid);
	assert_int_equal(utimensat(AT_FDCWD, scratch_path(path), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void
forget(void)
{
	static const char *const names[] = { "reminders/2001", "reminders/2002", "reminders" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (unlink(scratch_path(names[i])) != 0)
			(void)rmdir(scratch_path(names[i]));
	caller = 0;
	capture_start(&capture);
}

static void
each_user_once_a_day(void **state)
{
	forget();
	assert_true(claim("hanako"));
	assert_false(claim("hanako"));
	assert_true(claim("taro"));
	assert_false(claim("taro"));
	told_before("2001", DAY);
	assert_true(claim("hanako"));
	assert_false(claim("hanako"));
	told_before("2001", -2 * DAY);		/* the clock was set back */
	assert_true(claim("hanako"));
	assert_false(claim("hanako"));
	assert_string_equal(capture.text, "");
}

/* A day is one in Japan, where certificates end, and not 24 hours. */
static void
the_day_begins_in_japan(void **state)
{
	assert_int_equal(message_day(0), 0);
	assert_int_equal(message_day(15 * 3600 - 1), 0);
	assert_int_equal(message_day(15 * 3600), 1);
	assert_int_equal(message_day(39 * 3600 - 1), 1);
	assert_int_equal(message_day(39 * 3600), 2);
}

/* sudo and polkit run as the user; su may be another user's, who is not the one to be told. */
static void
only_the_user_is_told(void **state)
{
	forget();
	caller = TARO;
	assert_false(claim("hanako"));
	caller = HANAKO;
	assert_true(claim("hanako"));
	assert_false(claim("hanako"));
	caller = 0;
	assert_false(claim("hanako"));
	assert_false(claim("nobody-of-that-name"));
}

static void
what_cannot_be_recorded_is_not_told(void **state)
{
	forget();
	assert_int_equal(mkdir(scratch_path("reminders"), 0700), 0);
	assert_int_equal(chmod(scratch_path("reminders"), 0777), 0);
	assert_false(claim("hanako"));
	assert_non_null(strstr(capture.text, "reminders"));
	forget();
	assert_int_equal(symlink("/tmp", scratch_path("reminders")), 0);
	assert_false(claim("hanako"));
	forget();
	assert_int_equal(mkdir(scratch_path("reminders"), 0700), 0);
	assert_int_equal(symlink("/dev/null", scratch_path("reminders/2001")), 0);
	assert_false(claim("hanako"));
	assert_non_null(strstr(capture.text, "cannot be recorded"));
	forget();
	assert_int_equal(mkdir(scratch_path("reminders"), 0700), 0);
	assert_int_equal(mkdir(scratch_path("reminders/2001"), 0700), 0);
	assert_false(claim("hanako"));
	forget();
	assert_true(claim("hanako"));
}

static void
only_root_can_read_it(void **state)
{
	struct stat st;

	forget();
	assert_true(claim("hanako"));
	assert_int_equal(stat(scratch_path("reminders"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(scratch_path("reminders/2001"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 0);
}

static int
setup(void **state)
{
	int r = scratch_setup(state);

	return r == 0 ? setenv("OUTCOME_REMINDERS", scratch_path("reminders"), 1) : r;
}

static int
teardown(void **state)
{
	forget();
	return scratch_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_once_a_day),
		cmocka_unit_test(the_day_begins_in_japan),
		cmocka_unit_test(only_the_user_is_told),
		cmocka_unit_test(what_cannot_be_recorded_is_not_told),
		cmocka_unit_test(only_root_can_read_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

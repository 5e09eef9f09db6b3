/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/notice: the user of an account is told once a day for a week, and never out of a file that others could write. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/notice.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define UID 2001
#define DAY 86400

static struct capture capture;
static struct notice_store store;
static int64_t now;

static int
setup(void **state)
{
	int r = scratch_setup(state);

	if (r != 0)
		return r;
	capture_start(&capture);
	store = (struct notice_store){ .dir = scratch_path("notices"), .owner = geteuid(), .log = &capture.log };
	now = time(NULL);
	return 0;
}

static void
leave(int64_t when, const char *terminal)
{
	struct notice n = { .when = when };

	snprintf(n.terminal, sizeof n.terminal, "%s", terminal);
	assert_true(notice_leave(&store, UID, &n));
}

static bool
is_due(void)
{
	struct notice n;

	return notice_due(&store, UID, now, &n);
}

/* That many seconds ago the user was told. */
static void
told_before(int64_t seconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = now - seconds } };

	assert_int_equal(utimensat(AT_FDCWD, scratch_path("notices/2001"), times, 0), 0);
}

static void
once_a_day_for_a_week(void **state)
{
	struct notice n;

	assert_false(is_due());		/* there is none, and no directory */
	leave(now, "pts/3");
	assert_true(notice_due(&store, UID, now, &n));
	assert_int_equal(n.when, now);
	assert_string_equal(n.terminal, "pts/3");
	assert_true(is_due());		/* no user has read it */
	notice_note_told(&store, UID);
	assert_false(is_due());
	for (int day = 1; day < NOTICE_DAYS; day++) {
		leave(now - (int64_t)day * DAY, "tty2");
		told_before(DAY);
		assert_true(is_due());
		notice_note_told(&store, UID);
		assert_false(is_due());
	}
	leave(now - (int64_t)NOTICE_DAYS * DAY, "tty2");
	assert_false(is_due());
	assert_int_equal(access(scratch_path("notices/2001"), F_OK), -1);
	assert_string_equal(capture.text, "");
}

static void
a_clock_that_was_set_back_hides_nothing(void **state)
{
	leave(now + 3 * (int64_t)DAY, "");
	assert_true(is_due());
	notice_note_told(&store, UID);
	assert_false(is_due());
	told_before(-2 * DAY);
	assert_true(is_due());
}

static void
what_did_not_happen_is_not_told(void **state)
{
	leave(now, "pts/3");
	notice_take_back(&store, UID);
	assert_false(is_due());
	notice_take_back(&store, UID);
	assert_string_equal(capture.text, "");
}

static void
another_user_has_none(void **state)
{
	struct notice n;

	leave(now, "pts/3");
	assert_false(notice_due(&store, UID + 1, now, &n));
	assert_false(notice_due(&store, 200, now, &n));
}

static void
file_is_for_its_owner_alone(void **state)
{
	struct stat st;

	leave(now, "pts/3");
	assert_int_equal(stat(scratch_path("notices/2001"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(store.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(notice_may_be_there(&store));
	store.owner++;
	assert_false(notice_may_be_there(&store));
}

static void
other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"", "registered", "registered ", "registered 1", "registered 1 pts/3", "registered -1 pts/3\n",
		"registered 1  pts/3\n", "registered 1 pts/3\nregistered 2 pts/3\n", "registered x pts/3\n", "Registered 1 pts/3\n",
		"registered 1 pts/3 \n", "registered 1 %s\n", "registered 1 \033[2J\n", "registered 1 p-t\n",
		"registered 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	};

	leave(now, "pts/3");
	for (size_t i = 0; i < COUNT(texts); i++) {
		(void)scratch_text("notices/2001", texts[i]);
		capture.text[0] = '\0';
		assert_false(is_due());
		assert_non_null(strstr(capture.text, "damaged"));
	}
}

static void
directory_and_file_are_checked(void **state)
{
	struct notice n = { .when = now };

	leave(now, "pts/3");
	assert_int_equal(chmod(scratch_path("notices/2001"), 0666), 0);
	assert_false(is_due());
	assert_int_equal(unlink(scratch_path("notices/2001")), 0);
	assert_int_equal(symlink("/etc/hostname", scratch_path("notices/2001")), 0);
	assert_false(is_due());
	assert_int_equal(chmod(store.dir, 0777), 0);
	assert_false(notice_leave(&store, UID, &n));
	assert_int_equal(chmod(store.dir, 0700), 0);
	assert_int_equal(unlink(scratch_path("notices/2001")), 0);
	assert_int_equal(rmdir(store.dir), 0);
	assert_int_equal(symlink("/tmp", store.dir), 0);
	assert_false(notice_leave(&store, UID, &n));
	assert_false(is_due());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(once_a_day_for_a_week),
		TEST(a_clock_that_was_set_back_hides_nothing),
		TEST(what_did_not_happen_is_not_told),
		TEST(another_user_has_none),
		TEST(file_is_for_its_owner_alone),
		TEST(other_texts_are_refused),
		TEST(directory_and_file_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* config/userfile: whose file it is, and that it survives a full disk. */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/userfile.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define CERT "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"

static const char *const bad_names[] = { "", ".", "..", ".hidden", "-option", "a/b", "/etc/passwd",
    "../root", "a\nb", "a\tb", "a\033[2J", "a\177" };

static enum outcome_status
read_status(const char *dir, const char *user, struct capture *c)
{
	char *text = NULL;
	size_t len = 0;
	struct outcome o;

	capture_start(c);
	o = userfile_read(dir, user, geteuid(), &c->log, &text, &len);
	if (!outcome_ok(&o))
		assert_null(text);
	free(text);
	return o.status;
}

static enum outcome_status
write_status(const char *dir, const char *user, const char *text, struct capture *c)
{
	struct outcome o;

	capture_start(c);
	o = userfile_write(dir, user, geteuid(), text, &c->log);
	return o.status;
}

static void
only_safe_user_names_are_file_names(void **state)
{
	char name[USERFILE_USER_MAX + 2] = {0};

	assert_true(userfile_user_ok("taro"));
	assert_true(userfile_user_ok("taro.yamada"));
	assert_true(userfile_user_ok("DOM\\taro$"));
	assert_true(userfile_user_ok("山田"));
	for (size_t i = 0; i < COUNT(bad_names); i++)
		if (userfile_user_ok(bad_names[i]))
			fail_msg("\"%s\" accepted", bad_names[i]);
	memset(name, 'a', USERFILE_USER_MAX);
	assert_true(userfile_user_ok(name));
	name[USERFILE_USER_MAX] = 'a';
	assert_false(userfile_user_ok(name));
}

/* Such a name reaches no file, by no function. */
static void
bad_names_touch_nothing(void **state)
{
	const char *dir = scratch_mkdir("guarded", 0755);
	struct capture c;

	scratch_text("victim.pem", CERT);
	for (size_t i = 0; i < COUNT(bad_names); i++) {
		struct outcome o;

		assert_int_equal(read_status(dir, bad_names[i], &c), OUTCOME_NOT_ENROLLED);
		assert_int_equal(write_status(dir, bad_names[i], CERT, &c), OUTCOME_NOT_ENROLLED);
		o = userfile_remove(dir, bad_names[i], geteuid(), &c.log);
		assert_int_equal(o.status, OUTCOME_NOT_ENROLLED);
	}
	assert_int_equal(read_status(dir, "../victim", &c), OUTCOME_NOT_ENROLLED);
	assert_int_equal(scratch_count(dir), 0);
	assert_true(scratch_holds(scratch_path("victim.pem"), CERT));
}

static void
write_read_remove(void **state)
{
	const char *dir = scratch_path("users");
	struct capture c;
	struct stat st;
	char *text = NULL;
	size_t len = 0;
	struct outcome o;

	assert_int_equal(read_status(dir, "taro", &c), OUTCOME_NOT_ENROLLED);
	assert_int_equal(c.lines, 0);
	assert_int_equal(write_status(dir, "taro", CERT, &c), OUTCOME_OK);	/* makes the directory */
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(scratch_path("users/taro.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	o = userfile_read(dir, "taro", geteuid(), &c.log, &text, &len);
	assert_true(outcome_ok(&o));
	assert_string_equal(text, CERT);
	assert_int_equal(len, strlen(CERT));
	free(text);
	assert_int_equal(read_status(dir, "tar", &c), OUTCOME_NOT_ENROLLED);
	assert_int_equal(write_status(dir, "taro", CERT CERT, &c), OUTCOME_OK);
	assert_true(scratch_holds(scratch_path("users/taro.pem"), CERT CERT));
	o = userfile_remove(dir, "taro", geteuid(), &c.log);
	assert_true(outcome_ok(&o));
	o = userfile_remove(dir, "taro", geteuid(), &c.log);
	assert_int_equal(o.status, OUTCOME_NOT_ENROLLED);
	assert_int_equal(scratch_count(dir), 0);
	assert_int_equal(c.lines, 0);
}

/* Every user name that can have a registration can get one. */
static void
longest_name(void **state)
{
	const char *dir = scratch_mkdir("longest", 0755);
	char name[USERFILE_USER_MAX + 1] = {0};
	struct capture c;

	memset(name, 'a', USERFILE_USER_MAX);
	if (write_status(dir, name, CERT, &c) != OUTCOME_OK)
		fail_msg("%s", c.text);
	assert_int_equal(read_status(dir, name, &c), OUTCOME_OK);
}

static void
unusable_files(void **state)
{
	const char *dir = scratch_mkdir("unusable", 0755);
	char *big = malloc(USERFILE_MAX + 1);
	struct capture c;

	assert_non_null(big);
	scratch_text("unusable/empty.pem", "");
	assert_int_equal(read_status(dir, "empty", &c), OUTCOME_ENROLMENT);
	assert_non_null(strstr(c.text, "empty.pem: empty; enroll the card again"));
	scratch_file("unusable/nul.pem", "-----\0-----", 11);
	assert_int_equal(read_status(dir, "nul", &c), OUTCOME_ENROLMENT);
	assert_non_null(strstr(c.text, "nul.pem: not a text"));
	memset(big, 'x', USERFILE_MAX + 1);
	scratch_file("unusable/fits.pem", big, USERFILE_MAX);
	assert_int_equal(read_status(dir, "fits", &c), OUTCOME_OK);
	scratch_file("unusable/big.pem", big, USERFILE_MAX + 1);
	assert_int_equal(read_status(dir, "big", &c), OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
	free(big);
	assert_int_equal(chmod(scratch_text("unusable/open.pem", CERT), 0666), 0);
	assert_int_equal(read_status(dir, "open", &c), OUTCOME_ENROLMENT);
	assert_int_equal(symlink("fits.pem", scratch_path("unusable/link.pem")), 0);
	assert_int_equal(read_status(dir, "link", &c), OUTCOME_ENROLMENT);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(read_status(dir, "fits", &c), OUTCOME_ENROLMENT);
}

static void
failed_write_leaves_the_old(void **state)
{
	const char *dir = scratch_mkdir("fulldisk", 0755);
	struct rlimit old, small;
	enum outcome_status status;
	struct capture c;

	assert_int_equal(write_status(dir, "taro", "old", &c), OUTCOME_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 8, .rlim_max = old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = write_status(dir, "taro", CERT, &c);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(status, OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
	assert_non_null(strstr(c.text, "the old one stays"));
	assert_true(scratch_holds(scratch_path("fulldisk/taro.pem"), "old"));
	assert_int_equal(scratch_count(dir), 1);
}

static void
write_needs_its_directory(void **state)
{
	struct capture c;

	scratch_text("notadir", "");
	assert_int_equal(write_status(scratch_path("notadir"), "taro", CERT, &c), OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
	assert_int_equal(write_status(scratch_path("no/where"), "taro", CERT, &c), OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
}

/* A directory that logins would refuse gets no file, and no change is reported. */
static void
unsafe_directory_is_refused(void **state)
{
	const char *dir = scratch_mkdir("unsafe", 0755);
	const char *link = scratch_path("linked");
	struct capture c;
	struct outcome o;

	assert_int_equal(write_status(dir, "taro", "old", &c), OUTCOME_OK);
	assert_int_equal(chmod(dir, 0775), 0);
	assert_int_equal(write_status(dir, "taro", CERT, &c), OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
	assert_non_null(strstr(c.text, "chmod go-w"));
	assert_int_equal(write_status(dir, "jiro", CERT, &c), OUTCOME_ENROLMENT);
	capture_start(&c);
	o = userfile_remove(dir, "taro", geteuid(), &c.log);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
	assert_non_null(strstr(c.text, "chmod go-w"));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_true(scratch_holds(scratch_path("unsafe/taro.pem"), "old"));
	assert_int_equal(scratch_count(dir), 1);
	assert_int_equal(symlink("unsafe", link), 0);
	assert_int_equal(write_status(link, "taro", CERT, &c), OUTCOME_ENROLMENT);
	assert_true(scratch_holds(scratch_path("unsafe/taro.pem"), "old"));
}

/* --- who is enrolled --------------------------------------------------------- */

static void
append(void *ctx, const char *user)
{
	char *list = ctx;

	assert_true(strlen(list) + strlen(user) < 200);
	strcat(strcat(list, user), " ");
}

static enum outcome_status
list_users(const char *dir, char list[static 256], struct capture *c)
{
	struct outcome o;

	list[0] = '\0';
	capture_start(c);
	o = userfile_each(dir, geteuid(), &c->log, append, list);
	return o.status;
}

static void
each_lists_the_enrolled(void **state)
{
	const char *dir = scratch_mkdir("listed", 0755);
	char list[256], slashed[PATH_MAX];
	struct capture c;

	assert_int_equal(list_users(scratch_path("nowhere"), list, &c), OUTCOME_OK);
	assert_string_equal(list, "");
	assert_int_equal(list_users(dir, list, &c), OUTCOME_OK);
	assert_string_equal(list, "");
	scratch_text("listed/taro.pem", CERT);
	scratch_text("listed/hanako.pem", CERT);
	scratch_text("listed/README", "");
	scratch_text("listed/.pem", "");
	scratch_text("listed/.hidden.pem", "");
	scratch_text("listed/-x.pem", "");
	scratch_text("listed/jiro.pem~", "");
	assert_int_equal(list_users(dir, list, &c), OUTCOME_OK);
	assert_string_equal(list, "hanako taro ");
	snprintf(slashed, sizeof slashed, "%s/", dir);
	assert_int_equal(list_users(slashed, list, &c), OUTCOME_OK);
	assert_string_equal(list, "hanako taro ");
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(list_users(dir, list, &c), OUTCOME_ENROLMENT);
	assert_string_equal(list, "");
	assert_int_equal(c.lines, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_safe_user_names_are_file_names),
		cmocka_unit_test(bad_names_touch_nothing),
		cmocka_unit_test(write_read_remove),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(unusable_files),
		cmocka_unit_test(failed_write_leaves_the_old),
		cmocka_unit_test(write_needs_its_directory),
		cmocka_unit_test(unsafe_directory_is_refused),
		cmocka_unit_test(each_lists_the_enrolled),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Accounts that a user database finds by several names, and databases that answer oddly. */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/account.h"
#include "tests/unit/capture.h"
#include "tests/unit/test.h"

#define LONG_ENTRY 100000	/* bytes that an entry with much text wants */

/* What the database finds by a name: of one account, or an error. */
struct row {
	const char *asked, *name;
	uid_t uid;
	int error;
	size_t size;	/* of the text, beyond the name */
};

static char longest[ACCOUNT_NAME_MAX], too_long[ACCOUNT_NAME_MAX + 1];

static const struct row rows[] = {
	{ .asked = "hanako", .name = "hanako", .uid = 2001 },
	{ .asked = "HANAKO", .name = "hanako", .uid = 2001 },
	{ .asked = "hanako@realm", .name = "hanako", .uid = 2001 },
	{ .asked = "REALM\\hanako", .name = "hanako", .uid = 2001 },
	/* The directory gives its own account the name of the local one. */
	{ .asked = "hanako@other", .name = "hanako", .uid = 3001 },
	{ .asked = "root@other", .name = "root", .uid = 3002 },
	{ .asked = "root", .name = "root", .uid = 0 },
	{ .asked = "backdoor@other", .name = "root", .uid = 0 },
	{ .asked = "dangling", .name = "nowhere", .uid = 3003 },
	{ .asked = "half@realm", .name = "half", .uid = 3004 },
	{ .asked = "half", .error = EIO },
	/* Names that go on and on. */
	{ .asked = "a", .name = "b", .uid = 3005 },
	{ .asked = "b", .name = "c", .uid = 3005 },
	{ .asked = "c", .name = "b", .uid = 3005 },
	{ .asked = "no-name", .name = "", .uid = 3006 },
	{ .asked = "long", .name = longest, .uid = 3007 },
	{ .asked = longest, .name = longest, .uid = 3007 },
	{ .asked = "too-long", .name = too_long, .uid = 3008 },
	{ .asked = "taro", .name = "taro", .uid = 2002, .size = LONG_ENTRY },
	{ .asked = "endless", .name = "endless", .uid = 3009, .size = (size_t)1 << 30 },
	{ .asked = "down", .error = ECONNREFUSED },
	/* Two names of one uid: each an account with a file of its own. */
	{ .asked = "toor", .name = "toor", .uid = 0 },
	/* By uid. */
	{ .asked = "#2001", .name = "hanako", .uid = 2001 },
	{ .asked = "#3001", .name = "hanako", .uid = 3001 },
	{ .asked = "#2002", .name = "TARO", .uid = 2002 },
	{ .asked = "TARO", .name = "taro", .uid = 2002 },
	{ .asked = "#0", .name = "root", .uid = 0 },
	{ .asked = "#3003", .name = "nowhere", .uid = 3003 },
};

static int
answer(const char *asked, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(rows[i].asked, asked) != 0)
			continue;
		if (rows[i].error != 0)
			return rows[i].error;
		if (strlen(rows[i].name) + rows[i].size >= size)
			return ERANGE;
		memcpy(text, rows[i].name, strlen(rows[i].name) + 1);
		*entry = (struct passwd){ .pw_name = text, .pw_uid = rows[i].uid };
		*ret = entry;
	}
	return 0;
}

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *text, size_t size, struct passwd **ret);
int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *text, size_t size, struct passwd **ret);

int
__wrap_getpwnam_r(const char *name, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	return answer(name, entry, text, size, ret);
}

int
__wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *text, size_t size, struct passwd **ret)
{
	char asked[24];

	snprintf(asked, sizeof asked, "#%lu", (unsigned long)uid);
	return answer(asked, entry, text, size, ret);
}

static void
expect(const char *typed, const char *name, uid_t uid)
{
	struct capture log;
	struct account account;
	char found[ACCOUNT_NAME_MAX];

	capture_start(&log);
	if (account_find(typed, &log.log, &account) != ACCOUNT_FOUND)
		fail_msg("%s is not found", typed);
	assert_string_equal(account.name, name);
	assert_int_equal(account.uid, uid);
	assert_true(account_name(typed, &log.log, found));
	assert_string_equal(found, name);
	account.uid = ACCOUNT_NO_UID;
	assert_true(account_or_typed(typed, &log.log, &account));
	assert_int_equal(account.uid, uid);
	assert_int_equal(log.lines, 0);
}

static void
each_name_leads_to_that_of_the_database(void **state)
{
	expect("hanako", "hanako", 2001);
	expect("HANAKO", "hanako", 2001);
	expect("hanako@realm", "hanako", 2001);
	expect("REALM\\hanako", "hanako", 2001);
	expect("toor", "toor", 0);
	expect("root", "root", 0);
	expect("backdoor@other", "root", 0);	/* it is root */
	expect("long", longest, 3007);
	expect("taro", "taro", 2002);		/* with much text */
}

/* The card of the one must not be looked for at the login of the other. */
static void
a_name_that_another_account_has_is_none(void **state)
{
	static const char *const names[] = { "hanako@other", "root@other", "dangling", "half@realm", "a", "no-name",
		"too-long" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct capture log;
		struct account account = { .uid = 4711 };
		char name[ACCOUNT_NAME_MAX] = "before";
		uid_t uid = 4711;

		capture_start(&log);
		if (account_find(names[i], &log.log, &account) != ACCOUNT_AMBIGUOUS)
			fail_msg("%s is not ambiguous", names[i]);
		assert_int_equal(account.uid, 4711);
		assert_non_null(strstr(log.text, names[i]));
		assert_false(account_name(names[i], &log.log, name));
		assert_string_equal(name, "before");
		assert_false(account_uid(names[i], &uid));
		assert_int_equal(uid, 4711);
	}
}

static void
without_an_account_the_typed_name_stays(void **state)
{
	static const char *const names[] = { "mallory", "down", "endless", "Hanako@nowhere", "x/../y" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct capture log;
		char name[ACCOUNT_NAME_MAX];
		struct account account;
		uid_t uid;

		capture_start(&log);
		assert_int_equal(account_find(names[i], &log.log, &account), ACCOUNT_ABSENT);
		assert_true(account_name(names[i], &log.log, name));
		assert_string_equal(name, names[i]);
		assert_false(account_uid(names[i], &uid));
		assert_true(account_or_typed(names[i], &log.log, &account));
		assert_true(account.uid == ACCOUNT_NO_UID);
	}
}

static void
what_no_account_can_be_called(void **state)
{
	const struct log silent = { .sink = NULL };
	char name[ACCOUNT_NAME_MAX];

	assert_false(account_name("", &silent, name));
	assert_false(account_name(too_long, &silent, name));
	assert_true(account_name(longest, &silent, name));
}

static void
a_database_that_does_not_answer_is_in_the_log(void **state)
{
	struct capture log;
	struct account account;

	capture_start(&log);
	assert_int_equal(account_find("down", &log.log, &account), ACCOUNT_ABSENT);
	assert_non_null(strstr(log.text, "does not answer"));
}

static void
expect_of_uid(uid_t uid, const char *named, const char *name)
{
	const struct log silent = { .sink = NULL };
	struct account account;

	assert_int_equal(account_of_uid(uid, named, &silent, &account), ACCOUNT_FOUND);
	assert_string_equal(account.name, name);
	assert_int_equal(account.uid, uid);
}

static void
an_account_by_its_uid(void **state)
{
	const struct log silent = { .sink = NULL };
	struct account account;

	expect_of_uid(2001, NULL, "hanako");
	expect_of_uid(2001, "", "hanako");
	expect_of_uid(2001, "HANAKO", "hanako");
	expect_of_uid(2001, "taro", "hanako");	/* another user */
	expect_of_uid(2001, "hanako@other", "hanako");
	expect_of_uid(2001, "mallory", "hanako");
	expect_of_uid(2002, NULL, "taro");
	expect_of_uid(0, NULL, "root");
	expect_of_uid(0, "toor", "toor");
	/* The name that it has is the other's first of all. */
	assert_int_equal(account_of_uid(3001, NULL, &silent, &account), ACCOUNT_AMBIGUOUS);
	assert_int_equal(account_of_uid(3001, "hanako", &silent, &account), ACCOUNT_AMBIGUOUS);
	assert_int_equal(account_of_uid(3003, NULL, &silent, &account), ACCOUNT_ABSENT);
	assert_int_equal(account_of_uid(4711, "hanako", &silent, &account), ACCOUNT_ABSENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_leads_to_that_of_the_database),
		cmocka_unit_test(a_name_that_another_account_has_is_none),
		cmocka_unit_test(without_an_account_the_typed_name_stays),
		cmocka_unit_test(what_no_account_can_be_called),
		cmocka_unit_test(a_database_that_does_not_answer_is_in_the_log),
		cmocka_unit_test(an_account_by_its_uid),
	};

	memset(longest, 'l', sizeof longest - 1);
	memset(too_long, 'l', sizeof too_long - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

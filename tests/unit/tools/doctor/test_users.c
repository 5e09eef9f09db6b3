/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl doctor on the system users: none has two jobs. The accounts are the test's. */
#include "config.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tools/doctor/doctor.h"

static struct known_user {
	const char *name;
	uid_t uid;
} accounts[8];

static struct {
	enum finding finding;
	char detail[DETAIL_MAX];
	unsigned int count;
} last;

/* In place of libc's. */
struct passwd *
getpwnam(const char *name)
{
	static struct passwd pw;

	for (size_t i = 0; i < COUNT(accounts) && accounts[i].name != NULL; i++)
		if (strcmp(accounts[i].name, name) == 0) {
			pw = (struct passwd){ .pw_uid = accounts[i].uid };
			return &pw;
		}
	return NULL;
}

/* In place of jpkictl's. */
void
found(struct doctor *d, enum finding f, const char *format, ...)
{
	va_list ap;

	last.finding = f;
	last.count++;
	va_start(ap, format);
	vsnprintf(last.detail, sizeof last.detail, format, ap);
	va_end(ap);
}

static struct tool tool;

/* Without processes, so far as a machine can be expected to be. */
#define OWN_KEYS { KEYS_USER, 871 }
#define OWN_FETCH { FETCH_USER, 872 }
#define OWN_HELPER { HELPER_USER, 873 }

static void
with(const struct known_user *list, size_t count)
{
	memset(accounts, 0, sizeof accounts);
	memcpy(accounts, list, count * sizeof *list);
	memset(&last, 0, sizeof last);
}
#define WITH(...) with((const struct known_user[]){ __VA_ARGS__ }, COUNT(((const struct known_user[]){ __VA_ARGS__ })))

static void
keys_are_given_by_a_user_for_that_alone(void **state)
{
	static const struct {
		const char *name;
		uid_t uid;
		bool alone;
	} rows[] = {
		{ "keys", 871, true }, { "keys", 100, true }, { "keys", 999, true },
		{ "root", 0, false }, { "daemon", 1, false }, { "www-data", 33, false }, { "keys", 99, false },
		{ "hanako", 1000, false }, { "hanako", 2001, false }, { "nobody", 65534, false },
		{ "nfsnobody", 4294967294, false }, { "fetch", 872, false }, { "helper", 873, false },
		{ FETCH_USER, 872, false }, { HELPER_USER, 873, false },
	};
	struct doctor d = { .t = &tool };

	for (size_t i = 0; i < COUNT(rows); i++) {
		WITH({ rows[i].name, rows[i].uid }, OWN_FETCH, OWN_HELPER);
		assert_int_equal(doctor_keys_user(&d, rows[i].name), rows[i].alone);
		assert_int_equal(last.count, !rows[i].alone);
		if (!rows[i].alone)
			assert_int_equal(last.finding, FOUND_SSH_KEYS_SHARED);
	}
	assert_false(doctor_keys_user(&d, "no-such-user"));
	assert_int_equal(last.finding, FOUND_USER_ABSENT);
}

static void
fetching_and_card_are_users_of_their_own(void **state)
{
	struct doctor d = { .t = &tool };

	WITH(OWN_KEYS, OWN_FETCH, OWN_HELPER);
	doctor_users(&d);
	assert_int_equal(last.count, 0);

	WITH(OWN_KEYS, OWN_HELPER);
	doctor_users(&d);
	assert_int_equal(last.finding, FOUND_USER_ABSENT);
	assert_string_equal(last.detail, FETCH_USER);

	WITH(OWN_KEYS, { FETCH_USER, 871 }, OWN_HELPER);
	doctor_users(&d);
	assert_int_equal(last.finding, FOUND_USER_SHARED);
	assert_non_null(strstr(last.detail, KEYS_USER));

	WITH(OWN_KEYS, { FETCH_USER, 65534 }, OWN_HELPER);
	doctor_users(&d);
	assert_int_equal(last.finding, FOUND_USER_SHARED);

	snprintf(tool.conf.helper_user, sizeof tool.conf.helper_user, "card");
	WITH(OWN_KEYS, OWN_FETCH, { "card", 872 });
	doctor_users(&d);
	assert_int_equal(last.finding, FOUND_USER_SHARED);
	assert_int_equal(last.count, 2);	/* from either side */
	WITH(OWN_KEYS, OWN_FETCH);
	doctor_users(&d);
	assert_int_equal(last.finding, FOUND_USER_ABSENT);
	tool.conf.helper_user[0] = '\0';
}

/* Another program of the same user, whatever it is, could write into the answer. */
static void
nothing_else_runs_as_that_user(void **state)
{
	struct doctor d = { .t = &tool };
	int ready[2], status;
	char c;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresuid(871, 871, 871) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && write(ready[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	WITH(OWN_KEYS, OWN_FETCH, OWN_HELPER);
	assert_false(doctor_keys_user(&d, KEYS_USER));
	assert_int_equal(last.finding, FOUND_SSH_KEYS_SHARED);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(doctor_keys_user(&d, KEYS_USER));
	(void)close(ready[0]);
	(void)close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_given_by_a_user_for_that_alone),
		cmocka_unit_test(fetching_and_card_are_users_of_their_own),
		cmocka_unit_test(nothing_else_runs_as_that_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

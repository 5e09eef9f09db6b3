/* SPDX-License-Identifier: BSD-2-Clause */
/* config/fleetcopy: how old the copy is, what it blocks, and what is wrong with it. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define NOW 1764345600
#define HOUR 3600
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct conf conf;
static struct capture capture;

static bool
reads(const char *text, struct fleetcopy_state *ret)
{
	return fleetcopy_read_state((struct view){ (const uint8_t *)text, strlen(text) }, ret);
}

static void
state_is_read_strictly(void **state)
{
	static const char *const bad[] = { "", "\n", "# time 1\n", "time", "time \n", "time x\n", "time -1\n", "time +1\n",
		"time 1.5\n", "time 0x10\n", "time 1 2\n", "time 1\ntime 1\n", "time 1\nother 1\n", "time 1\ngeneration\n",
		"generation 1\n", "Time 1\n", "time 1234567890123456789\n", "time=1\n", "time 1\nenrolled -1\n" };
	struct fleetcopy_state s;

	assert_true(reads("time 1764345600", &s));
	assert_true(s.time == 1764345600 && s.generation == 0 && s.enrolled == -1 && s.blocked == -1);
	assert_true(reads("# by cn=state\nblocked 12\n\n  enrolled\t20000  # people\ngeneration 7\ntime 1\n", &s));
	assert_true(s.time == 1 && s.generation == 7 && s.enrolled == 20000 && s.blocked == 12);
	assert_true(reads("time 123456789012345678\n", &s));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (reads(bad[i], &s))
			fail_msg("\"%s\" is taken", bad[i]);
	assert_false(fleetcopy_read_state((struct view){ (const uint8_t *)"time 1\0", 7 }, &s));
}

static void
state_that_is_too_long(void **state)
{
	static char text[FLEETCOPY_STATE_MAX + 1];
	struct fleetcopy_state s;
	struct view v = { (const uint8_t *)text, FLEETCOPY_STATE_MAX };

	memset(text, '\n', sizeof text);
	text[snprintf(text, sizeof text, "time 1\n")] = '\n';
	assert_true(fleetcopy_read_state(v, &s));
	v.len++;
	assert_false(fleetcopy_read_state(v, &s));
}

/* --- the copy ------------------------------------------------------------------------- */

static void
opened(int64_t now, struct fleetcopy *ret)
{
	capture_start(&capture);
	fleetcopy_open(&conf, geteuid(), now, &capture.log, ret);
}

static enum fleetcopy_condition
condition_at(int64_t now)
{
	struct fleetcopy copy;

	opened(now, &copy);
	fleetcopy_close(&copy);
	return copy.condition;
}

static enum outcome_status
check(const char *name)
{
	struct fleetcopy copy;
	struct outcome o;

	opened(NOW, &copy);
	o = fleetcopy_check(&copy, name);
	fleetcopy_close(&copy);
	return o.status;
}

static void
write_state(int64_t time)
{
	char text[64];

	snprintf(text, sizeof text, "time %lld\n", (long long)time);
	scratch_text("fleet/state", text);
}

static void
no_copy_blocks_nothing(void **state)
{
	conf.fleet_dir[0] = '\0';
	assert_int_equal(condition_at(NOW), FLEETCOPY_NONE);
	assert_int_equal(check(HASH), OUTCOME_OK);
	assert_int_equal(capture.lines, 0);
	snprintf(conf.fleet_dir, sizeof conf.fleet_dir, "%s", scratch_path("not-there"));
	assert_int_equal(condition_at(NOW), FLEETCOPY_NONE);
	assert_non_null(strstr(capture.text, "does not exist yet"));
	assert_int_equal(check(HASH), OUTCOME_OK);
}

static void
a_file_name_blocks_that_certificate(void **state)
{
	assert_int_equal(check(HASH), OUTCOME_OK);
	scratch_text("fleet/blocked/" HASH, "");
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
	assert_int_equal(check(HASH "-06f1a2b3"), OUTCOME_OK);
	scratch_text("fleet/blocked/" HASH "-06f1a2b3", "a reason");
	assert_int_equal(check(HASH "-06f1a2b3"), OUTCOME_FLEET_BLOCKED);
	assert_int_equal(check(HASH "-06f1a2b4"), OUTCOME_OK);
}

/* A name blocks, whatever it is the name of. */
static void
links_and_directories_block_too(void **state)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s", scratch_path("fleet/blocked/" HASH));
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
}

static void
fresh_and_stale(void **state)
{
	conf.fleet_max_age = 2 * 60;
	write_state(NOW - 2 * HOUR);
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
	assert_int_equal(capture.lines, 0);
	assert_int_equal(condition_at(NOW + 1), FLEETCOPY_STALE);
	assert_non_null(strstr(capture.text, "JPKI-W-FLEET-STALE"));
	assert_non_null(strstr(capture.text, "2 hours ago"));
	write_state(NOW + FLEETCOPY_AHEAD_S);
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
	write_state(NOW + FLEETCOPY_AHEAD_S + 1);
	assert_int_equal(condition_at(NOW), FLEETCOPY_STALE);
	assert_non_null(strstr(capture.text, "in the future"));
	conf.fleet_max_age = 0;
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
	write_state(0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
}

/* By the minute, and said so. */
static void
stale_by_minutes(void **state)
{
	conf.fleet_max_age = 3;
	write_state(NOW - 180);
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
	assert_int_equal(condition_at(NOW + 1), FLEETCOPY_STALE);
	assert_non_null(strstr(capture.text, "3 minutes ago, and fleet_max_age is 3"));
	conf.fleet_max_age = 90;
	assert_int_equal(condition_at(NOW + 90 * 60 - 180), FLEETCOPY_FRESH);
	assert_int_equal(condition_at(NOW + 90 * 60), FLEETCOPY_STALE);
	assert_non_null(strstr(capture.text, "93 minutes ago, and fleet_max_age is 90"));
}

/* Only a copy that follows a directory by itself is confirmed each minute. */
static void
a_copy_that_follows_is_late_after_minutes(void **state)
{
	assert_false(fleetcopy_is_late(&conf, 0, NOW));
	snprintf(conf.fleet_uri, sizeof conf.fleet_uri, "ldaps://a.example");
	assert_false(fleetcopy_is_late(&conf, NOW, NOW));
	assert_false(fleetcopy_is_late(&conf, NOW - FLEETCOPY_LATE_S, NOW));
	assert_true(fleetcopy_is_late(&conf, NOW - FLEETCOPY_LATE_S - 1, NOW));
	assert_true(fleetcopy_is_late(&conf, 0, NOW));
	assert_false(fleetcopy_is_late(&conf, NOW + FLEETCOPY_AHEAD_S, NOW));
	assert_true(fleetcopy_is_late(&conf, NOW + FLEETCOPY_AHEAD_S + 1, NOW));
}

/* A copy that is stale or has no state yet blocks what it blocks. */
static void
a_stale_or_broken_copy_still_blocks(void **state)
{
	conf.fleet_max_age = 60;
	write_state(NOW - 10 * HOUR);
	scratch_text("fleet/blocked/" HASH, "");
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
	assert_int_equal(unlink(scratch_path("fleet/state")), 0);
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_non_null(strstr(capture.text, "not whole"));
	scratch_text("fleet/state", "time tomorrow\n");
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(check(HASH), OUTCOME_FLEET_BLOCKED);
}

static void
an_unsafe_copy_refuses(void **state)
{
	assert_int_equal(chmod(scratch_path("fleet/state"), 0666), 0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(chmod(scratch_path("fleet/state"), 0644), 0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_FRESH);
	assert_int_equal(chmod(scratch_path("fleet/blocked"), 0777), 0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(check(HASH), OUTCOME_FLEET);
	assert_int_equal(rmdir(scratch_path("fleet/blocked")), 0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(check(HASH), OUTCOME_FLEET);
	assert_int_equal(symlink("/etc", scratch_path("fleet/blocked")), 0);
	assert_int_equal(check(HASH), OUTCOME_FLEET);
	assert_int_equal(unlink(scratch_path("fleet/blocked")), 0);
	assert_int_equal(mkdir(scratch_path("fleet/blocked"), 0755), 0);
	assert_int_equal(check(HASH), OUTCOME_OK);
	assert_int_equal(chmod(scratch_path("fleet"), 0777), 0);
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(check(HASH), OUTCOME_FLEET);
}

/* --- for whom ------------------------------------------------------------------------- */

static void
system_accounts_are_never_registered(void **state)
{
	snprintf(conf.fleet_never, sizeof conf.fleet_never, "admin,DOM\\kanri");
	assert_true(fleetcopy_may_register(&conf, "hanako", 1000));
	assert_true(fleetcopy_may_register(&conf, "hanako", 4000000000U));
	assert_false(fleetcopy_may_register(&conf, "hanako", 999));
	assert_false(fleetcopy_may_register(&conf, "root", 0));
	assert_false(fleetcopy_may_register(&conf, "admin", 1000));
	assert_false(fleetcopy_may_register(&conf, "DOM\\kanri", 5000));
	assert_true(fleetcopy_may_register(&conf, "admi", 1000));
	conf.fleet_min_uid = 0;		/* no option can say so: even then */
	assert_false(fleetcopy_may_register(&conf, "toor", 0));
	assert_true(fleetcopy_may_register(&conf, "daemon", 1));
}

static void
path_of_users_has_to_fit(void **state)
{
	char path[PATH_MAX];

	fleetcopy_users_dir(&conf, path);
	assert_string_equal(path, scratch_path("fleet/users"));
	conf.fleet_dir[0] = '\0';
	fleetcopy_users_dir(&conf, path);
	assert_string_equal(path, "");
	memset(conf.fleet_dir, 'a', sizeof conf.fleet_dir - 1);
	conf.fleet_dir[0] = '/';
	fleetcopy_users_dir(&conf, path);
	assert_string_equal(path, "");
	assert_int_equal(condition_at(NOW), FLEETCOPY_BROKEN);
	assert_int_equal(check(HASH), OUTCOME_FLEET);
}

static int
prepare(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	conf_init(&conf);
	snprintf(conf.fleet_dir, sizeof conf.fleet_dir, "%s", scratch_mkdir("fleet", 0755));
	(void)scratch_mkdir("fleet/users", 0755);
	(void)scratch_mkdir("fleet/blocked", 0755);
	write_state(NOW);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, prepare, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(state_is_read_strictly),
		TEST(state_that_is_too_long),
		TEST(no_copy_blocks_nothing),
		TEST(a_file_name_blocks_that_certificate),
		TEST(links_and_directories_block_too),
		TEST(fresh_and_stale),
		TEST(stale_by_minutes),
		TEST(a_copy_that_follows_is_late_after_minutes),
		TEST(a_stale_or_broken_copy_still_blocks),
		TEST(an_unsafe_copy_refuses),
		TEST(system_accounts_are_never_registered),
		TEST(path_of_users_has_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

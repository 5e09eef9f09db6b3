/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/watch/blocked: which blocks are a reason to act, on real lists that change. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"
#include "tools/watch/blocked.h"

#define OURS "1111111111111111222222222222222233333333333333334444444444444444"
#define ALSO_OURS "aaaaaaaaaaaaaaaa222222222222222233333333333333334444444444444444"
#define STRANGER "1111111111111112222222222222222233333333333333334444444444444444"
#define ISSUER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct conf conf;
static struct session session;
static struct capture capture;
static struct look look;
static struct blocked watched;

/* What was done. */
static struct {
	atomic_uint times;
	char id[LOOK_ID_LEN + 1];
	bool fails;
} acted;

static bool
act(void *ctx, const char *id)
{
	acted.times++;
	snprintf(acted.id, sizeof acted.id, "%s", id);
	return !acted.fails;
}

static void
look_has(size_t i, const char *fingerprint, const char *number)
{
	look.at[i].by_certificate = look.at[i].by_serial = (struct block_entry){ .serial = "" };
	snprintf(look.at[i].id, sizeof look.at[i].id, "%.16s", fingerprint);
	snprintf(look.at[i].by_certificate.certificate, sizeof look.at[i].by_certificate.certificate, "%s", fingerprint);
	if (number != NULL) {
		snprintf(look.at[i].by_serial.issuer_key, sizeof look.at[i].by_serial.issuer_key, "%s", ISSUER);
		snprintf(look.at[i].by_serial.serial, sizeof look.at[i].by_serial.serial, "%s", number);
	}
	look.count = i + 1;
}

static const char *
block_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/" FLEETCOPY_BLOCKED "/%.200s", conf.fleet_dir, name);
	return path;
}

static void
block(const char *name)
{
	int fd = open(block_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	(void)close(fd);
}

static void
lift(const char *name)
{
	assert_int_equal(unlink(block_path(name)), 0);
}

/* As an administrator's program does. */
static void
list_is(const char *text)
{
	scratch_text("list/new", text);
	assert_int_equal(rename(scratch_path("list/new"), conf.block_list), 0);
}

static int
begin(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	conf_init(&conf);
	capture_start(&capture);
	scratch_mkdir("list", 0755);
	snprintf(conf.block_list, sizeof conf.block_list, "%s", scratch_path("list/blocked"));
	snprintf(conf.fleet_dir, sizeof conf.fleet_dir, "%s", scratch_mkdir("fleet", 0755));
	scratch_mkdir("fleet/users", 0755);
	scratch_mkdir("fleet/blocked", 0755);
	scratch_text("fleet/state", "time 1\n");
	session = (struct session){ .id = "" };
	snprintf(session.cert, sizeof session.cert, "%.16s", OURS);
	memset(&look, 0, sizeof look);
	look_has(0, OURS, "07");
	look_has(1, ALSO_OURS, "0a");
	acted.times = 0;
	acted.fails = false;
	watched = (struct blocked){ .conf = &conf, .owner = getuid(), .log = &capture.log, .session = &session, .act = act,
		.lock = PTHREAD_MUTEX_INITIALIZER };
	return 0;
}

static void
acts(unsigned int times, const char *fingerprint)
{
	assert_int_equal(blocked_look(&watched), -1);
	assert_int_equal(acted.times, times);
	if (fingerprint != NULL)
		assert_memory_equal(acted.id, fingerprint, LOOK_ID_LEN);
}

static void
each_kind_of_block(void **state)
{
	static const char *const lines[] = { "certificate " OURS "\n", "serial " ISSUER " 07\n" };
	static const char *const names[] = { OURS, ISSUER "-07" };
	unsigned int times = 0;

	blocked_use(&watched, &look);
	acts(0, NULL);
	for (size_t i = 0; i < COUNT(names); i++) {
		block(names[i]);
		acts(++times, OURS);
		acts(times, NULL);	/* once */
		lift(names[i]);
		acts(times, NULL);
		list_is(lines[i]);
		acts(++times, OURS);
		acts(times, NULL);
		list_is("# nothing\n");
		acts(times, NULL);
	}
	block(ALSO_OURS);
	acts(++times, ALSO_OURS);
}

static void
blocks_of_others(void **state)
{
	static const char *const names[] = { STRANGER, ISSUER "-08", ISSUER "-0700", ISSUER, OURS "-07", "x" OURS,
		"1111111111111111", "07" };

	blocked_use(&watched, &look);
	for (size_t i = 0; i < COUNT(names); i++)
		block(names[i]);
	list_is("certificate " STRANGER "\nserial " ISSUER " 08\nserial " STRANGER " 07\n");
	acts(0, NULL);
	look_has(0, OURS, NULL);	/* its issuer is not trusted, so that its number means nothing */
	look.count = 1;
	blocked_use(&watched, &look);
	block("-");
	acts(0, NULL);
}

/* The session began before the watch: a block from before the watch counts for the certificate that opened the session. */
static void
a_block_from_before_the_watch_counts_once(void **state)
{
	block(OURS);
	block(ALSO_OURS);
	blocked_use(&watched, &look);
	acts(1, OURS);
	acts(1, NULL);
	lift(ALSO_OURS);
	acts(1, NULL);
	block(ALSO_OURS);
	acts(2, ALSO_OURS);
}

static void
session_without_a_card(void **state)
{
	session.cert[0] = '\0';
	block(OURS);
	blocked_use(&watched, &look);
	acts(0, NULL);
	block(ALSO_OURS);
	acts(1, ALSO_OURS);
}

static void
an_action_that_failed_is_tried_again(void **state)
{
	blocked_use(&watched, &look);
	acted.fails = true;
	block(OURS);
	assert_true(blocked_look(&watched) > 0);
	assert_true(blocked_look(&watched) > 0);
	acted.fails = false;
	acts(3, OURS);
	acts(3, NULL);
}

/* What cannot be read neither blocks nor lifts. */
static void
a_damaged_list_neither_blocks_nor_lifts(void **state)
{
	blocked_use(&watched, &look);
	list_is("nonsense\n");
	acts(0, NULL);
	list_is("certificate " OURS "\n");
	acts(1, OURS);
	list_is("certificate " OURS "\nnonsense\n");
	acts(1, NULL);
	list_is("certificate " OURS "\n");
	acts(1, NULL);
	assert_int_equal(unlink(conf.block_list), 0);
	acts(1, NULL);

	assert_int_equal(chmod(scratch_path("fleet/blocked"), 0777), 0);
	block(OURS);
	acts(1, NULL);			/* every user could have written it */
	assert_int_equal(chmod(scratch_path("fleet/blocked"), 0755), 0);
	acts(2, OURS);
	assert_int_equal(rename(scratch_path("fleet"), scratch_path("away")), 0);
	acts(2, NULL);
	assert_int_equal(rename(scratch_path("away"), scratch_path("fleet")), 0);
	scratch_text("fleet/state", "nonsense\n");	/* a copy that is not whole blocks all the same */
	look_has(0, ALSO_OURS, NULL);
	blocked_use(&watched, &look);
	block(ALSO_OURS);
	acts(3, ALSO_OURS);
	conf.fleet_dir[0] = '\0';
	acts(3, NULL);
}

static void
a_renewed_certificate_is_watched_too(void **state)
{
	static const char next[] = "bbbbbbbbbbbbbbbb222222222222222233333333333333334444444444444444";

	blocked_use(&watched, &look);
	block(OURS);
	acts(1, OURS);
	look_has(1, next, NULL);
	blocked_use(&watched, &look);
	acts(1, NULL);			/* not a second time */
	block(next);
	acts(2, next);
}

/* The card that opened the session is no longer registered. */
static void
an_unregistered_card_of_the_session_counts(void **state)
{
	assert_true(blocked_use_session(&watched));
	acts(0, NULL);
	block(STRANGER);
	block(ALSO_OURS);
	block(ISSUER "-07");
	list_is("certificate " STRANGER "\n");
	acts(0, NULL);
	block(OURS);
	acts(1, OURS);
	acts(1, OURS);			/* not a second time */
	lift(OURS);
	acts(1, OURS);
	list_is("certificate " OURS "\n");
	acts(2, OURS);
	assert_true(blocked_use_session(&watched));	/* a watch that begins now */
	acts(3, OURS);
}

static void
a_session_that_names_no_certificate_is_not_followed(void **state)
{
	static const char *const names[] = { "", "111111111111111", "11111111111111111", "111111111111111g" };

	block(OURS);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(session.cert, sizeof session.cert, "%s", names[i]);
		assert_false(blocked_use_session(&watched));
		acts(0, NULL);
	}
}

/* Waits for that many actions, for twenty seconds at most. */
static bool
acted_soon(unsigned int times)
{
	for (int i = 0; i < 2000 && acted.times < times; i++)
		(void)poll(NULL, 0, 10);
	return acted.times == times;
}

/* The thread that jpki-watch has: it ends with the process. */
static void
noticed_at_once(void **state)
{
	char name[CERT_FINGERPRINT_LEN + 1];

	assert_int_equal(rename(scratch_path("fleet"), scratch_path("later")), 0);
	blocked_use(&watched, &look);
	assert_true(blocked_begin(&watched));
	list_is("# begin\n");
	(void)poll(NULL, 0, 500);
	assert_int_equal(rename(scratch_path("later"), scratch_path("fleet")), 0);	/* the first copy comes */
	(void)poll(NULL, 0, 1000);
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "%08x%s", i, OURS + 8);
		block(name);
	}
	assert_int_equal(acted.times, 0);
	block(OURS);
	assert_true(acted_soon(1));
	list_is("certificate " ALSO_OURS "\n");
	assert_true(acted_soon(2));
	lift(OURS);
	list_is("# nothing\n");
	(void)poll(NULL, 0, 1000);
	assert_int_equal(acted.times, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_of_block),
		TEST(blocks_of_others),
		TEST(a_block_from_before_the_watch_counts_once),
		TEST(session_without_a_card),
		TEST(an_action_that_failed_is_tried_again),
		TEST(a_damaged_list_neither_blocks_nor_lifts),
		TEST(a_renewed_certificate_is_watched_too),
		TEST(an_unregistered_card_of_the_session_counts),
		TEST(a_session_that_names_no_certificate_is_not_followed),
		TEST(noticed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

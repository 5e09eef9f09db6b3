/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/session: what the writer wants, and how long a server is kept that the writer does not believe. */
#include "config.h"

#include <unistd.h>

#include "tests/unit/test.h"

#include "tools/ldap/session.h"

static int commands[2];		/* standard input's other end */

static int
setup(void **state)
{
	assert_int_equal(pipe(commands), 0);
	assert_true(dup2(commands[0], STDIN_FILENO) >= 0);
	return close(commands[0]);
}

static void
hang_up(void)
{
	if (commands[1] >= 0)
		assert_int_equal(close(commands[1]), 0);
	commands[1] = -1;
}

static int
teardown(void **state)
{
	hang_up();
	return 0;
}

static void
want(char command)
{
	assert_int_equal(write(commands[1], &command, 1), 1);
}

/* The seconds after which the session is over; -1: it is not over after `most`. */
static int64_t
over_after(struct session *s, int most, enum session_end *ret_end)
{
	int64_t began = session_clock();
	bool heard;

	while (session_clock() - began < most)
		if (!session_wait(s, 1, &heard, ret_end))
			return session_clock() - began;
	return -1;
}

/* Before a whole answer there are no changes to hear. */
static void
another_server_before_a_whole_answer(void **state)
{
	struct session s = { .stay = 60 };
	enum session_end end;

	want(FEED_NEXT);
	assert_int_equal(over_after(&s, 1, &end), 0);
	assert_int_equal(end, SESSION_NEXT);
	assert_int_equal(s.leave_at, 0);
}

static void
another_server_after_a_whole_answer(void **state)
{
	struct session s = { .whole = true, .stay = 3 };
	enum session_end end;
	int64_t after;

	want(FEED_NEXT);
	want(FEED_NEXT);	/* once more does not prolong it */
	after = over_after(&s, 6, &end);
	assert_uint_in_range(after, 2, 4);
	assert_int_equal(end, SESSION_NEXT);
	assert_int_not_equal(s.leave_at, 0);
}

/* While it stays, the writer is heard as ever. */
static void
other_commands_while_it_stays(void **state)
{
	struct session s = { .whole = true, .stay = 60 };
	enum session_end end;

	want(FEED_NEXT);
	assert_int_equal(over_after(&s, 1, &end), -1);
	want(FEED_AGAIN);
	assert_true(over_after(&s, 2, &end) >= 0);
	assert_int_equal(end, SESSION_AGAIN);
	hang_up();
	assert_true(over_after(&s, 2, &end) >= 0);
	assert_int_equal(end, SESSION_OVER);
}

static void
long_waits_end_when_it_leaves(void **state)
{
	struct session s = { .whole = true, .stay = 1 };
	enum session_end end;
	int64_t began = session_clock();
	bool heard;

	want(FEED_NEXT);
	while (session_wait(&s, 600, &heard, &end))
		assert_false(heard);
	assert_int_equal(end, SESSION_NEXT);
	assert_true(session_clock() - began < 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_server_before_a_whole_answer),
		TEST(another_server_after_a_whole_answer),
		TEST(other_commands_while_it_stays),
		TEST(long_waits_end_when_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/fleet/rules: each of the rules, as a table. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/fleet/rules.h"

/* A moment in microseconds, or in whole seconds. */
static struct fleet_stamp
fine(int64_t s, uint32_t us)
{
	return (struct fleet_stamp){ .s = s, .us = us };
}

static struct fleet_stamp
coarse(int64_t s)
{
	return (struct fleet_stamp){ .s = s, .coarse = true };
}

static void
the_later_stamp_wins(void **state)
{
	static const struct {
		struct fleet_stamp a, b;
		bool later;
	} rows[] = {
		{ { .s = 2 }, { .s = 1 }, true },
		{ { .s = 1 }, { .s = 2 }, false },
		{ { .s = 1, .us = 2 }, { .s = 1, .us = 1 }, true },
		{ { .s = 1, .us = 1 }, { .s = 1, .us = 1 }, false },
		{ { .s = 1, .us = 1, .count = 1 }, { .s = 1, .us = 1 }, true },
		{ { .s = 1, .us = 1 }, { .s = 1, .us = 1, .count = 1 }, false },
		{ { .s = 1, .coarse = true }, { .s = 1 }, false },	/* unknown which came first */
		{ { .s = 1, .us = 5 }, { .s = 1, .coarse = true }, false },
		{ { .s = 2, .coarse = true }, { .s = 1, .us = 5 }, true },
		{ { .s = 0 }, { .s = 0 }, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rules_later(&rows[i].a, &rows[i].b) != rows[i].later)
			fail_msg("row %zu", i);
}

static void
stamps_are_read(void **state)
{
	static const char *const bad[] = { "", "2026", "20261129030000", "20261129030000Z ", "20261129030000+0900",
		"20261329030000Z", "20261100030000Z", "20261129240000Z", "20261129036000Z", "20261129030000.5Z",
		"2026112903000Z", "202611290300000Z", "19000101000000Z" };
	static const char *const bad_csn[] = { "", "20261129030000Z", "20261129030000.123456Z", "20261129030000.12345Z#000000#000#000000",
		"20261129030000.123456Z#00000#000#000000", "20261129030000.123456Z#000000#000#00000g",
		"20261129030000.123456Z#000000#000#000000#", "20261129030000.123456Z#000000#000", "x20261129030000.123456Z#000000#000#000000" };
	struct fleet_stamp s;

	assert_true(rules_read_time("20261129030000Z", &s));
	assert_true(s.s == 1795921200 && s.coarse);
	assert_true(rules_read_csn("20261129030000.123456Z#00000a#001#000000", &s));
	assert_true(s.s == 1795921200 && s.us == 123456 && s.count == 10 && !s.coarse);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (rules_read_time(bad[i], &s))
			fail_msg("\"%s\" is taken for a time", bad[i]);
	for (size_t i = 0; i < COUNT(bad_csn); i++)
		if (rules_read_csn(bad_csn[i], &s))
			fail_msg("\"%s\" is taken for a CSN", bad_csn[i]);
}

/* In whatever order the words arrive, the same comes of it. */
static void
deny_is_sticky(void **state)
{
	struct fleet_mark mark = { .ever_blocked = false };
	struct fleet_stamp early = fine(10, 0), middle = fine(20, 0), late = fine(30, 0), same = coarse(20);

	assert_false(rules_is_blocked(&mark));
	assert_true(rules_note_word(&mark, FLEET_BLOCK, &middle));
	assert_true(rules_is_blocked(&mark));
	assert_true(rules_note_word(&mark, FLEET_LIFT, &early));	/* an old lift, from a backup */
	assert_true(rules_is_blocked(&mark));
	(void)rules_note_word(&mark, FLEET_LIFT, &middle);
	assert_true(rules_is_blocked(&mark));		/* of one moment: deny wins */
	(void)rules_note_word(&mark, FLEET_LIFT, &same);
	assert_true(rules_is_blocked(&mark));
	assert_true(rules_note_word(&mark, FLEET_LIFT, &late));
	assert_false(rules_is_blocked(&mark));
	assert_false(rules_note_word(&mark, FLEET_BLOCK, &middle));	/* the block that was lifted, again */
	assert_false(rules_is_blocked(&mark));
	(void)rules_note_word(&mark, FLEET_BLOCK, &late);
	assert_true(rules_is_blocked(&mark));
}

static void
lift_before_its_block(void **state)
{
	struct fleet_mark mark = { .ever_blocked = false };
	struct fleet_stamp early = fine(10, 0), late = fine(30, 0), never = { .s = 0 };

	assert_true(rules_note_word(&mark, FLEET_LIFT, &late));
	assert_false(rules_is_blocked(&mark));
	assert_true(rules_note_word(&mark, FLEET_BLOCK, &early));
	assert_false(rules_is_blocked(&mark));		/* it was lifted afterwards */
	mark = (struct fleet_mark){ .ever_blocked = false };
	assert_true(rules_note_word(&mark, FLEET_BLOCK, &never));	/* no stamp at all */
	assert_true(rules_is_blocked(&mark));
	assert_false(rules_note_word(&mark, FLEET_LIFT, &never));
	assert_true(rules_is_blocked(&mark));
}

static void
few_may_be_missing_from_a_whole_answer(void **state)
{
	static const struct {
		struct fleet_refresh r;
		int64_t known, gone;
		enum fleet_absence wanted;
	} rows[] = {
		{ { false, 99, 99 }, 100, 1, FLEET_REMOVE },
		{ { false, 80, 80 }, 100, 20, FLEET_REMOVE },
		{ { false, 79, 79 }, 100, 21, FLEET_HOLD },
		{ { false, 19600, 19600 }, 20000, 400, FLEET_REMOVE },
		{ { false, 19599, 19599 }, 20000, 401, FLEET_HOLD },
		{ { false, 0, 0 }, 20000, 20000, FLEET_HOLD },	/* emptied */
		{ { true, 99, 99 }, 100, 1, FLEET_HOLD },
		{ { false, 99, 100 }, 100, 1, FLEET_HOLD },
		{ { false, 99, 98 }, 100, 1, FLEET_HOLD },
		{ { false, 99, -1 }, 100, 1, FLEET_HOLD },	/* nothing states a number */
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rules_absence(&rows[i].r, rows[i].known, rows[i].gone) != rows[i].wanted)
			fail_msg("row %zu", i);
}

static void
nothing_is_resurrected(void **state)
{
	struct fleet_stamp removed = fine(100, 500), old = fine(50, 0), same = fine(100, 500), fresh = fine(100, 501),
	    second = coarse(100), next = coarse(101), never = { .s = 0 };

	assert_false(rules_may_return(&removed, &old));
	assert_false(rules_may_return(&removed, &same));
	assert_false(rules_may_return(&removed, &second));
	assert_false(rules_may_return(&removed, &never));
	assert_true(rules_may_return(&removed, &fresh));
	assert_true(rules_may_return(&removed, &next));
}

/* A second entry of a name that is taken. */
static void
the_older_entry_stays(void **state)
{
	struct fleet_stamp older = fine(10, 0), newer = fine(20, 0), same = coarse(10);

	assert_false(rules_replaces(&older, &newer));
	assert_true(rules_replaces(&newer, &older));
	assert_false(rules_replaces(&older, &older));
	assert_false(rules_replaces(&older, &same));
}

/* What the state entry says, and that it is not older than what we know. */
static void
an_older_state_is_behind(void **state)
{
	static const char *const bad[] = { "", "generation=7", "generation=7 time=1 enrolled=1", "generation=7 time=1 enrolled=1 blocked=-1",
		"generation=7 time=1 enrolled=1 blocked=1 blocked=1", "generation=7 time=1 enrolled=1 blocked=1 more=1",
		"generation=7,time=1,enrolled=1,blocked=1", "generation=7 time=1 enrolled=1 blocked=x", " generation=7 time=1 enrolled=1 blocked=1",
		"generation=7 time=1 enrolled=1 blocked=1234567890123456789" };
	struct fleet_source ours, theirs;

	assert_true(rules_read_source("generation=7 time=1764345600 enrolled=20000 blocked=12", &ours));
	assert_true(ours.generation == 7 && ours.time == 1764345600 && ours.enrolled == 20000 && ours.blocked == 12);
	assert_true(rules_read_source("blocked=0 enrolled=0  time=0 generation=0", &theirs));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (rules_read_source(bad[i], &theirs))
			fail_msg("\"%s\" is taken", bad[i]);
	theirs = ours;
	assert_false(rules_is_behind(&ours, &theirs));
	theirs.time += 60;
	assert_false(rules_is_behind(&ours, &theirs));
	theirs.generation--;
	assert_true(rules_is_behind(&ours, &theirs));	/* restored, and touched since */
	theirs = ours;
	theirs.time--;
	assert_true(rules_is_behind(&ours, &theirs));
}

static void
a_comparison_is_due_after_a_while(void **state)
{
	assert_false(rules_compare_due(1000, 1000));
	assert_false(rules_compare_due(1000, 1000 + FLEET_COMPARE_S - 1));
	assert_true(rules_compare_due(1000, 1000 + FLEET_COMPARE_S));
	assert_true(rules_compare_due(1000, 999));
	assert_true(rules_compare_due(0, 1764345600));
}

static void
modes_and_delays(void **state)
{
	unsigned int least = 1000000, most = 0;

	assert_true(rules_may_persist(true, false, false, ""));
	assert_true(rules_may_persist(true, false, false, "The OpenLDAP Project"));
	assert_false(rules_may_persist(false, false, false, ""));
	assert_false(rules_may_persist(true, true, false, ""));
	assert_false(rules_may_persist(true, false, false, "389 Project"));
	assert_false(rules_may_persist(true, false, false, "Red Hat, Inc."));
	assert_false(rules_may_persist(true, false, true, ""));
	for (uint32_t random = 0; random < 1000; random++) {
		unsigned int d = rules_delay(60, 0, random * 2654435761U);

		least = d < least ? d : least;
		most = d > most ? d : most;
	}
	assert_int_equal(least, 30);
	assert_int_equal(most, 60);
	for (unsigned int failures = 0; failures < 100; failures++) {
		assert_true(rules_delay(1, failures, 0) >= 1);
		assert_true(rules_delay(1, failures, UINT32_MAX) <= FLEET_DELAY_MAX_S);
	}
	assert_true(rules_delay(1, 100, 0) >= FLEET_DELAY_MAX_S / 2);
	assert_true(rules_delay(0, 0, 0) >= 1);
}

/* A server that hangs up as soon as it has sent everything is asked less and less often. */
static void
a_short_connection_is_a_failure(void **state)
{
	unsigned int failures = 0;

	assert_int_equal(rules_failures(0, -1, 0), 1);
	assert_int_equal(rules_failures(7, -1, 60), 8);
	assert_int_equal(rules_failures(7, 3, 60), 8);
	assert_int_equal(rules_failures(7, 60, 60), 8);
	assert_int_equal(rules_failures(7, 61, 60), 0);
	assert_int_equal(rules_failures(7, 1, 0), 0);
	for (int64_t waited = 0; waited < FLEET_DELAY_MAX_S / 2;) {
		unsigned int more = rules_failures(failures, 0, waited);

		assert_int_equal(more, failures + 1);
		failures = more;
		waited = rules_delay(2, failures, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_stamp_wins),
		cmocka_unit_test(stamps_are_read),
		cmocka_unit_test(deny_is_sticky),
		cmocka_unit_test(lift_before_its_block),
		cmocka_unit_test(few_may_be_missing_from_a_whole_answer),
		cmocka_unit_test(nothing_is_resurrected),
		cmocka_unit_test(the_older_entry_stays),
		cmocka_unit_test(an_older_state_is_behind),
		cmocka_unit_test(a_comparison_is_due_after_a_while),
		cmocka_unit_test(modes_and_delays),
		cmocka_unit_test(a_short_connection_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

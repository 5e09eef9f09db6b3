/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/watch/watch: what counts as a removal, on readers and a clock of our own. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/watch/watch.h"

#define GRACE 2000
#define OURS 1			/* the number of our certificate */
#define ALSO_OURS 0		/* another one of the same user */

/* What pcscd and the cards are made to say, and what came of it. */
static struct {
	struct outcome readers_fail;
	struct transport_readers now;
	int card[TRANSPORT_READERS_MAX];	/* what a look at each reader's card finds */
	int64_t look_takes_ms, look_limit_ms;
	unsigned int looks;
	int64_t mono_ms, woke_ms;
	bool renewed;		/* other certificates are enrolled, */
	int renewed_number;	/* and the session's among them */
	char news[64];
	char reader[TRANSPORT_NAME_MAX];	/* of the last news */
} fake;

static struct watch w;

static struct outcome
fake_readers(void *ctx, struct transport_readers *ret)
{
	if (outcome_ok(&fake.readers_fail))
		*ret = fake.now;
	return fake.readers_fail;
}

static int64_t
fake_mono_ms(void *ctx)
{
	return fake.mono_ms;
}

static int
fake_look(void *ctx, const char *reader, int64_t ms)
{
	assert_true(ms > 0);
	fake.looks++;
	fake.look_limit_ms = ms;
	fake.mono_ms += fake.look_takes_ms < ms ? fake.look_takes_ms : ms;
	for (size_t i = 0; i < fake.now.count; i++)
		if (strcmp(fake.now.at[i].name, reader) == 0) {
			assert_true(fake.now.at[i].has_card);
			return fake.look_takes_ms < ms ? fake.card[i] : LOOK_UNCLEAR;
		}
	fail_msg("looked into a reader that is not there: %s", reader);
	return LOOK_UNCLEAR;
}

static void
fake_tell(void *ctx, enum watch_news news, const char *reader)
{
	static const char letters[] = "FGBRSsN";
	size_t len = strlen(fake.news);

	assert_true(len + 1 < sizeof fake.news);
	fake.news[len] = letters[news];
	fake.news[len + 1] = '\0';
	snprintf(fake.reader, sizeof fake.reader, "%s", reader);
}

static bool
fake_renewed(void *ctx, int *certificate)
{
	bool now = fake.renewed;

	fake.renewed = false;
	if (now && *certificate >= 0)
		*certificate = fake.renewed_number;
	return now;
}

static int64_t
fake_woke_ms(void *ctx)
{
	return fake.woke_ms;
}

static const struct transport_ops transport_ops = { .readers = fake_readers };
static const struct transport transport = { .ops = &transport_ops };
static const struct clk clk = { .mono_ms = fake_mono_ms };
static const struct watch_ops ops = { .look = fake_look, .tell = fake_tell, .woke_ms = fake_woke_ms,
	.renewed = fake_renewed };

/* One step, with the news it brings. Returns how long it would wait. */
static int64_t
step(const char *news)
{
	int64_t ms = -7;
	struct outcome o;

	fake.news[0] = '\0';
	o = watch_step(&w, &ms);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(fake.news, news);
	return ms;
}

static void
insert(size_t reader, int card)
{
	fake.now.at[reader].has_card = true;
	fake.now.at[reader].generation++;
	fake.card[reader] = card;
}

static void
remove_card(size_t reader)
{
	fake.now.at[reader].has_card = false;
	fake.now.at[reader].generation++;
}

static void
begin(int64_t grace_ms, int certificate)
{
	watch_init(&w, &transport, &clk, &ops, grace_ms, certificate);
}

/* Our card is in the first reader, and has been seen there. */
static void
begin_there(void)
{
	insert(0, OURS);
	begin(GRACE, OURS);
	assert_int_equal(step("F"), TRANSPORT_FOREVER);
}

static int
setup(void **state)
{
	memset(&fake, 0, sizeof fake);
	fake.mono_ms = 1000000;
	fake.woke_ms = WAKING_NEVER;
	fake.now.count = 2;
	snprintf(fake.now.at[0].name, TRANSPORT_NAME_MAX, "Reader 0");
	snprintf(fake.now.at[1].name, TRANSPORT_NAME_MAX, "Reader 1");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	return 0;
}

/* --- the one card ------------------------------------------------------------------- */

static void
away_for_longer_than_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	assert_int_equal(step("G"), GRACE);
	assert_string_equal(fake.reader, "Reader 0");
	fake.mono_ms += GRACE - 1;
	assert_int_equal(step(""), 1);
	fake.mono_ms += 1;
	assert_int_equal(step("R"), TRANSPORT_FOREVER);
	fake.mono_ms += 10 * GRACE;
	assert_int_equal(step(""), TRANSPORT_FOREVER);	/* once */
	insert(0, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
	remove_card(0);
	assert_int_equal(step("G"), GRACE);
	fake.mono_ms += GRACE;
	assert_int_equal(step("R"), TRANSPORT_FOREVER);
}

static void
back_in_time(void **state)
{
	begin_there();
	for (int i = 0; i < 100; i++) {
		remove_card(0);
		assert_int_equal(step("G"), GRACE);
		fake.mono_ms += GRACE - 1;
		insert(0, OURS);
		assert_int_equal(step("B"), TRANSPORT_FOREVER);
		fake.mono_ms += GRACE;
		assert_int_equal(step(""), TRANSPORT_FOREVER);
	}
}

/* The look itself takes time: the card was there when the grace ended, but that was not visible yet. */
static void
back_too_late(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE;
	insert(0, OURS);
	assert_int_equal(step("RB"), TRANSPORT_FOREVER);
}

static void
back_in_another_reader(void **state)
{
	begin_there();
	remove_card(0);
	insert(1, OURS);
	assert_int_equal(step("GB"), TRANSPORT_FOREVER);
	assert_string_equal(fake.reader, "Reader 1");
	insert(0, LOOK_OTHER);	/* the first reader is of no interest any more */
	assert_int_equal(step(""), TRANSPORT_FOREVER);
}

/* Out and in again between two looks: only a look can find that it is the same card. */
static void
swapped_between_two_looks(void **state)
{
	begin_there();
	remove_card(0);
	insert(0, OURS);
	assert_int_equal(step("GB"), TRANSPORT_FOREVER);
	remove_card(0);
	insert(0, LOOK_OTHER);
	assert_int_equal(step("G"), GRACE);
	fake.mono_ms += GRACE;
	assert_int_equal(step("R"), WATCH_RENEWAL_MS);
}

static void
no_grace(void **state)
{
	insert(0, OURS);
	begin(0, OURS);
	(void)step("F");
	remove_card(0);
	assert_int_equal(step("GR"), TRANSPORT_FOREVER);
	insert(0, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
}

/* --- other cards and readers -------------------------------------------------------------- */

/* While ours is there, others come and go, and are not touched. */
static void
others_do_nothing(void **state)
{
	unsigned int looks;

	begin_there();
	looks = fake.looks;
	for (int i = 0; i < 10; i++) {
		insert(1, LOOK_OTHER);
		assert_int_equal(step(""), TRANSPORT_FOREVER);
		remove_card(1);
		assert_int_equal(step(""), TRANSPORT_FOREVER);
	}
	fake.now.count = 1;
	assert_int_equal(step(""), TRANSPORT_FOREVER);
	fake.now.count = 2;
	assert_int_equal(step(""), TRANSPORT_FOREVER);
	assert_int_equal(fake.looks, looks);
}

/* Another card on the reader does not put a removal off. */
static void
others_do_not_stop_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE / 2;
	insert(0, LOOK_OTHER);
	assert_int_equal(step(""), GRACE / 2);
	insert(1, ALSO_OURS);	/* the same user's, but not the session's */
	assert_int_equal(step(""), GRACE / 2);
	fake.mono_ms += GRACE / 2;
	assert_int_equal(step("R"), WATCH_RENEWAL_MS);
}

/* A card that hangs has no more than what is left of the grace. */
static void
a_card_that_hangs_does_not_stop_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += 500;
	insert(0, OURS);
	fake.look_takes_ms = WATCH_LOOK_MS + 1;
	assert_int_equal(step(""), 0);
	assert_int_equal(fake.look_limit_ms, GRACE - 500);
	assert_int_equal(fake.mono_ms, 1000000 + GRACE);
	insert(1, OURS);
	(void)step("R");
}

static void
two_cards_that_hang_do_not_stop_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	insert(0, LOOK_OTHER);
	insert(1, OURS);
	fake.look_takes_ms = WATCH_LOOK_MS + 1;
	assert_int_equal(step(""), 0);
	assert_int_equal(fake.looks, 2);	/* the first, of the start, and one */
	assert_int_equal(fake.mono_ms, 1000000 + GRACE);
}

static void
each_card_is_looked_at_once(void **state)
{
	begin(GRACE, -1);
	insert(0, LOOK_OTHER);
	for (int i = 0; i < 5; i++)
		assert_int_equal(step(""), TRANSPORT_FOREVER);
	assert_int_equal(fake.looks, 1);
	remove_card(0);
	(void)step("");
	insert(0, LOOK_OTHER);
	(void)step("");
	assert_int_equal(fake.looks, 2);
}

/* One that is in use, or not well placed, is looked at again, more and more seldom, and not for ever. */
static void
an_unclear_card_is_looked_at_again(void **state)
{
	int64_t ms, expected = WATCH_RETRY_MS;

	begin(GRACE, -1);
	insert(0, LOOK_UNCLEAR);
	for (unsigned int i = 1; i <= WATCH_TRIES; i++, expected *= 2) {
		ms = step("");
		assert_int_equal(fake.looks, i);
		assert_int_equal(ms, expected);
		fake.mono_ms += ms;
	}
	assert_int_equal(step(""), TRANSPORT_FOREVER);
	assert_int_equal(fake.looks, WATCH_TRIES);
	/* and found as soon as it says so */
	remove_card(0);
	insert(0, LOOK_UNCLEAR);
	assert_int_equal(step(""), WATCH_RETRY_MS);
	fake.card[0] = OURS;
	assert_int_equal(step("F"), TRANSPORT_FOREVER);
}

static void
an_unclear_card_does_not_stop_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	insert(0, LOOK_UNCLEAR);
	assert_int_equal(step("G"), WATCH_RETRY_MS);
	fake.mono_ms += WATCH_RETRY_MS;
	assert_int_equal(step(""), 2 * WATCH_RETRY_MS);
	fake.mono_ms += 2 * WATCH_RETRY_MS;
	assert_int_equal(step(""), GRACE - 3 * WATCH_RETRY_MS);
	fake.mono_ms += GRACE - 3 * WATCH_RETRY_MS;
	(void)step("R");
}

static void
reader_unplugged(void **state)
{
	begin_there();
	fake.now.count = 0;
	assert_int_equal(step("G"), GRACE);
	fake.mono_ms += GRACE - 1;
	fake.now.count = 1;
	fake.now.at[0].has_card = false;
	fake.now.at[0].generation = 0;
	assert_int_equal(step(""), 1);
	insert(0, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
	fake.now.at[0].has_card = false;	/* another reader of that name, which has counted as far */
	assert_int_equal(step("G"), GRACE);
	fake.mono_ms += GRACE;
	assert_int_equal(step("R"), TRANSPORT_FOREVER);
}

/* Readers that are called otherwise each time they come do not use up what is remembered. */
static void
many_readers_over_time(void **state)
{
	begin(GRACE, -1);
	for (int i = 0; i < 5 * TRANSPORT_READERS_MAX; i++) {
		snprintf(fake.now.at[0].name, TRANSPORT_NAME_MAX, "Reader %d", i + 2);
		insert(0, LOOK_OTHER);
		(void)step("");
		assert_int_equal(fake.looks, i + 1);
	}
}

/* --- the start ------------------------------------------------------------------------- */

static void
first_enrolled_card_is_the_one(void **state)
{
	begin(GRACE, -1);
	assert_int_equal(step(""), TRANSPORT_FOREVER);
	fake.mono_ms += 100 * GRACE;
	assert_int_equal(step(""), TRANSPORT_FOREVER);	/* nothing to miss */
	insert(1, LOOK_OTHER);
	(void)step("");
	insert(0, OURS);
	assert_int_equal(step("F"), TRANSPORT_FOREVER);
	assert_int_equal(w.certificate, OURS);
	remove_card(0);
	(void)step("G");
	insert(0, ALSO_OURS);	/* from now on it is that one */
	assert_int_equal(step(""), GRACE);
}

/* The card that opened the session and is not there any more counts as removed, but readers may be slow. */
static void
not_there_at_the_begin(void **state)
{
	begin(GRACE, OURS);
	insert(0, ALSO_OURS);
	assert_int_equal(step(""), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS - 1;
	(void)step("");
	fake.mono_ms += 1;
	assert_int_equal(step("R"), WATCH_RENEWAL_MS);
	insert(1, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
}

static void
a_long_grace_holds_at_the_begin(void **state)
{
	begin(60000, OURS);
	assert_int_equal(step(""), 60000);
}

/* --- pcscd and suspend ------------------------------------------------------------------- */

static void
fails(enum outcome_status status, const char *news)
{
	int64_t ms;
	struct outcome o;

	fake.readers_fail = outcome_of(status);
	fake.news[0] = '\0';
	o = watch_step(&w, &ms);
	assert_int_equal(o.status, status);
	assert_string_equal(fake.news, news);
}

/* pcscd that goes is not the card that goes; what happened meanwhile counts from its return. */
static void
service_restarts(void **state)
{
	begin_there();
	fails(OUTCOME_NO_SERVICE, "S");
	fake.mono_ms += 100 * GRACE;
	fails(OUTCOME_NO_SERVICE, "");		/* said once */
	fails(OUTCOME_SERVICE_REFUSED, "");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	fake.now.at[0].generation = 0;		/* it counts from the start */
	assert_int_equal(step("sF"), TRANSPORT_FOREVER);
	/* the reader takes its time */
	fails(OUTCOME_NO_SERVICE, "S");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	fake.now.count = 0;
	assert_int_equal(step("s"), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS - 1;
	fake.now.count = 2;
	assert_int_equal(step("F"), TRANSPORT_FOREVER);
	/* the card was taken away */
	fails(OUTCOME_SERVICE_REFUSED, "S");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	remove_card(0);
	assert_int_equal(step("s"), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS;
	assert_int_equal(step("R"), TRANSPORT_FOREVER);
}

static void
service_restarts_in_an_absence(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fails(OUTCOME_NO_SERVICE, "S");
	fake.mono_ms += 100 * GRACE;
	fake.readers_fail = outcome_of(OUTCOME_OK);
	assert_int_equal(step("s"), WATCH_SETTLE_MS);
	insert(0, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
}

/* Cards have been exchanged meanwhile, and pcscd counts from the start: nothing that is remembered is true. */
static void
service_restarts_with_other_cards(void **state)
{
	begin(GRACE, -1);
	insert(0, LOOK_OTHER);
	(void)step("");
	fails(OUTCOME_NO_SERVICE, "S");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	fake.card[0] = OURS;
	assert_int_equal(step("sF"), TRANSPORT_FOREVER);
}

/* After the removal it stays removed. */
static void
service_restarts_after_the_removal(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE;
	(void)step("R");
	fails(OUTCOME_NO_SERVICE, "S");
	fake.readers_fail = outcome_of(OUTCOME_OK);
	assert_int_equal(step("s"), TRANSPORT_FOREVER);
	insert(0, OURS);
	assert_int_equal(step("B"), TRANSPORT_FOREVER);
}

/* Anything else is the caller's to judge, and no news. */
static void
other_errors_are_handed_on(void **state)
{
	begin_there();
	fails(OUTCOME_INTERNAL, "");
	fails(OUTCOME_NO_MEMORY, "");
	fails(OUTCOME_NO_READER, "");
}

static void
suspended_in_an_absence(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE;		/* it would be over now */
	fake.woke_ms = fake.mono_ms;
	assert_int_equal(step(""), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS;
	(void)step("R");
}

static void
suspended_with_the_card_there(void **state)
{
	begin_there();
	fake.woke_ms = fake.mono_ms;
	assert_int_equal(step(""), TRANSPORT_FOREVER);
	fake.mono_ms += WATCH_WAKING_MS;	/* long ago: the usual grace, even if nothing woke us since */
	remove_card(0);
	assert_int_equal(step("G"), GRACE);
	fake.mono_ms += GRACE;
	(void)step("R");
}

/* A renewed card: the session goes on with the new certificate, even if it was enrolled while the card was there. */
static void
certificate_is_renewed(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE;
	(void)step("R");
	insert(0, LOOK_OTHER);			/* at the office it got another certificate */
	assert_int_equal(step(""), WATCH_RENEWAL_MS);
	assert_int_equal(step(""), WATCH_RENEWAL_MS);
	fake.looks = 0;
	fake.card[0] = ALSO_OURS;		/* the administrator enrolls it */
	fake.renewed = true;
	fake.renewed_number = -1;
	assert_int_equal(step("NB"), TRANSPORT_FOREVER);
	assert_int_equal(fake.looks, 1);
	assert_int_equal(w.certificate, ALSO_OURS);
	remove_card(0);
	assert_int_equal(step("G"), GRACE);	/* and it is watched */
	fake.mono_ms += GRACE;
	(void)step("R");
}

/* Beside the old one (jpkictl enroll --add): its number may be another, and it still is the session's. */
static void
certificate_is_added(void **state)
{
	begin_there();
	remove_card(0);
	(void)step("G");
	fake.renewed = true;
	fake.renewed_number = ALSO_OURS;
	insert(0, OURS);			/* another one of the user's, in time */
	assert_int_equal(step("N"), GRACE);
	insert(0, ALSO_OURS);
	(void)step("B");
	remove_card(0);
	(void)step("G");
	fake.mono_ms += GRACE;
	(void)step("R");
	insert(1, OURS);			/* once it is over, any of them */
	(void)step("B");
	assert_int_equal(w.certificate, OURS);
}

/* Another user's card does not put the removal off, nor does enrolling it for another user. */
static void
renewal_does_not_stop_the_grace(void **state)
{
	begin_there();
	remove_card(0);
	insert(1, LOOK_OTHER);
	(void)step("G");
	for (int i = 0; i < 3; i++) {
		fake.renewed = true;
		fake.renewed_number = OURS;
		fake.mono_ms += GRACE / 4;
		(void)step("N");
	}
	fake.mono_ms += GRACE / 4;
	(void)step("R");
}

/* The lid is opened: the reader is unplugged, as it looks, and comes back a few seconds later. */
static void
reader_that_comes_up_after_a_suspend(void **state)
{
	static const int64_t after_ms[] = { 0, 1, 4000, WATCH_WAKING_MS - 1 };

	for (size_t i = 0; i < sizeof after_ms / sizeof after_ms[0]; i++) {
		(void)setup(NULL);
		begin_there();
		fake.woke_ms = fake.mono_ms += 3600000;
		fake.mono_ms += after_ms[i];
		fake.now.count = 0;
		assert_int_equal(step("G"), WATCH_SETTLE_MS);
		fake.mono_ms += WATCH_SETTLE_MS - 1;
		assert_int_equal(step(""), 1);
		fake.now.count = 1;
		insert(0, OURS);
		fake.look_takes_ms = 0;
		assert_int_equal(step("B"), TRANSPORT_FOREVER);
		/* taken away now, while it is still just up: once more; and later as ever */
		fake.mono_ms = fake.woke_ms + WATCH_WAKING_MS;
		remove_card(0);
		assert_int_equal(step("G"), GRACE);
		fake.mono_ms += GRACE;
		(void)step("R");
	}
}

static void
grace_longer_than_the_settling_after_a_suspend(void **state)
{
	insert(0, OURS);
	begin(3 * WATCH_SETTLE_MS, OURS);
	(void)step("F");
	fake.woke_ms = fake.mono_ms;
	remove_card(0);
	assert_int_equal(step("G"), 3 * WATCH_SETTLE_MS);
}

/* A card that is not put back settles nothing for ever: two suspends in one absence, each once. */
static void
removed_at_the_waking(void **state)
{
	begin_there();
	fake.woke_ms = fake.mono_ms += 3600000;
	remove_card(0);
	assert_int_equal(step("G"), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS - 1;
	fake.woke_ms = fake.mono_ms;
	assert_int_equal(step(""), WATCH_SETTLE_MS);
	fake.mono_ms += WATCH_SETTLE_MS;
	assert_int_equal(step("R"), TRANSPORT_FOREVER);
	fake.woke_ms = fake.mono_ms += 3600000;
	assert_int_equal(step(""), TRANSPORT_FOREVER);	/* over is over */
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(away_for_longer_than_the_grace),
		TEST(back_in_time),
		TEST(back_too_late),
		TEST(back_in_another_reader),
		TEST(swapped_between_two_looks),
		TEST(no_grace),
		TEST(others_do_nothing),
		TEST(others_do_not_stop_the_grace),
		TEST(a_card_that_hangs_does_not_stop_the_grace),
		TEST(two_cards_that_hang_do_not_stop_the_grace),
		TEST(each_card_is_looked_at_once),
		TEST(an_unclear_card_is_looked_at_again),
		TEST(an_unclear_card_does_not_stop_the_grace),
		TEST(reader_unplugged),
		TEST(many_readers_over_time),
		TEST(first_enrolled_card_is_the_one),
		TEST(not_there_at_the_begin),
		TEST(a_long_grace_holds_at_the_begin),
		TEST(service_restarts),
		TEST(service_restarts_in_an_absence),
		TEST(service_restarts_with_other_cards),
		TEST(service_restarts_after_the_removal),
		TEST(other_errors_are_handed_on),
		TEST(suspended_in_an_absence),
		TEST(suspended_with_the_card_there),
		TEST(certificate_is_renewed),
		TEST(certificate_is_added),
		TEST(renewal_does_not_stop_the_grace),
		TEST(reader_that_comes_up_after_a_suspend),
		TEST(grace_longer_than_the_settling_after_a_suspend),
		TEST(removed_at_the_waking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

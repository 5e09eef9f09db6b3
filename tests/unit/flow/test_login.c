/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/login on simulated cards: order, outcomes, tries, and what is left on the card. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/userfile.h"
#include "flow/login.h"
#include "flow/possession/transaction.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "nss/blocklist.h"
#include "nss/cert.h"

static struct login_result
login(struct kit *k)
{
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "test",
		.host = "azumino", .place = PLACE_LOCAL };
	struct secret *pin = secret_new();
	struct login_result result;

	assert_non_null(pin);
	flow_login(&k->env, &k->ui, &request, pin, &result);
	/* On every path: the PIN is wiped, nothing is held. */
	assert_int_equal(secret_view(pin).len, 0);
	assert_int_equal(k->open_reader, -1);
	secret_free(pin);
	return result;
}

/* One login that must end like this, with the card's counter there and no state left. */
static void
expect(struct kit *k, enum outcome_status status, const char *tries_after)
{
	struct login_result r = login(k);

	if (r.outcome.status != status)
		fail_msg("%s (%x) instead of %s; %s", outcome_code(r.outcome.status), r.outcome.raw,
		    outcome_code(status), k->last_log);
	if (k->card[0] != NULL) {
		assert_string_equal(kit_get(k, "auth-tries"), tries_after);
		if (r.card_clean)
			assert_string_equal(kit_get(k, "verified"), "none");
	}
}

static void
good_card(struct kit *k)
{
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "good", NULL);
}

/* --- success --------------------------------------------------------------------- */

static void
test_success_in_nine_commands(void **state)
{
	struct kit *k = *state;
	struct sim_stats s;

	good_card(k);
	expect(k, OUTCOME_OK, "3");
	s = kit_stats(k);
	assert_int_equal(s.apdus, 9);
	assert_int_equal(s.verifies, 1);
	assert_int_equal(s.signs, 1);
	assert_int_equal(k->prompts, 1);
	assert_int_equal(k->prompted_tries, 3);
	/* State that others left is dropped before, our own after. */
	assert_int_equal(k->power_cycles, 1);
	assert_int_equal(k->power_downs, 1);
}

static void
test_success_without_short_ids(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "no-sfi", "yes");
	expect(k, OUTCOME_OK, "3");
	/* fourteen, and the one refused read that told us */
	assert_int_equal(kit_stats(k).apdus, 15);
	assert_int_equal(kit_stats(k).verifies, 1);
	sim_card_stats_reset(k->card[0]);
	k->conf.short_ids = false;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(kit_stats(k).apdus, 14);
}

static void
test_success_restores_the_counter(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "auth-tries", "2");
	expect(k, OUTCOME_OK, "3");
}

static void
test_other_kinds_of_certificates(void **state)
{
	static const char *const leaves[] = { "good2", "ec256", "ec384", "stay" };
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
		kit_enroll(k, "hanako", leaves[i], NULL);
		kit_insert(k, 0, leaves[i], NULL);
		expect(k, OUTCOME_OK, "3");
	}
}

static void
test_first_command_fails_after_power_up(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "first-6f00", "yes");
	expect(k, OUTCOME_OK, "3");
}

static void
test_several_certificates_and_readers(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	kit_enroll(k, "hanako", "expired", "good", NULL);
	kit_insert(k, 0, "other-person", NULL);
	kit_insert(k, 1, "good", NULL);
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(kit_stats(k).verifies, 0);	/* the other person's */
}

/* --- the person ------------------------------------------------------------------- */

static void
test_wrong_pin_costs_one_try(void **state)
{
	struct kit *k = *state;
	struct login_result r;

	good_card(k);
	k->answer = "9999";
	r = login(k);
	assert_int_equal(r.outcome.status, OUTCOME_PIN_WRONG);
	assert_int_equal(r.outcome.tries_left, 2);
	assert_string_equal(kit_get(k, "auth-tries"), "2");
	assert_int_equal(kit_stats(k).verifies, 1);
	assert_int_equal(kit_stats(k).signs, 0);
	/* Again, and then never the last one. */
	expect(k, OUTCOME_PIN_WRONG, "1");
	expect(k, OUTCOME_LAST_TRY, "1");
	assert_int_equal(k->prompts, 2);
}

static void
test_last_try_if_allowed(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "auth-tries", "1");
	k->conf.last_try = CONF_LAST_TRY_ASK;
	k->answer = "9999";
	expect(k, OUTCOME_PIN_LOCKED, "0");
	assert_int_equal(k->prompted_tries, 1);
	expect(k, OUTCOME_PIN_LOCKED, "0");
	assert_int_equal(k->prompts, 1);	/* a locked card is not asked for */
}

static void
test_locked_is_locked_in_every_dialect(void **state)
{
	static const char *const words[] = { "63C0", "6983", "6984" };
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "auth-tries", "0");
	for (size_t i = 0; i < 3; i++) {
		kit_set(k, "locked-query", words[i]);
		expect(k, OUTCOME_PIN_LOCKED, "0");
	}
	assert_int_equal(k->prompts, 0);
	assert_int_equal(kit_stats(k).verifies, 0);
}

static void
test_malformed_pins_never_reach_the_card(void **state)
{
	static const char *const answers[] = { "", "1", "123", "12345", "123a", "abcd", "1234\n",
		" 1234", "\xef\xbc\x91\xef\xbc\x92", "123456789012345678901234567890", "12 4" };
	struct kit *k = *state;

	good_card(k);
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		k->answer = answers[i];
		k->opens = 0;
		expect(k, OUTCOME_PIN_FORMAT, "3");
		assert_int_equal(k->opens, 1);	/* to find it, and not again */
	}
	k->answer = NULL;
	expect(k, OUTCOME_CANCELLED, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* --- the card --------------------------------------------------------------------- */

static void
test_no_reader_no_card_no_service(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	expect(k, OUTCOME_NO_CARD, "");
	k->reader_count = 0;
	expect(k, OUTCOME_NO_READER, "");
	k->readers_fail = outcome_of(OUTCOME_NO_SERVICE);
	expect(k, OUTCOME_NO_SERVICE, "");
	k->readers_fail = outcome_of(OUTCOME_SERVICE_REFUSED);
	expect(k, OUTCOME_SERVICE_REFUSED, "");
	assert_int_equal(k->prompts, 0);
}

#define BUSY_MS 3000	/* how long other programs may keep a card, with wait = 0 */
#define HELD_MS 2000	/* the same, to themselves */

static void
insert_good(struct kit *k)
{
	if (k->card[0] == NULL && k->waits >= 3)
		kit_insert(k, 0, "good", NULL);
}

static void
test_busy_card(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	expect(k, OUTCOME_CARD_BUSY, "3");
	assert_int_equal(k->mono_ms, BUSY_MS);
	assert_int_equal(k->prompts, 0);
}

/* By its state: to try would be to wait, and not to see what comes to another reader. */
static void
test_exclusive_card_is_not_opened(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->exclusive[0] = true;
	expect(k, OUTCOME_CARD_BUSY, "3");
	assert_int_equal(k->mono_ms, HELD_MS);
	assert_int_equal(k->opens, 0);
}

/* Those who hold a transaction are waited for within open(): it is told for how long. */
static void
test_how_long_others_are_waited_for(void **state)
{
	static const struct {
		unsigned int wait_s;
		int64_t ms;
	} rows[] = { { 0, BUSY_MS }, { 1, BUSY_MS }, { 3, 3000 }, { 4, 4000 }, { 60, 60000 } };
	struct kit *k = *state;

	good_card(k);
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t start = k->mono_ms;

		k->conf.wait = rows[i].wait_s;
		k->on_wait = NULL;
		expect(k, OUTCOME_CARD_BUSY, "3");
		assert_int_equal(k->mono_ms - start, rows[i].ms);
		assert_int_equal(k->open_within_ms, 0);	/* at the last look */
	}
	k->answer = NULL;
	k->open_fail = outcome_of(OUTCOME_OK);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		k->conf.wait = rows[i].wait_s;
		expect(k, OUTCOME_CANCELLED, "3");
		assert_int_equal(k->open_within_ms, rows[i].ms);
	}
}

static void
release_after_two_seconds(struct kit *k)
{
	if (k->mono_ms >= 2000)
		k->exclusive[0] = false;
}

static void
test_card_that_others_let_go_of(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->exclusive[0] = true;
	k->on_wait = release_after_two_seconds;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->mono_ms, 2000);
}

/* Another program keeps one card to itself; the user's is in the other reader. */
static void
test_busy_card_beside_ours(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "other-person", NULL);
	kit_insert(k, 1, "good", NULL);
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	k->open_fail_reader = 0;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->waits, 0);
	k->open_fail_reader = -1;
	k->open_fail = outcome_of(OUTCOME_OK);
	k->exclusive[0] = true;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->waits, 0);
}

/* The same, and the user's card comes while it is waited for. */
static void
test_card_that_comes_beside_a_busy_one(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 1, "other-person", NULL);
	k->exclusive[1] = true;
	k->conf.wait = 10;
	k->on_wait = insert_good;
	expect(k, OUTCOME_OK, "3");
	assert_true(k->mono_ms < BUSY_MS);
}

static void
test_other_cards_get_no_pin(void **state)
{
	static const struct {
		const char *leaf, *option;
		enum outcome_status status;
	} rows[] = {
		{ "other-person", NULL, OUTCOME_OTHER_CARD },
		{ "renewed", NULL, OUTCOME_RENEWED },
		{ "good2", NULL, OUTCOME_OTHER_CARD },	/* same serial number, other CA generation */
		{ "good", "profile=juki", OUTCOME_JUKI_CARD },
		{ "good", "profile=nojpki", OUTCOME_NOT_JPKI },
		{ "good", "profile=phone-android", OUTCOME_PHONE },
		{ "good", "auth-ef=ff", OUTCOME_NO_CERT },
		{ "good", "auth-ef=absent", OUTCOME_NO_CERT },
		{ "good", "auth-ef=huge", OUTCOME_CERT_LONG },
		{ "good", "profile=locked", OUTCOME_PIN_LOCKED },
		{ "good", "profile=faceauth", OUTCOME_PIN_LOCKED },
		{ "good", "profile=lasttry", OUTCOME_LAST_TRY },
	};
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct login_result r;

		kit_insert(k, 0, rows[i].leaf, rows[i].option);
		r = login(k);
		if (r.outcome.status != rows[i].status)
			fail_msg("%s %s: %s (%x)", rows[i].leaf, rows[i].option,
			    outcome_code(r.outcome.status), r.outcome.raw);
		assert_int_equal(kit_stats(k).verifies, 0);
	}
	assert_int_equal(k->prompts, 0);
}

/* Its certificate cannot be read to the end, so the message is that the card was removed, not that it is another person's. */
static void
test_other_card_taken_away(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "other-person", NULL);
	kit_fault(k, "ins B0:2 drop");
	expect(k, OUTCOME_CARD_REMOVED, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* A later certificate whose holder has another birthday is another user's. */
static void
test_later_certificate_of_another(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "soon", NULL);
	kit_insert(k, 0, "good", NULL);
	expect(k, OUTCOME_OTHER_CARD, "3");
	kit_enroll(k, "hanako", "renewed", NULL);	/* same birthday, and the card's is older */
	expect(k, OUTCOME_OTHER_CARD, "3");
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "renewed", NULL);
	expect(k, OUTCOME_RENEWED, "3");
	/* Those of foreign residents end with the stay: a renewal cannot be told from another person's. */
	kit_enroll(k, "hanako", "stay", NULL);
	kit_insert(k, 0, "stay-renewed", NULL);
	expect(k, OUTCOME_OTHER_CARD, "3");
}

static void
test_waits_for_the_card(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	k->conf.wait = 10;
	expect(k, OUTCOME_NO_CARD, "");
	assert_true(k->waits >= 10);
	assert_true(k->mono_ms >= 10000 && k->mono_ms < 11000);
	assert_int_equal(k->cues, 1);
	k->conf.wait = 0;
	expect(k, OUTCOME_NO_CARD, "");
	assert_int_equal(k->cues, 1);
}

/* The person is told to place the card where that would help, and only then. */
static void
test_cue_is_shown_where_it_helps(void **state)
{
	static const struct {
		const char *leaf, *option;	/* of the card that is there */
		bool enrolled, taken;		/* taken: another program has the card to itself */
		enum outcome_status readers, wanted;
		unsigned int cues;
	} rows[] = {
		{ NULL, NULL, true, false, OUTCOME_OK, OUTCOME_NO_CARD, 1 },
		{ "good2", NULL, true, false, OUTCOME_OK, OUTCOME_OTHER_CARD, 1 },
		{ "good", "profile=nojpki", true, false, OUTCOME_OK, OUTCOME_NOT_JPKI, 1 },
		{ "good", NULL, true, false, OUTCOME_OK, OUTCOME_OK, 0 },
		{ NULL, NULL, false, false, OUTCOME_OK, OUTCOME_NOT_ENROLLED, 0 },
		{ "good2", NULL, false, false, OUTCOME_OK, OUTCOME_NOT_ENROLLED, 0 },
		{ "good", NULL, true, true, OUTCOME_OK, OUTCOME_CARD_BUSY, 0 },
		{ NULL, NULL, true, false, OUTCOME_NO_SERVICE, OUTCOME_NO_SERVICE, 0 },
		{ NULL, NULL, true, false, OUTCOME_SERVICE_REFUSED, OUTCOME_SERVICE_REFUSED, 0 },
	};
	struct kit *k = *state;

	k->conf.wait = 10;
	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_remove(k, 0);
		kit_enroll(k, "hanako", "good", NULL);
		if (!rows[i].enrolled) {
			struct outcome o = userfile_remove(k->conf.users_dir, "hanako", geteuid(), NULL);

			assert_true(outcome_ok(&o));
		}
		if (rows[i].leaf != NULL)
			kit_insert(k, 0, rows[i].leaf, rows[i].option);
		k->exclusive[0] = rows[i].taken;
		k->readers_fail = outcome_of(rows[i].readers);
		k->cues = 0;
		expect(k, rows[i].wanted, "3");
		if (k->cues != rows[i].cues)
			fail_msg("row %zu: %u cues", i, k->cues);
	}
}

static void
test_card_that_comes_while_waiting(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	k->conf.wait = 10;
	k->on_wait = insert_good;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->waits, 3);
}

static void
insert_good_beside(struct kit *k)
{
	if (k->waits == 3)
		kit_insert(k, 1, "good", NULL);
}

/* A reader is known by its name: a card beside ours is looked at once, and ours is found on any reader. */
static void
test_each_reader_has_its_own_card(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	k->conf.wait = 10;
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 1, "other-person", NULL);
	expect(k, OUTCOME_OTHER_CARD, "");
	assert_int_equal(k->opens, 1);
	assert_true(k->waits >= 10);
	/* The reader before it has a card that was seen, and ours comes with the same number. */
	kit_remove(k, 1);
	kit_insert(k, 0, "other-person", NULL);
	k->generation[1] = k->generation[0] - 1;
	k->waits = 0;
	k->on_wait = insert_good_beside;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->waits, 3);
}

static void
test_person_who_leaves_while_waiting(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	k->conf.wait = 60;
	k->gone = true;
	expect(k, OUTCOME_CANCELLED, "");
	assert_int_equal(k->waits, 0);
}

/* --- a locker, which asks before the card is back -------------------------------------- */

static void
bring_good(struct kit *k)
{
	kit_insert(k, 0, "good", NULL);
}

static void
bring_locked(struct kit *k)
{
	kit_insert(k, 0, "good", NULL);
	kit_set(k, "auth-tries", "0");
}

static void
bring_last_try(struct kit *k)
{
	kit_insert(k, 0, "good", NULL);
	kit_set(k, "auth-tries", "1");
}

static void
bring_other(struct kit *k)
{
	kit_insert(k, 0, "other-person", NULL);
}

static void
bring_good_and_revoke(struct kit *k)
{
	struct outcome o = userfile_remove(k->conf.users_dir, "hanako", geteuid(), NULL);

	assert_true(outcome_ok(&o));
	kit_insert(k, 0, "good", NULL);
}

static void
grow_old(struct kit *k)
{
	k->wall_s += 20LL * 365 * 86400;
}

static void
test_question_before_the_card(void **state)
{
	static const struct {
		const char *leaf;		/* what is there before */
		void (*meanwhile)(struct kit *k);
		enum outcome_status early, wanted;
		const char *tries;
		unsigned int earlies, verifies;
	} rows[] = {
		{ NULL, bring_good, OUTCOME_OK, OUTCOME_OK, "3", 1, 1 },
		{ "other-person", bring_good, OUTCOME_OK, OUTCOME_OK, "3", 1, 1 },
		{ "good", NULL, OUTCOME_OK, OUTCOME_OK, "3", 0, 1 },	/* asked as ever */
		{ NULL, NULL, OUTCOME_OK, OUTCOME_NO_CARD, "", 1, 0 },
		{ NULL, bring_good, OUTCOME_PASSWORD, OUTCOME_PASSWORD, "3", 1, 0 },
		{ NULL, bring_good, OUTCOME_PIN_FORMAT, OUTCOME_PIN_FORMAT, "3", 1, 0 },
		{ NULL, bring_good, OUTCOME_CANCELLED, OUTCOME_CANCELLED, "3", 1, 0 },
		{ NULL, bring_locked, OUTCOME_OK, OUTCOME_PIN_LOCKED, "0", 1, 0 },
		{ NULL, bring_last_try, OUTCOME_OK, OUTCOME_LAST_TRY, "1", 1, 0 },
		{ NULL, bring_other, OUTCOME_OK, OUTCOME_OTHER_CARD, "3", 1, 0 },
		{ NULL, bring_good_and_revoke, OUTCOME_OK, OUTCOME_NOT_ENROLLED, "3", 1, 0 },
		{ NULL, grow_old, OUTCOME_OK, OUTCOME_CERT_EXPIRED, "", 1, 0 },	/* and no card is waited for */
	};
	struct kit *k = *state;

	kit_ask_early(k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_enroll(k, "hanako", "good", NULL);
		kit_remove(k, 0);
		if (rows[i].leaf != NULL)
			kit_insert(k, 0, rows[i].leaf, NULL);
		k->early = rows[i].early;
		k->on_early = rows[i].meanwhile;
		k->earlies = k->prompts = 0;
		expect(k, rows[i].wanted, rows[i].tries);
		assert_int_equal(k->earlies, rows[i].earlies);
		assert_int_equal(k->prompts, rows[i].verifies);
		if (k->card[0] != NULL)
			assert_int_equal(kit_stats(k).verifies, rows[i].verifies);
	}
}

/* A password ends the wait at once, and only a PIN waits for the card. */
static void
test_question_before_the_wait(void **state)
{
	struct kit *k = *state;

	kit_ask_early(k);
	kit_enroll(k, "hanako", "good", NULL);
	k->conf.wait = 10;
	k->early = OUTCOME_PASSWORD;
	expect(k, OUTCOME_PASSWORD, "");
	assert_int_equal(k->waits, 0);
	k->early = OUTCOME_OK;
	k->on_wait = insert_good;
	expect(k, OUTCOME_OK, "3");
	assert_int_equal(k->waits, 3);
	assert_int_equal(k->earlies, 2);
	assert_int_equal(k->prompts, 1);
}

/* A user without a card here is left to the other lines of the stack. */
static void
test_question_before_the_card_only_for_the_enrolled(void **state)
{
	struct kit *k = *state;

	kit_ask_early(k);
	expect(k, OUTCOME_NOT_ENROLLED, "");
	kit_enroll(k, "hanako", "expired", NULL);
	expect(k, OUTCOME_CERT_EXPIRED, "");
	assert_int_equal(k->earlies, 0);
}

/* --- what happens while the person types --------------------------------------------- */

static void
swap_for_other(struct kit *k)
{
	kit_insert(k, 0, "other-person", NULL);
}

static void
test_swapped_card_keeps_its_tries(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = swap_for_other;
	expect(k, OUTCOME_OTHER_CARD, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

static void
reinsert(struct kit *k)
{
	kit_insert(k, 0, "good", NULL);
}

static void
test_card_taken_and_put_back(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = reinsert;
	expect(k, OUTCOME_OK, "3");
	/* of the second card object: all but the first three */
	assert_int_equal(kit_stats(k).apdus, 6);
}

static void
take_away(struct kit *k)
{
	kit_remove(k, 0);
}

static void
test_card_taken_away(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = take_away;
	expect(k, OUTCOME_CARD_REMOVED, "");
}

static void
unplug(struct kit *k)
{
	kit_remove(k, 0);
	k->reader_count = 0;
}

/* The same reader, and its card, under the name that a second one of its kind would have. */
static void
plug_in_as_another(struct kit *k)
{
	unplug(k);
	k->reader_count = KIT_READERS;
	k->open_fail = outcome_of(OUTCOME_NO_READER);
	k->open_fail_reader = 0;
	kit_insert(k, 1, "good", NULL);
}

/* There was a reader: "No reader was found" would be wrong. */
static void
test_reader_gone_since_the_prompt(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = plug_in_as_another;
	expect(k, OUTCOME_CARD_REMOVED, "");
	assert_int_equal(sim_card_stats(k->card[1]).verifies, 0);
	good_card(k);
	k->open_fail = outcome_of(OUTCOME_OK);
	k->on_prompt = unplug;
	expect(k, OUTCOME_CARD_REMOVED, "");
}

static void
spend_two_tries(struct kit *k)
{
	kit_set(k, "auth-tries", "1");
}

static void
test_tries_spent_by_others_meanwhile(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->answer = "9999";
	k->on_prompt = spend_two_tries;
	expect(k, OUTCOME_LAST_TRY, "1");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* A user who was shown two tries has not agreed to spend the last one. */
static void
test_last_try_without_a_warning(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->conf.last_try = CONF_LAST_TRY_ASK;
	k->answer = "9999";
	k->on_prompt = spend_two_tries;
	expect(k, OUTCOME_LAST_TRY, "1");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/*
 * Another program kept the card until just before the deadline: had the PIN been sent
 * then, the deadline would have struck with the card verified.
 */
static void
test_no_pin_when_time_is_nearly_up(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->open_takes_ms = (int64_t)k->conf.timeout * 1000 / 2 - 1;
	expect(k, OUTCOME_OK, "3");
	sim_card_stats_reset(k->card[0]);
	k->open_takes_ms++;
	expect(k, OUTCOME_CARD_BUSY, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* Time before the prompt counts; the time that the user takes to type does not. */
static void
pause_for_the_prompt(struct kit *k)
{
	budget_pause(&k->budget);
	k->mono_ms += 3600000;
	budget_resume(&k->budget, INT64_MAX);
}

static void
test_half_of_what_is_left_is_the_cards(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->env.budget = &k->budget;
	k->on_prompt = pause_for_the_prompt;
	for (int64_t before = 0; before < 10000; before += 2500) {
		/* open() takes as long each time: to find the card, and after the prompt */
		k->open_takes_ms = before;
		budget_start(&k->budget, &k->clk, 10000);
		expect(k, before < (10000 - before) / 2 ? OUTCOME_OK : OUTCOME_CARD_BUSY, "3");
		assert_int_equal(k->open_within_ms, (10000 - before) / 2);
	}
	assert_int_equal(kit_stats(k).verifies, 2);
}

static void
test_drop_waits_for_what_is_left(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->env.budget = &k->budget;
	budget_start(&k->budget, &k->clk, 2000);
	assert_int_equal(transaction_drop_state(&k->env, "Reader 0").status, OUTCOME_OK);
	assert_int_equal(k->open_within_ms, 2000);
	k->env.budget = NULL;
	assert_int_equal(transaction_drop_state(&k->env, "Reader 0").status, OUTCOME_OK);
	assert_int_equal(k->open_within_ms, (int64_t)k->conf.timeout * 1000);
}

static void
end_enrollment(struct kit *k)
{
	struct outcome o = userfile_remove(k->conf.users_dir, "hanako", geteuid(), NULL);

	assert_int_equal(o.status, OUTCOME_OK);
}

static void
replace_enrollment(struct kit *k)
{
	kit_enroll(k, "hanako", "other-person", NULL);
}

/* A block that is no certificate, behind one that is enrolled. */
static void
damage_enrollment(struct kit *k)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%.4000s/hanako.pem", k->conf.users_dir);
	f = fopen(path, "ae");
	assert_non_null(f);
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
	assert_int_equal(fclose(f), 0);
}

/* A prompt may stay open for hours: what ended meanwhile has ended. */
static void
test_enrollment_that_ends_at_the_prompt(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = end_enrollment;
	expect(k, OUTCOME_NOT_ENROLLED, "3");
	good_card(k);
	k->on_prompt = replace_enrollment;
	expect(k, OUTCOME_NOT_ENROLLED, "3");
	good_card(k);
	k->on_prompt = grow_old;
	expect(k, OUTCOME_CERT_EXPIRED, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* A file that cannot be read to its end admits no card, also not one that is in it. */
static void
test_enrollment_damaged_at_the_prompt(void **state)
{
	struct kit *k = *state;

	good_card(k);
	k->on_prompt = damage_enrollment;
	expect(k, OUTCOME_ENROLMENT, "3");
	assert_int_equal(k->prompts, 1);
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* Another database takes the place of the one that was opened, as jpkictl trust does it. */
static void
end_authority(struct kit *k)
{
	char new[PATH_MAX], old[PATH_MAX];

	snprintf(new, sizeof new, "%.3000s/nssdb-new", k->dir);
	snprintf(old, sizeof old, "%.3000s/nssdb-old", k->dir);
	assert_int_equal(rename(k->conf.trust_db, old), 0);
	assert_int_equal(rename(new, k->conf.trust_db), 0);
}

static void
test_authority_that_ends_at_the_prompt(void **state)
{
	struct kit *k = *state;

	kit_trust(k, "nssdb-new", "ca2");
	kit_trust(k, "nssdb", "ca1");
	good_card(k);
	expect(k, OUTCOME_OK, "3");
	sleep(4);	/* a younger database is opened again, whether it has changed or not */
	k->on_prompt = end_authority;
	expect(k, OUTCOME_UNTRUSTED, "3");
	assert_int_equal(kit_stats(k).verifies, 1);	/* the first login's */
}

/* --- revocation ------------------------------------------------------------------------- */

/* Refused before any command to the card: no try, no prompt. */
static void
expect_untouched(struct kit *k, const char *leaf, enum outcome_status status)
{
	kit_enroll(k, "hanako", leaf, NULL);
	kit_insert(k, 0, leaf, NULL);
	k->prompts = k->opens = 0;
	expect(k, status, "3");
	assert_int_equal(k->prompts, 0);
	assert_int_equal(k->opens, 0);
	assert_int_equal(kit_stats(k).apdus, 0);
}

static void
test_revoked_costs_nothing(void **state)
{
	struct kit *k = *state;

	expect_untouched(k, "revoked", OUTCOME_REVOKED);
	expect_untouched(k, "suspended", OUTCOME_SUSPENDED);
	good_card(k);
	expect(k, OUTCOME_OK, "3");
	k->conf.crl = CONF_CRL_OFF;
	kit_enroll(k, "hanako", "revoked", NULL);
	kit_insert(k, 0, "revoked", NULL);
	expect(k, OUTCOME_OK, "3");
}

static void
test_no_list_costs_nothing(void **state)
{
	struct kit *k = *state;

	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.4000s/none", k->dir);
	expect_untouched(k, "good", OUTCOME_CRL_MISSING);
	k->conf.crl = CONF_CRL_IF_PRESENT;
	expect(k, OUTCOME_OK, "3");
	k->conf.crl = CONF_CRL_REQUIRE;
	k->wall_s -= 36 * 3600;
	kit_import(k, "ca1-soon-stale");
	k->wall_s += 36 * 3600;
	expect_untouched(k, "good", OUTCOME_CRL_STALE);
	k->conf.crl_grace_hours = 25;
	expect(k, OUTCOME_OK, "3");
	k->wall_s -= 10 * 86400;
	expect_untouched(k, "good", OUTCOME_CRL_NOT_YET);
}

/* The list that arrives while the person types. */
static void
list_revokes(struct kit *k)
{
	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.4000s/newer", k->dir);
}

static void
test_revoked_while_the_person_types(void **state)
{
	struct kit *k = *state;
	char usual[PATH_MAX];

	memcpy(usual, k->conf.crl_dir, sizeof usual);
	list_revokes(k);
	kit_import(k, "ca1-good-revoked");
	memcpy(k->conf.crl_dir, usual, sizeof usual);
	good_card(k);
	k->on_prompt = list_revokes;
	expect(k, OUTCOME_REVOKED, "3");
	assert_int_equal(k->prompts, 1);
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* --- the administrator's own list -------------------------------------------------------- */

static struct blocklist
blocklist_of(struct kit *k)
{
	return (struct blocklist){ .path = k->conf.block_list, .owner = k->env.trust_owner, .log = &k->log };
}

/* The serial number of "good", of another generation "good2" too; by the key of this CA. */
static struct block_entry
serial_under(struct kit *k, const char *anchor)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct block_entry entry = { .serial = "06f1a2b3" };
	char path[PATH_MAX];
	struct outcome o;
	uint8_t der[4096];
	size_t len;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", k->pki, anchor);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	o = usercerts_of(&k->env, (struct view){ der, len }, &e);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_true(cert_key_sha256(e.at[0].cert, entry.issuer_key));
	return entry;
}

static void
block(struct kit *k, const struct block_entry *entry)
{
	struct blocklist list = blocklist_of(k);
	struct outcome o;
	size_t added;

	o = blocklist_add(&list, entry, 1, "by a test", &added);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(added, 1);
}

static void
unblock(struct kit *k, const struct block_entry *entry)
{
	struct blocklist list = blocklist_of(k);
	struct outcome o;
	size_t removed;

	o = blocklist_remove(&list, entry, 1, &removed);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(removed, 1);
}

static struct block_entry
certificate_of(struct kit *k)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct block_entry entry = { .serial = "" };
	struct outcome o = usercerts_load(&k->env, "hanako", &e);

	assert_int_equal(o.status, OUTCOME_OK);
	memcpy(entry.certificate, cert_fingerprint(e.at[0].cert), sizeof entry.certificate);
	return entry;
}

static void
test_blocked_costs_nothing(void **state)
{
	struct kit *k = *state;
	struct block_entry entry;

	entry = serial_under(k, "ca2");		/* another's, although name and number are the same */
	block(k, &entry);
	good_card(k);
	expect(k, OUTCOME_OK, "3");
	kit_insert(k, 0, "good2", NULL);
	expect_untouched(k, "good2", OUTCOME_BLOCKED);
	unblock(k, &entry);
	entry = serial_under(k, "ca1");
	block(k, &entry);
	expect_untouched(k, "good", OUTCOME_BLOCKED);
	k->conf.crl = CONF_CRL_OFF;
	expect_untouched(k, "good", OUTCOME_BLOCKED);
	unblock(k, &entry);
	kit_enroll(k, "hanako", "good", NULL);
	entry = certificate_of(k);
	block(k, &entry);
	expect_untouched(k, "good", OUTCOME_BLOCKED);
	unblock(k, &entry);
	kit_insert(k, 0, "good", NULL);
	expect(k, OUTCOME_OK, "3");
}

static void
test_unreadable_block_list_refuses(void **state)
{
	struct kit *k = *state;
	FILE *f = fopen(k->conf.block_list, "we");

	assert_non_null(f);
	fputs("certificate 0123\n", f);
	fclose(f);
	expect_untouched(k, "good", OUTCOME_BLOCK_LIST);
	assert_int_equal(unlink(k->conf.block_list), 0);
	assert_int_equal(mkdir(k->conf.block_list, 0755), 0);
	expect_untouched(k, "good", OUTCOME_BLOCK_LIST);
}

static struct block_entry to_block;

static void
block_it(struct kit *k)
{
	block(k, &to_block);
}

static void
test_blocked_while_the_person_types(void **state)
{
	struct kit *k = *state;

	good_card(k);
	to_block = certificate_of(k);
	k->on_prompt = block_it;
	expect(k, OUTCOME_BLOCKED, "3");
	assert_int_equal(k->prompts, 1);
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* --- state left by others -------------------------------------------------------------- */

static void
verify_elsewhere(struct kit *k)
{
	sim_card_power(k->card[0], true);
	kit_set(k, "verified", "auth");
}

static void
test_verified_by_another_program(void **state)
{
	struct kit *k = *state;

	good_card(k);
	for (int query_9000 = 0; query_9000 < 2; query_9000++) {
		kit_set(k, "verified-query", query_9000 ? "9000" : "count");
		kit_set(k, "auth-tries", "3");
		verify_elsewhere(k);
		k->on_prompt = verify_elsewhere;
		k->answer = "9999";
		expect(k, OUTCOME_PIN_WRONG, "2");
		/* Without a PIN: no success, and their state is theirs. */
		k->answer = "";
		verify_elsewhere(k);
		assert_int_equal(login(k).outcome.status, OUTCOME_PIN_FORMAT);
		k->answer = "1234";
		verify_elsewhere(k);
		expect(k, OUTCOME_OK, "3");
		assert_string_equal(kit_get(k, "verified"), "none");
	}
}

/* --- counterfeit and broken cards --------------------------------------------------------- */

static void
test_signatures_that_do_not_count(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_fault(k, "ins 2A wrongsig");
	expect(k, OUTCOME_BAD_SIGNATURE, "3");
	kit_fault(k, "ins 2A sign-other-challenge");
	expect(k, OUTCOME_BAD_SIGNATURE, "3");
	kit_fault(k, "ins 2A garbage 256");
	expect(k, OUTCOME_BAD_REPLY, "3");
}

static void
copy_file(struct kit *k, const char *from_card, const char *to_card, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX], bytes[8192];
	FILE *in, *out;
	size_t n;

	snprintf(from, sizeof from, "%.4000s/%s/%s", k->dir, from_card, name);
	snprintf(to, sizeof to, "%.4000s/%s/%s", k->dir, to_card, name);
	in = fopen(from, "re");
	out = fopen(to, "we");
	assert_non_null(in);
	assert_non_null(out);
	n = fread(bytes, 1, sizeof bytes, in);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	fclose(out);
}

/* A copy of the right certificate, another key, and a card that takes every PIN. */
static void
test_counterfeit_card(void **state)
{
	char dir[PATH_MAX], err[SIM_ERROR_MAX];
	struct kit *k = *state;

	good_card(k);
	kit_insert(k, 0, "other-person", NULL);
	copy_file(k, "card0-good", "card0-other-person", "auth.crt");
	sim_card_free(k->card[0]);
	snprintf(dir, sizeof dir, "%.4000s/card0-other-person", k->dir);
	k->card[0] = sim_card_open(dir, err, sizeof err);
	assert_non_null(k->card[0]);
	kit_fault(k, "ins 20:* accept-any-pin");
	expect(k, OUTCOME_BAD_SIGNATURE, "3");
}

/* The first bytes of a certificate, too few to contain issuer, serial number and dates. */
static void
test_a_few_right_bytes_are_no_certificate(void **state)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct kit *k = *state;
	struct outcome o;
	struct view head;

	good_card(k);
	o = usercerts_load(&k->env, "hanako", &e);
	assert_int_equal(o.status, OUTCOME_OK);
	head = cert_der(e.at[0].cert);
	for (head.len = 0; head.len < 224; head.len++)
		assert_null(usercerts_match(&e, head));
	for (; head.len <= 256; head.len++)
		assert_ptr_equal(usercerts_match(&e, head), &e.at[0]);
}

/* --- the enrollment ---------------------------------------------------------------------- */

static void
test_dead_enrollments_do_not_touch_the_card(void **state)
{
	static const struct {
		const char *leaf;
		enum outcome_status status;
	} rows[] = {
		{ "expired", OUTCOME_CERT_EXPIRED },
		{ "not-yet", OUTCOME_CERT_NOT_YET },
		{ "not-yet-soon", OUTCOME_CERT_NOT_YET },
		{ "other-ca", OUTCOME_UNTRUSTED },
		{ "sign", OUTCOME_UNTRUSTED },
		{ "wrong-ku", OUTCOME_CERT_KIND },
		{ "rsa1024", OUTCOME_CERT_WEAK },
		{ "sha1", OUTCOME_CERT_WEAK },
		{ "tampered", OUTCOME_CERT_BAD },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		kit_enroll(k, "hanako", rows[i].leaf, NULL);
		kit_insert(k, 0, rows[i].leaf, NULL);
		expect(k, rows[i].status, "3");
		assert_int_equal(kit_stats(k).apdus, 0);
	}
	assert_int_equal(k->opens, 0);
	assert_int_equal(k->prompts, 0);
}

static void
test_certificate_needs_the_configured_policy(void **state)
{
	struct kit *k = *state;

	good_card(k);
	snprintf(k->conf.policy_oid, sizeof k->conf.policy_oid, "1.2.392.200149.8.5.1.3.30");
	expect(k, OUTCOME_OK, "3");
	snprintf(k->conf.policy_oid, sizeof k->conf.policy_oid, "1.2.3.4");
	expect(k, OUTCOME_CERT_KIND, "3");
	assert_int_equal(k->prompts, 1);
}

/* One of two enrolled certificates is dead, and it is the one on the reader. */
static void
test_dead_certificate_beside_a_live_one(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", "expired", NULL);
	kit_insert(k, 0, "expired", NULL);
	expect(k, OUTCOME_CERT_EXPIRED, "3");
	assert_int_equal(k->prompts, 0);
}

static void
write_enrollment(struct kit *k, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%.4000s/hanako.pem", k->conf.users_dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_enrollments_that_cannot_be_read(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	kit_insert(k, 0, "good", NULL);
	expect(k, OUTCOME_NOT_ENROLLED, "3");
	kit_enroll(k, "hanako", "good", NULL);
	write_enrollment(k, "");
	expect(k, OUTCOME_ENROLMENT, "3");
	write_enrollment(k, "no certificate\n");
	expect(k, OUTCOME_ENROLMENT, "3");
	write_enrollment(k, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	expect(k, OUTCOME_ENROLMENT, "3");
	kit_enroll(k, "hanako", "good", NULL);
	snprintf(path, sizeof path, "%.4000s/hanako.pem", k->conf.users_dir);
	assert_int_equal(chmod(path, 0664), 0);
	expect(k, OUTCOME_ENROLMENT, "3");
	assert_int_equal(kit_stats(k).apdus, 0);
}

static void
test_database_that_cannot_be_read(void **state)
{
	struct kit *k = *state;

	good_card(k);
	snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "/nonexistent/nssdb");
	expect(k, OUTCOME_TRUST_DB, "3");
	assert_int_equal(k->opens, 0);
}

/* The user's place and the option decide whether the reader may be used. */
static void
test_place_and_option_decide_on_the_reader(void **state)
{
	static const struct {
		enum conf_remote remote;
		enum place place;
		enum outcome_status wanted;
	} rows[] = {
		{ CONF_REMOTE_NO, PLACE_LOCAL, OUTCOME_OK },
		{ CONF_REMOTE_NO, PLACE_ASSUMED, OUTCOME_OK },
		{ CONF_REMOTE_NO, PLACE_UNPROVED, OUTCOME_REMOTE },
		{ CONF_REMOTE_NO, PLACE_REMOTE, OUTCOME_REMOTE },
		{ CONF_REMOTE_STRICT, PLACE_LOCAL, OUTCOME_OK },
		{ CONF_REMOTE_STRICT, PLACE_ASSUMED, OUTCOME_REMOTE },
		{ CONF_REMOTE_STRICT, PLACE_UNPROVED, OUTCOME_REMOTE },
		{ CONF_REMOTE_STRICT, PLACE_REMOTE, OUTCOME_REMOTE },
		{ CONF_REMOTE_YES, PLACE_LOCAL, OUTCOME_OK },
		{ CONF_REMOTE_YES, PLACE_ASSUMED, OUTCOME_OK },
		{ CONF_REMOTE_YES, PLACE_UNPROVED, OUTCOME_OK },
		{ CONF_REMOTE_YES, PLACE_REMOTE, OUTCOME_OK },
		{ CONF_REMOTE_CHALLENGE, PLACE_LOCAL, OUTCOME_OK },
		{ CONF_REMOTE_CHALLENGE, PLACE_ASSUMED, OUTCOME_OK },
		{ CONF_REMOTE_CHALLENGE, PLACE_UNPROVED, OUTCOME_REMOTE },
		{ CONF_REMOTE_CHALLENGE, PLACE_REMOTE, OUTCOME_REMOTE },
	};
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "sshd",
		.host = "azumino" };
	struct secret *pin = secret_new();
	struct kit *k = *state;
	struct login_result r;

	good_card(k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		k->opens = 0;
		k->conf.remote = rows[i].remote;
		request.place = rows[i].place;
		flow_login(&k->env, &k->ui, &request, pin, &r);
		if (r.outcome.status != rows[i].wanted)
			fail_msg("row %zu: %s", i, outcome_code(r.outcome.status));
		if (rows[i].wanted == OUTCOME_REMOTE)
			assert_int_equal(k->opens, 0);
	}
	secret_free(pin);
}

/* --- every fault at every command ---------------------------------------------------------- */

/*
 * With every fault at every command: no success unless the card really did its
 * part, at most the one try that the person typed, never a verified card
 * without saying so, and then dropping the state works.
 */
static void
one_fault(struct kit *k, const char *pin, unsigned int at, const char *kind)
{
	bool right = strcmp(pin, "1234") == 0;
	struct login_result r;
	struct sim_stats s;
	struct outcome o;
	char fault[64];
	int tries;

	kit_insert(k, 0, "good", NULL);
	snprintf(fault, sizeof fault, "at %u %s", at, kind);
	kit_fault(k, fault);
	k->answer = pin;
	r = login(k);
	s = kit_stats(k);
	tries = kit_get(k, "auth-tries")[0] - '0';
	if (r.outcome.status == OUTCOME_OK && (!right || s.signs == 0))
		fail_msg("%s, PIN %s: success", fault, pin);
	if (s.verifies > 1 || tries < 2 || (right && tries < 3))
		fail_msg("%s, PIN %s: %d tries left after %d VERIFY", fault, pin, tries, (int)s.verifies);
	kit_clear_faults(k);
	if (!r.card_clean) {
		o = transaction_drop_state(&k->env, "Reader 0");
		(void)o;
	}
	if (strcmp(kit_get(k, "verified"), "none") != 0)
		fail_msg("%s, PIN %s: %s, and the card is left verified", fault, pin,
		    outcome_code(r.outcome.status));
}

static void
test_every_fault_at_every_command(void **state)
{
	static const char *const kinds[] = { "drop", "drop-after", "sw 6F00", "sw 6E00", "sw 6D00",
		"sw 6982", "sw 6A82", "sw 63C1", "sw 6983", "sw 9000", "sw 6100", "sw 6CFF", "truncate 0", "truncate 1",
		"truncate 2", "truncate 100", "overlong", "overlong 2000", "garbage", "garbage 2",
		"garbage 258", "wrongdata", "hang forever" };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (unsigned int at = 1; at <= 10; at++)
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
			one_fault(k, "1234", at, kinds[i]);
			one_fault(k, "9999", at, kinds[i]);
		}
}

/* A name is for users at this machine, as the reader is, and only with the option. */
static void
test_who_is_named_by_a_card(void **state)
{
	struct kit *k = *state;

	for (unsigned int named = 0; named < 2; named++)
		for (unsigned int remote = CONF_REMOTE_NO; remote <= CONF_REMOTE_CHALLENGE; remote++)
			for (unsigned int place = 0; place < PLACE_COUNT; place++) {
				struct outcome reader, name;

				k->conf.user_from_card = named;
				k->conf.remote = remote;
				reader = flow_may_use_reader(&k->env, (enum place)place);
				name = flow_may_name_user(&k->env, (enum place)place);
				assert_int_equal(outcome_ok(&name), named && outcome_ok(&reader));
				if (place == PLACE_REMOTE && remote != CONF_REMOTE_YES)
					assert_int_equal(name.status, OUTCOME_REMOTE);
			}
}

/* For whom the cards on the readers are registered: of all of them together, and nothing is sent but what a look needs. */
static void
test_owners_of_cards(void **state)
{
	static struct owners owners;
	struct kit *k = *state;
	struct outcome o;

	kit_enroll(k, "hanako", "good", NULL);
	kit_enroll(k, "taro", "other-person", NULL);
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_NO_CARD);
	assert_int_equal(owners.count, 0);
	kit_insert(k, 0, "good", NULL);
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, 1);
	assert_string_equal(owners.names[0], "hanako");
	assert_int_equal(k->open_reader, -1);
	assert_int_equal(kit_stats(k).verifies, 0);
	assert_int_equal(k->prompts, 0);
	k->reader_count = 2;
	kit_insert(k, 1, "other-person", NULL);
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, 2);
	kit_insert(k, 1, "good", NULL);	/* one card in two slots */
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(owners.count, 1);
	kit_remove(k, 1);
	kit_insert(k, 0, "stay", NULL);
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_UNREGISTERED);
	kit_insert(k, 0, "good", "profile=juki");
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_JUKI_CARD);
	kit_insert(k, 0, "good", "profile=nojpki");
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_NOT_JPKI);
	assert_int_equal(owners.count, 0);
}

static void
lay_card_down(struct kit *k)
{
	kit_insert(k, 0, "good", NULL);
}

/* Waited for, as at a login. */
static void
test_owners_of_a_card_that_comes(void **state)
{
	static struct owners owners;
	struct kit *k = *state;
	struct outcome o;

	kit_enroll(k, "hanako", "good", NULL);
	k->conf.wait = 20;
	k->on_wait = lay_card_down;
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, 1);
	assert_int_equal(k->cues, 1);
	kit_remove(k, 0);
	k->on_wait = NULL;
	k->gone = true;
	o = find_owners(&k->env, &k->ui, &owners);
	assert_int_equal(o.status, OUTCOME_CANCELLED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, kit_done)
	const struct CMUnitTest tests[] = {
		TEST(test_success_in_nine_commands),
		TEST(test_success_without_short_ids),
		TEST(test_success_restores_the_counter),
		TEST(test_other_kinds_of_certificates),
		TEST(test_first_command_fails_after_power_up),
		TEST(test_several_certificates_and_readers),
		TEST(test_wrong_pin_costs_one_try),
		TEST(test_last_try_if_allowed),
		TEST(test_locked_is_locked_in_every_dialect),
		TEST(test_malformed_pins_never_reach_the_card),
		TEST(test_no_reader_no_card_no_service),
		TEST(test_busy_card),
		TEST(test_exclusive_card_is_not_opened),
		TEST(test_how_long_others_are_waited_for),
		TEST(test_card_that_others_let_go_of),
		TEST(test_busy_card_beside_ours),
		TEST(test_card_that_comes_beside_a_busy_one),
		TEST(test_other_cards_get_no_pin),
		TEST(test_other_card_taken_away),
		TEST(test_later_certificate_of_another),
		TEST(test_waits_for_the_card),
		TEST(test_cue_is_shown_where_it_helps),
		TEST(test_question_before_the_card),
		TEST(test_question_before_the_wait),
		TEST(test_question_before_the_card_only_for_the_enrolled),
		TEST(test_card_that_comes_while_waiting),
		TEST(test_each_reader_has_its_own_card),
		TEST(test_person_who_leaves_while_waiting),
		TEST(test_swapped_card_keeps_its_tries),
		TEST(test_card_taken_and_put_back),
		TEST(test_card_taken_away),
		TEST(test_reader_gone_since_the_prompt),
		TEST(test_tries_spent_by_others_meanwhile),
		TEST(test_last_try_without_a_warning),
		TEST(test_no_pin_when_time_is_nearly_up),
		TEST(test_half_of_what_is_left_is_the_cards),
		TEST(test_drop_waits_for_what_is_left),
		TEST(test_enrollment_that_ends_at_the_prompt), TEST(test_enrollment_damaged_at_the_prompt),
		TEST(test_authority_that_ends_at_the_prompt),
		TEST(test_revoked_costs_nothing),
		TEST(test_no_list_costs_nothing),
		TEST(test_blocked_costs_nothing),
		TEST(test_unreadable_block_list_refuses),
		TEST(test_blocked_while_the_person_types),
		TEST(test_revoked_while_the_person_types),
		TEST(test_verified_by_another_program),
		TEST(test_signatures_that_do_not_count),
		TEST(test_counterfeit_card),
		TEST(test_a_few_right_bytes_are_no_certificate),
		TEST(test_dead_enrollments_do_not_touch_the_card),
		TEST(test_certificate_needs_the_configured_policy),
		TEST(test_dead_certificate_beside_a_live_one),
		TEST(test_enrollments_that_cannot_be_read),
		TEST(test_database_that_cannot_be_read),
		TEST(test_place_and_option_decide_on_the_reader),
		TEST(test_every_fault_at_every_command),
		cmocka_unit_test_setup_teardown(test_who_is_named_by_a_card, kit_new, kit_done),
		cmocka_unit_test_setup_teardown(test_owners_of_cards, kit_new, kit_done),
		cmocka_unit_test_setup_teardown(test_owners_of_a_card_that_comes, kit_new, kit_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/pinchange on simulated cards: which prompts there are, what reaches the card, which PIN is valid. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/userfile.h"
#include "flow/pinchange.h"
#include "flow/possession/survey.h"
#include "flow/possession/transaction.h"

#define OLD "1234"
#define NEW "8275"

/* The person: what they answer to each question, and what was asked. */
static struct person {
	const char *answers[PINCHANGE_PROMPTS];
	unsigned int asked, changing;
	struct pinchange_question last;
	int tries_told;
	unsigned int commands_before;	/* that the card had seen at the first question */
	unsigned int busy_at;		/* a question at which on_question happens */
	void (*on_question)(struct kit *k);
} person;

static struct outcome
answer(void *ctx, const struct pinchange_question *q, struct secret *typed)
{
	struct kit *k = ctx;
	const char *text = person.answers[q->prompt];

	/* Nothing is held while a person types, and nothing sent between two questions. */
	assert_int_equal(k->open_reader, -1);
	assert_int_equal(q->prompt, person.asked);
	if (q->prompt == PINCHANGE_OLD) {
		person.tries_told = q->tries_left;
		person.commands_before = (unsigned int)kit_stats(k).apdus;
	} else {
		assert_int_equal(kit_stats(k).apdus, person.commands_before);
	}
	person.last = *q;
	if (person.on_question != NULL && person.busy_at == q->prompt)
		person.on_question(k);
	person.asked++;
	if (text == NULL)
		return outcome_of(OUTCOME_CANCELLED);
	return outcome_of(secret_set(typed, text, strlen(text)) ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
}

static void
note_changing(void *ctx)
{
	person.changing++;
}

static bool
gone(void *ctx)
{
	return ((struct kit *)ctx)->gone;
}

static void
types(const char *old_pin, const char *new_pin, const char *again)
{
	person = (struct person){ .answers = { old_pin, new_pin, again } };
}

static struct pinchange_ui
ui_of(struct kit *k)
{
	return (struct pinchange_ui){ .ask = answer, .gone = gone, .changing = note_changing, .ctx = k };
}

struct result {
	struct outcome outcome;
	bool clean;
};

static void
expect_wiped(struct kit *k, struct pinchange_secrets *s)
{
	for (size_t i = 0; i < PINCHANGE_PROMPTS; i++)
		assert_int_equal(secret_view(s->at[i]).len, 0);
	assert_int_equal(k->open_reader, -1);
}

static struct result
change_of(struct kit *k, const char *user, enum place place)
{
	struct pinchange_user who = { .name = user, .place = place };
	struct pinchange_ui ui = ui_of(k);
	struct pinchange_secrets secrets;
	struct result r = { .clean = false };

	assert_true(pinchange_secrets_init(&secrets));
	r.outcome = pinchange_of_user(&k->env, &ui, &who, &secrets, &r.clean);
	expect_wiped(k, &secrets);
	pinchange_secrets_done(&secrets);
	return r;
}

/* As jpkictl does it: whatever card is there. */
static struct result
change_on_reader(struct kit *k, enum jpki_pin pin)
{
	struct pinchange_ui ui = ui_of(k);
	struct pinchange_card card = { .pin = pin, .reader = "Reader 0" };
	struct pinchange_secrets secrets;
	static struct survey survey;
	struct result r = { .clean = false };

	r.outcome = survey_card(&k->env, "Reader 0", &survey);
	assert_int_equal(r.outcome.status, OUTCOME_OK);
	card.classic = survey.classic;
	card.tries_left = pin == JPKI_PIN_SIGN ? survey.sign_tries : survey.auth_tries;
	card.cert = (struct view){ survey.der, survey.der_len };
	assert_true(pinchange_secrets_init(&secrets));
	r.outcome = pinchange(&k->env, &ui, &card, &secrets, &r.clean);
	expect_wiped(k, &secrets);
	pinchange_secrets_done(&secrets);
	return r;
}

static void
expect_status(struct kit *k, const struct result *r, enum outcome_status status)
{
	if (r->outcome.status != status)
		fail_msg("%s (%x) instead of %s; %s", outcome_code(r->outcome.status), r->outcome.raw,
		    outcome_code(status), k->last_log);
	if (k->card[0] != NULL && r->clean)
		assert_string_equal(kit_get(k, "verified"), "none");
}

/* One change that ends like this, with that PIN and that many tries on the card afterwards. */
static void
expect(struct kit *k, enum outcome_status status, const char *pin, const char *tries)
{
	struct result r = change_of(k, "hanako", PLACE_LOCAL);

	expect_status(k, &r, status);
	assert_string_equal(kit_get(k, "auth-pin"), pin);
	assert_string_equal(kit_get(k, "auth-tries"), tries);
	assert_string_equal(kit_get(k, "sign-tries"), "5");
}

static enum outcome_status
check(struct kit *k, const char *user, enum place place)
{
	struct pinchange_user who = { .name = user, .place = place };
	struct pinchange_ui ui = ui_of(k);
	struct outcome o = pinchange_check(&k->env, &ui, &who);

	assert_int_equal(person.asked, 0);
	assert_int_equal(k->open_reader, -1);
	return o.status;
}

static void
good_card(struct kit *k)
{
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "good", NULL);
}

/* --- success ----------------------------------------------------------------------- */

static void
test_change(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "auth-tries", "2");
	types(OLD, NEW, NEW);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_OK);
	assert_int_equal(kit_stats(k).verifies, 0);
	sim_card_stats_reset(k->card[0]);
	expect(k, OUTCOME_OK, NEW, "3");
	assert_int_equal(person.asked, 3);
	assert_int_equal(person.tries_told, 2);
	assert_int_equal(person.changing, 1);
	assert_int_equal(kit_stats(k).verifies, 1);
	assert_int_equal(kit_stats(k).apdus, 3 + 7);	/* as card/PROTOCOL.md counts them */
	assert_int_equal(k->power_cycles, 1);
	assert_int_equal(k->power_downs, 1);
	/* The old one is wrong now. */
	types(OLD, "4713", "4713");
	expect(k, OUTCOME_PIN_WRONG, NEW, "2");
}

static void
test_change_without_short_ids(void **state)
{
	struct kit *k = *state;

	good_card(k);
	kit_set(k, "no-sfi", "yes");
	types(OLD, NEW, NEW);
	expect(k, OUTCOME_OK, NEW, "3");
	assert_int_equal(kit_stats(k).verifies, 1);
}

static void
test_change_of_the_signature_pin(void **state)
{
	struct kit *k = *state;
	struct result r;

	kit_insert(k, 0, "good", NULL);
	kit_set(k, "sign-tries", "4");
	types("ABC123", "XYZ789", "XYZ789");
	r = change_on_reader(k, JPKI_PIN_SIGN);
	expect_status(k, &r, OUTCOME_OK);
	assert_int_equal(person.tries_told, 4);
	assert_true(person.last.signature);
	assert_string_equal(kit_get(k, "sign-pin"), "XYZ789");
	assert_string_equal(kit_get(k, "sign-tries"), "5");
	assert_string_equal(kit_get(k, "auth-pin"), OLD);
	assert_string_equal(kit_get(k, "auth-tries"), "3");
	types("ABC123", "QRS456", "QRS456");
	r = change_on_reader(k, JPKI_PIN_SIGN);
	expect_status(k, &r, OUTCOME_SIGN_WRONG);
	assert_int_equal(r.outcome.tries_left, 4);
}

static void
test_signature_pin_in_small_letters(void **state)
{
	struct kit *k = *state;
	struct result r;

	kit_insert(k, 0, "good", NULL);
	types("aBc123", "xyz789", "XyZ789");
	r = change_on_reader(k, JPKI_PIN_SIGN);
	expect_status(k, &r, OUTCOME_OK);
	assert_string_equal(kit_get(k, "sign-pin"), "XYZ789");
	assert_string_equal(kit_get(k, "sign-tries"), "5");
	assert_int_equal(kit_stats(k).verifies, 1);
}

/* --- the rules, before the card sees anything ----------------------------------------- */

static void
test_rules(void **state)
{
	static const struct {
		const char *answers[3];
		enum outcome_status status;
		unsigned int asked;
	} rows[] = {
		{ { NULL }, OUTCOME_CANCELLED, 1 },
		{ { OLD, NULL }, OUTCOME_CANCELLED, 2 },
		{ { OLD, NEW, NULL }, OUTCOME_CANCELLED, 3 },
		{ { "" }, OUTCOME_PIN_FORMAT, 1 },
		{ { "123" }, OUTCOME_PIN_FORMAT, 1 },
		{ { "12345" }, OUTCOME_PIN_FORMAT, 1 },
		{ { "my-password-of-many-letters" }, OUTCOME_PIN_FORMAT, 1 },
		{ { "ABC123" }, OUTCOME_PIN_FORMAT, 1 },
		{ { OLD, "" }, OUTCOME_NEW_PIN_FORMAT, 2 },
		{ { OLD, "827" }, OUTCOME_NEW_PIN_FORMAT, 2 },
		{ { OLD, "82755" }, OUTCOME_NEW_PIN_FORMAT, 2 },
		{ { OLD, "827a" }, OUTCOME_NEW_PIN_FORMAT, 2 },
		{ { OLD, "my-password-of-many-letters" }, OUTCOME_NEW_PIN_FORMAT, 2 },
		{ { OLD, OLD }, OUTCOME_NEW_PIN_SAME, 2 },
		{ { OLD, NEW, "8276" }, OUTCOME_NEW_PIN_MISMATCH, 3 },
		{ { OLD, NEW, "" }, OUTCOME_NEW_PIN_MISMATCH, 3 },
		{ { OLD, NEW, "my-password-of-many-letters" }, OUTCOME_NEW_PIN_MISMATCH, 3 },
		{ { OLD, NEW, OLD }, OUTCOME_NEW_PIN_MISMATCH, 3 },
	};
	struct kit *k = *state;

	good_card(k);
	for (size_t i = 0; i < COUNT(rows); i++) {
		sim_card_stats_reset(k->card[0]);
		types(rows[i].answers[0], rows[i].answers[1], rows[i].answers[2]);
		expect(k, rows[i].status, OLD, "3");
		assert_int_equal(person.asked, rows[i].asked);
		assert_int_equal(kit_stats(k).apdus, person.commands_before);
		assert_int_equal(kit_stats(k).verifies, 0);
	}
	assert_int_equal(k->power_cycles, 0);
}

static void
test_rules_of_the_signature_pin(void **state)
{
	static const struct {
		const char *answers[3];
		enum outcome_status status;
	} rows[] = {
		{ { "" }, OUTCOME_SIGN_FORMAT },
		{ { OLD }, OUTCOME_SIGN_FORMAT },
		{ { "abc-123" }, OUTCOME_SIGN_FORMAT },
		{ { "\xef\xbd\x81" "bc123" }, OUTCOME_SIGN_FORMAT },	/* a full-width a */
		{ { "ABC123", "XYZ78" }, OUTCOME_NEW_SIGN_FORMAT },
		{ { "ABC123", "XYZXYZ" }, OUTCOME_NEW_SIGN_FORMAT },
		{ { "ABC123", "xyzxyz" }, OUTCOME_NEW_SIGN_FORMAT },
		{ { "ABC123", "789789" }, OUTCOME_NEW_SIGN_FORMAT },
		{ { "ABC123", "XYZ7890123456789X" }, OUTCOME_NEW_SIGN_FORMAT },
		{ { "ABC123", "ABC123" }, OUTCOME_NEW_PIN_SAME },
		{ { "ABC123", "abc123" }, OUTCOME_NEW_PIN_SAME },
		{ { "ABC123", "XYZ789", "XYZ788" }, OUTCOME_NEW_PIN_MISMATCH },
	};
	struct kit *k = *state;

	kit_insert(k, 0, "good", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r;

		types(rows[i].answers[0], rows[i].answers[1], rows[i].answers[2]);
		r = change_on_reader(k, JPKI_PIN_SIGN);
		expect_status(k, &r, rows[i].status);
		assert_string_equal(kit_get(k, "sign-pin"), "ABC123");
		assert_string_equal(kit_get(k, "sign-tries"), "5");
		assert_int_equal(kit_stats(k).verifies, 0);
	}
}

/* Warned of, and done if the person has it so. */
static void
test_weak_pins_are_warned_of(void **state)
{
	static const struct {
		const char *pin;
		enum pin_weakness weakness;
	} rows[] = { { "0000", PIN_WEAK_SERIES }, { "0503", PIN_WEAK_DATE }, { NEW, PIN_NOT_WEAK } };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_insert(k, 0, "good", NULL);
		types(OLD, rows[i].pin, "");
		kit_set(k, "auth-pin", OLD);
		expect(k, OUTCOME_NEW_PIN_MISMATCH, OLD, "3");
		assert_int_equal(person.last.weakness, rows[i].weakness);
		types(OLD, rows[i].pin, rows[i].pin);
		expect(k, OUTCOME_OK, rows[i].pin, "3");
	}
}

/* --- tries ----------------------------------------------------------------------------- */

static void
test_wrong_pin_costs_one_try(void **state)
{
	struct kit *k = *state;

	good_card(k);
	types("9999", NEW, NEW);
	expect(k, OUTCOME_PIN_WRONG, OLD, "2");
	types("9998", NEW, NEW);
	expect(k, OUTCOME_PIN_WRONG, OLD, "1");
	assert_int_equal(person.changing, 0);
	/* The last one is kept. */
	types(OLD, NEW, NEW);
	expect(k, OUTCOME_LAST_TRY, OLD, "1");
	assert_int_equal(person.asked, 0);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_LAST_TRY);
	k->conf.last_try = CONF_LAST_TRY_ASK;
	types("9997", NEW, NEW);
	expect(k, OUTCOME_PIN_LOCKED, OLD, "0");
	assert_int_equal(person.tries_told, 1);
	types(OLD, NEW, NEW);
	expect(k, OUTCOME_PIN_LOCKED, OLD, "0");
	assert_int_equal(person.asked, 0);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_PIN_LOCKED);
}

static void
test_tries_of_the_signature_pin(void **state)
{
	struct kit *k = *state;
	struct result r;

	kit_insert(k, 0, "good", NULL);
	kit_set(k, "sign-tries", "1");
	types("ABC123", "XYZ789", "XYZ789");
	r = change_on_reader(k, JPKI_PIN_SIGN);
	expect_status(k, &r, OUTCOME_LAST_TRY);
	kit_set(k, "sign-tries", "0");
	r = change_on_reader(k, JPKI_PIN_SIGN);
	expect_status(k, &r, OUTCOME_SIGN_LOCKED);
	assert_int_equal(person.asked, 0);
	assert_string_equal(kit_get(k, "sign-pin"), "ABC123");
}

static void
spend_a_try(struct kit *k)
{
	kit_set(k, "auth-tries", "1");
}

static void
test_tries_spent_by_others_meanwhile(void **state)
{
	struct kit *k = *state;

	good_card(k);
	types(OLD, NEW, NEW);
	person.busy_at = PINCHANGE_NEW;
	person.on_question = spend_a_try;
	expect(k, OUTCOME_LAST_TRY, OLD, "1");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* --- the card between the questions ------------------------------------------------------ */

static void
take_away(struct kit *k)
{
	kit_remove(k, 0);
}

static void
swap(struct kit *k)
{
	kit_insert(k, 0, "other-person", NULL);
}

static void
swap_for_a_licence(struct kit *k)
{
	kit_insert(k, 0, "good", "profile=nojpki");
}

static void
test_card_taken_or_swapped_at_every_question(void **state)
{
	static const struct {
		void (*happens)(struct kit *k);
		enum outcome_status status;
	} rows[] = { { take_away, OUTCOME_CARD_REMOVED }, { swap, OUTCOME_CARD_REMOVED },
		{ swap_for_a_licence, OUTCOME_NOT_JPKI } };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* A card put in at a question counts its commands again: so at the last one only. */
		struct result r;

		kit_insert(k, 0, "good", NULL);
		types(OLD, NEW, NEW);
		person.busy_at = PINCHANGE_AGAIN;
		person.on_question = rows[i].happens;
		r = change_of(k, "hanako", PLACE_LOCAL);
		expect_status(k, &r, rows[i].status);
		assert_int_equal(person.changing, 0);
		if (k->card[0] != NULL) {
			assert_int_equal(kit_stats(k).verifies, 0);
			assert_string_equal(kit_get(k, "auth-tries"), "3");
		}
	}
}

static void
time_passes(struct kit *k)
{
	k->open_takes_ms = (int64_t)k->conf.timeout * 1000;
}

static void
test_no_pin_when_time_is_nearly_up(void **state)
{
	struct kit *k = *state;

	good_card(k);
	types(OLD, NEW, NEW);
	person.busy_at = PINCHANGE_AGAIN;
	person.on_question = time_passes;
	expect(k, OUTCOME_CARD_BUSY, OLD, "3");
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* --- whose card --------------------------------------------------------------------------- */

static void
test_who_is_not_asked(void **state)
{
	struct kit *k = *state;
	struct result r;

	types(OLD, NEW, NEW);
	kit_insert(k, 0, "good", NULL);
	/* Not enrolled comes first, so that a password can be changed from anywhere. */
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_NOT_ENROLLED);
	assert_int_equal(check(k, "hanako", PLACE_REMOTE), OUTCOME_NOT_ENROLLED);
	kit_enroll(k, "hanako", "good", NULL);
	assert_int_equal(check(k, "hanako", PLACE_REMOTE), OUTCOME_REMOTE);
	r = change_of(k, "hanako", PLACE_REMOTE);
	expect_status(k, &r, OUTCOME_REMOTE);
	k->conf.remote = CONF_REMOTE_STRICT;
	assert_int_equal(check(k, "hanako", PLACE_ASSUMED), OUTCOME_REMOTE);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_OK);
	k->conf.remote = CONF_REMOTE_YES;
	assert_int_equal(check(k, "hanako", PLACE_REMOTE), OUTCOME_OK);
	kit_enroll(k, "hanako", "expired", NULL);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_CERT_EXPIRED);
	kit_enroll(k, "hanako", "other-person", NULL);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_OTHER_CARD);
	r = change_of(k, "hanako", PLACE_LOCAL);
	expect_status(k, &r, OUTCOME_OTHER_CARD);
	assert_int_equal(person.asked, 0);
	kit_remove(k, 0);
	assert_int_equal(check(k, "hanako", PLACE_LOCAL), OUTCOME_NO_CARD);
}

/* --- certainty ------------------------------------------------------------------------------ */

/*
 * With every fault at every command: the card has the PIN that we report, at most one try
 * is spent, and never is a card left verified without saying so.
 */
static void
one_fault(struct kit *k, const char *old_pin, unsigned int at, const char *kind)
{
	bool right = strcmp(old_pin, OLD) == 0;
	struct result r;
	struct outcome o;
	char fault[64];
	int tries;

	kit_insert(k, 0, "good", NULL);
	kit_set(k, "auth-pin", OLD);
	kit_set(k, "auth-tries", "3");
	snprintf(fault, sizeof fault, "at %u %s", at, kind);
	kit_fault(k, fault);
	types(old_pin, NEW, NEW);
	r = change_of(k, "hanako", PLACE_LOCAL);
	tries = kit_get(k, "auth-tries")[0] - '0';
	if (kit_stats(k).verifies > 1 || tries < 2 || (right && tries < 3))
		fail_msg("%s, PIN %s: %d tries left", fault, old_pin, tries);
	if (r.outcome.status != OUTCOME_PIN_UNCERTAIN &&
	    strcmp(kit_get(k, "auth-pin"), outcome_ok(&r.outcome) ? NEW : OLD) != 0)
		fail_msg("%s, PIN %s: %s, but the card has %s", fault, old_pin,
		    outcome_code(r.outcome.status), kit_get(k, "auth-pin"));
	if (r.outcome.status == OUTCOME_PIN_UNCERTAIN && person.changing == 0)
		fail_msg("%s, PIN %s: uncertain without a change", fault, old_pin);
	kit_clear_faults(k);
	if (!r.clean) {
		o = transaction_drop_state(&k->env, "Reader 0");
		(void)o;
	}
	if (strcmp(kit_get(k, "verified"), "none") != 0)
		fail_msg("%s, PIN %s: %s, and the card is left verified", fault, old_pin,
		    outcome_code(r.outcome.status));
}

static void
test_every_fault_at_every_command(void **state)
{
	/*
	 * Nothing that makes up a status word (sw 9000, garbage): what a card says of having
	 * changed the PIN is believed.
	 */
	static const char *const kinds[] = { "drop", "drop-after", "sw 6F00", "sw 6E00", "sw 6D00",
		"sw 6982", "sw 6A80", "sw 6A82", "sw 63C1", "sw 6581", "sw 6983", "sw 6100", "sw 6CFF",
		"truncate 0", "truncate 1", "overlong", "overlong 2000", "hang forever" };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (unsigned int at = 1; at <= 11; at++)
		for (size_t i = 0; i < COUNT(kinds); i++) {
			one_fault(k, OLD, at, kinds[i]);
			one_fault(k, "9999", at, kinds[i]);
		}
}

static void
test_faults_of_the_change(void **state)
{
	static const struct {
		const char *fault, *pin;	/* the PIN that the card has then */
		enum outcome_status status;
	} rows[] = {
		{ "ins 24 drop", OLD, OUTCOME_PIN_UNCERTAIN },
		{ "ins 24 drop-after", NEW, OUTCOME_PIN_UNCERTAIN },
		{ "ins 24 hang forever", NEW, OUTCOME_PIN_UNCERTAIN },
		{ "ins 24 truncate 1", NEW, OUTCOME_PIN_UNCERTAIN },
		{ "ins 24 sw 6581", OLD, OUTCOME_PIN_UNCERTAIN },
		{ "ins 24 sw 6A80", OLD, OUTCOME_NEW_PIN_REFUSED },
		{ "ins 24 sw 6982", OLD, OUTCOME_NEW_PIN_REFUSED },
	};
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r;

		kit_insert(k, 0, "good", NULL);
		kit_set(k, "auth-pin", OLD);
		kit_fault(k, rows[i].fault);
		types(OLD, NEW, NEW);
		r = change_of(k, "hanako", PLACE_LOCAL);
		expect_status(k, &r, rows[i].status);
		assert_string_equal(kit_get(k, "auth-pin"), rows[i].pin);
		assert_int_equal(kit_stats(k).verifies, 1);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, kit_done)
	const struct CMUnitTest tests[] = {
		TEST(test_change),
		TEST(test_change_without_short_ids),
		TEST(test_change_of_the_signature_pin),
		TEST(test_signature_pin_in_small_letters),
		TEST(test_rules),
		TEST(test_rules_of_the_signature_pin),
		TEST(test_weak_pins_are_warned_of),
		TEST(test_wrong_pin_costs_one_try),
		TEST(test_tries_of_the_signature_pin),
		TEST(test_tries_spent_by_others_meanwhile),
		TEST(test_card_taken_or_swapped_at_every_question),
		TEST(test_no_pin_when_time_is_nearly_up),
		TEST(test_who_is_not_asked),
		TEST(test_every_fault_at_every_command),
		TEST(test_faults_of_the_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

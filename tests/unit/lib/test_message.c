/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/message: what the person reads. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/guesses.h"
#include "lib/message.h"
#include "tests/unit/test.h"

#define DAY 86400
#define NOW 1780000000	/* 2026-05-29 */

static void
every_outcome_is_said_in_full(void **state)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		struct outcome o = outcome_of(i);
		char text[MESSAGE_MAX];
		const char *rest;

		message_outcome(&o, text);
		assert_int_equal(strncmp(text, outcome_state(i), strlen(outcome_state(i))), 0);
		rest = text + strlen(outcome_state(i));
		if (outcome_remedy(i) == NULL) {
			assert_string_equal(rest, "");
		} else {
			assert_int_equal(rest[0], ' ');
			assert_string_equal(rest + 1, outcome_remedy(i));
		}
	}
}

static void
wrong_pin_tells_the_tries(void **state)
{
	struct outcome o = outcome_of(OUTCOME_PIN_WRONG);
	char text[MESSAGE_MAX];

	message_outcome(&o, text);
	assert_null(strpbrk(text, "0123456789"));	/* unknown: no number, and no -1 */
	o.tries_left = 2;
	message_outcome(&o, text);
	assert_non_null(strstr(text, "2 tries left"));
	assert_non_null(strstr(text, outcome_remedy(OUTCOME_PIN_WRONG)));
	o.tries_left = 1;
	message_outcome(&o, text);
	assert_non_null(strstr(text, "1 try left"));
	assert_non_null(strstr(text, outcome_remedy(OUTCOME_LAST_TRY)));
	o = outcome_of(OUTCOME_SIGN_WRONG);
	o.tries_left = 4;
	message_outcome(&o, text);
	assert_non_null(strstr(text, "signature PIN; 4 tries left"));
	o = outcome_of(OUTCOME_PIN_LOCKED);
	o.tries_left = 0;
	message_outcome(&o, text);
	assert_null(strchr(text, '0'));
}

static void
prompt_tells_the_tries(void **state)
{
	for (int password = 0; password <= 1; password++) {
		char text[MESSAGE_MAX];

		message_pin_prompt(3, password, text);
		assert_non_null(strstr(text, "3 tries"));
		assert_null(strstr(text, "LAST"));
		assert_int_equal(strstr(text, "Password") != NULL, password);
		message_pin_prompt(2, password, text);
		assert_non_null(strstr(text, "2 tries"));
		message_pin_prompt(1, password, text);
		assert_non_null(strstr(text, "LAST"));
		assert_int_equal(strstr(text, "Password") != NULL, password);
		assert_int_equal(text[strlen(text) - 1], ' ');
	}
}

static void
change_prompts_tell_which_pin_and_the_tries(void **state)
{
	char text[MESSAGE_MAX];

	for (int signature = 0; signature <= 1; signature++) {
		message_old_pin_prompt(signature, 3, text);
		assert_non_null(strstr(text, "Current"));
		assert_non_null(strstr(text, "3 tries"));
		assert_null(strstr(text, "LAST"));
		assert_int_equal(strstr(text, "signature PIN") != NULL, signature);
		message_old_pin_prompt(signature, 1, text);
		assert_non_null(strstr(text, "LAST"));
		message_new_pin_prompt(signature, text);
		assert_int_equal(strncmp(text, "New ", 4), 0);
		assert_int_equal(strstr(text, "16 capital letters") != NULL, signature);
	}
	message_again_prompt(PIN_NOT_WEAK, text);
	assert_null(strstr(text, "Enter"));
	message_again_prompt(PIN_WEAK_SERIES, text);
	assert_non_null(strstr(text, "easy to guess"));
	assert_non_null(strstr(text, "Enter to keep the old one"));
	message_again_prompt(PIN_WEAK_DATE, text);
	assert_non_null(strstr(text, "birthday"));
	assert_non_null(strstr(text, "Enter to keep the old one"));
}

/* The counter, the office, what to take there, the other way, and no promise. */
static void
lock_is_explained(void **state)
{
	static const char *const words[] = { "in a row", "Nothing on this computer can unlock it",
		"municipal office", "take the card with you", "kiosk" };
	char text[MESSAGE_MAX];

	for (int signature = 0; signature <= 1; signature++) {
		message_locked(signature, text);
		for (size_t i = 0; i < COUNT(words); i++)
			assert_non_null(strstr(text, words[i]));
		assert_non_null(strstr(text, signature ? "five times" : "three times"));
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

/* A day in Japan begins at 15:00 UTC. */
static void
dates_are_japans(void **state)
{
	const struct {
		int64_t when;
		const char *date;
	} dates[] = {
		{ 0, "1970-01-01" },
		{ 1767193199, "2025-12-31" },	/* 2025-12-31 14:59:59 UTC */
		{ 1767193200, "2026-01-01" },	/* 2025-12-31 15:00:00 UTC */
		{ 1709218799, "2024-02-29" },	/* 2024-02-29 14:59:59 UTC */
		{ 1709218800, "2024-03-01" },
		{ -32400, "1970-01-01" },
		{ -32401, "1969-12-31" },
		{ 253402268399, "9999-12-31" },
		{ INT64_MAX, "?" },
		{ INT64_MIN, "?" },
	};

	for (size_t i = 0; i < COUNT(dates); i++) {
		char text[MESSAGE_DATE_MAX];

		message_date(dates[i].when, text);
		assert_string_equal(text, dates[i].date);
	}
}

static void
days_left_are_whole_days(void **state)
{
	assert_int_equal(message_days_left(NOW, NOW), 0);
	assert_int_equal(message_days_left(NOW + DAY - 1, NOW), 0);
	assert_int_equal(message_days_left(NOW + DAY, NOW), 1);
	assert_int_equal(message_days_left(NOW + 90 * DAY, NOW), 90);
	assert_int_equal(message_days_left(NOW - 1, NOW), -1);
	assert_int_equal(message_days_left(NOW - DAY, NOW), -1);
	assert_int_equal(message_days_left(NOW - DAY - 1, NOW), -2);
}

static void
expiry_is_told_within_the_window(void **state)
{
	const struct {
		int64_t left;
		unsigned int window;
		bool told;
	} cases[] = {
		{ 90 * DAY + 1, 90, false },
		{ 90 * DAY - 1, 90, true },
		{ 1, 90, true },
		{ 0, 90, true },
		{ -1, 90, false },	/* over: another outcome speaks of it */
		{ 1, 0, false },	/* 0: never */
		{ 0, 0, false },
		{ DAY - 1, 1, true },
		{ DAY + 1, 1, false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[MESSAGE_MAX] = "untouched";

		assert_int_equal(message_expiry(NOW + cases[i].left, NOW, cases[i].window, "", text),
		    cases[i].told);
		assert_int_equal(text[0] != '\0', cases[i].told);
	}
}

static void
expiry_tells_date_and_days(void **state)
{
	char text[MESSAGE_MAX];

	assert_true(message_expiry(1767193199, 1767193199 - 30 * DAY, 90, "", text));
	assert_non_null(strstr(text, "2025-12-31"));
	assert_non_null(strstr(text, "in 30 days"));
	assert_true(strlen(text) < MESSAGE_MAX - 1);
	assert_int_equal(text[strlen(text) - 1], '.');
}

static void
expiry_tells_the_cards_own_end(void **state)
{
	char text[MESSAGE_MAX];

	assert_true(message_expiry(1767193199, 1767193199 - 30 * DAY, 90, "20310506", text));
	assert_non_null(strstr(text, "printed on the card, 2031-05-06,"));
	assert_true(message_expiry(1767193199, 1767193199 - 30 * DAY, 90, "20251231", text));
	assert_non_null(strstr(text, "apply for a new card"));
	assert_non_null(strstr(text, "period of stay"));
	assert_null(strstr(text, "Renew"));
	assert_true(message_expiry(1767193199, 1767193199 - 30 * DAY, 90, "2031050x", text));
	assert_non_null(strstr(text, "The date printed on the card is that"));
}

static void
no_card_tells_how_long_was_waited(void **state)
{
	struct outcome o = outcome_of(OUTCOME_NO_CARD);
	char text[MESSAGE_MAX];

	o.waited_s = 20;
	message_outcome(&o, text);
	assert_non_null(strstr(text, "within 20 seconds"));
	o.waited_s = 0;
	message_outcome(&o, text);
	assert_null(strstr(text, "second"));
}

static void
since_tells_how_many_and_by_whom(void **state)
{
	static const struct {
		unsigned int failed;
		const char *by, *entered, *text;
	} rows[] = {
		{ 0, "", "", "" },
		{ 1, "taro, su", "", "Since your last login there was 1 failed PIN entry (taro, su). "
		    "If that was not you, tell the administrator." },
		{ 3, "taro, su: 2; login", "", "Since your last login there were 3 failed PIN entries "
		    "(taro, su: 2; login). If that was not you, tell the administrator." },
		{ 0, "", "taro, su", "Since your last login the right PIN of your card was entered from another account "
		    "(taro, su). If that was not you, tell the administrator." },
		{ 1, "a", "b", "Since your last login there was 1 failed PIN entry (a). Since your last login "
		    "the right PIN of your card was entered from another account (b). If that was not you, tell the "
		    "administrator." },
	};
	char text[MESSAGE_MAX], big[GUESSES_LIST_MAX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		message_since(rows[i].failed, rows[i].by, rows[i].entered, text);
		assert_string_equal(text, rows[i].text);
	}
	/* With the longest lists the whole text has room. */
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	message_since(65535, big, big, text);
	assert_non_null(strstr(text, "administrator."));
}

static void
registration_is_told_with_day_and_terminal(void **state)
{
	char text[MESSAGE_MAX];

	message_registered(1700000000, "pts/3", false, text);
	assert_string_equal(text, "On 2023-11-15 a user who was logged in to this account registered a My "
	    "Number Card for it (jpkictl enroll --self, pts/3). If that was not you, tell the administrator.");
}

static void
join_puts_a_blank_between(void **state)
{
	char text[MESSAGE_MAX], big[MESSAGE_MAX];

	message_join("", "", text);
	assert_string_equal(text, "");
	message_join("a.", "", text);
	assert_string_equal(text, "a.");
	message_join("", "b.", text);
	assert_string_equal(text, "b.");
	message_join("a.", "b.", text);
	assert_string_equal(text, "a. b.");
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	message_join(big, big, text);
	assert_int_equal(strlen(text), MESSAGE_MAX - 1);
}

static void
a_password_that_was_not_unlocked(void **state)
{
	char text[MESSAGE_MAX];

	message_not_unlocked(false, text);
	assert_non_null(strstr(text, "You are logged in, but your card could not open your keyring"));
	assert_non_null(strstr(text, "jpkictl unlock set"));
	message_not_unlocked(true, text);
	assert_non_null(strstr(text, "password has been changed"));
	assert_non_null(strstr(text, "enter your new one; if it is refused"));
	assert_non_null(strstr(text, "jpkictl unlock set"));
}

/* A reader's name is what its maker likes: however long, the text is whole characters. */
static void
busy_card_names_its_reader(void **state)
{
	char text[MESSAGE_MAX], name[2 * MESSAGE_MAX];

	message_busy("Sony RC-S300 00 00", text);
	assert_non_null(strstr(text, "the reader \"Sony RC-S300 00 00\""));
	assert_non_null(strstr(text, "Close that program"));
	for (size_t i = 0; i + 3 < sizeof name; i += 3)
		memcpy(name + i, "\xe8\xaa\xad", 4);
	message_busy(name, text);
	assert_true(strlen(text) < MESSAGE_MAX);
	assert_memory_equal(text + strlen(text) - 3, "\xe8\xaa\xad", 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_is_said_in_full),
		cmocka_unit_test(wrong_pin_tells_the_tries),
		cmocka_unit_test(prompt_tells_the_tries),
		cmocka_unit_test(change_prompts_tell_which_pin_and_the_tries),
		cmocka_unit_test(lock_is_explained),
		cmocka_unit_test(dates_are_japans),
		cmocka_unit_test(days_left_are_whole_days),
		cmocka_unit_test(expiry_is_told_within_the_window),
		cmocka_unit_test(expiry_tells_date_and_days),
		cmocka_unit_test(expiry_tells_the_cards_own_end),
		cmocka_unit_test(no_card_tells_how_long_was_waited),
		cmocka_unit_test(since_tells_how_many_and_by_whom),
		cmocka_unit_test(registration_is_told_with_day_and_terminal),
		cmocka_unit_test(join_puts_a_blank_between),
		cmocka_unit_test(a_password_that_was_not_unlocked),
		cmocka_unit_test(busy_card_names_its_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

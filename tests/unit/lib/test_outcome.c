/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/outcome: the table is complete and can be printed. */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "lib/outcome.h"
#include "tests/unit/test.h"

static void
every_status_has_its_code(void **state)
{
	assert_string_equal(outcome_code(OUTCOME_OK), "JPKI-OK");
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		const char *code = outcome_code(i);

		assert_non_null(code);
		assert_int_equal(strncmp(code, i == OUTCOME_OK ? "JPKI-" : "JPKI-E-", i == OUTCOME_OK ? 5 : 7), 0);
		assert_int_equal(strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-"), strlen(code));
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(code, outcome_code(j));
	}
}

static void
is_sentence(const char *text)
{
	size_t len = strlen(text);

	assert_true(len > 5);
	assert_true(text[len - 1] == '.');
	assert_null(strchr(text, '%'));		/* must not become a format by accident */
	assert_null(strchr(text, '\n'));
}

static void
every_status_has_its_sentence(void **state)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		assert_non_null(outcome_state(i));
		is_sentence(outcome_state(i));
		if (outcome_remedy(i) != NULL)
			is_sentence(outcome_remedy(i));
		assert_true(outcome_priority(i) >= LOG_CRIT && outcome_priority(i) <= LOG_INFO);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(outcome_state(i), outcome_state(j));
	}
}

static void
other_numbers_are_internal_errors(void **state)
{
	const unsigned int numbers[] = { OUTCOME_COUNT, OUTCOME_COUNT + 1, 0xffff, 0xffffffff };

	assert_true(outcome_is_status(OUTCOME_COUNT - 1));
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_false(outcome_is_status(numbers[i]));
		assert_string_equal(outcome_code(numbers[i]), "JPKI-E-INTERNAL");
		assert_non_null(outcome_state(numbers[i]));
	}
}

static void
bare_outcome_claims_nothing(void **state)
{
	struct outcome o = outcome_of(OUTCOME_PIN_WRONG);

	assert_int_equal(o.tries_left, TRIES_UNKNOWN);
	assert_int_equal(o.when, 0);
	assert_int_equal(o.raw, 0);
	assert_false(outcome_ok(&o));
}

static void
outcome_carries_one_thing_more(void **state)
{
	struct outcome raw = outcome_raw(OUTCOME_BAD_REPLY, 0x6f00);
	struct outcome when = outcome_when(OUTCOME_CERT_EXPIRED, -1);

	assert_int_equal(raw.status, OUTCOME_BAD_REPLY);
	assert_int_equal(raw.raw, 0x6f00);
	assert_int_equal(raw.when, 0);
	assert_int_equal(raw.tries_left, TRIES_UNKNOWN);
	assert_int_equal(when.status, OUTCOME_CERT_EXPIRED);
	assert_int_equal(when.when, -1);
	assert_int_equal(when.raw, 0);
	assert_int_equal(when.tries_left, TRIES_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_code),
		cmocka_unit_test(every_status_has_its_sentence),
		cmocka_unit_test(other_numbers_are_internal_errors),
		cmocka_unit_test(bare_outcome_claims_nothing),
		cmocka_unit_test(outcome_carries_one_thing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

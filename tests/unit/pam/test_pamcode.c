/* SPDX-License-Identifier: BSD-2-Clause */
/* pam/pamcode: which outcome opens the door, and which closes it how. */
#include "config.h"

#include <security/pam_modules.h>
#include <string.h>

#include "pam/pamcode.h"
#include "tests/unit/test.h"

static void
only_ok_is_success(void **state)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++)
		assert_int_equal(pamcode_of(i) == PAM_SUCCESS, i == OUTCOME_OK);
}

/* These mean other things to a stack than "this login failed". */
static void
no_failure_is_passed_over(void **state)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		int code = pamcode_of(i);

		assert_int_not_equal(code, PAM_IGNORE);
		assert_int_not_equal(code, PAM_NEW_AUTHTOK_REQD);
		assert_int_not_equal(code, PAM_INCOMPLETE);
		assert_int_not_equal(code, PAM_CONV_AGAIN);
		assert_true(code >= 0 && code < _PAM_RETURN_VALUES);
	}
}

static void
other_numbers_fail(void **state)
{
	const unsigned int numbers[] = { OUTCOME_COUNT, OUTCOME_COUNT + 1, 0xffffffff };

	for (size_t i = 0; i < COUNT(numbers); i++)
		assert_int_equal(pamcode_of(numbers[i]), PAM_SYSTEM_ERR);
}

/* What programs rely on (doc/facts/consumers.md §1.6). */
static void
codes_that_programs_know(void **state)
{
	assert_int_equal(pamcode_of(OUTCOME_PIN_WRONG), PAM_AUTH_ERR);
	assert_int_equal(pamcode_of(OUTCOME_PIN_FORMAT), PAM_AUTH_ERR);
	assert_int_equal(pamcode_of(OUTCOME_PIN_LOCKED), PAM_MAXTRIES);
	assert_int_equal(pamcode_of(OUTCOME_NOT_ENROLLED), PAM_USER_UNKNOWN);
	assert_int_equal(pamcode_of(OUTCOME_NO_CARD), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(pamcode_of(OUTCOME_HELPER), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(pamcode_of(OUTCOME_CANCELLED), PAM_CONV_ERR);
	assert_int_equal(pamcode_of(OUTCOME_CONFIG), PAM_SERVICE_ERR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_ok_is_success),
		cmocka_unit_test(no_failure_is_passed_over),
		cmocka_unit_test(other_numbers_fail),
		cmocka_unit_test(codes_that_programs_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* helper/resources: what is wiped, at a result and in the handler of a signal, and when it may be called. */
#include "config.h"

#include "helper/resources.h"
#include "lib/secret.h"
#include "tests/unit/test.h"

#define SECRETS (2 + PINCHANGE_PROMPTS)

static struct secret *
secret_at(size_t i)
{
	return i == 0 ? resources_pin() : i == 1 ? resources_password() : resources_change_pins()->at[i - 2];
}

static void
fill_all(void)
{
	for (size_t i = 0; i < SECRETS; i++)
		assert_true(secret_set(secret_at(i), "1234", 4));
}

static void
every_secret_is_wiped(void **state)
{
	struct outcome o = resources_acquire(NULL);

	assert_int_equal(o.status, OUTCOME_OK);
	for (unsigned int times = 0; times < 2; times++) {
		fill_all();
		resources_wipe_pins();
		for (size_t i = 0; i < SECRETS; i++)
			if (secret_view(secret_at(i)).len != 0)
				fail_msg("secret %zu is there", i);
	}
	resources_release();
}

/* The handler may come at any time. */
static void
wiping_does_no_harm_before_and_after(void **state)
{
	struct outcome o;

	resources_wipe_pins();
	o = resources_acquire(NULL);
	assert_int_equal(o.status, OUTCOME_OK);
	fill_all();
	resources_release();
	resources_wipe_pins();
	assert_null(resources_pin());
	assert_null(resources_password());
	assert_null(resources_pcsc());
	resources_release();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_secret_is_wiped),
		cmocka_unit_test(wiping_does_no_harm_before_and_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

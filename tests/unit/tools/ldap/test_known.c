/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/known: whose registration an entry was. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "tools/ldap/known.h"

static void
names_of_entries(void **state)
{
	struct known k = { .tree = NULL };
	char key[KNOWN_KEY_MAX + 1], text[16];

	assert_null(known_name(&k, "1"));
	assert_false(known_has_name(&k, "hanako"));
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof text, "%d", i * 7919 % 2000);
		assert_true(known_add(&k, text, text));
	}
	assert_int_equal(k.count, 2000);
	assert_string_equal(known_name(&k, "1234"), "1234");
	assert_true(known_add(&k, "1234", "hanako"));		/* renamed */
	assert_int_equal(k.count, 2000);
	assert_string_equal(known_name(&k, "1234"), "hanako");
	assert_false(known_has_name(&k, "1234"));
	assert_true(known_add(&k, "1", "hanako"));
	known_drop(&k, "1234");
	known_drop(&k, "1234");
	assert_int_equal(k.count, 1999);
	assert_null(known_name(&k, "1234"));
	assert_true(known_has_name(&k, "hanako"));
	memset(key, 'a', sizeof key - 1);
	key[KNOWN_KEY_MAX] = '\0';
	assert_false(known_add(&k, key, "x"));
	assert_null(known_name(&k, key));
	known_done(&k);
	assert_int_equal(k.count, 0);
	assert_null(known_name(&k, "1"));
}

/* A name is known for as long as any entry registers it. With as many as there may be, all of them leave in less than a second. */
static void
names_leave_with_their_last_entry(void **state)
{
	struct known k = { .tree = NULL };
	char key[16], name[16];

	for (int i = 0; i < KNOWN_ENTRIES_MAX; i++) {
		snprintf(key, sizeof key, "%d", i * 7919 % KNOWN_ENTRIES_MAX);
		snprintf(name, sizeof name, "user%d", i / 2);
		assert_true(known_add(&k, key, name));
	}
	assert_false(known_add(&k, "one more", "user1"));
	assert_false(known_add(&k, "one more", "one more"));
	assert_false(known_has_name(&k, "one more"));
	assert_true(known_add(&k, "0", "user0"));	/* again */
	for (int i = 0; i < KNOWN_ENTRIES_MAX; i++) {
		snprintf(key, sizeof key, "%d", i * 7919 % KNOWN_ENTRIES_MAX);
		snprintf(name, sizeof name, "user%d", i / 2);
		known_drop(&k, key);
		if (known_has_name(&k, name) != (i % 2 == 0))
			fail_msg("%s after entry %d", name, i);
	}
	assert_int_equal(k.count, 0);
	known_done(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_entries),
		cmocka_unit_test(names_leave_with_their_last_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

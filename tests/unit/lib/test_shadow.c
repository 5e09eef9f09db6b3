/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/shadow: a password is the account's, is not, or is kept in another place. */
#include "config.h"

#include <errno.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>

#include "lib/shadow.h"
#include "tests/unit/test.h"

/* "secret word", of few rounds */
#define HASH "$5$rounds=1000$saltsalt$kR4sCjgEJ.zl1rjXaJKQDzPubB5kJgLWsgw8MJ0akC."

static const char *hash;	/* NULL: there is no entry, */
static int error;		/* and this is why */
static long changed;

int __wrap_getspnam_r(const char *name, struct spwd *entry, char *text, size_t size, struct spwd **ret);

int
__wrap_getspnam_r(const char *name, struct spwd *entry, char *text, size_t size, struct spwd **ret)
{
	assert_string_equal(name, "hanako");
	*ret = NULL;
	if (hash == NULL)
		return error;
	snprintf(text, size, "%s", hash);
	*entry = (struct spwd){ .sp_pwdp = text, .sp_lstchg = changed };
	*ret = entry;
	return 0;
}

static enum shadow
compare(const char *password)
{
	struct secret *s = secret_new_long();
	enum shadow r;

	assert_non_null(s);
	assert_true(secret_set(s, password, strlen(password)));
	r = shadow_compare("hanako", s);
	secret_free(s);
	return r;
}

static void
the_right_password_fits(void **state)
{
	static const char *const others[] = { "", "Secret word", "secret word ", "secret wor", HASH };

	hash = HASH;
	assert_int_equal(compare("secret word"), SHADOW_FITS);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(compare(others[i]), SHADOW_DIFFERS);
}

/* No password fits an account that has none, or a locked one; not even the text in its field. */
static void
no_password_at_all(void **state)
{
	static const char *const hashes[] = { "", "*", "!", "!!", "!*", "*0", "*1", "x", "secret word",
		"$5$rounds=1000$saltsalt$", "$9$unknown$kind" };

	for (size_t i = 0; i < COUNT(hashes); i++) {
		hash = hashes[i];
		assert_int_equal(compare("secret word"), SHADOW_DIFFERS);
		assert_int_equal(compare(hashes[i]), SHADOW_DIFFERS);
	}
	hash = "!" HASH;	/* locked by usermod -L */
	assert_int_equal(compare("secret word"), SHADOW_DIFFERS);
}

static void
a_password_kept_elsewhere_is_not_judged(void **state)
{
	hash = NULL;
	error = 0;
	assert_int_equal(compare("secret word"), SHADOW_ELSEWHERE);
	error = ENOENT;
	assert_int_equal(compare("secret word"), SHADOW_ELSEWHERE);
	/* A hash that cannot be read fits no password. */
	error = EACCES;
	assert_int_equal(compare("secret word"), SHADOW_DIFFERS);
	error = ERANGE;
	assert_int_equal(compare("secret word"), SHADOW_DIFFERS);
}

static void
day_of_the_change(void **state)
{
	hash = HASH;
	changed = 20000;
	assert_int_equal(shadow_changed("hanako"), 20000);
	changed = -1;
	assert_int_equal(shadow_changed("hanako"), 0);
	changed = 0;
	assert_int_equal(shadow_changed("hanako"), 0);
	hash = NULL;
	error = 0;
	assert_int_equal(shadow_changed("hanako"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_fits),
		cmocka_unit_test(no_password_at_all),
		cmocka_unit_test(a_password_kept_elsewhere_is_not_judged),
		cmocka_unit_test(day_of_the_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

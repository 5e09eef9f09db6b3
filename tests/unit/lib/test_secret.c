/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/secret: held, wiped, and out of everybody's reach. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/secret.h"
#include "tests/unit/test.h"

static bool
all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
holds_and_wipes(void **state)
{
	struct secret *s = secret_new();
	struct view v;

	assert_non_null(s);
	assert_int_equal(secret_view(s).len, 0);
	assert_true(secret_set(s, "1234567890abcdef", SECRET_MAX));
	v = secret_view(s);
	assert_int_equal(v.len, SECRET_MAX);
	assert_memory_equal(v.data, "1234567890abcdef", SECRET_MAX);
	assert_true(secret_set(s, "99", 2));
	assert_int_equal(secret_view(s).len, 2);
	assert_true(all_zero(v.data + 2, SECRET_MAX - 2));	/* nothing left of the longer one */
	secret_wipe(s);
	assert_int_equal(secret_view(s).len, 0);
	assert_true(all_zero(v.data, SECRET_MAX));
	secret_free(s);
	secret_free(NULL);
}

static void
too_long_leaves_it_empty(void **state)
{
	struct secret *s = secret_new();
	struct view v;

	assert_non_null(s);
	assert_true(secret_set(s, "1234", 4));
	v = secret_view(s);
	assert_false(secret_set(s, "1234567890abcdefg", SECRET_MAX + 1));
	assert_int_equal(secret_view(s).len, 0);
	assert_true(all_zero(v.data, SECRET_MAX));
	assert_true(secret_set(s, NULL, 0));
	assert_int_equal(secret_view(s).len, 0);
	secret_free(s);
}

static void
long_ones_hold_a_password(void **state)
{
	struct secret *s = secret_new_long();
	char text[SECRET_LONG_MAX + 1];
	struct view v;

	assert_non_null(s);
	memset(text, 'x', sizeof text);
	assert_true(secret_set(s, text, SECRET_LONG_MAX));
	v = secret_view(s);
	assert_int_equal(v.len, SECRET_LONG_MAX);
	assert_int_equal(v.data[v.len], 0);
	assert_false(secret_set(s, text, SECRET_LONG_MAX + 1));
	assert_int_equal(secret_view(s).len, 0);
	assert_true(all_zero(v.data, SECRET_LONG_MAX + 1));
	assert_true(secret_set(s, "1234", 4));
	assert_int_equal(v.data[4], 0);		/* a NUL follows */
	secret_free(s);
}

static void
secret_is_asked_like_bytes(void **state)
{
	struct secret *s = secret_new();

	assert_non_null(s);
	assert_false(secret_is_auth_pin(s));
	assert_true(secret_set(s, "1234", 4));
	assert_true(secret_is_auth_pin(s));
	assert_true(secret_set(s, "1234\n", 5));
	assert_false(secret_is_auth_pin(s));
	secret_free(s);
}

/* Whether the kernel shows this flag for the mapping that contains p. */
static bool
mapping_has(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512], wanted[8];
	bool here = false, found = false;

	if (f == NULL)
		return true;	/* no /proc, nothing to see */
	snprintf(wanted, sizeof wanted, " %s", flag);
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, wanted) != NULL;
	}
	fclose(f);
	return found;
}

static void
stays_out_of_core_dumps(void **state)
{
	struct secret *s = secret_new();

	assert_non_null(s);
	assert_true(mapping_has(s, "dd"));
	secret_free(s);
}

static void
child_does_not_inherit_it(void **state)
{
	struct secret *s = secret_new();
	int status = 0;
	pid_t pid;

	assert_non_null(s);
	assert_true(secret_set(s, "1234", 4));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(secret_view(s).len == 0 && all_zero(secret_view(s).data, SECRET_MAX) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_memory_equal(secret_view(s).data, "1234", 4);
	secret_free(s);
}

static void
works_where_nothing_can_be_locked(void **state)
{
	struct rlimit old, none = { 0, 0 };
	struct secret *s;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	s = secret_new();
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
	assert_non_null(s);
	assert_true(secret_set(s, "1234", 4));
	secret_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_and_wipes),
		cmocka_unit_test(too_long_leaves_it_empty),
		cmocka_unit_test(long_ones_hold_a_password),
		cmocka_unit_test(secret_is_asked_like_bytes),
		cmocka_unit_test(stays_out_of_core_dumps),
		cmocka_unit_test(child_does_not_inherit_it),
		cmocka_unit_test(works_where_nothing_can_be_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

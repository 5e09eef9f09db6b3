/* SPDX-License-Identifier: BSD-2-Clause */
/* Which stacks jpkictl setup refuses to write, and why. */
#include "config.h"

#include <string.h>

#include "tests/unit/test.h"
#include "tools/setup/setup.h"

#define CARD "auth [success=done default=ignore] pam_jpki.so\n"
#define OPENS(n) "auth [success=ok default=" n "] pam_jpki.so\nauth optional pam_mount.so\nauth sufficient pam_permit.so\n"
#define COMMON "@include common-auth\n"
#define ACCOUNT "account required pam_unix.so\n"

static void
load(const char *text, struct pamstack *ret)
{
	static const char *const nowhere[] = { "/nonexistent/pam.d", NULL };
	const struct pamstack_file files[] = {
		{ "test", text },
		{ "common-auth", "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" },
	};
	const struct pamstack_source source = { .dirs = nowhere, .replaced = files, .replaced_count = COUNT(files),
		.flavour = PAMSTACK_DEBIAN };

	assert_true(pamstack_load(&source, "test", ret));
}

static const struct {
	const char *before, *after, *fault;	/* the beginning of the sentence, or NULL */
} rows[] = {
	{ COMMON ACCOUNT, CARD COMMON ACCOUNT, NULL },
	{ COMMON ACCOUNT, OPENS("2") COMMON ACCOUNT, NULL },
	{ CARD COMMON ACCOUNT, OPENS("2") COMMON ACCOUNT, NULL },
	/* A user without a card gets to pam_permit. */
	{ COMMON ACCOUNT, OPENS("1") COMMON ACCOUNT, "every user would be admitted" },
	{ CARD COMMON ACCOUNT, OPENS("1") COMMON ACCOUNT, "every user would be admitted" },
	{ COMMON ACCOUNT, CARD "auth sufficient pam_permit.so\n" COMMON ACCOUNT, "every user would be admitted" },
	{ COMMON ACCOUNT, "auth [success=1 default=ignore] pam_localuser.so\n" CARD COMMON ACCOUNT, "pam_jpki.so would not run exactly once" },
	{ COMMON ACCOUNT, "auth [success=ignore default=1] pam_localuser.so\n" OPENS("2") COMMON ACCOUNT, "a jump in an earlier line" },
	{ COMMON ACCOUNT, CARD CARD COMMON ACCOUNT, "pam_jpki.so would not run exactly once" },
	{ COMMON ACCOUNT, COMMON ACCOUNT, "pam_jpki.so would not run exactly once" },
	{ COMMON ACCOUNT, "auth required pam_jpki.so\n" ACCOUNT, "the password alone" },
	{ COMMON ACCOUNT, CARD "@include missing\n" ACCOUNT, "libpam could not read it" },
};

static void
what_is_refused_and_why(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pamstack before, after;
		struct pamstack_judgement was, will;
		const char *fault;

		load(rows[i].before, &before);
		load(rows[i].after, &after);
		was = pamstack_judge(&before, false, false);
		will = pamstack_judge(&after, false, false);
		fault = setup_fault(&after, &was, &will);
		if (rows[i].fault == NULL ? fault != NULL : fault == NULL || strncmp(fault, rows[i].fault, strlen(rows[i].fault)) != 0)
			fail_msg("row %zu: %s", i, fault != NULL ? fault : "no fault");
		pamstack_done(&before);
		pamstack_done(&after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_refused_and_why) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

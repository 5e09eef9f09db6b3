/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What jpkictl setup lets the card open: the modules that a login by password gives the password, and that one by
 * card does not call. With its lines only a login by card calls them, and no other login succeeds by them.
 */
#include "config.h"

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/setup/setup.h"

#define CARD "auth [success=done default=ignore] pam_jpki.so\n"
#define COMMON "@include common-auth\n"
#define LINE(name) "auth\toptional\tpam_" name ".so\n"

static const char *const nowhere[] = { "/nonexistent/pam.d", NULL };

static void
load(const char *text, struct pamstack *ret)
{
	const struct pamstack_file files[] = {
		{ "test", text },
		{ "common-auth", "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
		    "auth required pam_permit.so\nauth optional pam_mount.so\n" },
		{ "plain", "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" },
		{ "profile", "auth [success=2 default=ignore] pam_jpki.so\nauth [success=1 default=ignore] pam_unix.so\n"
		    "auth requisite pam_deny.so\nauth required pam_permit.so\n" },
	};
	const struct pamstack_source source = { .dirs = nowhere, .replaced = files, .replaced_count = COUNT(files),
		.flavour = PAMSTACK_DEBIAN };

	assert_true(pamstack_load(&source, "test", ret));
}

static const struct {
	const char *text, *lines;
	unsigned int count;
} rows[] = {
	{ CARD "@include plain\n", "", 0 },
	{ CARD COMMON, LINE("mount"), 1 },
	{ CARD "@include plain\nauth optional pam_gnome_keyring.so\n", LINE("gnome_keyring"), 1 },
	{ CARD COMMON "-auth optional pam_kwallet5.so a=b c\n", LINE("mount") "-auth\toptional\tpam_kwallet5.so a=b c\n", 2 },
	{ CARD "@include plain\n-auth optional pam_kwallet6.so\nauth optional pam_fscrypt.so\nauth optional pam_systemd_home.so\n",
	  "-auth\toptional\tpam_kwallet6.so\n" LINE("fscrypt") LINE("systemd_home"), 3 },
	/* twice in the stack, once here */
	{ CARD COMMON "auth optional pam_mount.so\n", LINE("mount"), 1 },
	/* called by a login by card as it is */
	{ "@include profile\nauth optional pam_gnome_keyring.so\n", "", 0 },
	{ "auth [success=ok default=2] pam_jpki.so\nauth optional pam_mount.so\nauth sufficient pam_permit.so\n" COMMON, "", 0 },
	{ "auth [success=ok default=2] pam_jpki.so\nauth optional pam_mount.so\nauth sufficient pam_permit.so\n" COMMON
	  "auth optional pam_gnome_keyring.so\n", LINE("gnome_keyring"), 1 },
	/* in front of ours: it has had its turn */
	{ "auth optional pam_mount.so\n" CARD "@include plain\n", "", 0 },
	/* what would have to be quoted is left to the administrator */
	{ CARD "@include plain\nauth optional pam_mount.so [a b]\n", "", 0 },
	{ "@include plain\nauth optional pam_gnome_keyring.so\n", "", 0 },
};

static void
the_modules_that_the_card_does_not_reach(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pamstack stack;
		struct openers o;

		load(rows[i].text, &stack);
		openers_find(&stack, pamstack_judge(&stack, false, false).ours, &o);
		assert_string_equal(o.lines, rows[i].lines);
		assert_int_equal(o.count, rows[i].count);
		pamstack_done(&stack);
	}
}

/* As many as there may be, and no line cut. */
static void
what_is_too_much_is_left_out(void **state)
{
	char text[8192] = CARD, arg[200];
	struct pamstack stack;
	struct openers o;

	memset(arg, 'x', sizeof arg - 1);
	arg[sizeof arg - 1] = '\0';
	for (const char *const *m = (const char *const[]){ "ecryptfs", "fscrypt", "kwallet", "kwallet5", "kwallet6", "mount", NULL };
	    *m != NULL; m++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "auth optional pam_%s.so %s\n", *m, arg);
	load(text, &stack);
	openers_find(&stack, pamstack_judge(&stack, false, false).ours, &o);
	assert_int_equal(o.count, 4);
	assert_int_equal(o.lines[strlen(o.lines) - 1], '\n');
	pamstack_done(&stack);
}

/* The stack that comes of it, as libpam would walk it. */
static void
the_card_opens_them_and_admits_no_one_else(void **state)
{
	const char *before = "auth requisite pam_nologin.so\n" COMMON "auth optional pam_gnome_keyring.so\n";
	struct edit e = { .card = true, .options = "" };
	struct pamstack_judgement j;
	struct pamstack stack;
	char *text = edit_insert(before, &e);

	load(text, &stack);
	openers_find(&stack, pamstack_judge(&stack, false, false).ours, &e.openers);
	assert_int_equal(e.openers.count, 2);
	pamstack_done(&stack);
	free(text);
	text = edit_insert(before, &e);
	load(text, &stack);
	j = pamstack_judge(&stack, false, false);
	assert_true(pamstack_calls(pamstack_list(&stack, PAMSTACK_AUTH), j.ours, "pam_mount"));
	assert_true(pamstack_calls(pamstack_list(&stack, PAMSTACK_AUTH), j.ours, "pam_gnome_keyring"));
	assert_int_equal(j.open.verdict, PAMSTACK_NO);
	assert_int_equal(j.card_alone.verdict, PAMSTACK_YES);
	assert_int_equal(j.password[PAM_AUTHINFO_UNAVAIL].verdict, PAMSTACK_YES);
	assert_int_equal(j.password[PAM_AUTH_ERR].verdict, PAMSTACK_YES);
	openers_find(&stack, j.ours, &e.openers);
	assert_int_equal(e.openers.count, 0);
	pamstack_done(&stack);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_modules_that_the_card_does_not_reach),
		cmocka_unit_test(what_is_too_much_is_left_out),
		cmocka_unit_test(the_card_opens_them_and_admits_no_one_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

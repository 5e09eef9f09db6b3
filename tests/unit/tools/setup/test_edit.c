/* SPDX-License-Identifier: BSD-2-Clause */
/* Where jpkictl setup puts our lines, and that it touches nothing else. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/setup/setup.h"

#define AUTH "auth\t[success=done default=ignore]\tpam_jpki.so\n"
#define FORWARD "auth\t[success=done default=ignore]\tpam_jpki.so forward_pass=yes\n"
#define SESSION "session\toptional\tpam_jpki.so\n"
#define ACCOUNT "account\t[success=ok ignore=ignore module_unknown=ignore default=bad]\tpam_jpki.so\n"

static const struct {
	const char *before, *options, *after;
} rows[] = {
	/* Debian */
	{ "#%PAM-1.0\n@include common-auth\n@include common-account\n", "",
	  "#%PAM-1.0\n" AUTH "@include common-auth\n" ACCOUNT "@include common-account\n" },
	{ "@include common-account\n@include common-auth\n", "",
	  ACCOUNT "@include common-account\n" AUTH "@include common-auth\n" },
	{ "  @include\tcommon-auth", " forward_pass=yes", FORWARD "  @include\tcommon-auth" },
	/* Fedora */
	{ "auth       include      system-auth\naccount    include      system-auth\n", "",
	  AUTH "auth       include      system-auth\n" ACCOUNT "account    include      system-auth\n" },
	{ "auth substack system-auth\nauth include postlogin\n", "",
	  AUTH "auth substack system-auth\nauth include postlogin\n" },
	/* by hand */
	{ "auth required pam_env.so\n-AUTH [success=1 default=ignore] pam_unix.so\naccount required pam_unix.so\n", "",
	  "auth required pam_env.so\n" AUTH "-AUTH [success=1 default=ignore] pam_unix.so\n" ACCOUNT
	  "account required pam_unix.so\n" },
	/* the first of several, and no other type */
	{ "password required pam_unix.so\nauth required pam_unix.so\nauth required pam_unix.so\n", "",
	  "password required pam_unix.so\n" AUTH "auth required pam_unix.so\nauth required pam_unix.so\n" },
	/* remarks and continued lines are no place */
	{ "# @include common-auth\n#auth required pam_unix.so\n@include common-auth\n", "",
	  "# @include common-auth\n#auth required pam_unix.so\n" AUTH "@include common-auth\n" },
	{ "auth required pam_env.so \\\nauth include x\n@include common-auth\n", "",
	  "auth required pam_env.so \\\nauth include x\n" AUTH "@include common-auth\n" },
	/* none */
	{ "", "", NULL },
	{ "auth required pam_permit.so\n", "", NULL },
	{ "account include system-auth\n", "", NULL },
	{ "@include common-authority\n", "", NULL },
};

static void
test_line_is_put_where_it_belongs(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct edit e = { .card = true, .options = rows[i].options };
		char *after = edit_insert(rows[i].before, &e);

		if (rows[i].after == NULL)
			assert_null(after);
		else
			assert_string_equal(after, rows[i].after);
		free(after);
	}
}

/* The line of the session: after the last of its kind, and alone where the card's lines are there. */
static const struct {
	const char *before;
	bool card;
	const char *after;
} sessions[] = {
	{ "@include common-auth\n@include common-account\n@include common-session\n@include common-password\n", true,
	  AUTH "@include common-auth\n" ACCOUNT "@include common-account\n@include common-session\n" SESSION
	  "@include common-password\n" },
	{ "@include common-auth\nsession required pam_limits.so\n", false,
	  "@include common-auth\nsession required pam_limits.so\n" SESSION },
	{ "@include common-auth\n@include common-session", true, AUTH "@include common-auth\n@include common-session\n" SESSION },
	{ "session include system-auth\n-Session optional pam_x.so\npassword include system-auth\n", false,
	  "session include system-auth\n-Session optional pam_x.so\n" SESSION "password include system-auth\n" },
	{ "@include common-session-noninteractive\n# end\n", false, "@include common-session-noninteractive\n" SESSION "# end\n" },
	{ "session optional pam_x.so \\\n  a=b \\\n  c=d\npassword required pam_unix.so\n", false,
	  "session optional pam_x.so \\\n  a=b \\\n  c=d\n" SESSION "password required pam_unix.so\n" },
	{ "auth required pam_x.so \\\nsession=1\naccount required pam_unix.so\n", false,
	  "auth required pam_x.so \\\nsession=1\naccount required pam_unix.so\n" SESSION },
	{ "# session required pam_x.so\n", false, "# session required pam_x.so\n" SESSION },
	{ "", false, SESSION },
};

static void
test_session_line_follows_the_others(void **state)
{
	for (size_t i = 0; i < COUNT(sessions); i++) {
		const struct edit e = { .card = sessions[i].card, .session = true, .options = "" };
		char *after = edit_insert(sessions[i].before, &e);

		assert_string_equal(after, sessions[i].after);
		free(after);
	}
}

/* What the card opens: after our line, which is there already or not. The number of lines is that of the jump. */
#define KEYRING "auth\toptional\tpam_gnome_keyring.so\n"
#define PERMIT "auth\tsufficient\tpam_permit.so\n"
#define OPENS(n) "auth\t[success=ok default=" n "]\tpam_jpki.so"

static const struct {
	const char *before, *options;
	bool card;
	struct openers openers;
	const char *after;
} opening[] = {
	{ "@include common-auth\n" KEYRING "@include common-account\n", "", true, { KEYRING, 1 },
	  OPENS("2") "\n" KEYRING PERMIT "@include common-auth\n" KEYRING ACCOUNT "@include common-account\n" },
	{ "@include common-auth\n", " forward_pass=yes", true, { KEYRING "-auth\toptional\tpam_mount.so\n", 2 },
	  OPENS("3") " forward_pass=yes\n" KEYRING "-auth\toptional\tpam_mount.so\n" PERMIT "@include common-auth\n" },
	/* in place of the line that is there, and nothing else */
	{ "# a\n" FORWARD "@include common-auth\n" ACCOUNT, "", false, { KEYRING, 1 },
	  "# a\n" OPENS("2") " forward_pass=yes\n" KEYRING PERMIT "@include common-auth\n" ACCOUNT },
	{ "AUTH [success=done  default=ignore] pam_jpki.so", "", false, { KEYRING, 1 }, OPENS("2") "\n" KEYRING PERMIT },
	/* a line of the administrator's is left alone */
	{ "auth sufficient pam_jpki.so\n@include common-auth\n", "", false, { KEYRING, 1 }, NULL },
	{ "auth [success=done default=ignore] pam_other.so\n", "", false, { KEYRING, 1 }, NULL },
	{ "account [success=done default=ignore] pam_jpki.so\n", "", false, { KEYRING, 1 }, NULL },
	{ "#auth [success=done default=ignore] pam_jpki.so\n", "", false, { KEYRING, 1 }, NULL },
	{ "auth [success=done default=ignore] pam_jpki.so \\\n wait=3\n", "", false, { KEYRING, 1 }, NULL },
	{ "auth required x.so \\\nauth [success=done default=ignore] pam_jpki.so\n", "", false, { KEYRING, 1 }, NULL },
	{ "", "", false, { KEYRING, 1 }, NULL },
	/* nothing to open */
	{ FORWARD "@include common-auth\n", "", false, { "", 0 }, FORWARD "@include common-auth\n" },
};

static void
test_lines_that_open_a_keyring(void **state)
{
	for (size_t i = 0; i < COUNT(opening); i++) {
		const struct edit e = { .card = opening[i].card, .options = opening[i].options, .openers = opening[i].openers };
		char *after = edit_insert(opening[i].before, &e);

		if (opening[i].after == NULL)
			assert_null(after);
		else
			assert_string_equal(after, opening[i].after);
		free(after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_is_put_where_it_belongs),
		cmocka_unit_test(test_session_line_follows_the_others),
		cmocka_unit_test(test_lines_that_open_a_keyring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Where jpkictl setup puts our lines, and that it touches nothing else. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/setup/setup.h"

#define AUTH "auth\t[success=done default=ignore]\tpam_jpki.so\n"
#define FORWARD "auth\t[success=done default=ignore]\tpam_jpki.so forward_pass=yes\n"
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
test_rows(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *after = edit_insert(rows[i].before, rows[i].options);

		if (rows[i].after == NULL)
			assert_null(after);
		else
			assert_string_equal(after, rows[i].after);
		free(after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

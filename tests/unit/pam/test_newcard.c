/* SPDX-License-Identifier: BSD-2-Clause */
/* The user who logs in reads that a card was registered, if the application shows it. */
#include "config.h"

#include <pwd.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/notice.h"
#include "pam/newcard.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define HANAKO 2001
#define TARO 2002

static uid_t caller;	/* root: login, sshd, a greeter */
static int shown;	/* texts that the application took */
static char text[1024];
static int conv_result;

/* In place of libc's. */
uid_t
getuid(void)
{
	return caller;
}

int
getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size, struct passwd **ret)
{
	static char hanako[] = "hanako", taro[] = "taro";

	*ret = NULL;
	if (strcmp(name, hanako) == 0)
		*entry = (struct passwd){ .pw_name = hanako, .pw_uid = HANAKO };
	else if (strcmp(name, taro) == 0)
		*entry = (struct passwd){ .pw_name = taro, .pw_uid = TARO };
	else
		return 0;
	*ret = entry;
	return 0;
}

static int
converse(int count, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	assert_int_equal(count, 1);
	if (conv_result != PAM_SUCCESS)
		return conv_result;
	assert_int_equal(messages[0]->msg_style, PAM_TEXT_INFO);
	snprintf(text, sizeof text, "%s", messages[0]->msg);
	shown++;
	*responses = calloc(1, sizeof **responses);
	return PAM_SUCCESS;
}

static int
log_in_by(const char *service, const char *user, bool silent_application)
{
	const struct pam_conv conv = { silent_application ? NULL : converse, NULL };
	pam_handle_t *pamh;

	shown = 0;
	assert_int_equal(pam_start(service, user, &conv, &pamh), PAM_SUCCESS);
	newcard_tell(pamh);
	pam_end(pamh, PAM_SUCCESS);
	return shown;
}

static int
log_in(const char *user, bool silent_application)
{
	return log_in_by("test", user, silent_application);
}

static void
leave(uid_t uid)
{
	static struct capture capture;
	struct notice_store store = { .dir = scratch_path("notices"), .owner = geteuid(), .log = &capture.log };
	struct notice n = { .when = time(NULL), .terminal = "pts/3" };

	capture_start(&capture);
	assert_true(notice_leave(&store, uid, &n));
	caller = 0;
	conv_result = PAM_SUCCESS;
}

static void
the_user_reads_it_once_a_day(void **state)
{
	assert_int_equal(log_in("hanako", false), 0);
	leave(HANAKO);
	assert_int_equal(log_in("taro", false), 0);
	assert_int_equal(log_in("hanako", false), 1);
	assert_non_null(strstr(text, "registered a My Number Card for it"));
	assert_non_null(strstr(text, "pts/3"));
	assert_non_null(strstr(text, "tell the administrator"));
	assert_int_equal(log_in("hanako", false), 0);
}

/* Jobs of cron, and programs that do not show texts. */
static void
what_is_not_shown_is_told_again(void **state)
{
	leave(HANAKO);
	assert_int_equal(log_in("hanako", true), 0);
	assert_int_equal(log_in_by("systemd-user", "hanako", false), 0);
	conv_result = PAM_CONV_ERR;
	assert_int_equal(log_in("hanako", false), 0);
	conv_result = PAM_SUCCESS;
	assert_int_equal(log_in("hanako", false), 1);
}

static void
another_account_does_not_read_it(void **state)
{
	leave(HANAKO);
	caller = TARO;		/* su hanako */
	assert_int_equal(log_in("hanako", false), 0);
	caller = HANAKO;	/* sudo */
	assert_int_equal(log_in("hanako", false), 1);
}

static void
names_without_an_account(void **state)
{
	leave(HANAKO);
	assert_int_equal(log_in("nobody-of-that-name", false), 0);
	assert_int_equal(log_in("", false), 0);
	assert_int_equal(log_in(NULL, false), 0);
}

static int
setup(void **state)
{
	int r = scratch_setup(state);

	caller = 0;
	conv_result = PAM_SUCCESS;
	return r == 0 ? setenv("OUTCOME_NOTICES", scratch_path("notices"), 1) : r;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_user_reads_it_once_a_day, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_shown_is_told_again, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(another_account_does_not_read_it, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(names_without_an_account, setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

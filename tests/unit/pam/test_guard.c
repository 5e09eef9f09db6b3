/* SPDX-License-Identifier: BSD-2-Clause */
/* pam/guard: who asks, by what the application set. */
#include "config.h"

#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pam/guard.h"
#include "tests/unit/test.h"

static pam_handle_t *
start(const char *service, const char *user)
{
	static const struct pam_conv conv;
	pam_handle_t *pamh = NULL;

	assert_int_equal(pam_start(service, user, &conv, &pamh), PAM_SUCCESS);
	return pamh;
}

static struct proto_claims
claims_of(pam_handle_t *pamh, const char *user)
{
	struct proto_claims c;

	memset(&c, 0xa5, sizeof c);
	guard_claims(pamh, user, &c);
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
	return c;
}

static void
an_application_that_says_nothing(void **state)
{
	struct proto_claims c = claims_of(start("vnc", "nobody-of-this-name"), "nobody-of-this-name");

	assert_string_equal(c.tty, "");
	assert_string_equal(c.display, "");
	assert_string_equal(c.rhost, "");
	assert_string_equal(c.seat, "");
	assert_false(c.ssh_connection);
	assert_int_equal(c.caller, getuid());
	assert_false(c.for_caller);
}

static void
what_it_says_is_handed_on(void **state)
{
	pam_handle_t *pamh = start("lightdm", "root");
	struct proto_claims c;

	assert_int_equal(pam_set_item(pamh, PAM_TTY, ":0"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_XDISPLAY, ":1"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "192.0.2.7"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "XDG_SEAT=seat0"), PAM_SUCCESS);
	c = claims_of(pamh, "root");
	assert_string_equal(c.tty, ":0");
	assert_string_equal(c.display, ":1");
	assert_string_equal(c.rhost, "192.0.2.7");
	assert_string_equal(c.seat, "seat0");
}

static void
a_name_that_is_too_long_is_cut(void **state)
{
	pam_handle_t *pamh = start("login", "root");
	char name[2 * PROTO_NAME_MAX];
	struct proto_claims c;

	memset(name, 'h', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, name), PAM_SUCCESS);
	c = claims_of(pamh, "root");
	assert_int_equal(strlen(c.rhost), PROTO_NAME_MAX - 1);
}

static void
ssh_in_either_environment(void **state)
{
	pam_handle_t *pamh = start("su", "root");

	assert_int_equal(pam_putenv(pamh, "SSH_CONNECTION=192.0.2.7 5 192.0.2.1 22"), PAM_SUCCESS);
	assert_true(claims_of(pamh, "root").ssh_connection);
	assert_int_equal(setenv("SSH_CONNECTION", "192.0.2.7 5 192.0.2.1 22", 1), 0);
	assert_true(claims_of(start("su", "root"), "root").ssh_connection);
	assert_int_equal(unsetenv("SSH_CONNECTION"), 0);
}

/* Root is never the one who logs in: daemons run as root. */
static void
the_caller(void **state)
{
	if (getuid() != 0)
		skip();
	assert_false(claims_of(start("su", "root"), "root").for_caller);
	assert_int_equal(setresuid(1, 0, 0), 0);
	assert_true(claims_of(start("sudo", "daemon"), "daemon").for_caller);
	assert_false(claims_of(start("sudo", "bin"), "bin").for_caller);
	assert_int_equal(claims_of(start("sudo", "bin"), "bin").caller, 1);
	assert_int_equal(setresuid(0, 0, 0), 0);
}

/* polkit 127: its helper is a service of root's, with the agent of the user at its standard input. */
static void
the_user_at_the_other_end_of_the_helper_of_polkit(void **state)
{
	int input, pair[2];

	if (getuid() != 0)
		skip();
	assert_true((input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10)) >= 0);
	assert_int_equal(setresuid(0, 2, 0), 0);	/* the agent's */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(dup2(pair[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(claims_of(start("polkit-1", "bin"), "bin").caller, 2);
	assert_true(claims_of(start("polkit-1", "bin"), "bin").for_caller);
	assert_int_equal(claims_of(start("su", "bin"), "bin").caller, 0);
	assert_int_equal(setresuid(1, 0, 0), 0);	/* up to 126: setuid, run by the user */
	assert_int_equal(claims_of(start("polkit-1", "bin"), "bin").caller, 1);
	assert_int_equal(setresuid(0, 0, 0), 0);
	assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(claims_of(start("polkit-1", "bin"), "bin").caller, 0);
	(void)close(input);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
sshd_says_so_twice(void **state)
{
	static const struct { const char *service, *tty; } others[] = {
		{ "sshd", NULL },
		{ "sshd", "/dev/pts/1" },
		{ "sudo", "ssh" },
		{ "ssh", "ssh" },
		{ NULL, "ssh" },
		{ "sshd", "ssh2" },
		{ NULL, NULL },
		{ "", "" },
	};

	assert_true(guard_is_sshd("sshd", "ssh"));
	assert_true(guard_is_sshd("sshd-session", "ssh"));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(guard_is_sshd(others[i].service, others[i].tty));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_application_that_says_nothing),
		cmocka_unit_test(what_it_says_is_handed_on),
		cmocka_unit_test(a_name_that_is_too_long_is_cut),
		cmocka_unit_test(ssh_in_either_environment),
		cmocka_unit_test(the_caller),
		cmocka_unit_test(the_user_at_the_other_end_of_the_helper_of_polkit),
		cmocka_unit_test(sshd_says_so_twice),
	};

	/* The developer may run this by ssh. */
	if (unsetenv("SSH_CONNECTION") != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

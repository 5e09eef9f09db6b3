/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/link: what connections are made with, whatever libldap's configuration says. */
#include "config.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "tools/ldap/link.h"

static char why[256];

/* As `jpkictl fleet run` hands it over. */
static void
lend(const char *path)
{
	static char text[16384];
	const char *pki = getenv("JPKI_PKI");
	char full[4096];
	FILE *f;
	size_t n;
	int fd = memfd_create("test", 0);

	snprintf(full, sizeof full, "%s/%s", pki != NULL ? pki : "tests/pki/out", path);
	f = fopen(full, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	assert_int_equal(dup2(fd, LDAP_CA_FD), LDAP_CA_FD);
	if (fd != LDAP_CA_FD)
		close(fd);
}

static int
option(int which)
{
	int value = -1;

	assert_int_equal(ldap_get_option(NULL, which, &value), LDAP_OPT_SUCCESS);
	return value;
}

static void
libldap_ignores_the_environment(void **state)
{
	static struct request r = { .base = "dc=x" };
	int off = 0;

	assert_int_equal(setenv("LDAPTLS_REQCERT", "never", 1), 0);
	assert_int_equal(setenv("LDAPREFERRALS", "on", 1), 0);
	lend("ca1.crt");
	if (!link_begin(&r, why))
		fail_msg("%s", why);
	assert_int_equal(option(LDAP_OPT_X_TLS_REQUIRE_CERT), LDAP_OPT_X_TLS_HARD);
	assert_int_equal(option(LDAP_OPT_X_TLS_PROTOCOL_MIN), LDAP_OPT_X_TLS_PROTOCOL_TLS1_2);
	assert_int_equal(option(LDAP_OPT_DEREF), LDAP_DEREF_NEVER);
	assert_int_equal(ldap_get_option(NULL, LDAP_OPT_REFERRALS, &off), LDAP_OPT_SUCCESS);
	assert_int_equal(off, 0);
	assert_non_null(getenv("LDAPNOINIT"));
}

/* A server that sends the first bytes of its answer, then keeps the connection open. */
static void
stop_in_a_message(int listener)
{
	static const char part[] = "\x30\x40\x02\x01\x01\x78\x3b";
	int fd = accept(listener, NULL, NULL);
	char byte;

	alarm(4 * LINK_WAIT_S);
	if (fd >= 0 && read(fd, &byte, 1) == 1 && write(fd, part, sizeof part - 1) == sizeof part - 1)
		(void)pause();
	_exit(1);
}

static void
a_server_that_stops_in_a_message_is_given_up(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof at;
	char uri[64];
	struct timeval limit = { .tv_sec = 0 };
	int fd = -1;
	struct link l;
	pid_t pid;

	assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	snprintf(uri, sizeof uri, "ldap://127.0.0.1:%d", ntohs(at.sin_port));
	pid = fork();
	if (pid == 0)
		stop_in_a_message(listener);
	assert_true(pid > 0);
	alarm(3 * LINK_WAIT_S);
	assert_false(link_open(&l, uri, false));
	alarm(0);
	assert_non_null(strstr(l.why, "Timed out"));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	/* Sending has a limit too, for a server that does not read. */
	assert_int_equal(ldap_get_option(l.ld, LDAP_OPT_DESC, &fd), LDAP_OPT_SUCCESS);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &(socklen_t){ sizeof limit }), 0);
	assert_true(limit.tv_sec > 0 && limit.tv_sec < LINK_WAIT_S);
	link_close(&l);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(listener);
}

/* The reason says what was tried with a server that is not there. */
static void
an_absent_server_is_named_with_the_reason(void **state)
{
	struct link l;

	assert_false(link_open(&l, "ldap://127.0.0.1:1", false));
	assert_non_null(strstr(l.why, "StartTLS"));
	link_close(&l);
	assert_false(link_open(&l, "ldaps://127.0.0.1:1", false));
	assert_non_null(strstr(l.why, "bind"));
	link_close(&l);
	link_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libldap_ignores_the_environment),
		cmocka_unit_test(a_server_that_stops_in_a_message_is_given_up),
		cmocka_unit_test(an_absent_server_is_named_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

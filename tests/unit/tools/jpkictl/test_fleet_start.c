/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/jpkictl/fleet_start: what the writer of the copy gives up, each deed in a process of its own; and what it lends. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "tests/unit/deed.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include "lib/confine.h"
#include "tools/jpkictl/fleet_start.h"

enum confine_find __wrap_confine_find_user(const char *name, struct confine_user *ret_user);

static struct capture capture;
static struct tool tool = { .command = "fleet", .conf_file = "pam_jpki.conf" };
static char said[1024];

void
tool_complain(const struct tool *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof said, format, args);
	va_end(args);
}

/* The job's own user, whom the machine that builds need not have. */
enum confine_find
__wrap_confine_find_user(const char *name, struct confine_user *ret_user)
{
	*ret_user = (struct confine_user){ .uid = getuid(), .gid = getgid() };
	return CONFINE_FOUND;
}

static int (*writers_deed)(void);

static int
seal_and_do(void)
{
	return fleet_seal(&tool) ? writers_deed() : 99;
}

static int
end_of_sealed(int (*deed)(void))
{
	writers_deed = deed;
	return end_of(seal_and_do);
}

static int
socket_of(int domain, int type)
{
	int fd = socket(domain, type, 0);

	if (fd < 0)
		return 0;
	(void)close(fd);
	return 1;
}

static int
internet(void)
{
	return socket_of(AF_INET, SOCK_STREAM);
}

static int
local(void)
{
	return socket_of(AF_UNIX, SOCK_DGRAM);
}

static int
connection(void)
{
	struct sockaddr a = { .sa_family = AF_UNIX };

	return connect(0, &a, sizeof a);
}

static int
program(void)
{
	char *none[] = { NULL };

	return execve("/bin/true", none, none);
}

static int
ring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

/* The writer starts children that judge, and talks to them. */
static int
family(void)
{
	int pair[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(send(pair[1], "x", 1, 0) == 1 ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 2;
}

/* Its children get no sockets either. */
static int
child_of_the_family(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(internet());
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
no_sockets(void **state)
{
	assert_int_equal(end_of_sealed(internet), SIGSYS);
	assert_int_equal(end_of_sealed(local), SIGSYS);
	assert_int_equal(end_of_sealed(connection), SIGSYS);
	assert_int_equal(end_of_sealed(program), SIGSYS);
	assert_int_equal(end_of_sealed(ring), SIGSYS);
	assert_int_equal(end_of_sealed(family), WELL);
	assert_int_equal(end_of_sealed(child_of_the_family), WELL + SIGSYS);
}

static void
options_that_are_missing(void **state)
{
	struct fleet_half half;

	conf_init(&tool.conf);
	assert_false(fleet_start(&tool, "", &half));
	assert_non_null(strstr(said, "fleet_uri"));
	snprintf(tool.conf.fleet_uri, sizeof tool.conf.fleet_uri, "ldaps://a");
	assert_false(fleet_start(&tool, "", &half));
	assert_non_null(strstr(said, "fleet_base"));
	snprintf(tool.conf.fleet_base, sizeof tool.conf.fleet_base, "dc=x");
	assert_false(fleet_start(&tool, "", &half));
	assert_non_null(strstr(said, "fleet_ca"));
	snprintf(tool.conf.fleet_ca, sizeof tool.conf.fleet_ca, "/dev/null");
	snprintf(tool.conf.fleet_key, sizeof tool.conf.fleet_key, "/dev/null");
	assert_false(fleet_start(&tool, "", &half));
	assert_non_null(strstr(said, "fleet_cert"));
}

static void
configure(const char *key)
{
	conf_init(&tool.conf);
	tool.env.trust_owner = getuid();
	capture_start(&capture);
	tool.log = capture.log;
	snprintf(tool.conf.fleet_uri, sizeof tool.conf.fleet_uri, "ldaps://a");
	snprintf(tool.conf.fleet_base, sizeof tool.conf.fleet_base, "dc=x");
	snprintf(tool.conf.fleet_ca, sizeof tool.conf.fleet_ca, "%s", scratch_text("ca", "-----BEGIN CERTIFICATE-----\n"));
	snprintf(tool.conf.fleet_cert, sizeof tool.conf.fleet_cert, "%s", tool.conf.fleet_ca);
	snprintf(tool.conf.fleet_key, sizeof tool.conf.fleet_key, "%s", key);
}

static void
order_of_the_servers(void **state)
{
	static const struct {
		const char *last, *order[3];
	} rows[] = {
		{ "", { "a", "b", "c" } }, { "c", { "a", "b", "c" } }, { "ab", { "a", "b", "c" } },
		{ "a", { "b", "c", "a" } }, { "b", { "c", "a", "b" } },
	};
	struct fleet_half half;

	configure(scratch_path("absent"));
	snprintf(tool.conf.fleet_uri, sizeof tool.conf.fleet_uri, "a,b,c");
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_false(fleet_start(&tool, rows[i].last, &half));
		assert_int_equal(half.count, 3);
		for (size_t k = 0; k < 3; k++)
			assert_string_equal(half.servers[k], rows[i].order[k]);
	}
}

/*
 * Any right of any other user is one too many. The file has no key in it, so a start that goes on as far as to read
 * it says that, and starts nothing.
 */
static void
key_of_others(void **state)
{
	static const mode_t open_modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0660, 0644, 0666, 0440, 0777 };
	static const mode_t private_modes[] = { 0600, 0400, 0700 };
	const char *key = scratch_text("key", "no key\n");
	struct fleet_half half;

	configure(key);
	for (size_t i = 0; i < COUNT(open_modes); i++) {
		assert_int_equal(chmod(key, open_modes[i]), 0);
		assert_false(fleet_start(&tool, "", &half));
		if (strstr(said, "root alone") == NULL)
			fail_msg("mode %o: %s", (unsigned int)open_modes[i], said);
	}
	for (size_t i = 0; i < COUNT(private_modes); i++) {
		assert_int_equal(chmod(key, private_modes[i]), 0);
		assert_false(fleet_start(&tool, "", &half));
		assert_non_null(strstr(said, "PRIVATE KEY"));
	}
}

/* It is missing, which chmod(1) does not help. */
static void
key_that_is_missing(void **state)
{
	struct fleet_half half;

	configure(scratch_path("absent"));
	assert_false(fleet_start(&tool, "", &half));
	assert_non_null(strstr(said, "absent"));
	assert_non_null(strstr(said, strerror(ENOENT)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sockets),
		cmocka_unit_test(options_that_are_missing),
		cmocka_unit_test(order_of_the_servers),
		cmocka_unit_test(key_of_others),
		cmocka_unit_test(key_that_is_missing),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

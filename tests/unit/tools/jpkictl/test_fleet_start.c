/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/jpkictl/fleet_start: what the writer of the copy gives up. Each deed in a process of its own. */
#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/deed.h"
#include "tests/unit/test.h"

#include "tools/jpkictl/fleet_start.h"

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
	assert_false(fleet_start(&tool, &half));
	assert_non_null(strstr(said, "fleet_uri"));
	snprintf(tool.conf.fleet_uri, sizeof tool.conf.fleet_uri, "ldaps://a");
	assert_false(fleet_start(&tool, &half));
	assert_non_null(strstr(said, "fleet_base"));
	snprintf(tool.conf.fleet_base, sizeof tool.conf.fleet_base, "dc=x");
	assert_false(fleet_start(&tool, &half));
	assert_non_null(strstr(said, "fleet_ca"));
	snprintf(tool.conf.fleet_ca, sizeof tool.conf.fleet_ca, "/dev/null");
	snprintf(tool.conf.fleet_key, sizeof tool.conf.fleet_key, "/dev/null");
	assert_false(fleet_start(&tool, &half));
	assert_non_null(strstr(said, "fleet_cert"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sockets),
		cmocka_unit_test(options_that_are_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

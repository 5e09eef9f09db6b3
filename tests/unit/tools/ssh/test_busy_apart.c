/* SPDX-License-Identifier: BSD-2-Clause */
/* "Reading the card …" while this process itself works: after a second, on a terminal, and gone whatever ends the work. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tools/ssh/busy_apart.h"

#define TEXT "Reading …"
#define AWAIT_MS 10000

static int screen, was;

static void
open_screen(bool is_terminal)
{
	int fd;

	(void)fflush(stderr);
	was = dup(STDERR_FILENO);
	assert_int_equal(openpty(&screen, &fd, NULL, NULL, NULL), 0);
	if (!is_terminal) {
		(void)close(fd);
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	(void)close(fd);
}

/* Whether the screen comes to show this within ms; what it shows is forgotten. */
static bool
shows(const char *text, int ms)
{
	struct pollfd p = { .fd = screen, .events = POLLIN };
	char seen[256];
	size_t len = 0;

	while (len < strlen(text) && poll(&p, 1, ms) == 1) {
		ssize_t n = read(screen, seen + len, sizeof seen - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	seen[len] = '\0';
	return strcmp(seen, text) == 0;
}

static void
close_screen(void)
{
	assert_true(dup2(was, STDERR_FILENO) >= 0);
	(void)close(was);
	(void)close(screen);
}

static void
long_work_is_shown_and_the_line_goes(void **state)
{
	struct busy_apart b;

	open_screen(true);
	b = busy_apart_begin(TEXT);
	assert_true(b.child > 0);
	assert_true(shows(TEXT, AWAIT_MS));
	busy_apart_end(&b);
	assert_true(shows("\r\033[K", 0));	/* already */
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	busy_apart_end(&b);
	close_screen();
}

static void
short_work_is_not_shown(void **state)
{
	struct busy_apart b;

	open_screen(true);
	b = busy_apart_begin(TEXT);
	busy_apart_end(&b);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_false(shows(TEXT, 0));
	close_screen();
}

static void
without_a_terminal_there_is_no_child(void **state)
{
	struct busy_apart b;

	open_screen(false);
	b = busy_apart_begin(TEXT);
	assert_int_equal(b.child, -1);
	busy_apart_end(&b);
	close_screen();
}

/* As the deadline of jpki-askpass ends it, or SIGKILL. */
static void
the_line_goes_with_the_process(void **state)
{
	pid_t pid;

	open_screen(true);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct busy_apart b = busy_apart_begin(TEXT);

		(void)pause();
		busy_apart_end(&b);
		_exit(0);
	}
	assert_true(shows(TEXT, AWAIT_MS));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(shows("\r\033[K", AWAIT_MS));
	close_screen();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_work_is_shown_and_the_line_goes),
		cmocka_unit_test(short_work_is_not_shown),
		cmocka_unit_test(without_a_terminal_there_is_no_child),
		cmocka_unit_test(the_line_goes_with_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

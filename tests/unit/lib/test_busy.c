/* SPDX-License-Identifier: BSD-2-Clause */
/* "Reading the card …": on a terminal, after a second without anything else, and gone again before that. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "lib/busy.h"

static int terminal, screen, was;

/* Standard error is a terminal, or a file. */
static void
begin(bool on_terminal)
{
	(void)fflush(stderr);
	was = dup(STDERR_FILENO);
	assert_int_equal(openpty(&screen, &terminal, NULL, NULL, NULL), 0);
	assert_int_equal(fcntl(screen, F_SETFL, O_NONBLOCK), 0);
	if (!on_terminal) {
		(void)close(terminal);
		terminal = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	assert_true(dup2(terminal, STDERR_FILENO) >= 0);
}

/* What is on the screen, then as it was before. */
static void
end(char text[static 256])
{
	size_t len = 0;
	ssize_t n;

	(void)fflush(stderr);
	assert_true(dup2(was, STDERR_FILENO) >= 0);
	(void)close(was);
	(void)close(terminal);
	/* The kernel may hand over one write at a time. Once the other end is closed, what is left comes before EIO. */
	while ((n = read(screen, text + len, 255 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(screen);
}

static void
shown_once_and_cleared(void **state)
{
	struct busy b;
	char text[256];

	begin(true);
	b = busy_begin();
	assert_int_equal(busy_wait_ms(&b, -1), BUSY_AFTER_MS);
	assert_int_equal(busy_wait_ms(&b, 60000), BUSY_AFTER_MS);
	assert_int_equal(busy_wait_ms(&b, 500), 500);
	assert_true(busy_show(&b, "Reading …"));
	assert_int_equal(busy_wait_ms(&b, -1), -1);
	assert_int_equal(busy_wait_ms(&b, 60000), 60000);
	assert_false(busy_show(&b, "Reading …"));
	busy_clear(&b);
	busy_clear(&b);
	assert_int_equal(busy_wait_ms(&b, -1), BUSY_AFTER_MS);
	end(text);
	assert_string_equal(text, "Reading …\r\033[K");
}

static void
nothing_where_there_is_no_terminal(void **state)
{
	struct busy b;
	char text[256];

	begin(false);
	b = busy_begin();
	assert_int_equal(busy_wait_ms(&b, -1), -1);
	assert_int_equal(busy_wait_ms(&b, 60000), 60000);
	assert_false(busy_show(&b, "Reading …"));
	busy_clear(&b);
	end(text);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_once_and_cleared),
		cmocka_unit_test(nothing_where_there_is_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

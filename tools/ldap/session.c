/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tools/ldap/session.h"

bool
session_tell(const struct session *s, enum feed_kind kind, uint32_t number)
{
	return feed_put(STDOUT_FILENO, kind, number, "", 0);
}

bool
session_entry(const struct session *s, enum feed_kind kind, uint32_t number)
{
	return feed_put(STDOUT_FILENO, kind, number, s->entry.text, s->entry.len);
}

bool
session_tell_incomplete(const struct session *s, int result)
{
	uint32_t number = LDAP_OTHER;

	if (result == LDAP_SERVER_DOWN || result == LDAP_TIMEOUT)
		number = FEED_BROKEN_OFF;
	else if (result > LDAP_SUCCESS)
		number = (uint32_t)result;
	return session_tell(s, FEED_END, number);
}

void
session_say(int priority, const char *format, ...)
{
	char text[FEED_SAYS_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	(void)!feed_put(STDOUT_FILENO, FEED_SAYS, (uint32_t)priority, text, strlen(text));
}

/* Reads a command of the writer. */
static enum session_end
read_command(void)
{
	char command;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, &command, 1);
	} while (n < 0 && errno == EINTR);
	return n != 1 ? SESSION_OVER : command == FEED_NEXT ? SESSION_NEXT : SESSION_AGAIN;
}

/* The writer wants something. Returns false if the session is over for it: *ret_end. */
static bool
obey(struct session *s, enum session_end *ret_end)
{
	*ret_end = read_command();
	if (*ret_end != SESSION_NEXT || !s->whole)
		return false;
	if (s->leave_at == 0)
		s->leave_at = session_clock() + s->stay;
	return true;
}

/* Seconds for poll(2): no longer than we stay. */
static int
limit_wait(const struct session *s, int seconds)
{
	int64_t left = s->leave_at - session_clock();

	if (s->leave_at == 0 || left >= seconds)
		return seconds;
	return left > 0 ? (int)left : 0;
}

bool
session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = -1, .events = POLLIN } };

	*ret_server = false;
	if (s->leave_at != 0 && session_clock() >= s->leave_at) {
		*ret_end = SESSION_NEXT;
		return false;
	}
	if (s->link.ld != NULL)
		(void)ldap_get_option(s->link.ld, LDAP_OPT_DESC, &fds[1].fd);
	if (poll(fds, 2, limit_wait(s, seconds) * 1000) < 0 && errno != EINTR) {
		*ret_end = SESSION_OVER;
		return false;
	}
	if (fds[0].revents != 0 && !obey(s, ret_end))
		return false;
	*ret_server = fds[1].revents != 0;
	return true;
}

int64_t
session_clock(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

uint32_t
session_random(void)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof random, 0);
	return random;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/follow: how long a whole answer may take, with a directory and a clock of our own. */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/ldappeer.h"
#include "tests/unit/test.h"

#include "tools/ldap/session.h"

#define COOKIES 100

static char frames[256];	/* a word for each */
static int64_t clock_now;
static int64_t clock_step;	/* seconds for each look at the clock */
static int asked[2], sent[2];	/* have a byte for each wait of the client, and for each part of the answer that was sent */
static unsigned int parts;	/* that the client waited for */

bool __wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len);
bool __wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end);
int64_t __wrap_session_clock(void);

bool
__wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len)
{
	size_t used = strlen(frames);

	if (kind == FEED_BEGIN)
		snprintf(frames + used, sizeof frames - used, "[");
	else if (kind == FEED_END)
		snprintf(frames + used, sizeof frames - used, number == FEED_BROKEN_OFF ? "]broken " : "]%u ", (unsigned int)number);
	return true;
}

int64_t
__wrap_session_clock(void)
{
	return clock_now += clock_step;
}

/* Until the next part of the answer was sent, or for good if there is none. */
bool
__wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end)
{
	struct pollfd fd = { .fd = sent[0], .events = POLLIN };
	char byte;

	assert_int_equal(write(asked[1], "", 1), 1);
	*ret_server = poll(&fd, 1, 2000) == 1 && read(sent[0], &byte, 1) == 1;
	parts += *ret_server;
	return true;
}

static void
part_is_sent(void)
{
	assert_int_equal(write(sent[1], "", 1), 1);
}

/* All of it at once. */
static void
flood(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len)
{
	for (int i = 0; i < COOKIES; i++)
		ldappeer_cookie(peer, "rid=001");
	ldappeer_done(peer, LDAP_BUSY + 1);
	part_is_sent();
}

/* One message for each wait. */
static void
drip(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len)
{
	char byte;

	while (read(asked[0], &byte, 1) == 1) {
		ldappeer_cookie(peer, "rid=001");
		part_is_sent();
	}
}

static void
silence(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len)
{
}

/* What the writer is told of an answer by a server that stays, on a clock that moves so fast. */
static void
assert_told(ldappeer_answer *answer, int64_t step, const char *what)
{
	static struct request request = { .base = "ou=jpki,dc=example" };
	static struct session session;
	struct ldappeer *peer = ldappeer_begin(answer, NULL);

	assert_int_equal(pipe(asked), 0);
	assert_int_equal(pipe(sent), 0);
	frames[0] = '\0';
	clock_now = 1000;
	clock_step = step;
	parts = 0;
	session = (struct session){ .request = &request };
	assert_true(link_open(&session.link, "ldap://peer", false));
	assert_int_equal(session_follow(&session), SESSION_LOST);
	link_close(&session.link);
	known_done(&session.known);
	close(asked[1]);
	ldappeer_end(peer);
	close(asked[0]);
	close(sent[0]);
	close(sent[1]);
	assert_string_equal(frames, what);
}

static void
a_flood_ends_after_ten_minutes(void **state)
{
	assert_told(flood, 10, "[]broken ");
	assert_told(flood, 0, "[]52 ");		/* the server's own end */
}

static void
a_drip_ends_after_ten_minutes(void **state)
{
	assert_told(drip, 10, "[]broken ");
	assert_uint_in_range(parts, 10, 60);
}

static void
silence_breaks_off(void **state)
{
	assert_told(silence, 0, "[]broken ");
	assert_int_equal(parts, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_ends_after_ten_minutes),
		cmocka_unit_test(a_drip_ends_after_ten_minutes),
		cmocka_unit_test(silence_breaks_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/fleet/feed: which frames of jpki_ldap the writer of the copy takes, and which it refuses. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include "tools/fleet/feed.h"

static struct feed_frame frame;

/* What a reader makes of these bytes, and of the end of the pipe after them. */
static enum feed
take(const void *bytes, size_t len)
{
	enum feed result;
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], bytes, len), (ssize_t)len);
	close(p[1]);
	result = feed_take(p[0], &frame);
	close(p[0]);
	return result;
}

static void
what_is_put_is_taken(void **state)
{
	static const struct {
		enum feed_kind kind;
		uint32_t number;
		const char *text;
	} rows[] = {
		{ FEED_LINK, 0x0302, "" }, { FEED_BEGIN, 0, "" }, { FEED_ENTRY, 7, "dn: x\n\n" }, { FEED_END, UINT32_MAX, "" },
		{ FEED_CHANGE, 20000, "dn: y\n\n" }, { FEED_SAYS, 4, "a line" },
	};
	int p[2];

	assert_int_equal(pipe(p), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(feed_put(p[1], rows[i].kind, rows[i].number, rows[i].text, strlen(rows[i].text)));
		assert_int_equal(feed_take(p[0], &frame), FEED_TAKEN);
		assert_int_equal(frame.kind, rows[i].kind);
		assert_int_equal(frame.number, rows[i].number);
		assert_int_equal(frame.len, strlen(rows[i].text));
		assert_string_equal(frame.text, rows[i].text);
	}
	close(p[1]);
	assert_int_equal(feed_take(p[0], &frame), FEED_CLOSED);
	close(p[0]);
}

static void
nonsense(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum feed wanted;
	} rows[] = {
		{ "", 0, FEED_CLOSED },
		{ "\3\0\0\0\0\0\0\0", 8, FEED_CLOSED },			/* half a header */
		{ "\3\0\0\0\0\0\0\0\2x", 10, FEED_CLOSED },		/* half a text */
		{ "\0\0\0\0\0\0\0\0\0", 9, FEED_NONSENSE },		/* unknown kinds */
		{ "\7\0\0\0\0\0\0\0\0", 9, FEED_NONSENSE },
		{ "\xff\0\0\0\0\0\0\0\0", 9, FEED_NONSENSE },
		{ "\1\0\0\0\0\0\0\0\1x", 10, FEED_NONSENSE },		/* a text with a kind that has no text */
		{ "\2\0\0\0\0\0\0\0\1x", 10, FEED_NONSENSE },
		{ "\4\0\0\0\0\0\0\0\1x", 10, FEED_NONSENSE },
		{ "\3\0\0\0\0\xff\xff\xff\xff", 9, FEED_NONSENSE },	/* too long: nothing of it is read */
		{ "\3\0\0\0\0\0\2\0\1", 9, FEED_NONSENSE },
		{ "\6\0\0\0\0\0\0\3\x85", 9, FEED_NONSENSE },
		{ "\3\0\0\0\0\0\0\0\3a\0b", 12, FEED_NONSENSE },	/* a NUL */
		{ "\6\0\0\0\0\0\0\0\1", 10, FEED_NONSENSE },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (take(rows[i].bytes, rows[i].len) != rows[i].wanted)
			fail_msg("row %zu", i);
}

/* Neither end has room for more. */
static void
the_longest_texts(void **state)
{
	static char text[FEED_TEXT_MAX + 2];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(text, 'a', sizeof text - 1);
	assert_true(null >= 0);
	assert_true(feed_put(null, FEED_ENTRY, 0, text, FEED_TEXT_MAX));
	assert_false(feed_put(null, FEED_ENTRY, 0, text, FEED_TEXT_MAX + 1));
	assert_true(feed_put(null, FEED_SAYS, 0, text, FEED_SAYS_MAX));
	assert_false(feed_put(null, FEED_SAYS, 0, text, FEED_SAYS_MAX + 1));
	assert_false(feed_put(null, FEED_CHANGE, 0, text, FEED_TEXT_MAX + 1));
	assert_false(feed_put(null, FEED_CHANGE, 0, "a\0b", 3));
	close(null);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(the_longest_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

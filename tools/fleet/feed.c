/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/safefile.h"
#include "tools/fleet/feed.h"

/* The maximum length of a kind's text, in bytes. */
static size_t
most_of(enum feed_kind kind)
{
	switch (kind) {
	case FEED_ENTRY:
	case FEED_CHANGE:
		return FEED_TEXT_MAX;
	case FEED_SAYS:
		return FEED_SAYS_MAX;
	case FEED_LINK:
	case FEED_BEGIN:
	case FEED_END:
		break;
	}
	return 0;
}

/* Whether that many bytes can be the text of a frame of that kind. */
static bool
text_ok(enum feed_kind kind, const char *text, size_t len)
{
	return len <= most_of(kind) && memchr(text, '\0', len) == NULL;
}

/* Reads all but the text; returns false if no frame has such a header. */
static bool
read_header(const uint8_t header[static FEED_HEADER], struct feed_frame *ret)
{
	if (header[0] < FEED_LINK || header[0] > FEED_SAYS)
		return false;
	ret->kind = (enum feed_kind)header[0];
	ret->number = (uint32_t)be_get(header + 1, 4);
	ret->len = be_get(header + 5, 4);
	return ret->len <= most_of(ret->kind);
}

/* Reads exactly len bytes; returns false at the end of the pipe, and for an error. */
static bool
read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

enum feed
feed_take(int fd, struct feed_frame *ret)
{
	uint8_t header[FEED_HEADER];

	if (!read_all(fd, header, sizeof header))
		return FEED_CLOSED;
	if (!read_header(header, ret))
		return FEED_NONSENSE;
	if (!read_all(fd, ret->text, ret->len))
		return FEED_CLOSED;
	ret->text[ret->len] = '\0';
	return text_ok(ret->kind, ret->text, ret->len) ? FEED_TAKEN : FEED_NONSENSE;
}

bool
feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len)
{
	uint8_t header[FEED_HEADER] = { (uint8_t)kind };

	if (!text_ok(kind, text, len))
		return false;
	be_put(header + 1, number, 4);
	be_put(header + 5, len, 4);
	return safefile_write(fd, header, sizeof header) && safefile_write(fd, text, len);
}

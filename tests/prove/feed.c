/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/fleet/feed: a frame of any bytes, in pieces of any size, is taken whole or refused; its text has the length
 * that its kind allows and no NUL in it. What was written is read back equal.
 *
 * Source: lib/buf.c
 * Included: tools/fleet/feed.c
 * Bound: frames with texts of 4 bytes, of 3 for the log
 * Entry: any_frame written_frame
 * Unwind: 16
 * Smaller: tools/fleet/ldif.h: #define LDIF_ENTRY_MAX 131072 -> #define LDIF_ENTRY_MAX 4
 * Smaller: tools/fleet/feed.h: #define FEED_SAYS_MAX 900 -> #define FEED_SAYS_MAX 3
 * Defect: [any_frame] tools/fleet/feed.c: return ret->len <= most_of(ret->kind); -> return true;
 * Defect: [any_frame] tools/fleet/feed.c: header[0] < FEED_LINK || header[0] > FEED_SAYS -> header[0] > FEED_SAYS
 * Defect: [any_frame] tools/fleet/feed.c: return text_ok(ret->kind, ret->text, ret->len) ? FEED_TAKEN : FEED_NONSENSE; -> return FEED_TAKEN;
 * Defect: [any_frame] tools/fleet/feed.c: if (n <= 0) -> if (n < 0)
 * Defect: [written_frame] tools/fleet/feed.c: be_put(header + 1, number, 4); -> be_put(header + 1, number, 3);
 * Defect: [any_frame] tools/fleet/feed.c: len -= (size_t)n; -> len -= 1;
 */
#include "tests/prove/prove.h"
#include "tools/fleet/feed.c"

static uint8_t pipe_octets[FEED_HEADER + FEED_TEXT_MAX];
static size_t written, taken;
static bool octets_are_any;

/* Stands in for read(2) of a pipe: any piece, the end, an error, or a signal. */
ssize_t
read(int fd, void *to, size_t len)
{
	static bool interrupted;
	size_t n = nondet_size();

	(void)fd;
	promise(len > 0 && __CPROVER_w_ok(to, len));
	if (!interrupted && nondet_bool()) {
		interrupted = true;
		errno = EINTR;
		return -1;
	}
	errno = EIO;
	if (octets_are_any && nondet_bool())
		return nondet_bool() ? 0 : -1;
	assume(n > 0 && n <= len);
	if (octets_are_any) {
		__CPROVER_havoc_slice(to, n);
	} else {
		n = len;	/* any_frame() proves what pieces do */
		promise(n <= written - taken);
		for (size_t i = 0; i < n; i++)
			((uint8_t *)to)[i] = pipe_octets[taken + i];
	}
	taken += n;
	return (ssize_t)n;
}

bool
safefile_write(int fd, const void *data, size_t len)
{
	(void)fd;
	promise(__CPROVER_r_ok(data, len) && len <= sizeof pipe_octets - written);
	for (size_t i = 0; i < len; i++)
		pipe_octets[written + i] = ((const uint8_t *)data)[i];
	written += len;
	return true;
}

static struct feed_frame frame;

static size_t
allowed(enum feed_kind kind)
{
	return kind == FEED_ENTRY || kind == FEED_CHANGE ? FEED_TEXT_MAX : kind == FEED_SAYS ? FEED_SAYS_MAX : 0;
}

void
any_frame(void)
{
	octets_are_any = true;
	__CPROVER_havoc_object(&frame);
	if (feed_take(3, &frame) != FEED_TAKEN)
		return;
	promise(frame.kind >= FEED_LINK && frame.kind <= FEED_SAYS && frame.len <= allowed(frame.kind));
	promise(taken == FEED_HEADER + frame.len && strlen(frame.text) == frame.len);
}

void
written_frame(void)
{
	char letters[FEED_TEXT_MAX + 1], *text = any_string(letters, sizeof letters);
	enum feed_kind kind = nondet_u8();
	uint32_t number = nondet_u32();

	assume(kind >= FEED_LINK && kind <= FEED_SAYS);
	if (!feed_put(4, kind, number, text, strlen(text))) {
		promise(strlen(text) > allowed(kind) && written == 0);
		return;
	}
	promise(feed_take(3, &frame) == FEED_TAKEN && taken == written);
	promise(frame.kind == kind && frame.number == number && strcmp(frame.text, text) == 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_ldap, which talks to the directory, sends frames over a pipe to `jpkictl fleet run`, which writes the copy.
 * A frame is
 *
 *	kind (1 byte), number (4), length (4, both big-endian), and that many bytes of text
 *
 * The writer does not trust jpki_ldap, which a server may have taken over. It judges the contents of a frame
 * as those of a directory (tools/fleet/judge.h).
 *
 *	LINK	number: feed_link()		the connection to the n-th server is up in this mode, or down; DOWN also before each attempt
 *	BEGIN					a whole answer begins; of one that was not ended, only blocks and lifts count
 *	ENTRY	text: an entry in LDIF		of the whole answer
 *	END	number: LDAP result code, or FEED_BROKEN_OFF	the answer has ended; 0: it is whole
 *	CHANGE	number: registrations that the server has	text: an entry in LDIF that was written since
 *	SAYS	number: priority (syslog(3))	text: for the log
 *
 * In the other direction, on the standard input of jpki_ldap, there is its request (tools/ldap/request.h), and
 * then single bytes: FEED_NEXT asks for another server, FEED_AGAIN for a whole answer. The end of that pipe
 * ends jpki_ldap.
 */
#ifndef JPKI_TOOLS_FLEET_FEED_H
#define JPKI_TOOLS_FLEET_FEED_H

#include "lib/buf.h"
#include "tools/fleet/ldif.h"

#define FEED_TEXT_MAX LDIF_ENTRY_MAX
#define FEED_HEADER 9		/* bytes */
#define FEED_SAYS_MAX 900	/* bytes of a text for the log */

#define FEED_NEXT 'n'
#define FEED_AGAIN 'a'

#define FEED_BROKEN_OFF UINT32_MAX	/* the connection ended before the answer did, or the server was silent */

enum feed_kind { FEED_LINK = 1, FEED_BEGIN, FEED_ENTRY, FEED_END, FEED_CHANGE, FEED_SAYS };

enum feed_mode { FEED_DOWN, FEED_PERSIST, FEED_POLL };

/* The number of a LINK. */
static inline uint32_t
feed_link(unsigned int server, enum feed_mode mode)
{
	return server << 8 | (uint32_t)mode;
}

/* The fields of a LINK. Any number may come, so the reader checks both. */
static inline uint32_t
feed_link_server(uint32_t number)
{
	return number >> 8;
}

static inline uint32_t
feed_link_mode(uint32_t number)
{
	return number & 0xff;
}

struct feed_frame {
	enum feed_kind kind;
	uint32_t number;
	size_t len;
	char text[FEED_TEXT_MAX + 1];	/* NUL-terminated, without another NUL */
};

enum feed { FEED_TAKEN, FEED_CLOSED, FEED_NONSENSE };

/* Waits for the next frame. CLOSED also for an error of read(2); after that or NONSENSE take no more. */
enum feed feed_take(int fd, struct feed_frame *ret) MUST_CHECK;

/* Writes a frame. Returns false if the reader has gone, or if the kind cannot have this text. */
bool feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of jpki_ldap. First it asks for a whole answer, then for all later changes: by content
 * synchronization (RFC 4533, refreshAndPersist) where the server offers it, else by asking again and again.
 *
 * No cookie is kept: each connection begins with a whole answer. So a server's cookie misleads neither another
 * server nor us, and no message about what "is still present" has to be believed.
 */
#ifndef JPKI_TOOLS_LDAP_SESSION_H
#define JPKI_TOOLS_LDAP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/ldap/entry.h"
#include "tools/ldap/known.h"
#include "tools/ldap/link.h"

#define ANSWER_MAX_S 600	/* for all of an answer: 20,000 registrations at 0.5 Mbit/s */

enum session_end {
	SESSION_LOST,		/* the connection, or the server's answer is no answer: link.why */
	SESSION_TURNED_AWAY,	/* the server has no place for one that stays: ask again and again */
	SESSION_NEXT,		/* the writer wants another server */
	SESSION_AGAIN,		/* or a whole answer; or one is due */
	SESSION_OVER,		/* the writer has gone */
};

struct session {
	struct link link;
	const struct request *request;
	unsigned int server;	/* its number in the request */
	bool no_sync;		/* the server has turned us away before: poll */
	bool whole;		/* a whole answer has come */
	int64_t stay;		/* seconds that a connection which the writer does not believe is kept all the same, for its blocks */
	int64_t leave_at;	/* seconds, monotonic: when it is given up; 0: it is believed */
	int64_t started;	/* seconds, monotonic: when it came */
	int64_t answer_until;	/* seconds, monotonic: when the answer that was asked for has to be whole */
	int64_t seen;		/* registrations that the server has */
	struct known known;
	struct entry entry;
};

/* Frames to the writer. False: it has gone. */
bool session_tell(const struct session *s, enum feed_kind kind, uint32_t number);
bool session_entry(const struct session *s, enum feed_kind kind, uint32_t number);

/*
 * Sends END for an answer that is not whole. result: of the server, or of libldap (below 0). LDAP_SERVER_DOWN and LDAP_TIMEOUT
 * become FEED_BROKEN_OFF; LDAP_SUCCESS, and what else is below 0, LDAP_OTHER.
 */
bool session_tell_incomplete(const struct session *s, int result);

/* For the log of the writer. */
void session_say(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Waits until the server sends something, or the writer does, or that many seconds have passed. True: go on, and *ret_server
 * says whether the server has sent something. False: *ret_end.
 *
 * If the writer wants another server after a whole answer, we stay for s->stay seconds more: there may be no server that it
 * believes, and the blocks that this one sends count all the same.
 */
bool session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end);

/* Seconds by a clock that only moves on. */
int64_t session_clock(void);

/* Before a search: its answer is overdue after ANSWER_MAX_S seconds. So none without end keeps us from the other servers. */
static inline void
session_ask(struct session *s)
{
	s->answer_until = session_clock() + ANSWER_MAX_S;
}

static inline bool
session_is_overdue(const struct session *s)
{
	return session_clock() >= s->answer_until;
}

/* Whether liblber may read it: it ends the process (assert) for a value without bytes, which any server can send. */
static inline bool
session_may_read(const struct berval *value)
{
	return value->bv_val != NULL && value->bv_len > 0;
}

/* A random number for a delay. */
uint32_t session_random(void);

/* With a connection that is open: until it is over. */
enum session_end session_follow(struct session *s);	/* follow.c */
enum session_end session_poll(struct session *s);	/* poll.c */

#endif

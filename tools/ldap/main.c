/* SPDX-License-Identifier: BSD-2-Clause */
/* jpki_ldap: goes from server to server until one answers, and stays with it (tools/ldap/request.h). */
#include "config.h"

#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "tools/fetch/filter.h"
#include "tools/ldap/session.h"

#define DELAY_BASE_S 2

static void
to_writer(void *ctx, int priority, const char *text)
{
	session_say(priority, "%s", text);
}

/* One connection, from its beginning to its end. */
static enum session_end
visit(struct session *s)
{
	const char *server = s->request->servers[s->server];
	enum feed_mode mode;
	enum session_end end = SESSION_LOST;

	s->seen = 0;
	/* If libldap ends this process here, the next one has to begin with another server. */
	(void)session_tell(s, FEED_LINK, feed_link(s->server, FEED_DOWN));
	if (link_open(&s->link, server, s->request->certificate)) {
		mode = rules_may_persist(s->link.offers_sync, s->no_sync, s->link.offers_psearch, s->link.vendor) ? FEED_PERSIST : FEED_POLL;
		(void)session_tell(s, FEED_LINK, feed_link(s->server, mode));
		end = mode == FEED_PERSIST ? session_follow(s) : session_poll(s);
	}
	link_close(&s->link);
	known_done(&s->known);
	if (end == SESSION_LOST || end == SESSION_TURNED_AWAY)
		session_say(LOG_WARNING, "%s: %s", server, s->link.why);
	(void)session_tell(s, FEED_LINK, feed_link(s->server, FEED_DOWN));
	return end;
}

/* Every server once before the delay grows. */
static int64_t
delay_after(const struct session *s, unsigned int failures)
{
	return rules_delay(DELAY_BASE_S, failures / (unsigned int)s->request->count, session_random());
}

/* False: the writer has gone. Its other commands do not shorten the wait. *ret_waited: how many seconds that is. */
static bool
wait_before_next(struct session *s, unsigned int failures, int64_t *ret_waited)
{
	int64_t waited = delay_after(s, failures), until = session_clock() + waited;
	enum session_end end;
	bool heard;

	*ret_waited = waited;
	while (session_clock() < until)
		if (!session_wait(s, (int)(until - session_clock()), &heard, &end) && end == SESSION_OVER)
			return false;
	return true;
}

static void
go_round(struct session *s)
{
	unsigned int failures = 0;
	int64_t waited = 0;
	enum session_end end;

	for (;;) {
		bool stayed;

		s->whole = false;
		s->leave_at = 0;
		s->stay = delay_after(s, failures + 1);
		end = visit(s);
		if (end == SESSION_OVER)
			return;
		if (end == SESSION_TURNED_AWAY && !s->no_sync) {
			s->no_sync = true;
		} else if (end != SESSION_AGAIN) {
			s->server = (s->server + 1) % (unsigned int)s->request->count;
			s->no_sync = false;
		}
		failures = rules_failures(failures, s->whole && s->leave_at == 0 ? session_clock() - s->started : -1, waited);
		stayed = s->leave_at != 0 && end == SESSION_NEXT;
		s->whole = false;	/* so that the wait ends at its time */
		if (!stayed && !wait_before_next(s, failures, &waited))
			return;
	}
}

int
main(void)
{
	const struct log log = { .sink = to_writer };
	static struct request request;
	static struct session session = { .request = &request };
	char why[256];

	if (isatty(STDIN_FILENO) == 1 || !request_read(STDIN_FILENO, &request)) {
		fputs("jpkictl starts this program\n", stderr);
		return 2;
	}
	if (!fetchfilter_enter("jpki_ldap", &log))
		return 1;
	if (!link_begin(&request, why)) {
		session_say(LOG_ERR, "%s", why);
		return 1;
	}
	for (int fd = LDAP_CA_FD; fd <= LDAP_LAST_FD; fd++)
		(void)close(fd);
	go_round(&session);
	return 0;
}

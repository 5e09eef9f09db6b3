/* SPDX-License-Identifier: BSD-2-Clause */
/* A server without content synchronization: asked again and again. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/ldap/session.h"

#define INTERVAL_S 60		/* at most; half of it is by chance */
#define OVERLAP_S 3600		/* another server's clock, and replication, may lag this much */
#define TIME_TEXT 15		/* "20261129030000Z" */
#define VERSION_MAX 64		/* a stamp and a sum */
#define PAGE_ENTRIES 500	/* requested at once: some servers send 1,000 at most */
#define COOKIE_MAX 65536	/* bytes, which go back with the next request */
#define PAGES_MAX 20000		/* a server may send fewer entries in a page, or none */

struct polling {
	struct session *s;
	char newest[TIME_TEXT + 1];	/* the latest modifyTimestamp that was seen; "": unknown */
	bool need_whole;	/* changes alone do not show what was removed */
	bool has_state;
	struct entry state;	/* the state entry comes last: it speaks of all the others */
	enum session_end end;	/* why a search has failed */
};

/* Ignores other forms of RFC 4517 §3.3.13: from a server that uses them whole answers are requested. */
static void
note_time(struct polling *p)
{
	const char *modified = p->s->entry.modified;
	struct fleet_stamp stamp;

	if (strlen(modified) == TIME_TEXT && rules_read_time(modified, &stamp) && strcmp(modified, p->newest) > 0)
		memcpy(p->newest, modified, sizeof p->newest);
}

/*
 * Writes a text that differs if the entry has changed. modifyTimestamp counts seconds, so two changes within a second have the
 * same one, and a search can fall between them. The sum of the text (FNV-1a) tells them apart. It is no protection against a
 * false server, which could as well not send the change.
 */
static void
write_version(const struct entry *e, char ret[static VERSION_MAX])
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < e->len; i++)
		sum = (sum ^ (uint8_t)e->text[i]) * 0x100000001b3;
	snprintf(ret, VERSION_MAX, "%s %016" PRIx64, e->modified, sum);
}

static bool
give_up(struct polling *p, enum session_end end, const char *why, int result)
{
	if (end == SESSION_LOST)
		link_failed(&p->s->link, why, result);
	p->end = end;
	return false;
}

/* --- one search, in pages (RFC 2696) where the server has them ------------------------------- */

/* A search that is under way. */
struct page {
	const char *filter;
	bool (*each)(struct polling *p);	/* called for every entry, which is in s->entry */
	struct berval *cookie;			/* of the next page; NULL: the first one */
	int id;
	bool more;
};

static int
request_page(const struct polling *p, struct page *page)
{
	const struct session *s = p->s;
	LDAPControl *control = NULL;
	int result = ldap_create_page_control(s->link.ld, PAGE_ENTRIES, page->cookie, 0, &control);
	LDAPControl *controls[] = { control, NULL };

	if (result == LDAP_SUCCESS)
		result = ldap_search_ext(s->link.ld, s->request->base, LDAP_SCOPE_SUBTREE, page->filter,
		    (char **)(uintptr_t)entry_attributes, 0, controls, NULL, NULL, LDAP_NO_LIMIT, &page->id);
	ldap_control_free(control);
	return result;
}

/* Ends a page. A server without pages sends no control: then this page has everything. */
static int
end_page(const struct polling *p, struct page *page, LDAPMessage *message)
{
	LDAPControl **controls = NULL, *control;
	struct berval cookie = { .bv_val = NULL };
	int result = LDAP_OTHER;
	ber_int_t estimate;

	ber_bvfree(page->cookie);
	page->cookie = NULL;
	page->more = false;
	if (ldap_parse_result(p->s->link.ld, message, &result, NULL, NULL, NULL, &controls, 0) != LDAP_SUCCESS)
		return LDAP_OTHER;
	control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	if (control != NULL && (!session_may_read(&control->ldctl_value) ||
	    ldap_parse_pageresponse_control(p->s->link.ld, control, &estimate, &cookie) != LDAP_SUCCESS))
		result = LDAP_OTHER;
	if (cookie.bv_len > COOKIE_MAX)
		result = LDAP_OTHER;
	page->more = cookie.bv_len > 0 && cookie.bv_len <= COOKIE_MAX;
	if (page->more)
		page->cookie = ber_bvdup(&cookie);
	ber_memfree(cookie.bv_val);
	ldap_controls_free(controls);
	return page->more && page->cookie == NULL ? LDAP_NO_MEMORY : result;
}

/* Takes one page; returns as search() does. */
static bool
take_page(struct polling *p, struct page *page, int *ret_result)
{
	struct session *s = p->s;
	struct timeval patience = { .tv_sec = LINK_WAIT_S };
	LDAPMessage *message = NULL;
	bool over = false, ok = true;
	int type;

	*ret_result = request_page(p, page);
	if (*ret_result != LDAP_SUCCESS)
		return give_up(p, SESSION_LOST, "search", *ret_result);
	while (!over && ok) {
		if (session_is_overdue(s)) {
			*ret_result = LDAP_TIMEOUT;
			return give_up(p, SESSION_LOST, "an answer without end", LDAP_TIMEOUT);
		}
		type = ldap_result(s->link.ld, page->id, LDAP_MSG_ONE, &patience, &message);
		if (type <= 0 && message == NULL) {	/* the type of a message may be 0: see follow.c */
			*ret_result = type == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
			return give_up(p, SESSION_LOST, "search", *ret_result);
		}
		over = type == LDAP_RES_SEARCH_RESULT;
		if (over)
			*ret_result = end_page(p, page, message);
		else if (type != LDAP_RES_SEARCH_ENTRY || !entry_write(s->link.ld, message, &s->entry))
			ok = give_up(p, SESSION_LOST, "a malformed answer, or one that refers to another server (referral)", LDAP_OTHER);
		else
			ok = page->each(p);
		ldap_msgfree(message);
		message = NULL;
	}
	return ok && (*ret_result == LDAP_SUCCESS || give_up(p, SESSION_LOST, "search", *ret_result));
}

/* Calls each for every entry, which is in s->entry. Returns false with p->end set; *ret_result is for session_tell_incomplete(). */
static bool
search(struct polling *p, const char *filter, bool (*each)(struct polling *p), int *ret_result)
{
	struct page page = { .filter = filter, .each = each, .more = true };
	bool ok = true;

	session_ask(p->s);
	for (int i = 0; ok && page.more; i++) {
		ok = take_page(p, &page, ret_result);
		if (ok && page.more && i == PAGES_MAX) {
			*ret_result = LDAP_SIZELIMIT_EXCEEDED;
			ok = give_up(p, SESSION_LOST, "an answer of too many pages", LDAP_SIZELIMIT_EXCEEDED);
		}
	}
	ber_bvfree(page.cookie);
	return ok;
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool
take_one_of_all(struct polling *p)
{
	struct session *s = p->s;
	char version[VERSION_MAX];

	note_time(p);
	write_version(&s->entry, version);
	s->seen += s->entry.registers;
	if (s->entry.dn[0] != '\0' && !known_add(&s->known, s->entry.dn, version))
		return give_up(p, SESSION_LOST, "too many entries", LDAP_NO_MEMORY);
	return session_entry(s, FEED_ENTRY, 0) || give_up(p, SESSION_OVER, "", 0);
}

static bool
take_all(struct polling *p)
{
	struct session *s = p->s;
	int result;
	bool ok;

	known_done(&s->known);
	s->seen = 0;
	p->newest[0] = '\0';
	p->need_whole = false;
	if (!session_tell(s, FEED_BEGIN, 0))
		return give_up(p, SESSION_OVER, "", 0);
	ok = search(p, ENTRY_FILTER, take_one_of_all, &result);
	if (!(ok ? session_tell(s, FEED_END, LDAP_SUCCESS) : session_tell_incomplete(s, result)))
		return give_up(p, SESSION_OVER, "", 0);
	s->whole = ok;
	s->started = session_clock();
	return ok;
}

/* --- what was written since -------------------------------------------------------------------- */

/* A registration that changed may be a new one, and then another may be gone: only a whole answer says. */
static bool
take_changed(struct polling *p)
{
	struct session *s = p->s;
	const char *before = known_name(&s->known, s->entry.dn);
	char version[VERSION_MAX];

	write_version(&s->entry, version);
	if (before != NULL && strcmp(before, version) == 0)
		return true;
	note_time(p);
	if (s->entry.dn[0] == '\0' || s->entry.registers || !known_add(&s->known, s->entry.dn, version)) {
		p->need_whole = true;
	} else if (s->entry.enrolled >= 0) {
		p->state = s->entry;
		p->has_state = true;
	} else if (!session_entry(s, FEED_CHANGE, (uint32_t)s->seen)) {
		return give_up(p, SESSION_OVER, "", 0);
	}
	return true;
}

/* Writes the time from which changes are requested; take_changed() passes over entries that are known already. */
static bool
write_since(const struct polling *p, char since[static TIME_TEXT + 1])
{
	struct fleet_stamp stamp;
	struct tm tm;
	time_t t;

	if (!rules_read_time(p->newest, &stamp))
		return false;
	t = stamp.s > OVERLAP_S ? stamp.s - OVERLAP_S : 0;
	return gmtime_r(&t, &tm) != NULL && strftime(since, TIME_TEXT + 1, "%Y%m%d%H%M%SZ", &tm) == TIME_TEXT;
}

static bool
take_changes(struct polling *p)
{
	struct session *s = p->s;
	char filter[256], since[TIME_TEXT + 1];
	int result;

	p->need_whole = !write_since(p, since) || rules_compare_due(s->started, session_clock());
	p->has_state = false;
	if (p->need_whole)
		return take_all(p);
	snprintf(filter, sizeof filter, "(&" ENTRY_FILTER "(modifyTimestamp>=%s))", since);
	if (!search(p, filter, take_changed, &result))
		return false;
	if (p->need_whole || (p->has_state && p->state.enrolled != s->seen))
		return take_all(p);
	if (!p->has_state)
		return true;
	s->entry = p->state;
	return session_entry(s, FEED_CHANGE, (uint32_t)s->seen) || give_up(p, SESSION_OVER, "", 0);
}

/* Returns false if the session is over. Between searches a server sends only that it ends the connection. */
static bool
wait_for_turn(struct polling *p)
{
	int64_t until = session_clock() + rules_delay(INTERVAL_S, 0, session_random());
	bool heard;

	while (session_clock() < until)
		if (!session_wait(p->s, (int)(until - session_clock()), &heard, &p->end))
			return false;
		else if (heard)
			return give_up(p, SESSION_LOST, "the connection has ended", LDAP_SERVER_DOWN);
	return true;
}

enum session_end
session_poll(struct session *s)
{
	static struct polling p;	/* too big for the stack */

	p = (struct polling){ .s = s };
	if (!take_all(&p))
		return p.end;
	while (wait_for_turn(&p) && take_changes(&p))
		;
	return p.end;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Content synchronization, RFC 4533: refreshAndPersist, without a cookie. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <lber.h>

#include "tools/ldap/session.h"

#define UUID_LEN 16
#define UUID_TEXT (2 * UUID_LEN + 1)

/* What one message leads to. */
enum step {
	STEP_ON,
	STEP_NONSENSE,		/* a message that RFC 4533 does not allow here */
	STEP_WRITER_GONE,
	STEP_FULL,		/* more entries than we keep */
	STEP_DONE,		/* the server has ended the search: result */
};

struct follow {
	struct session *s;
	int id;			/* of the search */
	int result;		/* of DONE */
};

/* --- asking ------------------------------------------------------------------------------- */

static int
begin_search(struct follow *f)
{
	struct session *s = f->s;
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	struct berval value = { .bv_len = 0 };
	char oid[] = LDAP_CONTROL_SYNC;
	LDAPControl sync = { .ldctl_oid = oid, .ldctl_iscritical = 1 };
	LDAPControl *controls[] = { &sync, NULL };
	int result = LDAP_NO_MEMORY;

	if (ber != NULL && ber_printf(ber, "{e}", LDAP_SYNC_REFRESH_AND_PERSIST) >= 0 && ber_flatten2(ber, &value, 0) >= 0) {
		sync.ldctl_value = value;
		result = ldap_search_ext(s->link.ld, s->request->base, LDAP_SCOPE_SUBTREE, ENTRY_FILTER, (char **)(uintptr_t)entry_attributes,
		    0, controls, NULL, NULL, LDAP_NO_LIMIT, &f->id);
	}
	ber_free(ber, 1);
	return result;
}

/* --- entries -------------------------------------------------------------------------------- */

/* Copies the latest CSN of a cookie of OpenLDAP ("rid=…,csn=A;B"); "" if the cookie has no CSN. */
static void
csn_of(const struct berval *cookie, char csn[static 64])
{
	char text[1024], *next, *one;
	struct fleet_stamp best = { .s = 0 }, stamp;

	csn[0] = '\0';
	if (cookie->bv_len >= sizeof text || cookie->bv_len == 0)
		return;
	memcpy(text, cookie->bv_val, cookie->bv_len);
	text[cookie->bv_len] = '\0';
	next = strstr(text, "csn=");
	if (next == NULL)
		return;
	next += strlen("csn=");
	next[strcspn(next, ",")] = '\0';
	while ((one = strsep(&next, ";")) != NULL)
		if (strlen(one) < 64 && rules_read_csn(one, &stamp) && (csn[0] == '\0' || rules_later(&stamp, &best))) {
			best = stamp;
			memcpy(csn, one, strlen(one) + 1);
		}
}

/* Reports a removal. If another entry registers the same name, only a whole answer can tell what is left. */
static enum step
tell_removed(struct follow *f, const char *key, const char *csn)
{
	struct session *s = f->s;
	const char *known = known_name(&s->known, key);
	char name[USERFILE_USER_MAX + 1];

	if (known == NULL)
		return STEP_ON;
	snprintf(name, sizeof name, "%s", known);
	known_drop(&s->known, key);
	s->seen = (int64_t)s->known.count;
	if (known_has_name(&s->known, name))
		return STEP_NONSENSE;
	entry_write_removed(name, csn, &s->entry);
	return session_entry(s, FEED_CHANGE, (uint32_t)s->seen) ? STEP_ON : STEP_WRITER_GONE;
}

/* An entry that was renamed, or whose classes have changed, no longer registers its old name. */
static enum step
note_entry(struct follow *f, const char *key)
{
	struct session *s = f->s;
	const char *before = known_name(&s->known, key);
	enum step step = STEP_ON;

	if (before != NULL && (!s->entry.registers || strcmp(before, s->entry.name) != 0))
		step = s->whole ? STEP_NONSENSE : STEP_ON;	/* rare, so a whole answer reports it */
	if (!s->entry.registers)
		known_drop(&s->known, key);
	else if (!known_add(&s->known, key, s->entry.name))
		return STEP_FULL;
	s->seen = (int64_t)s->known.count;
	return step;
}

static enum step
take_entry(struct follow *f, LDAPMessage *message, ber_int_t state, const char *key, const char *csn)
{
	struct session *s = f->s;
	enum step step;

	if (state == LDAP_SYNC_DELETE)
		return s->whole ? tell_removed(f, key, csn) : STEP_NONSENSE;
	/* The state "present" answers a cookie, and we send none. */
	if (state != LDAP_SYNC_ADD && state != LDAP_SYNC_MODIFY)
		return STEP_NONSENSE;
	if (!entry_write(s->link.ld, message, &s->entry))
		return STEP_NONSENSE;
	step = note_entry(f, key);
	if (step != STEP_ON)
		return step;
	return session_entry(s, s->whole ? FEED_CHANGE : FEED_ENTRY, (uint32_t)s->seen) ? STEP_ON : STEP_WRITER_GONE;
}

static BerElement *
begin_value(const struct berval *value)
{
	return session_may_read(value) ? ber_init((struct berval *)(uintptr_t)value) : NULL;
}

/* Sync State Control: SEQUENCE { state ENUMERATED, entryUUID, cookie OPTIONAL } */
static bool
read_state(const LDAPControl *control, ber_int_t *ret_state, char key[static UUID_TEXT], char csn[static 64])
{
	BerElement *ber = begin_value(&control->ldctl_value);
	struct berval uuid, cookie;
	ber_len_t len;
	bool ok = ber != NULL && ber_scanf(ber, "{em", ret_state, &uuid) != LBER_ERROR && uuid.bv_len == UUID_LEN;

	csn[0] = '\0';
	if (ok)
		view_hex((struct view){ (const uint8_t *)uuid.bv_val, UUID_LEN }, key);
	if (ok && ber_peek_tag(ber, &len) == LDAP_TAG_SYNC_COOKIE && ber_scanf(ber, "m", &cookie) != LBER_ERROR)
		csn_of(&cookie, csn);
	ber_free(ber, 1);
	return ok;
}

static enum step
take_search_entry(struct follow *f, LDAPMessage *message)
{
	LDAPControl **controls = NULL, *control;
	char key[UUID_TEXT], csn[64];
	ber_int_t state = -1;
	enum step step = STEP_NONSENSE;

	if (ldap_get_entry_controls(f->s->link.ld, message, &controls) != LDAP_SUCCESS)
		return STEP_NONSENSE;
	control = ldap_control_find(LDAP_CONTROL_SYNC_STATE, controls, NULL);
	if (control != NULL && read_state(control, &state, key, csn))
		step = take_entry(f, message, state, key, csn);
	ldap_controls_free(controls);
	return step;
}

/* --- the rest -------------------------------------------------------------------------------- */

static enum step
end_refresh(struct follow *f)
{
	struct session *s = f->s;

	s->whole = true;
	s->started = session_clock();
	return session_tell(s, FEED_END, LDAP_SUCCESS) ? STEP_ON : STEP_WRITER_GONE;
}

/* refreshDelete, refreshPresent: SEQUENCE { cookie OPTIONAL, refreshDone BOOLEAN DEFAULT TRUE } */
static enum step
take_refresh(struct follow *f, BerElement *ber)
{
	struct berval cookie;
	ber_int_t done = 1;
	ber_len_t len;

	if (ber_scanf(ber, "{") == LBER_ERROR)
		return STEP_NONSENSE;
	if (ber_peek_tag(ber, &len) == LDAP_TAG_SYNC_COOKIE && ber_scanf(ber, "m", &cookie) == LBER_ERROR)
		return STEP_NONSENSE;
	if (ber_peek_tag(ber, &len) == LDAP_TAG_REFRESHDONE && ber_scanf(ber, "b", &done) == LBER_ERROR)
		return STEP_NONSENSE;
	if (f->s->whole)
		return STEP_NONSENSE;
	return done != 0 ? end_refresh(f) : STEP_ON;
}

/* syncIdSet: SEQUENCE { cookie OPTIONAL, refreshDeletes BOOLEAN DEFAULT FALSE, SET OF entryUUID } */
static enum step
take_id_set(struct follow *f, BerElement *ber)
{
	struct berval cookie;
	BerVarray uuids = NULL;
	ber_int_t deletes = 0;
	ber_len_t len;
	char key[UUID_TEXT];
	enum step step = STEP_ON;

	if (ber_scanf(ber, "{") == LBER_ERROR)
		return STEP_NONSENSE;
	if (ber_peek_tag(ber, &len) == LDAP_TAG_SYNC_COOKIE && ber_scanf(ber, "m", &cookie) == LBER_ERROR)
		return STEP_NONSENSE;
	if (ber_peek_tag(ber, &len) == LDAP_TAG_REFRESHDELETES && ber_scanf(ber, "b", &deletes) == LBER_ERROR)
		return STEP_NONSENSE;
	/* Before the end of the refresh, or as a list of what is present, it answers a cookie, and we send none. */
	if (!f->s->whole || deletes == 0 || ber_scanf(ber, "[W]", &uuids) == LBER_ERROR)
		return STEP_NONSENSE;
	for (size_t i = 0; step == STEP_ON && uuids != NULL && uuids[i].bv_val != NULL; i++) {
		if (uuids[i].bv_len != UUID_LEN)
			step = STEP_NONSENSE;
		else {
			view_hex((struct view){ (const uint8_t *)uuids[i].bv_val, UUID_LEN }, key);
			step = tell_removed(f, key, "");
		}
	}
	ber_bvarray_free(uuids);
	return step;
}

static enum step
take_info(struct follow *f, const struct berval *info)
{
	BerElement *ber = begin_value(info);
	enum step step = STEP_NONSENSE;
	ber_len_t len;
	ber_tag_t tag = ber != NULL ? ber_peek_tag(ber, &len) : LBER_DEFAULT;

	if (tag == LDAP_TAG_SYNC_NEW_COOKIE)
		step = STEP_ON;
	else if (tag == LDAP_TAG_SYNC_REFRESH_DELETE || tag == LDAP_TAG_SYNC_REFRESH_PRESENT)
		step = take_refresh(f, ber);
	else if (tag == LDAP_TAG_SYNC_ID_SET)
		step = take_id_set(f, ber);
	ber_free(ber, 1);
	return step;
}

static enum step
take_intermediate(struct follow *f, LDAPMessage *message)
{
	struct berval *info = NULL;
	char *oid = NULL;
	enum step step = STEP_ON;	/* a message of another extension is ignored */
	int result = ldap_parse_intermediate(f->s->link.ld, message, &oid, &info, NULL, 0);

	if (result != LDAP_SUCCESS)
		step = STEP_NONSENSE;
	else if (oid != NULL && strcmp(oid, LDAP_SYNC_INFO) == 0)
		step = info != NULL ? take_info(f, info) : STEP_NONSENSE;
	ldap_memfree(oid);
	ber_bvfree(info);
	return step;
}

static enum step
take_message(struct follow *f, LDAPMessage *message)
{
	int result;

	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		return take_search_entry(f, message);
	case LDAP_RES_INTERMEDIATE:
		return take_intermediate(f, message);
	case LDAP_RES_SEARCH_RESULT:
		result = ldap_parse_result(f->s->link.ld, message, &f->result, NULL, NULL, NULL, NULL, 0);
		return result == LDAP_SUCCESS ? STEP_DONE : STEP_NONSENSE;
	default:	/* a referral: a part of what we want is elsewhere */
		return STEP_NONSENSE;
	}
}

/* --- until it is over -------------------------------------------------------------------------- */

/* Whether the server refuses a search that stays open. */
static bool
is_turned_away(int result)
{
	return result == LDAP_BUSY || result == LDAP_UNAVAILABLE_CRITICAL_EXTENSION || result == LDAP_UNWILLING_TO_PERFORM ||
	    result == LDAP_ADMINLIMIT_EXCEEDED;
}

static enum session_end
end_of(struct follow *f, enum step step)
{
	struct session *s = f->s;

	switch (step) {
	case STEP_DONE:
		link_failed(&s->link, "the server has ended the search", f->result);
		if (!s->whole && is_turned_away(f->result))
			return SESSION_TURNED_AWAY;
		if (!s->whole)
			(void)session_tell_incomplete(s, f->result);
		return SESSION_LOST;
	case STEP_FULL:
		snprintf(s->link.why, sizeof s->link.why, "more than %d entries", KNOWN_ENTRIES_MAX);
		break;
	case STEP_NONSENSE:
		if (s->whole)
			return SESSION_AGAIN;
		snprintf(s->link.why, sizeof s->link.why, "JPKI-E-FLEET-SYNC: not an answer as in RFC 4533");
		break;
	case STEP_ON:
	case STEP_WRITER_GONE:
		return SESSION_OVER;
	}
	if (!s->whole)
		(void)session_tell_incomplete(s, LDAP_OTHER);
	return SESSION_LOST;
}

static bool
is_late(const struct session *s)
{
	return !s->whole && session_is_overdue(s);
}

/* A server that is silent, or sends and sends. */
static enum session_end
give_up(struct session *s, const char *why, int seconds)
{
	(void)session_tell_incomplete(s, LDAP_TIMEOUT);
	snprintf(s->link.why, sizeof s->link.why, "%s for %d seconds", why, seconds);
	return SESSION_LOST;
}

/* Takes all messages that have arrived. Returns STEP_ON if more may come. */
static enum step
take_arrived(struct follow *f, bool *ret_lost)
{
	struct timeval now = { .tv_sec = 0 };
	enum step step = STEP_ON;
	LDAPMessage *message = NULL;

	*ret_lost = false;
	while (step == STEP_ON && !is_late(f->s)) {
		int type = ldap_result(f->s->link.ld, f->id, LDAP_MSG_ONE, &now, &message);

		*ret_lost = type < 0 && message == NULL;
		if (type <= 0 && message == NULL)	/* the type of a message is the tag that the server sent: it may be 0, too */
			return STEP_ON;
		step = take_message(f, message);
		ldap_msgfree(message);
		message = NULL;
	}
	return step;
}

enum session_end
session_follow(struct session *s)
{
	struct follow f = { .s = s };
	enum session_end end;
	enum step step;
	bool lost, heard;
	int result;

	if (!session_tell(s, FEED_BEGIN, 0))
		return SESSION_OVER;
	session_ask(s);
	result = begin_search(&f);
	if (result != LDAP_SUCCESS) {
		link_failed(&s->link, "search", result);
		(void)session_tell_incomplete(s, result);
		return SESSION_LOST;
	}
	for (;;) {
		step = take_arrived(&f, &lost);
		if (step != STEP_ON)
			return end_of(&f, step);
		if (lost)
			break;
		if (is_late(s))
			return give_up(s, "no whole answer", ANSWER_MAX_S);
		if (s->whole && rules_compare_due(s->started, session_clock()))
			return SESSION_AGAIN;
		if (!session_wait(s, s->whole ? 600 : LINK_WAIT_S, &heard, &end))
			return end;
		if (!heard && !s->whole)
			return give_up(s, "no answer", LINK_WAIT_S);
	}
	link_failed(&s->link, "the connection has ended", LDAP_SERVER_DOWN);
	if (!s->whole)
		(void)session_tell_incomplete(s, LDAP_SERVER_DOWN);
	return SESSION_LOST;
}

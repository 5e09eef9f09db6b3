/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/ldap/poll: a server that is asked again and again, with a directory and a clock of our own. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ldappeer.h"
#include "tests/unit/test.h"

#include "tools/ldap/session.h"

#define MIB ((size_t)1 << 20)
#define MESSAGE_MOST (4 * MIB)	/* as in tools/ldap/link.c */
#define PAGES_MOST 20000	/* as in tools/ldap/poll.c */
#define COOKIE_MOST 65536	/* as there */
#define ENTRIES_MAX 8
#define ANSWERS_MAX 16
#define DAY 86400

/* --- the directory ---------------------------------------------------------------------------- */

struct held {
	const char *dn;
	const char *class;
	const char *modified;
	const char *description;	/* or NULL */
	size_t size;		/* of the message, or 0 */
};

/* What it has, as of the n-th search: it changes between two searches by a test's turn(). */
static struct held held[ENTRIES_MAX];
static size_t held_count;
static char asked[ANSWERS_MAX][16];	/* since when; "" for all */
static size_t page_size;	/* 0: the server has no pages */
static bool endless;		/* empty pages, and always another one */
static size_t cookie_len;	/* of each page but the last, filled up with blanks */
static int refused_with;	/* the server's result after all entries */
static bool refers, hangs_up;	/* after them it sends a referral, closes the connection */
static unsigned int searches;

static void
has(const char *dn, const char *class, const char *modified, const char *description)
{
	size_t i = 0;

	while (i < held_count && strcmp(held[i].dn, dn) != 0)
		i++;
	assert_true(i < ENTRIES_MAX);
	held[i] = (struct held){ dn, class, modified, description, 0 };
	held_count += i == held_count;
}

static void
has_state(const char *modified, const char *description)
{
	has("cn=state", "applicationProcess", modified, description);
}

static void
send_held(struct ldappeer *peer, const struct held *h)
{
	struct ldappeer_value values[] = { { "objectClass", h->class }, { "uid", h->dn }, { "modifyTimestamp", h->modified },
		{ "description", h->description } };

	ldappeer_entry(peer, h->dn, values, h->description != NULL ? 4 : 3, h->size);
}

/* The cookie "page N" of a request; 0: it has none. */
static size_t
page_of(const uint8_t *request, size_t len)
{
	const char *at = memmem(request, len, "page ", 5);

	return at != NULL ? (size_t)(at[5] - '0') : 0;
}

/* One page, or all. */
static void
send_from(struct ldappeer *peer, size_t page, const char *since)
{
	size_t from = page * page_size, to = page_size > 0 ? from + page_size : held_count;
	static char cookie[COOKIE_MOST + 2];
	char name[16];

	for (size_t i = from; i < to && i < held_count; i++)
		if (strncmp(held[i].modified, since, strlen(since)) >= 0)
			send_held(peer, &held[i]);
	snprintf(name, sizeof name, "page %zu", endless ? 9 : page + 1);
	snprintf(cookie, sizeof cookie, "%-*s", (int)cookie_len, name);
	if (refers)
		ldappeer_refer(peer, "ldap://elsewhere.example/ou=jpki");
	if (hangs_up)
		ldappeer_hang_up(peer);
	else if (page_size == 0)
		ldappeer_done(peer, refused_with);
	else
		ldappeer_page_done(peer, endless || to < held_count ? cookie : "");
}

/* The value of a filter's "modifyTimestamp>=", which the request has as two strings, each with its length. */
static void
answer(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len)
{
	static const char attribute[] = "modifyTimestamp";
	const char *at = memmem(filter, len, attribute, strlen(attribute)), *since = "";
	char text[16] = "";

	/* The list of requested attributes has it as well, behind which there is another attribute. */
	if (at != NULL && at[strlen(attribute) + 2] == '2') {
		memcpy(text, at + strlen(attribute) + 2, 15);
		since = text;
	}
	if (searches < ANSWERS_MAX)
		snprintf(asked[searches], sizeof asked[searches], "%s", since);
	searches++;
	send_from(peer, page_of(filter, len), since);
}

/* --- the writer, and the clock ------------------------------------------------------------------ */

static char frames[4096];	/* a word for each */
static int64_t clock_now;
static int64_t clock_step;	/* seconds for each look at the clock */
static void (*turn)(unsigned int n);	/* before the n-th search after the first; NULL: none */
static unsigned int turns, turns_max;
static int64_t turn_s;		/* seconds that a turn takes; 0: what is waited for */

bool __wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len);
bool __wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end);
int64_t __wrap_session_clock(void);

static void
note(const char *before, const char *word, const char *after)
{
	size_t len = strlen(frames);

	assert_true(len + 300 < sizeof frames);
	snprintf(frames + len, sizeof frames - len, "%s%s%s", before, word, after);
}

/* Of an entry the DN, which is its first line in base64. */
static void
note_dn(const char *before, const char *text)
{
	static const struct { const char *base64, *dn; } known[] = { { "aGFuYWtv", "hanako" }, { "dGFybw==", "taro" },
		{ "Y249c3RhdGU=", "state" }, { "Y249Yg==", "b" }, { "Y249Yw==", "c" }, { "", "?" } };
	const char *dn = strstr(text, ":: ");
	size_t i = 0;

	assert_non_null(dn);
	while (strncmp(dn + 3, known[i].base64, strlen(known[i].base64)) != 0)
		i++;
	note(before, known[i].dn, " ");
}

bool
__wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len)
{
	char result[16];

	snprintf(result, sizeof result, number == FEED_BROKEN_OFF ? "broken " : "%u ", (unsigned int)number);
	if (kind == FEED_BEGIN)
		note("[", "", "");
	else if (kind == FEED_END)
		note("]", result, "");
	else if (kind == FEED_ENTRY || kind == FEED_CHANGE)
		note_dn(kind == FEED_CHANGE ? "+" : "", text);
	return true;
}

int64_t
__wrap_session_clock(void)
{
	return clock_now += clock_step;
}

bool
__wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end)
{
	*ret_server = false;
	if (turns == turns_max) {
		*ret_end = SESSION_OVER;
		return false;
	}
	turns++;
	clock_now += turn_s != 0 ? turn_s : seconds;
	if (turn != NULL)
		turn(turns);
	return true;
}

/* --- a session ------------------------------------------------------------------------------------ */

static struct session session;
static struct request request = { .base = "ou=jpki,dc=example" };

static int
setup(void **state)
{
	held_count = searches = turns = turns_max = 0;
	memset(asked, 0, sizeof asked);
	frames[0] = '\0';
	clock_now = 1000;
	clock_step = 0;
	turn = NULL;
	turn_s = 0;
	page_size = 0;
	cookie_len = 0;
	endless = false;
	refused_with = LDAP_SUCCESS;
	refers = hangs_up = false;
	has("hanako", "pkiUser", "20261129030000Z", NULL);
	has("cn=b", "device", "20261128120000Z", "block");
	has_state("20261129025900Z", "generation=1 time=1 enrolled=1 blocked=0");
	return 0;
}

/* Everything that is asked and sent, up to so many turns. */
static enum session_end
poll_for(unsigned int most, void (*before)(unsigned int n))
{
	struct ldappeer *peer = ldappeer_begin(answer, NULL);
	enum session_end end = SESSION_LOST;

	turns_max = most;
	turn = before;
	session = (struct session){ .request = &request };
	if (!link_open(&session.link, "ldap://peer", false))
		fail_msg("%s", session.link.why);
	else
		end = session_poll(&session);
	link_close(&session.link);
	known_done(&session.known);
	ldappeer_end(peer);
	return end;
}

/* --- the hour of overlap ------------------------------------------------------------------------------- */

static void
changes_are_asked_for_from_an_hour_before_the_newest(void **state)
{
	assert_int_equal(poll_for(2, NULL), SESSION_OVER);
	assert_int_equal(searches, 3);
	assert_string_equal(asked[0], "");
	assert_string_equal(asked[1], "20261129020000Z");
	assert_string_equal(asked[2], "20261129020000Z");
	/* What was sent is not sent again, though it is within the hour. */
	assert_string_equal(frames, "[hanako b state ]0 ");
}

static void
comes_late(unsigned int n)
{
	if (n == 1)
		has("cn=c", "device", "20261129020000Z", "block");	/* an hour: in the answer */
	if (n == 3)
		has("cn=c", "device", "20261129015959Z", "block");	/* it was older than that */
}

/* Replication brings it after something newer, from a server whose clock is slow. */
static void
an_entry_that_comes_late_by_an_hour_is_seen(void **state)
{
	assert_int_equal(poll_for(2, comes_late), SESSION_OVER);
	assert_string_equal(frames, "[hanako b state ]0 +c ");
}

static void
comes_too_late(unsigned int n)
{
	if (n == 1)
		has("cn=c", "device", "20261129015959Z", "block");
	if (n == 3)
		clock_now += DAY;
}

/* By more than an hour: the whole answer of each day has it. */
static void
an_entry_that_comes_later_is_seen_within_a_day(void **state)
{
	assert_int_equal(poll_for(3, comes_too_late), SESSION_OVER);
	assert_string_equal(asked[2], "20261129020000Z");
	assert_string_equal(asked[3], "");
	assert_string_equal(frames, "[hanako b state ]0 [hanako b state c ]0 ");
}

static void
hour_goes_on(unsigned int n)
{
	if (n == 1)
		has("cn=b", "device", "20270101000500Z", "block again");
}

static void
the_hour_moves_with_the_newest(void **state)
{
	assert_int_equal(poll_for(2, hour_goes_on), SESSION_OVER);
	assert_string_equal(asked[1], "20261129020000Z");
	assert_string_equal(asked[2], "20261231230500Z");
	assert_string_equal(frames, "[hanako b state ]0 +b ");
}

static void
blocks_in_the_same_second(unsigned int n)
{
	if (n == 1)
		has("cn=b", "device", "20261128120000Z", "lift");
	if (n == 2)
		has("cn=b", "device", "20261128120000Z", "block");
}

/* The look fell between two changes of one second. */
static void
a_second_change_within_a_second_is_seen(void **state)
{
	held_count = 0;
	has("cn=b", "device", "20261128120000Z", "block");
	assert_int_equal(poll_for(3, blocks_in_the_same_second), SESSION_OVER);
	assert_string_equal(asked[1], "20261128110000Z");
	assert_string_equal(frames, "[b ]0 +b +b ");
}

static void
times_of_another_form_lead_to_whole_answers(void **state)
{
	static const char *const forms[] = { "", "20261129030000.5Z", "20261129120000+0900", "29991399990000Z" };

	for (size_t i = 0; i < COUNT(forms); i++) {
		setup(state);
		has("hanako", "pkiUser", forms[i], NULL);
		has("cn=b", "device", forms[i], "block");
		has_state(forms[i], "generation=1 time=1 enrolled=1 blocked=0");
		assert_int_equal(poll_for(1, NULL), SESSION_OVER);
		assert_string_equal(asked[1], "");
		assert_string_equal(frames, "[hanako b state ]0 [hanako b state ]0 ");
	}
}

/* --- what leads to a whole answer -------------------------------------------------------------------------- */

static void
registers(unsigned int n)
{
	if (n == 1)
		has("taro", "pkiUser", "20261129030001Z", NULL);
}

static void
removes(unsigned int n)
{
	if (n == 1) {
		held[0] = held[--held_count];
		has_state("20261129030001Z", "generation=2 time=2 enrolled=0 blocked=0");
	}
}

static void
touches(unsigned int n)
{
	if (n == 1)
		has_state("20261129030001Z", "generation=2 time=2 enrolled=1 blocked=0");
}

static void
registrations_that_come_and_go_lead_to_a_whole_answer(void **state)
{
	assert_int_equal(poll_for(1, registers), SESSION_OVER);
	assert_string_equal(frames, "[hanako b state ]0 [hanako b state taro ]0 ");
	setup(state);
	assert_int_equal(poll_for(1, removes), SESSION_OVER);
	assert_string_equal(frames, "[hanako b state ]0 [state b ]0 ");
	setup(state);
	assert_int_equal(poll_for(1, touches), SESSION_OVER);
	assert_string_equal(frames, "[hanako b state ]0 +state ");
}

/* --- pages ----------------------------------------------------------------------------------------------------- */

static void
an_answer_in_pages_is_whole_with_the_last(void **state)
{
	for (size_t size = 1; size < 5; size++) {
		setup(state);
		page_size = size;
		assert_int_equal(poll_for(1, touches), SESSION_OVER);
		assert_string_equal(frames, "[hanako b state ]0 +state ");
		assert_int_equal(searches, 2 * ((3 + size - 1) / size));
	}
}

/* One that has no end is no answer. */
static void
pages_without_end(void **state)
{
	page_size = 1;
	endless = true;
	assert_int_equal(poll_for(1, NULL), SESSION_LOST);
	assert_string_equal(frames, "[hanako ]4 ");
	assert_int_equal(searches, PAGES_MOST + 1);
}

/* A cookie goes back to the server, so one that is too long is no answer. */
static void
cookies_that_are_too_long(void **state)
{
	page_size = 1;
	cookie_len = COOKIE_MOST;
	assert_int_equal(poll_for(1, touches), SESSION_OVER);
	assert_string_equal(frames, "[hanako b state ]0 +state ");
	assert_int_equal(setup(state), 0);
	page_size = 1;
	cookie_len = COOKIE_MOST + 1;
	assert_int_equal(poll_for(1, NULL), SESSION_LOST);
	assert_string_equal(frames, "[hanako ]80 ");
	assert_int_equal(searches, 1);
}

/* The writer is told the result of the server. */
static void
a_refused_search_is_no_whole_answer(void **state)
{
	static const struct { int result; const char *frames; } refusals[] = { { LDAP_OTHER, "[hanako b state ]80 " },
		{ LDAP_REFERRAL, "[hanako b state ]10 " }, { LDAP_INSUFFICIENT_ACCESS, "[hanako b state ]50 " } };

	for (size_t i = 0; i < COUNT(refusals); i++) {
		setup(state);
		refused_with = refusals[i].result;
		assert_int_equal(poll_for(1, NULL), SESSION_LOST);
		assert_string_equal(frames, refusals[i].frames);
	}
}

/* A part of what we want is elsewhere (RFC 4511 §4.5.3). */
static void
a_referral_is_no_whole_answer(void **state)
{
	refers = true;
	assert_int_equal(poll_for(1, NULL), SESSION_LOST);
	assert_string_equal(frames, "[hanako b state ]80 ");
}

static void
a_server_that_hangs_up_breaks_off(void **state)
{
	hangs_up = true;
	assert_int_equal(poll_for(1, NULL), SESSION_LOST);
	assert_string_equal(frames, "[hanako b state ]broken ");
}

/* Each message comes in time, and there is no end. The whole answer has ten minutes. */
static void
an_answer_that_takes_too_long_breaks_off(void **state)
{
	page_size = 1;
	endless = true;
	clock_step = 1;
	assert_int_equal(poll_for(1, NULL), SESSION_LOST);
	assert_string_equal(frames, "[hanako ]broken ");
	assert_uint_in_range(searches, 200, 600);
}

/* --- long messages ------------------------------------------------------------------------------------------- */

/* What a block of that size in the whole answer leads to. */
static void
assert_block_of_size(size_t size, enum session_end end, const char *what)
{
	enum session_end got;

	setup(NULL);
	held[1].size = size;
	held[1].description = NULL;
	got = poll_for(0, NULL);
	if (got != end || strcmp(frames, what) != 0)
		fail_msg("%zu bytes: %d, %s (%s)", size, (int)got, frames, session.link.why);
}

/* OpenLDAP's servers take 256 KiB from those that have not bound, and 4 MiB from others, so entries may be as long. */
static void
messages_up_to_the_bound_are_entries(void **state)
{
	static const size_t sizes[] = { 1000, MIB / 4 - 1, MIB / 4, MIB / 4 + 1, MIB, MESSAGE_MOST - 1, MESSAGE_MOST };

	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_block_of_size(sizes[i], SESSION_OVER, "[hanako b state ]0 ");
}

static void
a_longer_message_ends_the_connection(void **state)
{
	static const size_t sizes[] = { MESSAGE_MOST + 1, MESSAGE_MOST + 64, MESSAGE_MOST + MIB };

	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_block_of_size(sizes[i], SESSION_LOST, "[hanako ]broken ");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(changes_are_asked_for_from_an_hour_before_the_newest),
		TEST(an_entry_that_comes_late_by_an_hour_is_seen),
		TEST(an_entry_that_comes_later_is_seen_within_a_day),
		TEST(the_hour_moves_with_the_newest),
		TEST(a_second_change_within_a_second_is_seen),
		TEST(times_of_another_form_lead_to_whole_answers),
		TEST(registrations_that_come_and_go_lead_to_a_whole_answer),
		TEST(an_answer_in_pages_is_whole_with_the_last),
		TEST(pages_without_end),
		TEST(cookies_that_are_too_long),
		TEST(a_refused_search_is_no_whole_answer),
		TEST(a_referral_is_no_whole_answer),
		TEST(a_server_that_hangs_up_breaks_off),
		TEST(an_answer_that_takes_too_long_breaks_off),
		TEST(messages_up_to_the_bound_are_entries),
		TEST(a_longer_message_ends_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

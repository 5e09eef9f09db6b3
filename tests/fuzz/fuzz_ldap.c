/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_ldap with a directory that sends whatever it likes: what goes to the writer is in the order that tools/fleet/feed.h
 * states, each entry is one that the writer can read, and a whole answer that was begun is ended.
 *
 * The first byte says whether it listens or asks again and again, and how fast its clock moves. What follows are elements:
 * each SEQUENCE becomes a message with the number of the last search, each SET one with another number; anything else is
 * sent as it is. The client gets the next one when it waits.
 */
#include "config.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/der.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tools/fleet/record.h"
#include "tools/ldap/session.h"

#include <openldap.h>

#define WAITS_MAX 200		/* then the writer has gone */

static struct {
	struct cursor in;	/* what was not sent yet */
	int fd;			/* the directory's end */
	int id;			/* of the last search */
	int64_t now, step;
	unsigned int waits;
	bool polls;
	enum { BEFORE, WITHIN, WHOLE, BROKEN } answer;
} peer;

bool __wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len);
bool __wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end);
int64_t __wrap_session_clock(void);
uint32_t __wrap_session_random(void);
int __wrap_ldap_result(LDAP *ld, int id, int all, struct timeval *timeout, LDAPMessage **ret);
int __real_ldap_result(LDAP *ld, int id, int all, struct timeval *timeout, LDAPMessage **ret);
int __wrap_ldap_search_ext(LDAP *ld, const char *base, int scope, const char *filter, char **attributes, int types_only,
    LDAPControl **server_controls, LDAPControl **client_controls, struct timeval *timeout, int size_limit, int *ret_id);
int __real_ldap_search_ext(LDAP *ld, const char *base, int scope, const char *filter, char **attributes, int types_only,
    LDAPControl **server_controls, LDAPControl **client_controls, struct timeval *timeout, int size_limit, int *ret_id);

/* LeakSanitizer's functions; NULL without it. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static void
ignore_leaks(void)
{
	if (__lsan_disable != NULL)
		__lsan_disable();
}

static void
report_leaks(void)
{
	if (__lsan_enable != NULL)
		__lsan_enable();
}

/* --- what libldap 2.5 does wrong ------------------------------------------------------ */

static jmp_buf after_assertion;
static bool may_end;

/* Replaces glibc's function, which assert(3) calls. */
_Noreturn void __assert_fail(const char *what, const char *file, unsigned int line, const char *function);

_Noreturn void
__assert_fail(const char *what, const char *file, unsigned int line, const char *function)
{
	if (may_end)
		longjmp(after_assertion, 1);
	fuzz_fail(file, (int)line, what);
}

int __wrap_ldap_parse_intermediate(LDAP *ld, LDAPMessage *message, char **ret_name, struct berval **ret_value, LDAPControl ***ret_controls,
    int freeit);
int __real_ldap_parse_intermediate(LDAP *ld, LDAPMessage *message, char **ret_name, struct berval **ret_value, LDAPControl ***ret_controls,
    int freeit);

/* libldap ends the process if the name is empty; the next jpki_ldap begins with another server (tools/jpkictl/fleet_run.c). */
int
__wrap_ldap_parse_intermediate(LDAP *ld, LDAPMessage *message, char **ret_name, struct berval **ret_value, LDAPControl ***ret_controls,
    int freeit)
{
	volatile int result = LDAP_DECODING_ERROR;

	ignore_leaks();
	may_end = true;
	if (setjmp(after_assertion) == 0)
		result = __real_ldap_parse_intermediate(ld, message, ret_name, ret_value, ret_controls, freeit);
	may_end = false;
	report_leaks();
	return result;
}

/* --- what the writer gets -------------------------------------------------------------- */

/* One entry, as the writer reads it. */
static void
look_at_entry(const char *text, size_t len)
{
	struct ldif_entry entry = { .count = 0 };
	FILE *f = fmemopen((void *)(uintptr_t)text, len, "r");
	struct record r;

	CHECK(len > 0 && len <= FEED_TEXT_MAX && strlen(text) == len && f != NULL);
	CHECK(ldif_next(f, &entry) == LDIF_ENTRY && !entry.cut);
	record_read(&entry, &r);
	CHECK(ldif_only(&entry, "dn") != NULL);
	CHECK(ldif_next(f, &entry) == LDIF_END);
	ldif_done(&entry);
	fclose(f);
}

bool
__wrap_feed_put(int fd, enum feed_kind kind, uint32_t number, const char *text, size_t len)
{
	CHECK(fd == STDOUT_FILENO);
	switch (kind) {
	case FEED_BEGIN:
		CHECK(peer.answer == BEFORE || (peer.polls && peer.answer == WHOLE));
		peer.answer = WITHIN;
		break;
	case FEED_ENTRY:
		CHECK(peer.answer == WITHIN);
		look_at_entry(text, len);
		break;
	case FEED_END:
		CHECK(peer.answer == WITHIN);
		peer.answer = number == LDAP_SUCCESS ? WHOLE : BROKEN;
		break;
	case FEED_CHANGE:
		CHECK(peer.answer == WHOLE && number <= KNOWN_ENTRIES_MAX);
		look_at_entry(text, len);
		break;
	case FEED_LINK:
	case FEED_SAYS:
		CHECK(false);	/* main.c does that */
	}
	return true;
}

/* --- time and messages -------------------------------------------------------------------- */

int64_t
__wrap_session_clock(void)
{
	return peer.now += peer.step;
}

uint32_t
__wrap_session_random(void)
{
	return 7;
}

bool
__wrap_session_wait(struct session *s, int seconds, bool *ret_server, enum session_end *ret_end)
{
	CHECK(seconds >= 0);
	*ret_server = !peer.polls && peer.in.left > 0;
	peer.now += *ret_server ? 0 : seconds;
	*ret_end = SESSION_OVER;
	return peer.waits++ < WAITS_MAX;
}

static void
send_bytes(const void *data, size_t len)
{
	CHECK(len == 0 || send(peer.fd, data, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
send_message(int id, struct view contents)
{
	const size_t len = contents.len + 6;
	const uint8_t head[] = { 0x30, 0x84, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
		0x02, 4, 0, 0, (uint8_t)(id >> 8), (uint8_t)id };

	send_bytes(head, sizeof head);
	send_bytes(contents.data, contents.len);
}

static void
send_next(void)
{
	struct cursor rest = peer.in;
	struct view contents;
	uint8_t tag;
	size_t len;

	if (!der_header(&rest, &tag, &len) || !cursor_view(&rest, len, &contents)) {
		send_bytes(peer.in.p, peer.in.left);
		rest.left = 0;
	} else if (tag == DER_SEQUENCE || tag == DER_SET)
		send_message(tag == DER_SET ? peer.id + 1 : peer.id, contents);
	else
		send_bytes(peer.in.p, peer.in.left - rest.left);
	peer.in = rest;
}

int
__wrap_ldap_result(LDAP *ld, int id, int all, struct timeval *timeout, LDAPMessage **ret)
{
	struct timeval now = { .tv_sec = 0 };
	char requests[1024];
	int type;

	CHECK(id == peer.id && all == LDAP_MSG_ONE);
	while (recv(peer.fd, requests, sizeof requests, MSG_DONTWAIT) > 0)
		;
	while ((type = __real_ldap_result(ld, id, all, &now, ret)) == 0 && *ret == NULL && peer.in.left > 0)
		send_next();
	return type;
}

int
__wrap_ldap_search_ext(LDAP *ld, const char *base, int scope, const char *filter, char **attributes, int types_only,
    LDAPControl **server_controls, LDAPControl **client_controls, struct timeval *timeout, int size_limit, int *ret_id)
{
	int result;

	/* libldap 2.5 never frees a request whose result it cannot decode: 4 KiB for such a connection. */
	ignore_leaks();
	result = __real_ldap_search_ext(ld, base, scope, filter, attributes, types_only, server_controls, client_controls, timeout,
	    size_limit, ret_id);
	report_leaks();
	peer.id = *ret_id;
	return result;
}

/* --- one input ---------------------------------------------------------------------------- */

/* Nothing of ldap.conf(5) counts. */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return setenv("LDAPNOINIT", "1", 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct request request = { .base = "ou=jpki,dc=example" };
	static struct session s;
	struct cursor in = cursor_of(data, size);
	uint8_t mode = fuzz_u8(&in);
	enum session_end end;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	peer.in = in;
	peer.fd = fds[1];
	peer.polls = mode & 1;
	peer.now = 1000;
	peer.step = mode & 2 ? 7 : 0;
	peer.waits = 0;
	peer.answer = BEFORE;
	s = (struct session){ .request = &request };
	CHECK(ldap_init_fd(fds[0], LDAP_PROTO_TCP, "ldap://peer", &s.link.ld) == LDAP_SUCCESS);
	CHECK(ldap_set_option(s.link.ld, LDAP_OPT_PROTOCOL_VERSION, &(int){ LDAP_VERSION3 }) == LDAP_OPT_SUCCESS);
	CHECK(ldap_set_option(s.link.ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS);
	CHECK(link_limit_messages(s.link.ld));
	end = peer.polls ? session_poll(&s) : session_follow(&s);
	CHECK(peer.answer != BEFORE);
	CHECK(peer.answer != WITHIN || end == SESSION_OVER || (end == SESSION_TURNED_AWAY && !peer.polls));
	CHECK(end != SESSION_LOST || s.link.why[0] != '\0');
	CHECK(memchr(s.link.why, '\0', sizeof s.link.why) != NULL);
	known_done(&s.known);
	(void)ldap_unbind_ext(s.link.ld, NULL, NULL);
	CHECK(close(fds[1]) == 0);
	return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (size < 2 || seed % 16 == 0)
		return mutate_bytes(data, size, max);
	return 1 + mutate_der(data + 1, size - 1, max - 1, seed / 16);
}

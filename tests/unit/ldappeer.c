/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

#include <ldap.h>
#include <openldap.h>

#include "tests/unit/ldappeer.h"

#define REQUEST_MAX ((size_t)128 << 10)
#define HEADER 6		/* a tag, and a length in its five-byte form */
#define MESSAGE_MAX ((size_t)8 << 20)
#define TEXT 0x04		/* OCTET STRING */

struct ldappeer {
	ldappeer_answer *answer;
	void *ctx;
	int fds[2];		/* the client's end, ours */
	pthread_t thread;
	uint8_t id[6];		/* INTEGER, of the request */
	size_t id_len;
	uint8_t *out;		/* the message that is being made */
	size_t len;
};

static struct ldappeer *listening;

/* --- BER, with lengths of four bytes --------------------------------------------------------- */

static void
put(struct ldappeer *p, const void *data, size_t len)
{
	if (len > MESSAGE_MAX - p->len)
		abort();
	if (len > 0)
		memcpy(p->out + p->len, data, len);
	p->len += len;
}

/* Begins an element; returns where its contents begin. */
static size_t
open_element(struct ldappeer *p, uint8_t tag)
{
	put(p, (uint8_t[]){ tag, 0x84, 0, 0, 0, 0 }, HEADER);
	return p->len;
}

static void
close_element(struct ldappeer *p, size_t from)
{
	size_t len = p->len - from;

	for (size_t i = 0; i < 4; i++)
		p->out[from - 1 - i] = (uint8_t)(len >> 8 * i);
}

static void
put_text(struct ldappeer *p, const char *text)
{
	size_t from = open_element(p, TEXT);

	put(p, text, strlen(text));
	close_element(p, from);
}

static size_t
open_message(struct ldappeer *p)
{
	size_t from;

	p->len = 0;
	from = open_element(p, 0x30);
	put(p, p->id, p->id_len);
	return from;
}

static void
send_message(struct ldappeer *p, size_t from)
{
	close_element(p, from);
	for (size_t sent = 0; sent < p->len;) {
		ssize_t n = send(p->fds[1], p->out + sent, p->len - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return;		/* the client has gone */
		sent += (size_t)n;
	}
}

static void
put_result(struct ldappeer *p, uint8_t tag, int result)
{
	size_t op = open_element(p, tag);

	put(p, (uint8_t[]){ 0x0a, 1, (uint8_t)result }, 3);
	put_text(p, "");
	put_text(p, "");
	close_element(p, op);
}

static void
send_result(struct ldappeer *p, uint8_t tag, int result)
{
	size_t message = open_message(p);

	put_result(p, tag, result);
	send_message(p, message);
}

/* Puts the first values, which are of one attribute; returns how many. */
static size_t
put_attribute(struct ldappeer *p, const struct ldappeer_value *values, size_t count)
{
	size_t attribute = open_element(p, 0x30), set, i = 0;

	put_text(p, values[0].attribute);
	set = open_element(p, 0x31);
	do
		put_text(p, values[i++].text);
	while (i < count && strcmp(values[i].attribute, values[0].attribute) == 0);
	close_element(p, set);
	close_element(p, attribute);
	return i;
}

/* So long that the message, which has nothing behind it, has that size. */
static void
fill_up(struct ldappeer *p, size_t message, size_t size)
{
	size_t other = 5 * HEADER - HEADER + strlen("description"), used = p->len - message;
	char *text;

	assert_true(size > used + other);
	text = calloc(1, size - used - other + 1);
	if (text == NULL)
		abort();
	memset(text, 'x', size - used - other);
	(void)put_attribute(p, &(struct ldappeer_value){ "description", text }, 1);
	free(text);
	if (p->len - message != size)
		abort();
}

void
ldappeer_entry(struct ldappeer *p, const char *dn, const struct ldappeer_value *values, size_t count, size_t size)
{
	size_t message = open_message(p), op = open_element(p, 0x64), attributes;

	put_text(p, dn);
	attributes = open_element(p, 0x30);
	for (size_t i = 0; i < count;)
		i += put_attribute(p, &values[i], count - i);
	if (size > 0)
		fill_up(p, message, size);
	close_element(p, attributes);
	close_element(p, op);
	send_message(p, message);
}

void
ldappeer_done(struct ldappeer *p, int result)
{
	send_result(p, 0x65, result);
}

void
ldappeer_refer(struct ldappeer *p, const char *uri)
{
	size_t message = open_message(p), op = open_element(p, 0x73);

	put_text(p, uri);
	close_element(p, op);
	send_message(p, message);
}

void
ldappeer_cookie(struct ldappeer *p, const char *cookie)
{
	size_t message = open_message(p), op = open_element(p, 0x79), name, value, choice;

	name = open_element(p, 0x80);
	put(p, LDAP_SYNC_INFO, strlen(LDAP_SYNC_INFO));
	close_element(p, name);
	value = open_element(p, 0x81);
	choice = open_element(p, 0x80);
	put(p, cookie, strlen(cookie));
	close_element(p, choice);
	close_element(p, value);
	close_element(p, op);
	send_message(p, message);
}

void
ldappeer_hang_up(struct ldappeer *p)
{
	shutdown(p->fds[1], SHUT_RDWR);
}

void
ldappeer_page_done(struct ldappeer *p, const char *cookie)
{
	size_t message = open_message(p), controls, control, text, value;

	put_result(p, 0x65, LDAP_SUCCESS);
	controls = open_element(p, 0xa0);
	control = open_element(p, 0x30);
	put_text(p, LDAP_CONTROL_PAGEDRESULTS);
	text = open_element(p, TEXT);
	value = open_element(p, 0x30);
	put(p, (uint8_t[]){ 0x02, 1, 0 }, 3);
	put_text(p, cookie);
	close_element(p, value);
	close_element(p, text);
	close_element(p, control);
	close_element(p, controls);
	send_message(p, message);
}

/* --- requests ------------------------------------------------------------------------------------ */

static bool
receive(int fd, uint8_t *to, size_t len)
{
	return len == 0 || recv(fd, to, len, MSG_WAITALL) == (ssize_t)len;
}

/* Reads a request from its message ID on. */
static size_t
receive_request(struct ldappeer *p, uint8_t request[static REQUEST_MAX])
{
	uint8_t head[2], more[4];
	size_t len, count;

	if (!receive(p->fds[1], head, 2) || head[0] != 0x30)
		return 0;
	len = head[1];
	if (len >= 0x80) {
		count = len & 0x7f;
		if (count > sizeof more || !receive(p->fds[1], more, count))
			return 0;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | more[i];
	}
	return len <= REQUEST_MAX && receive(p->fds[1], request, len) ? len : 0;
}

/* An empty base is that of the root DSE, which says nothing of content synchronization. */
static void
answer_search(struct ldappeer *p, const uint8_t *search, size_t len)
{
	size_t skip = search[1] < 0x80 ? 2 : 2 + (search[1] & 0x7fu);

	if (len > skip + 2 && search[skip + 1] != 0)
		p->answer(p, p->ctx, search + skip, len - skip);
	else
		ldappeer_done(p, LDAP_SUCCESS);
}

static void *
serve(void *ctx)
{
	uint8_t request[REQUEST_MAX];
	struct ldappeer *p = ctx;
	const uint8_t *op;
	size_t len;

	while ((len = receive_request(p, request)) > 9 && request[1] <= 4) {
		p->id_len = 2 + (size_t)request[1];
		memcpy(p->id, request, p->id_len);
		op = request + p->id_len;
		if (op[0] == 0x60)
			send_result(p, 0x61, LDAP_SUCCESS);
		else if (op[0] == 0x63)
			answer_search(p, op, len - p->id_len);
		else
			break;
	}
	shutdown(p->fds[1], SHUT_RDWR);
	return NULL;
}

struct ldappeer *
ldappeer_begin(ldappeer_answer *answer, void *ctx)
{
	struct ldappeer *p = calloc(1, sizeof *p);

	assert_non_null(p);
	*p = (struct ldappeer){ .answer = answer, .ctx = ctx, .out = malloc(MESSAGE_MAX) };
	assert_non_null(p->out);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p->fds), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
	listening = p;
	return p;
}

void
ldappeer_end(struct ldappeer *p)
{
	if (p->fds[0] >= 0)
		close(p->fds[0]);
	assert_int_equal(pthread_join(p->thread, NULL), 0);
	close(p->fds[1]);
	free(p->out);
	free(p);
	listening = NULL;
}

/* --- in the place of a connection with TLS ---------------------------------------------------------- */

int __wrap_ldap_initialize(LDAP **ret, const char *uri);
int __wrap_ldap_start_tls_s(LDAP *ld, LDAPControl **server, LDAPControl **client);
int __wrap_ldap_tls_inplace(LDAP *ld);

int
__wrap_ldap_initialize(LDAP **ret, const char *uri)
{
	int fd = listening != NULL ? listening->fds[0] : -1;

	if (fd < 0)
		return LDAP_CONNECT_ERROR;
	listening->fds[0] = -1;
	return ldap_init_fd(fd, LDAP_PROTO_TCP, uri, ret);
}

int
__wrap_ldap_start_tls_s(LDAP *ld, LDAPControl **server, LDAPControl **client)
{
	return LDAP_SUCCESS;
}

int
__wrap_ldap_tls_inplace(LDAP *ld)
{
	return 1;
}

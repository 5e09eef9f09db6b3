/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/secret.h"
#include "tools/common/caged_child.h"
#include "tools/common/deadline.h"
#include "tools/common/tool.h"

/* The child's end of the socket; -1 in any other process. */
static int to_parent = -1;

void
caged_be_child(int fd)
{
	to_parent = fd;
}

bool
caged_is_child(void)
{
	return to_parent >= 0;
}

bool
caged_send(int fd, const uint8_t *packet, size_t len)
{
	ssize_t n;

	do {
		n = send(fd, packet, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

ssize_t
caged_receive(int fd, uint8_t packet[static CAGED_PACKET_MAX])
{
	ssize_t n;

	do {
		n = recv(fd, packet, CAGED_PACKET_MAX, MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	return n > CAGED_PACKET_MAX ? -1 : n;
}

struct outcome
caged_ask(const char *prompt, struct secret *typed)
{
	static uint8_t packet[CAGED_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct outcome o = outcome_of(OUTCOME_CANCELLED);
	ssize_t n = -1;

	deadline_off();
	writer_u8(&w, CAGED_QUESTION);
	writer_string(&w, prompt);
	if (writer_ok(&w) && caged_send(to_parent, packet, w.len))
		n = caged_receive(to_parent, packet);
	if (n >= 2 && packet[0] == CAGED_ANSWER && packet[1] == OUTCOME_PIN_FORMAT)
		o = outcome_of(OUTCOME_PIN_FORMAT);
	else if (n >= 2 && packet[0] == CAGED_ANSWER && packet[1] == OUTCOME_OK)
		o = outcome_of(secret_set(typed, packet + 2, (size_t)n - 2) ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
	explicit_bzero(packet, sizeof packet);
	return o;
}

bool
caged_prepare_for_pin(const char *reader)
{
	static uint8_t packet[CAGED_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	writer_u8(&w, CAGED_PREPARE);
	writer_string(&w, reader);
	return writer_ok(&w) && caged_send(to_parent, packet, w.len) && caged_receive(to_parent, packet) == 2 &&
	    packet[0] == CAGED_PREPARE && packet[1] == true;
}

const char *
caged_account_name(uid_t uid)
{
	static uint8_t packet[CAGED_PACKET_MAX];
	static char name[CAGED_NAME_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct cursor r;
	ssize_t n = -1;
	uint8_t type;

	writer_u8(&w, CAGED_ACCOUNT);
	writer_u32(&w, (uint32_t)uid);
	if (caged_send(to_parent, packet, w.len))
		n = caged_receive(to_parent, packet);
	r = cursor_of(packet, n > 0 ? (size_t)n : 0);
	return cursor_u8(&r, &type) && type == CAGED_ACCOUNT && cursor_string(&r, name, sizeof name) &&
	    name[0] != '\0' ? name : NULL;
}

bool
caged_send_result(const uint8_t *result, size_t size)
{
	static uint8_t packet[CAGED_PACKET_MAX];

	packet[0] = CAGED_RESULT;
	while (size > 0) {
		size_t n = size < CAGED_PACKET_MAX - 1 ? size : CAGED_PACKET_MAX - 1;

		memcpy(packet + 1, result, n);
		if (!caged_send(to_parent, packet, n + 1))
			return false;
		result += n;
		size -= n;
	}
	return true;
}

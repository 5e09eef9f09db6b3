/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "config/conf.h"
#include "helper/link.h"
#include "helper/resources.h"

#define REQUEST_TIMEOUT_MS 10000

static struct {
	struct proto_id id;
	enum proto_task task;
	enum where where;
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];
} link_state;

bool
link_is_there(void)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(PROTO_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* Tells a module of another version that its version differs; does nothing else for it. */
static void
answer_other_version(struct cursor c)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	unsigned int version;
	struct proto_id id;

	if (proto_is_other_version(c, &id, &version) && proto_put_version(&w, &id))
		(void)!proto_send(PROTO_FD, &w);
}

static bool
receive_request_by(int64_t deadline, struct proto_request *ret)
{
	static uint8_t packet[PROTO_PACKET_MAX];
	enum proto_type type;
	struct cursor c;
	size_t len;

	if (proto_receive(PROTO_FD, &clk_system, deadline, packet, &len) != PROTO_RECEIVED)
		return false;
	c = cursor_of(packet, len);
	answer_other_version(c);
	if (!proto_get_header(&c, &type, &link_state.id) || type != PROTO_REQUEST ||
	    !proto_get_request(&c, ret))
		return false;
	link_state.task = ret->task;
	return true;
}

bool
link_receive_request(struct proto_request *ret)
{
	return receive_request_by(clk_mono_ms(&clk_system) + REQUEST_TIMEOUT_MS, ret);
}

bool
link_receive_next_request(struct proto_request *ret)
{
	return receive_request_by(INT64_MAX, ret);
}

static _Noreturn void
die(void)
{
	resources_release();
	_exit(EXIT_PROTOCOL);
}

static void
send_or_die(const struct writer *w, bool fits)
{
	if (!fits || !proto_send(PROTO_FD, w))
		die();
}

void
link_log(void *ctx, int priority, const char *text)
{
	static unsigned int count;
	const struct conf *conf = ctx;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_log m = { .priority = priority };

	if ((priority == LOG_DEBUG && !conf->debug) || ++count > PROTO_LOGS_MAX)
		return;
	snprintf(m.text, sizeof m.text, "%s", text);
	/* If the module has gone, the work with the card is finished first. */
	if (proto_put_log(&w, &link_state.id, &m))
		(void)!proto_send(PROTO_FD, &w);
}

void
link_name_place(enum where where)
{
	link_state.where = where;
}

enum where
link_place(void)
{
	return link_state.where;
}

void
link_name_card(const char *reader, const char *cert)
{
	if (reader != NULL)
		snprintf(link_state.reader, sizeof link_state.reader, "%s", reader);
	if (cert != NULL)
		snprintf(link_state.cert, sizeof link_state.cert, "%s", cert);
}

void
link_send_ready(const struct proto_ready *ready)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	send_or_die(&w, proto_put_ready(&w, &link_state.id, ready));
}

void
link_send_named(const char *user)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_named m;

	snprintf(m.user, sizeof m.user, "%s", user);
	send_or_die(&w, proto_put_named(&w, &link_state.id, &m));
}

void
link_send_cue(const char *text)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_cue m;

	snprintf(m.text, sizeof m.text, "%s", text);
	send_or_die(&w, proto_put_cue(&w, &link_state.id, &m));
}

static bool
put_result(struct writer *w, const struct outcome *o, bool card_clean, const char *text, const char *daily,
    struct view password, const char *stale)
{
	struct proto_result m = { .outcome = *o, .card_clean = card_clean, .where = link_state.where,
		.password = password };

	snprintf(m.text, sizeof m.text, "%s", text);
	snprintf(m.daily, sizeof m.daily, "%s", daily);
	snprintf(m.stale, sizeof m.stale, "%s", stale);
	memcpy(m.reader, link_state.reader, sizeof m.reader);
	memcpy(m.cert, link_state.cert, sizeof m.cert);
	return proto_put_result(w, &link_state.id, &m);
}

bool
link_put_result(struct writer *w, const struct outcome *o, bool card_clean, const char *text, const char *daily)
{
	return put_result(w, o, card_clean, text, daily, (struct view){ NULL, 0 }, "");
}

void
link_send_result(const struct outcome *o, bool card_clean, const char *text, const char *daily,
    const struct secret *password, const char *stale)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct view unlocked = { NULL, 0 };
	bool sent;

	if (password != NULL)
		unlocked = secret_view(password);
	sent = put_result(&w, o, card_clean, text, daily, unlocked, stale) && proto_send(PROTO_FD, &w);
	explicit_bzero(packet, sizeof packet);
	if (!sent)
		die();
}

/* Writes the sentence. A user who logs in may have another way in than this card. */
void
link_sentence(const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (o->status == OUTCOME_CARD_BUSY && link_state.task == PROTO_LOGIN && link_state.reader[0] != '\0')
		message_busy(link_state.reader, text);
	else
		message_outcome(o, text);
}

/* OUTCOME_OK, and *ret_c has the contents of the wanted message. No deadline: a user is typing. */
static struct outcome
receive_answer(enum proto_type wanted, uint8_t packet[static PROTO_PACKET_MAX], struct cursor *ret_c)
{
	enum proto_type type;
	struct proto_id id;
	size_t len;

	if (proto_receive(PROTO_FD, &clk_system, INT64_MAX, packet, &len) != PROTO_RECEIVED)
		return outcome_of(OUTCOME_CANCELLED);
	*ret_c = cursor_of(packet, len);
	if (!proto_get_header(ret_c, &type, &id) || type != wanted || memcmp(&id, &link_state.id, sizeof id) != 0)
		return outcome_of(OUTCOME_HELPER);
	return outcome_of(OUTCOME_OK);
}

struct outcome
link_ask_pin(const struct proto_prompt *prompt, struct secret *pin, struct proto_since *ret_since,
    struct unlockfile *ret_file, bool *ret_received)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_pin m;
	struct outcome o;
	struct cursor c;

	send_or_die(&w, proto_put_prompt(&w, &link_state.id, prompt));
	o = receive_answer(PROTO_PIN, packet, &c);
	*ret_received = o.status != OUTCOME_CANCELLED;
	if (!*ret_received)
		return o;
	if (!outcome_ok(&o) || !proto_get_pin(&c, &m))
		o = outcome_of(OUTCOME_HELPER);
	else if (m.answer == PROTO_ANSWER_PIN && !secret_set(pin, m.pin.data, m.pin.len))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	else
		o = outcome_of(proto_answer_status(m.answer));
	if (outcome_ok(&o))
		*ret_since = m.since;
	if (outcome_ok(&o) && ret_file != NULL)
		*ret_file = m.unlock;
	explicit_bzero(packet, sizeof packet);
	return o;
}

struct outcome
link_ask_early(const struct proto_early *early)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_typed m;
	struct outcome o;
	struct cursor c;

	send_or_die(&w, proto_put_early(&w, &link_state.id, early));
	o = receive_answer(PROTO_TYPED, packet, &c);
	if (!outcome_ok(&o))
		return o;
	return outcome_of(proto_get_typed(&c, &m) ? proto_answer_status(m.answer) : OUTCOME_HELPER);
}

struct outcome
link_ask_reply(const struct proto_challenge *challenge, struct proto_reply *ret)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct outcome o;
	struct cursor c;

	send_or_die(&w, proto_put_challenge(&w, &link_state.id, challenge));
	o = receive_answer(PROTO_REPLY, packet, &c);
	if (outcome_ok(&o) && !proto_get_reply(&c, ret))
		o = outcome_of(OUTCOME_HELPER);
	explicit_bzero(packet, sizeof packet);
	return o;
}

bool
link_module_gone(void *ctx)
{
	struct pollfd p = { .fd = PROTO_FD, .events = POLLIN };

	/* The module sends only what it was asked for: anything here is the end. */
	return poll(&p, 1, 0) != 0;
}

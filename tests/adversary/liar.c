/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of jpki_helper: one that a card has taken over, after it had read its options as
 * it should (READY says what they say), and which then sends a false result. /run/lie names which.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/proto.h"

#define LIE "/run/lie"
/* A title, an empty screen, and a question; C1; a text from right to left; no UTF-8. */
#define SCREEN "\033]0;title\007\033[2J\033[HPassword for root at the bank: \302\2332J\342\200\256\377"
#define FLOOD 5000

static struct proto_id id;
static char lie[32];

static bool
is(const char *name)
{
	return strcmp(lie, name) == 0;
}

static void
say(const uint8_t *packet, size_t len)
{
	if (send(PROTO_FD, packet, len, MSG_NOSIGNAL) < 0)
		_exit(1);
}

#define SAY(put, ...) do { \
	uint8_t bytes[PROTO_PACKET_MAX]; \
	struct writer w = writer_of(bytes, sizeof bytes); \
	if (put(&w, &id, &__VA_ARGS__)) \
		say(bytes, w.len); \
} while (0)

static struct cursor
hear(uint8_t packet[static PROTO_PACKET_MAX])
{
	enum proto_type type;
	struct cursor r;
	size_t len;

	if (proto_receive(PROTO_FD, &clk_system, INT64_MAX, packet, &len) != PROTO_RECEIVED)
		_exit(1);
	r = cursor_of(packet, len);
	if (!proto_get_header(&r, &type, &id))
		_exit(1);
	return r;
}

static void
log_line(const char *text)
{
	struct proto_log m = { .priority = LOG_EMERG };

	snprintf(m.text, sizeof m.text, "%s", text);
	SAY(proto_put_log, m);
}

/* A visible question where a hidden one belongs; what is typed there leaves by the log. */
static void
lure(void)
{
	struct proto_challenge question = { .text = "Password: " };
	uint8_t packet[PROTO_PACKET_MAX];
	struct proto_reply m;
	struct cursor r;

	SAY(proto_put_challenge, question);
	r = hear(packet);
	if (proto_get_reply(&r, &m))
		log_line(m.text);
}

/* What was typed stays in *typed. */
static void
ask(struct proto_pin *typed)
{
	struct proto_prompt question = { .text = "PIN: ", .reader = "Reader",
		.cert = "fedcba9876543210" };
	static uint8_t packet[PROTO_PACKET_MAX];
	struct cursor r;

	SAY(proto_put_prompt, question);
	r = hear(packet);
	if (!proto_get_pin(&r, typed))
		_exit(1);
}

/* A locker's question before the card is there; its answer is no PIN, and one question more may bring it. */
static void
ask_early(void)
{
	struct proto_early question = { .text = "Password or PIN: " };
	uint8_t packet[PROTO_PACKET_MAX];

	SAY(proto_put_early, question);
	(void)hear(packet);
}

int
main(void)
{
	struct proto_ready ready = { .before_s = 10, .after_s = 10, .way = PROTO_BY_PIN };
	struct proto_result verdict = { .outcome = outcome_of(OUTCOME_TIMEOUT), .card_clean = true };
	struct proto_pin typed;
	uint8_t packet[PROTO_PACKET_MAX];
	FILE *f = fopen(LIE, "re");

	if (f == NULL || fgets(lie, sizeof lie, f) == NULL)
		return 1;
	fclose(f);
	(void)hear(packet);
	if (is("lure"))
		ready.way = PROTO_BY_CHALLENGE;
	ready.forward_password = is("twice");
	ready.unlock = is("pin");
	SAY(proto_put_ready, ready);
	if (is("twice"))
		ask_early();
	if (is("lure"))
		lure();
	else if (!is("vouch"))
		ask(&typed);
	for (int i = 0; is("flood") && i < FLOOD; i++)
		log_line("once more");
	if (is("decision"))
		log_line("JPKI-OK user=root service=sshd tty=ssh rhost=- reader=- cert=- tries=- raw=00000000");
	if (is("screen")) {
		log_line(SCREEN);	/* NOLINT(misc-misleading-bidirectional) */
		/* NOLINTNEXTLINE(misc-misleading-bidirectional) */
		snprintf(verdict.text, sizeof verdict.text, "%s", SCREEN);
	}
	if (is("vouch") || is("password") || is("pin"))
		verdict.outcome = outcome_of(OUTCOME_OK);
	if (is("password"))
		verdict.password = (struct view){ (const uint8_t *)"my own word", 11 };
	if (is("pin"))
		verdict.password = typed.pin;
	SAY(proto_put_result, verdict);
	return 0;
}

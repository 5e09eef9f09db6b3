/* SPDX-License-Identifier: BSD-2-Clause */
/* helper/proto: each message whole or not at all. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "helper/proto.h"
#include "tests/unit/test.h"

static const struct proto_id id = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

/* Offsets in every packet. */
enum { AT_VERSION, AT_TYPE, AT_ID, AT_BODY = AT_ID + PROTO_ID_LEN };

union any {
	struct proto_request request;
	struct proto_log log;
	struct proto_ready ready;
	struct proto_prompt prompt;
	struct proto_pin pin;
	struct proto_result result;
	struct proto_challenge challenge;
	struct proto_reply reply;
	struct proto_cue cue;
	struct proto_early early;
	struct proto_typed typed;
	struct proto_named named;
};

static bool
put(struct writer *w, enum proto_type type, const struct proto_id *which, const union any *m)
{
	switch (type) {
	case PROTO_REQUEST:
		return proto_put_request(w, which, &m->request);
	case PROTO_LOG:
		return proto_put_log(w, which, &m->log);
	case PROTO_READY:
		return proto_put_ready(w, which, &m->ready);
	case PROTO_CUE:
		return proto_put_cue(w, which, &m->cue);
	case PROTO_EARLY:
		return proto_put_early(w, which, &m->early);
	case PROTO_TYPED:
		return proto_put_typed(w, which, &m->typed);
	case PROTO_NAMED:
		return proto_put_named(w, which, &m->named);
	case PROTO_PROMPT:
		return proto_put_prompt(w, which, &m->prompt);
	case PROTO_PIN:
		return proto_put_pin(w, which, &m->pin);
	case PROTO_RESULT:
		return proto_put_result(w, which, &m->result);
	case PROTO_CHALLENGE:
		return proto_put_challenge(w, which, &m->challenge);
	case PROTO_REPLY:
		return proto_put_reply(w, which, &m->reply);
	}
	return false;
}

static bool
get(struct cursor *r, enum proto_type type, union any *m)
{
	switch (type) {
	case PROTO_REQUEST:
		return proto_get_request(r, &m->request);
	case PROTO_LOG:
		return proto_get_log(r, &m->log);
	case PROTO_READY:
		return proto_get_ready(r, &m->ready);
	case PROTO_CUE:
		return proto_get_cue(r, &m->cue);
	case PROTO_EARLY:
		return proto_get_early(r, &m->early);
	case PROTO_TYPED:
		return proto_get_typed(r, &m->typed);
	case PROTO_NAMED:
		return proto_get_named(r, &m->named);
	case PROTO_PROMPT:
		return proto_get_prompt(r, &m->prompt);
	case PROTO_PIN:
		return proto_get_pin(r, &m->pin);
	case PROTO_RESULT:
		return proto_get_result(r, &m->result);
	case PROTO_CHALLENGE:
		return proto_get_challenge(r, &m->challenge);
	case PROTO_REPLY:
		return proto_get_reply(r, &m->reply);
	}
	return false;
}

static bool
decode(const uint8_t *packet, size_t len, enum proto_type *type, struct proto_id *which,
    union any *m)
{
	struct cursor r = cursor_of(packet, len);

	return proto_get_header(&r, type, which) && get(&r, *type, m);
}

/* One of each, with something in every field. */
static void
make(enum proto_type type, union any *m)
{
	memset(m, 0, sizeof *m);
	switch (type) {
	case PROTO_REQUEST:
		m->request = (struct proto_request){ .task = PROTO_LOGIN,
			.no_wait = true, .named = true, .locker = true, .drop_s = 300, .user = "taro", .uid = 2001, .login_name = "Taro",
			.lang = "ja", .service = "sudo", .host = "pc", .word_count = 2,
			.claims = { .tty = "/dev/pts/1", .display = ":0", .rhost = "far.example", .seat = "seat0",
				.ssh_connection = true, .caller = 2001, .for_caller = true },
			.words = { "wait=5", "conf=/etc/x" }, .sshd = true,
			.auth_info = "publickey ssh-rsa AAAA\n" };
		break;
	case PROTO_LOG:
		m->log = (struct proto_log){ .priority = 4, .text = "text" };
		break;
	case PROTO_READY:
		m->ready = (struct proto_ready){ .before_s = 45, .after_s = 30,
			.way = PROTO_BY_CHALLENGE, .forward_password = true, .naming = true,
			.unlock = true };
		break;
	case PROTO_NAMED:
		m->named = (struct proto_named){ .user = "DOM\\taro" };
		break;
	case PROTO_CUE:
		m->cue = (struct proto_cue){ .text = "Place your card." };
		break;
	case PROTO_EARLY:
		m->early = (struct proto_early){ .text = "Password, or PIN: " };
		break;
	case PROTO_TYPED:
		m->typed = (struct proto_typed){ .answer = PROTO_ANSWER_PASSWORD };
		break;
	case PROTO_PROMPT:
		m->prompt = (struct proto_prompt){ .text = "PIN: ", .cert = "0123456789abcdef" };
		break;
	case PROTO_PIN:
		m->pin = (struct proto_pin){ .answer = PROTO_ANSWER_PIN,
			.since = { .failed = 1, .failed_by = "taro, su", .entered_by = "taro, su" },
			.pin = { (const uint8_t *)"1234", 4 },
			.unlock = { .bytes = "a file", .len = 6, .machine = "0123456789abcdef0123456789abcdef" } };
		break;
	case PROTO_RESULT:
		m->result = (struct proto_result){ .card_clean = true, .text = "Wrong PIN.", .daily = "It ends.",
			.reader = "Reader X", .cert = "0123456789abcdef",
			.where = WHERE_HOST, .password = { (const uint8_t *)"secret", 6 }, .stale = "Changed.",
			.outcome = { .status = OUTCOME_PIN_WRONG, .tries_left = 2, .when = -77,
				.raw = 0x63c2 } };
		break;
	case PROTO_CHALLENGE:
		m->challenge = (struct proto_challenge){ .text = "JPKI1 challenge: " };
		break;
	case PROTO_REPLY:
		m->reply = (struct proto_reply){ .given = true, .text = "JPKI1.reply" };
		break;
	}
}

static size_t
make_packet(enum proto_type type, uint8_t packet[static PROTO_PACKET_MAX])
{
	static union any m;
	struct writer w = writer_of(packet, PROTO_PACKET_MAX);

	make(type, &m);
	assert_true(put(&w, type, &id, &m));
	return w.len;
}

static bool
take_as(enum proto_type wanted, const struct writer *w, union any *ret)
{
	enum proto_type type;
	struct proto_id which;

	return decode(w->p, w->len, &type, &which, ret) && type == wanted;
}

#define EACH_TYPE(type) enum proto_type type = PROTO_REQUEST; (type) <= PROTO_NAMED; (type)++

static void
request_comes_back(void **state)
{
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];
	size_t len = make_packet(PROTO_REQUEST, packet);
	enum proto_type type;
	struct proto_id which;

	assert_true(decode(packet, len, &type, &which, &m));
	assert_int_equal(type, PROTO_REQUEST);
	assert_memory_equal(&which, &id, sizeof id);
	assert_int_equal(m.request.task, PROTO_LOGIN);
	assert_true(m.request.no_wait);
	assert_true(m.request.named);
	assert_string_equal(m.request.claims.tty, "/dev/pts/1");
	assert_string_equal(m.request.claims.display, ":0");
	assert_string_equal(m.request.claims.rhost, "far.example");
	assert_string_equal(m.request.claims.seat, "seat0");
	assert_true(m.request.claims.ssh_connection);
	assert_int_equal(m.request.claims.caller, 2001);
	assert_true(m.request.claims.for_caller);
	assert_int_equal(m.request.drop_s, 300);
	assert_string_equal(m.request.user, "taro");
	assert_int_equal(m.request.uid, 2001);
	assert_string_equal(m.request.login_name, "Taro");
	assert_string_equal(m.request.service, "sudo");
	assert_string_equal(m.request.lang, "ja");
	assert_string_equal(m.request.host, "pc");
	assert_int_equal(m.request.word_count, 2);
	assert_string_equal(m.request.words[0], "wait=5");
	assert_string_equal(m.request.words[1], "conf=/etc/x");
	assert_true(m.request.sshd);
	assert_string_equal(m.request.auth_info, "publickey ssh-rsa AAAA\n");
}

static void
others_come_back(void **state)
{
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];
	enum proto_type type;
	struct proto_id which;

	assert_true(decode(packet, make_packet(PROTO_LOG, packet), &type, &which, &m));
	assert_int_equal(m.log.priority, 4);
	assert_string_equal(m.log.text, "text");
	assert_true(decode(packet, make_packet(PROTO_READY, packet), &type, &which, &m));
	assert_int_equal(m.ready.before_s, 45);
	assert_int_equal(m.ready.after_s, 30);
	assert_int_equal(m.ready.way, PROTO_BY_CHALLENGE);
	assert_true(m.ready.forward_password);
	assert_true(m.ready.naming);
	assert_true(m.ready.unlock);
	assert_true(decode(packet, make_packet(PROTO_NAMED, packet), &type, &which, &m));
	assert_string_equal(m.named.user, "DOM\\taro");
	assert_true(decode(packet, make_packet(PROTO_PROMPT, packet), &type, &which, &m));
	assert_string_equal(m.prompt.text, "PIN: ");
	assert_true(decode(packet, make_packet(PROTO_CUE, packet), &type, &which, &m));
	assert_string_equal(m.cue.text, "Place your card.");
	assert_true(decode(packet, make_packet(PROTO_TYPED, packet), &type, &which, &m));
	assert_int_equal(m.typed.answer, PROTO_ANSWER_PASSWORD);
	assert_true(decode(packet, make_packet(PROTO_PIN, packet), &type, &which, &m));
	assert_int_equal(m.pin.answer, PROTO_ANSWER_PIN);
	assert_int_equal(m.pin.pin.len, 4);
	assert_memory_equal(m.pin.pin.data, "1234", 4);
	assert_int_equal(m.pin.unlock.len, 6);
	assert_memory_equal(m.pin.unlock.bytes, "a file", 6);
	assert_string_equal(m.pin.unlock.machine, "0123456789abcdef0123456789abcdef");
	assert_true(decode(packet, make_packet(PROTO_RESULT, packet), &type, &which, &m));
	assert_int_equal(m.result.outcome.status, OUTCOME_PIN_WRONG);
	assert_int_equal(m.result.outcome.tries_left, 2);
	assert_int_equal(m.result.outcome.when, -77);
	assert_int_equal(m.result.outcome.raw, 0x63c2);
	assert_true(m.result.card_clean);
	assert_string_equal(m.result.text, "Wrong PIN.");
	assert_string_equal(m.result.daily, "It ends.");
	assert_string_equal(m.result.reader, "Reader X");
	assert_string_equal(m.result.cert, "0123456789abcdef");
	assert_int_equal(m.result.where, WHERE_HOST);
	assert_int_equal(m.result.password.len, 6);
	assert_memory_equal(m.result.password.data, "secret", 6);
	assert_string_equal(m.result.stale, "Changed.");
}

static void
every_status_comes_back(void **state)
{
	for (unsigned int status = 0; status < OUTCOME_COUNT; status++)
		for (int tries = TRIES_UNKNOWN; tries <= 15; tries++) {
			static union any m;
			uint8_t packet[PROTO_PACKET_MAX];
			struct writer w = writer_of(packet, sizeof packet);
			enum proto_type type;
			struct proto_id which;

			m = (union any){ .result = { .outcome = { .status = status, .tries_left = tries } } };
			assert_true(proto_put_result(&w, &id, &m.result));
			memset(&m, 0xaa, sizeof m);
			assert_true(decode(packet, w.len, &type, &which, &m));
			assert_int_equal(m.result.outcome.status, status);
			assert_int_equal(m.result.outcome.tries_left, tries);
			assert_false(m.result.card_clean);
		}
}

static void
tasks_have_their_questions(void **state)
{
	assert_int_equal(proto_questions(PROTO_LOGIN), 1);
	assert_int_equal(proto_questions(PROTO_DROP), 0);
	assert_int_equal(proto_questions(PROTO_PIN_CHECK), 0);
	assert_int_equal(proto_questions(PROTO_NAME), 0);
	assert_int_equal(proto_questions(PROTO_PIN_CHANGE), 3);
}

/* Nothing but a PIN goes on to the card. */
static void
answers_have_their_outcomes(void **state)
{
	static const struct {
		int answer;
		enum outcome_status status;
	} rows[] = {
		{ 0, OUTCOME_CANCELLED },
		{ PROTO_ANSWER_PIN, OUTCOME_OK },
		{ PROTO_ANSWER_FORMAT, OUTCOME_PIN_FORMAT },
		{ PROTO_ANSWER_CANCEL, OUTCOME_CANCELLED },
		{ PROTO_ANSWER_REPEATED, OUTCOME_PIN_REPEATED },
		{ PROTO_ANSWER_PASSWORD, OUTCOME_PASSWORD },
		{ PROTO_ANSWER_GUESSES, OUTCOME_GUESSES },
		{ PROTO_ANSWER_UNRECORDED, OUTCOME_GUESS_RECORD },
		{ PROTO_ANSWER_UNRECORDED + 1, OUTCOME_CANCELLED },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(proto_answer_status((enum proto_answer)rows[i].answer), rows[i].status);
}

static void
every_truncation_is_refused(void **state)
{
	for (EACH_TYPE(type)) {
		static union any m;
		uint8_t packet[PROTO_PACKET_MAX];
		size_t len = make_packet(type, packet);
		enum proto_type found;
		struct proto_id which;

		for (size_t cut = 0; cut < len; cut++) {
			uint8_t exact[512];	/* the end of the array is the end of the packet */
			uint8_t *p = exact + sizeof exact - cut;

			assert_true(len < sizeof exact);
			memcpy(p, packet, cut);
			if (decode(p, cut, &found, &which, &m))
				fail_msg("type %u cut to %zu of %zu bytes", type, cut, len);
		}
		packet[len] = 0;
		assert_false(decode(packet, len + 1, &found, &which, &m));	/* nor one too many */
		assert_true(decode(packet, len, &found, &which, &m));
	}
}

/*
 * No bit is ignored: what is accepted after a flip says something else, in
 * exactly the bytes that came; and a damaged version or id never passes.
 */
/* Whether a byte of a packet that was read is another one in it only for being made harmless. */
static bool
made_harmless(enum proto_type type, size_t at, uint8_t is)
{
	if (type == PROTO_LOG && at == AT_BODY)
		return is == 3;	/* LOG_ERR */
	return is == '?' && at > AT_BODY &&
	    (type == PROTO_LOG || type == PROTO_CUE || type == PROTO_EARLY || type == PROTO_PROMPT || type == PROTO_CHALLENGE ||
	    type == PROTO_RESULT);
}

static void
every_bit_flip_shows(void **state)
{
	for (EACH_TYPE(type)) {
		uint8_t packet[PROTO_PACKET_MAX];
		size_t len = make_packet(type, packet);

		for (size_t bit = 0; bit < 8 * len; bit++) {
			static union any m;
			uint8_t again[PROTO_PACKET_MAX];
			struct writer w = writer_of(again, sizeof again);
			enum proto_type found;
			struct proto_id which;

			packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (decode(packet, len, &found, &which, &m)) {
				assert_int_not_equal(bit / 8, AT_VERSION);
				if (bit / 8 >= AT_ID && bit / 8 < AT_BODY)
					assert_memory_not_equal(&which, &id, sizeof id);
				assert_true(put(&w, found, &which, &m));
				assert_int_equal(w.len, len);
				for (size_t i = 0; i < len; i++)
					assert_true(again[i] == packet[i] || made_harmless(found, i, again[i]));
			}
			packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* Puts one byte where it must not be. */
static void
refuses_byte(enum proto_type type, size_t at, uint8_t value)
{
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];
	size_t len = make_packet(type, packet);
	enum proto_type found;
	struct proto_id which;

	packet[at] = value;
	if (decode(packet, len, &found, &which, &m))
		fail_msg("type %u takes %02x at %zu", type, value, at);
}

static bool
offers(enum proto_task task, bool sshd, const char *auth_info, enum proto_way way)
{
	static struct proto_request request;

	request.task = task;
	request.sshd = sshd;
	snprintf(request.auth_info, sizeof request.auth_info, "%s", auth_info);
	return proto_offers(&request, way);
}

static void
ways_that_a_request_offers(void **state)
{
	static const char *const keys[] = { "publickey ssh-rsa AAAA\n", "password\npublickey ssh-rsa AAAA" };
	static const char *const none[] = { "", "\n\n", "password\nkeyboard-interactive/pam\n",
		"hostbased publickey ssh-rsa AAAA\n", "publickey", "publickey\n" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_true(offers(PROTO_LOGIN, true, keys[i], PROTO_BY_KEY));
		assert_false(offers(PROTO_LOGIN, false, keys[i], PROTO_BY_KEY));
		assert_false(offers(PROTO_PIN_CHANGE, true, keys[i], PROTO_BY_KEY));
		assert_false(offers(PROTO_PIN_CHECK, true, keys[i], PROTO_BY_KEY));
		assert_false(offers(PROTO_DROP, true, keys[i], PROTO_BY_KEY));
	}
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(offers(PROTO_LOGIN, true, none[i], PROTO_BY_KEY));
	assert_true(offers(PROTO_LOGIN, true, "", PROTO_BY_CHALLENGE));
	assert_false(offers(PROTO_LOGIN, false, "", PROTO_BY_CHALLENGE));
	assert_false(offers(PROTO_PIN_CHANGE, true, "", PROTO_BY_CHALLENGE));
	assert_false(offers(PROTO_DROP, true, "", PROTO_BY_CHALLENGE));
	assert_true(offers(PROTO_LOGIN, true, keys[0], PROTO_BY_PIN));
	assert_true(offers(PROTO_DROP, false, "", PROTO_BY_PIN));
	assert_false(offers(PROTO_LOGIN, true, keys[0], (enum proto_way)0));
}

#define BEYOND "a\033[2J\302\233b\377\n"
#define HARMLESS "a?[2J??b??"

/* The helper can only send text, with a priority up to that of an error. */
static void
only_text_comes_in(void **state)
{
	static union any m, got;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w;

	for (int priority = 0; priority <= 7; priority++) {
		m.log = (struct proto_log){ .priority = priority, .text = BEYOND };
		w = writer_of(packet, sizeof packet);
		assert_true(proto_put_log(&w, &id, &m.log));
		assert_true(take_as(PROTO_LOG, &w, &got));
		assert_int_equal(got.log.priority, priority < 3 ? 3 : priority);
		assert_string_equal(got.log.text, HARMLESS);
	}
	m.prompt = (struct proto_prompt){ .text = BEYOND, .reader = "R\n",
		.cert = "0123456789abcdef" };
	w = writer_of(packet, sizeof packet);
	assert_true(proto_put_prompt(&w, &id, &m.prompt));
	assert_true(take_as(PROTO_PROMPT, &w, &got));
	assert_string_equal(got.prompt.text, HARMLESS);
	assert_string_equal(got.prompt.reader, "R\n");	/* pcscd's name, as it is */
	m.challenge = (struct proto_challenge){ .text = BEYOND };
	w = writer_of(packet, sizeof packet);
	assert_true(proto_put_challenge(&w, &id, &m.challenge));
	assert_true(take_as(PROTO_CHALLENGE, &w, &got));
	assert_string_equal(got.challenge.text, HARMLESS);
	m.cue = (struct proto_cue){ .text = BEYOND };
	w = writer_of(packet, sizeof packet);
	assert_true(proto_put_cue(&w, &id, &m.cue));
	assert_true(take_as(PROTO_CUE, &w, &got));
	assert_string_equal(got.cue.text, HARMLESS);
	m.early = (struct proto_early){ .text = BEYOND };
	w = writer_of(packet, sizeof packet);
	assert_true(proto_put_early(&w, &id, &m.early));
	assert_true(take_as(PROTO_EARLY, &w, &got));
	assert_string_equal(got.early.text, HARMLESS);
}

static void
certificates_are_named_in_hex_digits(void **state)
{
	static const struct {
		const char *cert;
		bool taken;
	} rows[] = { { "", true }, { "0123456789abcdef", true }, { "0123456789abcde", false },
		{ "0123456789ABCDEF", false }, { "0123456789abcde\n", false }, { "a", false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		static union any m, got;
		uint8_t packet[PROTO_PACKET_MAX];
		struct writer w = writer_of(packet, sizeof packet);

		m.result = (struct proto_result){ .outcome = outcome_of(OUTCOME_OK), .text = BEYOND, .daily = BEYOND, .stale = BEYOND };
		snprintf(m.result.cert, sizeof m.result.cert, "%s", rows[i].cert);
		assert_true(proto_put_result(&w, &id, &m.result));
		assert_int_equal(take_as(PROTO_RESULT, &w, &got), rows[i].taken);
		if (!rows[i].taken)
			continue;
		assert_string_equal(got.result.text, HARMLESS);
		assert_string_equal(got.result.daily, HARMLESS);
		assert_string_equal(got.result.stale, HARMLESS);
	}
}

/* Of another version, the header is all that can be read, and all that is sent. */
static void
other_versions_are_told_by_the_header(void **state)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	unsigned int version = 77;
	struct proto_id got;
	enum proto_type type;
	struct cursor c;

	assert_true(proto_put_version(&w, &id));
	assert_int_equal(w.len, AT_BODY);
	c = cursor_of(packet, w.len);
	assert_false(proto_is_other_version(c, &got, &version));	/* ours */
	assert_true(proto_get_header(&c, &type, &got));
	for (unsigned int byte = 0; byte < 256; byte++) {
		packet[AT_VERSION] = (uint8_t)byte;
		packet[AT_TYPE] = (uint8_t)(byte * 7);		/* it may have types that we do not know */
		memset(&got, 0, sizeof got);
		c = cursor_of(packet, AT_BODY);
		assert_int_equal(proto_is_other_version(c, &got, &version), byte != PROTO_VERSION);
		assert_true(byte == PROTO_VERSION || (version == byte && memcmp(&got, &id, sizeof id) == 0));
		for (size_t len = 0; len < AT_BODY; len++)
			assert_false(proto_is_other_version(cursor_of(packet, len), &got, &version));
		assert_true(byte == PROTO_VERSION || proto_is_other_version(cursor_of(packet, sizeof packet), &got, &version));
	}
}

static void
values_out_of_range_are_refused(void **state)
{
	for (EACH_TYPE(type)) {
		for (int version = 0; version < 256; version++)
			if (version != PROTO_VERSION)
				refuses_byte(type, AT_VERSION, (uint8_t)version);
		refuses_byte(type, AT_TYPE, 0);
		refuses_byte(type, AT_TYPE, PROTO_NAMED + 1);
		refuses_byte(type, AT_TYPE, 0xff);
	}
	refuses_byte(PROTO_REQUEST, AT_BODY, 0);		/* task */
	refuses_byte(PROTO_REQUEST, AT_BODY, PROTO_NAME + 1);
	refuses_byte(PROTO_REQUEST, AT_BODY + 1, 2);		/* no_wait */
	refuses_byte(PROTO_REQUEST, AT_BODY + 2, 2);		/* named */
	refuses_byte(PROTO_REQUEST, AT_BODY + 3, 2);		/* locker */
	refuses_byte(PROTO_REQUEST, AT_BODY + 7, '\0');		/* inside the language */
	refuses_byte(PROTO_LOG, AT_BODY, 8);			/* priority */
	refuses_byte(PROTO_READY, AT_BODY, 2);			/* more than 300 seconds */
	refuses_byte(PROTO_READY, AT_BODY + 2, 2);
	refuses_byte(PROTO_READY, AT_BODY + 4, 0);		/* way */
	refuses_byte(PROTO_READY, AT_BODY + 4, PROTO_BY_KEY + 1);
	refuses_byte(PROTO_READY, AT_BODY + 5, 2);		/* forward_password */
	refuses_byte(PROTO_READY, AT_BODY + 6, 2);		/* naming */
	refuses_byte(PROTO_READY, AT_BODY + 7, 2);		/* unlock */
	refuses_byte(PROTO_PROMPT, AT_BODY + 1, 15);		/* a certificate has 16 digits */
	for (int c = 0; c < 256; c++)
		if (strchr("0123456789abcdef", c) == NULL || c == 0)
			for (size_t at = 2; at < 18; at++)
				refuses_byte(PROTO_PROMPT, AT_BODY + at, (uint8_t)c);
	refuses_byte(PROTO_PIN, AT_BODY, 0);			/* answer */
	refuses_byte(PROTO_PIN, AT_BODY, PROTO_ANSWER_UNRECORDED + 1);
	refuses_byte(PROTO_PIN, AT_BODY, 0xff);
	for (int answer = 0; answer < 256; answer++)
		if (answer != PROTO_ANSWER_PIN && answer != PROTO_ANSWER_FORMAT && answer != PROTO_ANSWER_CANCEL &&
		    answer != PROTO_ANSWER_PASSWORD)
			refuses_byte(PROTO_TYPED, AT_BODY, (uint8_t)answer);
	refuses_byte(PROTO_REPLY, AT_BODY, 2);			/* given */
	refuses_byte(PROTO_RESULT, AT_BODY, 0xff);		/* status */
	refuses_byte(PROTO_RESULT, AT_BODY + 1, OUTCOME_COUNT);
	refuses_byte(PROTO_RESULT, AT_BODY + 15, 2);		/* card_clean */
}

static void
drop_has_at_most_300_seconds(void **state)
{
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	enum proto_type type;
	struct proto_id which;

	make(PROTO_REQUEST, &m);
	m.request.drop_s = PROTO_SECONDS_MAX + 1;
	assert_true(put(&w, PROTO_REQUEST, &id, &m));
	assert_false(decode(packet, w.len, &type, &which, &m));
}

static void
pin_has_at_most_16_bytes(void **state)
{
	for (size_t n = 0; n <= 20; n++) {
		static union any m;
		uint8_t packet[PROTO_PACKET_MAX];
		struct writer w = writer_of(packet, sizeof packet);
		enum proto_type type;
		struct proto_id which;

		m.pin = (struct proto_pin){ .answer = PROTO_ANSWER_PIN,
			.pin = { (const uint8_t *)"12345678901234567890", n } };
		assert_true(proto_put_pin(&w, &id, &m.pin));
		assert_int_equal(decode(packet, w.len, &type, &which, &m), n <= SECRET_MAX);
	}
}

/* --- strings that fill their place, and one byte more --------------------------------- */

static struct writer
begin(uint8_t packet[static PROTO_PACKET_MAX], enum proto_type type)
{
	struct writer w = writer_of(packet, PROTO_PACKET_MAX);

	writer_u8(&w, PROTO_VERSION);
	writer_u8(&w, (uint8_t)type);
	writer_bytes(&w, &id, sizeof id);
	return w;
}

static const char *
text_of(size_t len)
{
	static char text[PROTO_PACKET_MAX + 1];

	assert_true(len < sizeof text);
	memset(text, 'a', len);	/* a hex digit too */
	text[len] = '\0';
	return text;
}

static bool
take(const struct writer *w)
{
	static union any m;
	enum proto_type type;
	struct proto_id which;

	assert_true(writer_ok(w));
	return decode(w->p, w->len, &type, &which, &m);
}

static bool
take_request_with(size_t auth_info, size_t login_name, size_t user, size_t service, size_t host, size_t claim,
    size_t words, size_t word)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_REQUEST);

	writer_bytes(&w, (const uint8_t []){ PROTO_LOGIN, 0, 0, 0 }, 4);
	writer_string(&w, "en");
	writer_string(&w, text_of(user));
	writer_u32(&w, 2001);
	writer_string(&w, text_of(login_name));
	writer_string(&w, text_of(service));
	writer_string(&w, text_of(host));
	writer_string(&w, text_of(claim));	/* tty, display, rhost, seat */
	writer_string(&w, text_of(claim));
	writer_string(&w, text_of(claim));
	writer_string(&w, text_of(claim));
	writer_bytes(&w, "\0\0\0\0\0\0", 6);	/* ssh_connection, caller, for_caller */
	writer_string(&w, "");
	writer_bytes(&w, "\0\0\0", 3);	/* drop_s, sshd */
	writer_string(&w, text_of(auth_info));
	writer_u8(&w, (uint8_t)words);
	for (size_t i = 0; i < words; i++)
		writer_string(&w, text_of(word));
	return take(&w);
}

static bool
take_request(size_t user, size_t service, size_t host, size_t claim, size_t words, size_t word)
{
	return take_request_with(0, 1, user, service, host, claim, words, word);
}

static bool
take_reply(size_t len)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_REPLY);

	writer_u8(&w, 1);
	writer_string(&w, text_of(len));
	return take(&w);
}

static bool
take_prompt(size_t digits)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_PROMPT);
	char cert[32];

	memset(cert, 'a', sizeof cert);
	cert[digits] = '\0';
	writer_string(&w, cert);
	writer_string(&w, "Reader X");
	writer_string(&w, "PIN: ");
	return take(&w);
}

static bool
take_pin(size_t failed_by, size_t entered_by)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_PIN);

	writer_bytes(&w, (const uint8_t []){ PROTO_ANSWER_CANCEL, 0xff, 0xff }, 3);
	writer_string(&w, text_of(failed_by));
	writer_string(&w, text_of(entered_by));
	writer_bytes(&w, "\0\0\0\0\0", 5);	/* no PIN, no file, no machine */
	return take(&w);
}

/* A file of that many bytes, and that many digits of a machine. */
static bool
take_file(size_t len, size_t digits)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_PIN);

	writer_bytes(&w, (const uint8_t []){ PROTO_ANSWER_PIN, 0, 0, 0, 0, 0, 0, 4, '1', '2', '3', '4' }, 12);
	writer_string(&w, text_of(len));	/* the length, and that many bytes */
	writer_string(&w, text_of(digits));
	return take(&w);
}

static bool
take_password(size_t len, size_t stale)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_RESULT);

	writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0", 25);
	writer_string(&w, text_of(len));
	writer_string(&w, text_of(stale));
	return take(&w);
}

static bool
take_result(size_t reader, size_t cert, uint8_t where)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = begin(packet, PROTO_RESULT);

	writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0", 20);	/* texts of no length */
	writer_string(&w, text_of(reader));
	writer_string(&w, text_of(cert));
	writer_u8(&w, where);
	writer_bytes(&w, "\0\0\0\0", 4);	/* password, stale */
	return take(&w);
}

static void
oversized_strings_are_refused(void **state)
{
	for (EACH_TYPE(type)) {
		uint8_t packet[PROTO_PACKET_MAX];

		for (size_t len = PROTO_TEXT_MAX - 1; len <= PROTO_TEXT_MAX; len++) {
			struct writer w = begin(packet, type);

			if (type == PROTO_LOG)
				writer_u8(&w, 3);
			else if (type == PROTO_RESULT)
				writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
			else if (type == PROTO_PROMPT)
				writer_bytes(&w, "\0\x10" "0123456789abcdef" "\0\0", 20);
			else if (type != PROTO_CHALLENGE && type != PROTO_CUE && type != PROTO_EARLY)
				continue;
			writer_string(&w, text_of(len));
			if (type == PROTO_RESULT)
				writer_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0", 11);	/* daily to where, password, stale */
			assert_int_equal(take(&w), len < PROTO_TEXT_MAX);
		}
	}
	assert_true(take_result(PROTO_NAME_MAX - 1, PROTO_CERT_MAX - 1, WHERE_COUNT - 1));
	assert_false(take_result(PROTO_NAME_MAX - 1, PROTO_CERT_MAX - 1, WHERE_COUNT));
	assert_false(take_result(PROTO_NAME_MAX, PROTO_CERT_MAX - 1, 0));
	assert_false(take_result(PROTO_NAME_MAX - 1, PROTO_CERT_MAX, 0));
	for (size_t digits = 0; digits < 32; digits++)
		assert_int_equal(take_prompt(digits), digits == 16);
	assert_true(take_pin(PROTO_NAME_MAX - 1, PROTO_NAME_MAX - 1));
	assert_false(take_pin(PROTO_NAME_MAX, 0));
	assert_false(take_pin(0, PROTO_NAME_MAX));
	assert_true(take_file(0, 0));
	assert_false(take_file(0, UNLOCKFILE_MACHINE_LEN));
	assert_true(take_file(UNLOCKFILE_MAX, UNLOCKFILE_MACHINE_LEN));
	assert_false(take_file(UNLOCKFILE_MAX + 1, UNLOCKFILE_MACHINE_LEN));
	for (size_t digits = 0; digits < 40; digits++)
		assert_int_equal(take_file(1, digits), digits == UNLOCKFILE_MACHINE_LEN);
	assert_true(take_password(SECRET_LONG_MAX, PROTO_TEXT_MAX - 1));
	assert_false(take_password(SECRET_LONG_MAX + 1, 0));
	assert_false(take_password(0, PROTO_TEXT_MAX));
	assert_true(take_request(255, 255, 255, 255, 0, 0));
	assert_false(take_request(256, 255, 255, 255, 0, 0));
	assert_false(take_request(255, 256, 255, 255, 0, 0));
	assert_false(take_request(255, 255, 256, 255, 0, 0));
	assert_false(take_request(255, 255, 255, 256, 0, 0));
	assert_true(take_request_with(PROTO_AUTH_INFO_MAX - 1, 1, 1, 1, 1, 1, 0, 0));
	assert_false(take_request_with(PROTO_AUTH_INFO_MAX, 1, 1, 1, 1, 1, 0, 0));
	assert_true(take_request_with(1, 255, 1, 1, 1, 1, 0, 0));
	assert_false(take_request_with(1, 256, 1, 1, 1, 1, 0, 0));
	assert_true(take_reply(PROTO_REPLY_MAX - 1));
	assert_false(take_reply(PROTO_REPLY_MAX));
}

static void
words_are_bounded(void **state)
{
	static struct proto_request m = { .task = PROTO_LOGIN, .lang = "en" };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	assert_true(take_request(1, 1, 1, 1, PROTO_WORDS_MAX, 1));
	assert_false(take_request(1, 1, 1, 1, PROTO_WORDS_MAX + 1, 1));
	assert_false(take_request(1, 1, 1, 1, 255, 0));
	/* the words fill their store to the last byte, and one more */
	assert_true(take_request(1, 1, 1, 1, 32, PROTO_STORE_MAX / 32 - 1));
	assert_false(take_request(1, 1, 1, 1, 32, PROTO_STORE_MAX / 32));
	assert_true(take_request(1, 1, 1, 1, 1, PROTO_STORE_MAX - 1));
	assert_false(take_request(1, 1, 1, 1, 1, PROTO_STORE_MAX));

	m.word_count = PROTO_WORDS_MAX + 1;
	assert_false(proto_put_request(&w, &id, &m));
	m.word_count = 1;
	m.words[0] = text_of(PROTO_PACKET_MAX);
	w = writer_of(packet, sizeof packet);
	assert_false(proto_put_request(&w, &id, &m));
}

/* --- the socket --------------------------------------------------------------------- */

static int ends[2];

static int
setup(void **state)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int
teardown(void **state)
{
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static enum proto_received
receive(int64_t ms, size_t *len)
{
	static uint8_t data[PROTO_PACKET_MAX];

	return proto_receive(ends[0], &clk_system, clk_mono_ms(&clk_system) + ms, data, len);
}

static void
send_bytes(size_t len)
{
	static uint8_t bytes[PROTO_PACKET_MAX + 1];

	assert_int_equal(send(ends[1], bytes, len, 0), len);
}

static void
receives_whole_packets(void **state)
{
	uint8_t packet[PROTO_PACKET_MAX], data[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	static union any m;
	size_t len = 0;

	make(PROTO_PROMPT, &m);
	assert_true(proto_put_prompt(&w, &id, &m.prompt));
	assert_true(proto_send(ends[1], &w));
	send_bytes(1);
	assert_int_equal(proto_receive(ends[0], &clk_system, INT64_MAX, data, &len), PROTO_RECEIVED);
	assert_int_equal(len, w.len);
	assert_memory_equal(data, packet, len);
	assert_int_equal(receive(1000, &len), PROTO_RECEIVED);
	assert_int_equal(len, 1);
}

static void
late_is_late(void **state)
{
	int64_t start = clk_mono_ms(&clk_system);
	size_t len = 77;

	assert_int_equal(receive(60, &len), PROTO_LATE);
	assert_true(clk_mono_ms(&clk_system) - start >= 59);
	assert_true(clk_mono_ms(&clk_system) - start < 5000);
	assert_int_equal(receive(0, &len), PROTO_LATE);
	assert_int_equal(receive(-1000, &len), PROTO_LATE);
	assert_int_equal(len, 77);
}

static void
on_alarm(int sig)
{
}

static void
signals_neither_shorten_nor_prolong(void **state)
{
	const struct sigaction sa = { .sa_handler = on_alarm };	/* no SA_RESTART */
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, off = {0};
	int64_t start = clk_mono_ms(&clk_system), took;
	size_t len;

	assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(receive(100, &len), PROTO_LATE);
	took = clk_mono_ms(&clk_system) - start;
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_true(took >= 99 && took < 5000);
}

static void
closed_is_closed(void **state)
{
	uint8_t byte = 0;
	struct writer w = { .p = &byte, .cap = 1, .len = 1 };
	size_t len = 77;

	send_bytes(3);
	(void)close(ends[1]);
	ends[1] = -1;
	assert_int_equal(receive(1000, &len), PROTO_RECEIVED);	/* what was sent before counts */
	assert_int_equal(len, 3);
	assert_int_equal(receive(1000, &len), PROTO_CLOSED);
	assert_false(proto_send(ends[0], &w));		/* and no SIGPIPE */
}

/* The other side went with something of ours unread. */
static void
reset_is_closed(void **state)
{
	uint8_t byte = 0;
	struct writer w = { .p = &byte, .cap = 1, .len = 1 };
	size_t len;

	assert_true(proto_send(ends[0], &w));
	(void)close(ends[1]);
	ends[1] = -1;
	assert_int_equal(receive(1000, &len), PROTO_CLOSED);
}

static void
overlong_packet_is_broken(void **state)
{
	size_t len = 77;

	send_bytes(PROTO_PACKET_MAX);
	assert_int_equal(receive(1000, &len), PROTO_RECEIVED);
	assert_int_equal(len, PROTO_PACKET_MAX);
	send_bytes(PROTO_PACKET_MAX + 1);
	assert_int_equal(receive(1000, &len), PROTO_BROKEN);
	assert_int_equal(len, PROTO_PACKET_MAX);
}

static void
no_socket_is_broken(void **state)
{
	uint8_t data[PROTO_PACKET_MAX];
	size_t len;

	assert_int_equal(proto_receive(-1, &clk_system, clk_mono_ms(&clk_system) + 20, data, &len) ==
	    PROTO_RECEIVED, false);
	(void)close(ends[0]);
	assert_int_equal(receive(1000, &len), PROTO_BROKEN);
	ends[0] = -1;
}

#define ON_SOCKET(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A name goes into a prompt and a log, and becomes PAM_USER: one that would be shown as another is none. */
static void
names_are_text(void **state)
{
	static const char backwards[] = { 't', 'a', (char)0xe2, (char)0x80, (char)0xae, 'r', 'o', '\0' };	/* U+202E */
	static const char *const bad[] = { "", "a\nb", "\033[2J", backwards, "taro\302\205", "\377", "a\177" };
	static const char *const good[] = { "taro", "DOM\\taro$", "\345\261\261\347\224\260", "ta ro" };
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];

	for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
		struct writer w = writer_of(packet, sizeof packet);

		m = (union any){ .named = { .user = "" } };
		snprintf(m.named.user, sizeof m.named.user, "%s", i < COUNT(bad) ? bad[i] : good[i - COUNT(bad)]);
		assert_true(proto_put_named(&w, &id, &m.named));
		if (take_as(PROTO_NAMED, &w, &m) != (i >= COUNT(bad)))
			fail_msg("name %zu", i);
	}
}

/* Only a login has a user whom the card has named. */
static void
named_is_of_a_login(void **state)
{
	static union any m;
	uint8_t packet[PROTO_PACKET_MAX];

	for (unsigned int task = PROTO_LOGIN; task <= PROTO_NAME; task++) {
		struct writer w = writer_of(packet, sizeof packet);

		make(PROTO_REQUEST, &m);
		m.request.task = (enum proto_task)task;
		assert_true(proto_put_request(&w, &id, &m.request));
		assert_int_equal(take_as(PROTO_REQUEST, &w, &m), task == PROTO_LOGIN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_comes_back),
		cmocka_unit_test(names_are_text),
		cmocka_unit_test(named_is_of_a_login),
		cmocka_unit_test(others_come_back),
		cmocka_unit_test(every_status_comes_back),
		cmocka_unit_test(tasks_have_their_questions),
		cmocka_unit_test(answers_have_their_outcomes),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_bit_flip_shows),
		cmocka_unit_test(ways_that_a_request_offers),
		cmocka_unit_test(only_text_comes_in),
		cmocka_unit_test(certificates_are_named_in_hex_digits),
		cmocka_unit_test(other_versions_are_told_by_the_header),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(drop_has_at_most_300_seconds),
		cmocka_unit_test(pin_has_at_most_16_bytes),
		cmocka_unit_test(oversized_strings_are_refused),
		cmocka_unit_test(words_are_bounded),
		ON_SOCKET(receives_whole_packets),
		ON_SOCKET(late_is_late),
		ON_SOCKET(signals_neither_shorten_nor_prolong),
		ON_SOCKET(closed_is_closed),
		ON_SOCKET(reset_is_closed),
		ON_SOCKET(overlong_packet_is_broken),
		ON_SOCKET(no_socket_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

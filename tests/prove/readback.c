/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper/proto: what one end writes, the other reads back equal: the header and the short messages.
 *
 * Source: helper/proto.c lib/buf.c lib/outcome.c
 * Bound: every value of every number; texts, PINs and stored passwords of 2 bytes
 * Entry: header to_the_module result to_the_helper
 * Unwind: 18
 * Smaller: helper/proto.h: #define PROTO_TEXT_MAX 1024 -> #define PROTO_TEXT_MAX 3
 * Smaller: helper/proto.h: #define PROTO_NAME_MAX 256 -> #define PROTO_NAME_MAX 3
 * Smaller: helper/proto.h: #define PROTO_REPLY_MAX 512 -> #define PROTO_REPLY_MAX 3
 * Smaller: helper/proto.h: #define PROTO_CERT_MAX 17 -> #define PROTO_CERT_MAX 3
 * Smaller: lib/unlockfile.h: #define UNLOCKFILE_MAX 1024 -> #define UNLOCKFILE_MAX 2
 * Smaller: lib/unlockfile.h: #define UNLOCKFILE_MACHINE_LEN 32 -> #define UNLOCKFILE_MACHINE_LEN 2
 * Smaller: lib/secret.h: #define SECRET_LONG_MAX 510 -> #define SECRET_LONG_MAX 2
 * Smaller: lib/secret.h: #define SECRET_MAX 16 -> #define SECRET_MAX 2
 * Smaller: lib/account.h: #define ACCOUNT_NAME_MAX 256 -> #define ACCOUNT_NAME_MAX 3
 * Defect: [header] helper/proto.c: writer_bytes(w, id->bytes, sizeof id->bytes); -> writer_bytes(w, id->bytes + 1, sizeof id->bytes - 1); writer_u8(w, 0);
 * Defect: [to_the_module] helper/proto.c: writer_u16(w, (uint16_t)m->after_s); -> writer_u16(w, (uint8_t)m->after_s);
 * Defect: [result] helper/proto.c: (uint8_t)(m->outcome.tries_left + 1)); -> (uint8_t)m->outcome.tries_left);
 * Defect: [result] helper/proto.c: writer_bytes(w, m->password.data, m->password.len); -> writer_bytes(w, m->password.data, m->password.len); writer_u8(w, 0);
 * Defect: [to_the_helper] helper/proto.c: ret->given = given != 0; -> ret->given = given == 0;
 */
#include <string.h>
#include <syslog.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "tests/prove/prove.h"

#define PACKET 72

void
log_defuse(char *text)
{
	promise(__CPROVER_w_ok(text, 1));	/* tests/prove/log.c: harmless text stays as it was */
}

bool
log_is_harmless(const char *text)
{
	promise(__CPROVER_r_ok(text, 1));
	return true;
}

static uint8_t bytes[PACKET];
static const struct proto_id no_id;

/* What follows the header, which has a proof of its own. */
static struct cursor
body_of(const struct writer *w)
{
	promise(w->len > 2 + PROTO_ID_LEN);
	return cursor_of(w->p + 2 + PROTO_ID_LEN, w->len - 2 - PROTO_ID_LEN);
}

void
header(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	struct proto_typed m = { .answer = PROTO_ANSWER_PIN };
	struct proto_id id, got_id;
	enum proto_type type;
	unsigned int version;
	struct cursor r;

	for (size_t i = 0; i < PROTO_ID_LEN; i++)
		id.bytes[i] = nondet_u8();
	promise(proto_put_typed(&w, &id, &m));
	r = cursor_of(w.p, w.len);
	promise(!proto_is_other_version(r, &got_id, &version));
	promise(proto_get_header(&r, &type, &got_id) && type == PROTO_TYPED);
	for (size_t i = 0; i < PROTO_ID_LEN; i++)
		promise(got_id.bytes[i] == id.bytes[i]);
}

static void
ready(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	struct proto_ready m = { .before_s = nondet_u16(), .after_s = nondet_u16(), .way = nondet_u8(),
		.forward_password = nondet_bool(), .naming = nondet_bool(), .unlock = nondet_bool() }, got;
	struct cursor r;

	assume(m.before_s <= PROTO_SECONDS_MAX && m.after_s <= PROTO_SECONDS_MAX);
	assume(m.way >= PROTO_BY_PIN && m.way <= PROTO_BY_KEY);
	promise(proto_put_ready(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_ready(&r, &got) && got.before_s == m.before_s && got.after_s == m.after_s && got.way == m.way);
	promise(got.forward_password == m.forward_password && got.naming == m.naming && got.unlock == m.unlock);
}

static void
log_line(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	struct proto_log m = { .priority = nondet_u8() }, got;
	struct cursor r;

	assume(m.priority >= LOG_ERR && m.priority <= LOG_DEBUG);
	fill_field(m.text, sizeof m.text);
	promise(proto_put_log(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_log(&r, &got) && got.priority == m.priority && strcmp(got.text, m.text) == 0);
}

static void
prompt(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	struct proto_prompt m = { .cert = "4f" }, got;
	struct cursor r;

	fill_field(m.reader, sizeof m.reader);
	fill_field(m.text, sizeof m.text);
	promise(proto_put_prompt(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_prompt(&r, &got) && strcmp(got.cert, m.cert) == 0 && strcmp(got.reader, m.reader) == 0 &&
	    strcmp(got.text, m.text) == 0);
}

void
to_the_module(void)
{
	switch (nondet_u8()) {
	case 0: ready(); break;
	case 1: log_line(); break;
	default: prompt();
	}
}

static void
promise_same_outcome(const struct outcome *a, const struct outcome *b)
{
	promise(a->status == b->status && a->tries_left == b->tries_left && a->when == b->when && a->raw == b->raw);
}

void
result(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	uint8_t password[SECRET_LONG_MAX];
	struct proto_result m = { .outcome = { .status = nondet_u8(), .tries_left = (int)nondet_u8() - 1,
		.when = (int64_t)nondet_u64(), .raw = nondet_u32() }, .card_clean = nondet_bool(), .where = nondet_u8(),
		.password = { password, nondet_u8() } }, got;
	struct cursor r;

	assume(m.outcome.status < OUTCOME_COUNT && m.where < WHERE_COUNT && m.password.len <= sizeof password);
	fill_field(m.text, sizeof m.text);
	fill_field(m.stale, sizeof m.stale);
	promise(proto_put_result(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_result(&r, &got));
	promise_same_outcome(&got.outcome, &m.outcome);
	promise(got.card_clean == m.card_clean && got.where == m.where && view_equal(got.password, m.password));
	promise(strcmp(got.text, m.text) == 0 && strcmp(got.stale, m.stale) == 0 && got.cert[0] == '\0');
}

static void
pin(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	uint8_t digits[SECRET_MAX];
	struct proto_pin m = { .answer = nondet_u8(), .since = { .failed = nondet_u16() }, .pin = { digits, nondet_u8() } }, got;
	struct cursor r;

	assume(m.answer >= PROTO_ANSWER_PIN && m.answer <= PROTO_ANSWER_UNRECORDED && m.pin.len <= sizeof digits);
	fill_field(m.since.failed_by, sizeof m.since.failed_by);
	promise(proto_put_pin(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_pin(&r, &got) && got.answer == m.answer && got.since.failed == m.since.failed);
	promise(strcmp(got.since.failed_by, m.since.failed_by) == 0 && view_equal(got.pin, m.pin) && got.unlock.len == 0);
}

static void
reply(void)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	struct proto_reply m = { .given = nondet_bool() }, got;
	struct cursor r;

	fill_field(m.text, sizeof m.text);
	promise(proto_put_reply(&w, &no_id, &m));
	r = body_of(&w);
	promise(proto_get_reply(&r, &got) && got.given == m.given && strcmp(got.text, m.text) == 0);
}

void
to_the_helper(void)
{
	if (nondet_bool())
		pin();
	else
		reply();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper/proto, both directions but for REQUEST, whose eleven strings are too many for a proof: a packet of any
 * contents is read to its end or refused, no string leaves its field, every number is one that has a meaning, and
 * each text for people has passed log_defuse().
 *
 * Source: helper/proto.c lib/buf.c lib/outcome.c
 * Bound: packets of 80 bytes of each type; fields of 4 to 12 bytes, so that a packet is longer than they are
 * Entry: header to_the_module result to_the_helper
 * Unwind: 18
 * Smaller: helper/proto.h: #define PROTO_TEXT_MAX 1024 -> #define PROTO_TEXT_MAX 12
 * Smaller: helper/proto.h: #define PROTO_NAME_MAX 256 -> #define PROTO_NAME_MAX 8
 * Smaller: helper/proto.h: #define PROTO_REPLY_MAX 512 -> #define PROTO_REPLY_MAX 8
 * Smaller: helper/proto.h: #define PROTO_CERT_MAX 17 -> #define PROTO_CERT_MAX 5
 * Smaller: lib/unlockfile.h: #define UNLOCKFILE_MAX 1024 -> #define UNLOCKFILE_MAX 8
 * Smaller: lib/unlockfile.h: #define UNLOCKFILE_MACHINE_LEN 32 -> #define UNLOCKFILE_MACHINE_LEN 4
 * Smaller: lib/secret.h: #define SECRET_LONG_MAX 510 -> #define SECRET_LONG_MAX 8
 * Smaller: lib/secret.h: #define SECRET_MAX 16 -> #define SECRET_MAX 6
 * Smaller: lib/account.h: #define ACCOUNT_NAME_MAX 256 -> #define ACCOUNT_NAME_MAX 8
 * Define: memcpy=copy_checked
 * Define: memchr=find_anywhere
 * Defect: [to_the_helper] helper/proto.c: len > sizeof ret->bytes || -> 
 * Defect: [to_the_helper] helper/proto.c: len > SECRET_MAX || !cursor_view -> !cursor_view
 * Defect: [result] helper/proto.c: where >= WHERE_COUNT -> where > WHERE_COUNT
 * Defect: [header] helper/proto.c: type < PROTO_REQUEST || type > PROTO_NAMED || -> type < PROTO_REQUEST ||
 * Defect: [to_the_module] lib/buf.c: if (len >= size || memchr -> if (len > size || memchr
 */
#include <string.h>
#include <syslog.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "tests/prove/prove.h"

#define PACKET 80

static const char *defused;	/* what log_defuse() was called with last */

void
log_defuse(char *text)
{
	promise(__CPROVER_w_ok(text, 1));
	defused = text;
}

bool
log_is_harmless(const char *text)
{
	promise(__CPROVER_r_ok(text, 1));
	return nondet_bool();
}

static uint8_t octets[PACKET];

static struct cursor
any_packet(size_t max)
{
	size_t len = nondet_size();

	assume(len <= max);
	__CPROVER_havoc_object(octets);
	return cursor_of(LAST_OF(octets, len), len);
}

void
header(void)
{
	struct cursor r = any_packet(PROTO_ID_LEN + 4);
	enum proto_type type;
	struct proto_id id;
	unsigned int version;

	if (proto_is_other_version(r, &id, &version))
		promise(version != PROTO_VERSION && version <= UINT8_MAX);
	if (proto_get_header(&r, &type, &id))
		promise(type >= PROTO_REQUEST && type <= PROTO_NAMED);
}

void
to_the_module(void)
{
	struct cursor r = any_packet(PACKET);
	struct proto_log log;
	struct proto_ready ready;
	struct proto_named named;
	struct proto_cue cue;
	struct proto_early early;
	struct proto_prompt prompt;
	struct proto_challenge challenge;

	switch (nondet_u8()) {
	case 0:
		if (proto_get_log(&r, &log))
			promise(cursor_at_end(&r) && defused == log.text && log.priority >= LOG_ERR && log.priority <= LOG_DEBUG);
		break;
	case 1:
		if (proto_get_ready(&r, &ready))
			promise(cursor_at_end(&r) && ready.before_s <= PROTO_SECONDS_MAX &&
			    ready.after_s <= PROTO_SECONDS_MAX && ready.way >= PROTO_BY_PIN && ready.way <= PROTO_BY_KEY);
		break;
	case 2:
		if (proto_get_named(&r, &named))
			promise(cursor_at_end(&r) && named.user[0] != '\0');
		break;
	case 3:
		if (proto_get_cue(&r, &cue))
			promise(cursor_at_end(&r) && defused == cue.text);
		break;
	case 4:
		if (proto_get_early(&r, &early))
			promise(cursor_at_end(&r) && defused == early.text);
		break;
	case 5:
		if (proto_get_prompt(&r, &prompt))
			promise(cursor_at_end(&r) && defused == prompt.text && prompt.cert[PROTO_CERT_MAX - 1] == '\0');
		break;
	default:
		if (proto_get_challenge(&r, &challenge))
			promise(cursor_at_end(&r) && defused == challenge.text);
	}
}

void
result(void)
{
	struct cursor r = any_packet(PACKET);
	struct proto_result result;

	if (!proto_get_result(&r, &result))
		return;
	promise(cursor_at_end(&r) && defused == result.stale);
	promise(result.outcome.status < OUTCOME_COUNT && result.outcome.tries_left >= TRIES_UNKNOWN);
	promise(result.where < WHERE_COUNT && result.password.len <= SECRET_LONG_MAX);
	promise(__CPROVER_r_ok(result.password.data, result.password.len));
}

void
to_the_helper(void)
{
	struct cursor r = any_packet(PACKET);
	struct proto_typed typed;
	struct proto_pin pin;
	struct proto_reply reply;

	switch (nondet_u8()) {
	case 0:
		if (proto_get_typed(&r, &typed))
			promise(cursor_at_end(&r) && (typed.answer == PROTO_ANSWER_PIN || typed.answer == PROTO_ANSWER_FORMAT ||
			    typed.answer == PROTO_ANSWER_CANCEL || typed.answer == PROTO_ANSWER_PASSWORD));
		break;
	case 1:
		if (proto_get_pin(&r, &pin)) {
			promise(cursor_at_end(&r) && pin.answer >= PROTO_ANSWER_PIN && pin.answer <= PROTO_ANSWER_UNRECORDED);
			promise(pin.pin.len <= SECRET_MAX && __CPROVER_r_ok(pin.pin.data, pin.pin.len));
			promise(pin.unlock.len <= UNLOCKFILE_MAX);
			promise(pin.unlock.machine[pin.unlock.len > 0 ? UNLOCKFILE_MACHINE_LEN : 0] == '\0');
		}
		break;
	default:
		if (proto_get_reply(&r, &reply))
			promise(cursor_at_end(&r));
	}
}

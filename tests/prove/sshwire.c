/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow/possession/sshwire: a JPKI1 challenge or reply of any text is refused, or is in its fields and is the one way in
 * which they are written; what is written is read back equal.
 *
 * Source: flow/possession/challenge.c lib/buf.c
 * Included: flow/possession/sshwire.c
 * Bound: lines of 21 characters with names of 1, nonces of 1 byte, times of one digit; replies of 16 with parts of 2 and signatures of 4
 * Entry: any_prompt written_prompt any_reply written_reply
 * Unwind: 23
 * Unwindset: challenge_write_value.0:4
 * Unwindset: is_printable.0:3
 * Unwindset: get_value.0:4
 * Unwindset: get_nonce.0:3
 * Unwindset: view_hex.0:3
 * Unwindset: cut.0:10
 * Unwindset: be_put.0:9
 * Smaller: flow/possession/sshwire.c: #define MARK "JPKI1" -> #define MARK "J"
 * Smaller: flow/possession/sshwire.c: #define PURPOSE "remote-login" -> #define PURPOSE "r"
 * Smaller: flow/possession/sshwire.c: "name" : "hostkey"; -> "n" : "h";
 * Smaller: flow/possession/sshwire.c: strcmp(words[7], "name:") -> strcmp(words[7], "n:")
 * Smaller: flow/possession/sshwire.h: #define SSHWIRE_PROMPT_MAX 1024 -> #define SSHWIRE_PROMPT_MAX 21
 * Smaller: flow/possession/sshwire.h: #define SSHWIRE_REPLY_MAX 512 -> #define SSHWIRE_REPLY_MAX 14
 * Smaller: flow/possession/sshwire.h: #define SSHWIRE_NAME_MAX 256 -> #define SSHWIRE_NAME_MAX 2
 * Smaller: flow/possession/sshwire.h: #define SSHWIRE_KEYID_LEN 16 -> #define SSHWIRE_KEYID_LEN 2
 * Smaller: flow/possession/sshwire.h: #define SSHWIRE_HOSTKEY_LEN 43 -> #define SSHWIRE_HOSTKEY_LEN 2
 * Smaller: flow/possession/sshwire.h: (SSHWIRE_REPLY_MAX - sizeof "JPKI1.." - SSHWIRE_KEYID_LEN) -> 8
 * Smaller: flow/possession/challenge.h: #define CHALLENGE_NONCE_LEN 32 -> #define CHALLENGE_NONCE_LEN 1
 * Smaller: lib/buf.h: #define BASE64_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" -> #define BASE64_LETTERS "Aa0+/"
 * Define: memcpy=copy_bytes
 * Define: snprintf=put_parts
 * Define: strtoll=digit_of
 * Defect: [any_prompt] flow/possession/sshwire.c: if (n == SSHWIRE_NAME_MAX - 1) -> if (n == SSHWIRE_NAME_MAX)
 * Defect: [any_prompt] flow/possession/sshwire.c: if (n == WORDS) -> if (n > WORDS)
 * Defect: [any_prompt] flow/possession/sshwire.c: if (len >= sizeof copy) -> if (len > sizeof copy)
 * Defect: [any_prompt] flow/possession/sshwire.c: || strcmp(again, line) != 0) -> )
 * Defect: [written_prompt] flow/possession/challenge.c: c != '\0' && strchr("._@+-", c) -> c != '\0' && strchr("._@+- ", c)
 * Defect: [any_reply] flow/possession/sshwire.c: if ((*p)[n] != '.' || n >= size) -> if ((*p)[n] != '.' || n > size)
 * Defect: [any_reply] flow/possession/sshwire.c: strlen(p) >= sizeof r.signature || -> strlen(p) > sizeof r.signature ||
 * Defect: [written_reply] flow/possession/sshwire.c: if (strcmp(r.hostkey, "-") == 0) -> if (strcmp(r.hostkey, "--") == 0)
 */
#include <stdarg.h>

#include "flow/possession/sshwire.c"
#include "tests/prove/prove.h"

#define LINE 22

long long
digit_of(const char *text, char **end, int base)
{
	promise(end == NULL && base == 10);
	return text[0] >= '0' && text[0] <= '9' ? text[0] - '0' : 0;
}

static size_t
put_text(char *to, size_t size, size_t at, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++, at++)
		if (at + 1 < size)
			to[at] = text[i];
	return at;
}

/* snprintf(3) with the two formats of this file; the first for a number of one digit. */
int
put_parts(char *to, size_t size, const char *format, ...)
{
	size_t at = 0;
	va_list ap;

	promise(size > 0 && __CPROVER_w_ok(to, size));
	va_start(ap, format);
	if (format[0] == '%') {
		const char digit[] = { (char)('0' + va_arg(ap, int64_t)), '\0' };

		at = put_text(to, size, at, digit);
	} else {
		at = put_text(to, size, at, MARK);
		for (int i = 0; i < 3; i++) {
			at = put_text(to, size, at, ".");
			at = put_text(to, size, at, va_arg(ap, const char *));
		}
	}
	va_end(ap);
	to[at < size ? at : size - 1] = '\0';
	return (int)at;
}

static void
promise_value(const char value[static SSHWIRE_NAME_MAX])
{
	promise(value[0] != '\0' && strnlen(value, SSHWIRE_NAME_MAX) < SSHWIRE_NAME_MAX && is_printable(value));
}

void
any_prompt(void)
{
	char letters[LINE], *line = any_string(letters, sizeof letters);
	struct sshwire_challenge c;

	if (!sshwire_read_prompt(line, &c))
		return;
	promise(sshwire_is_marked(line) && strlen(line) < SSHWIRE_PROMPT_MAX);
	promise(line[strlen(line) - 1] == ' ' && line[strlen(line) - 2] == ':');
	promise(c.time >= 0 && c.time <= 9 && c.binding <= SSHWIRE_NAME);
	promise_value(c.hosts);
	promise_value(c.user);
	promise_value(c.service);
}

void
written_prompt(void)
{
	struct sshwire_challenge c = { .user = "u", .service = "s", .time = nondet_u8() % 10, .nonce = { nondet_u8() },
		.binding = nondet_bool() ? SSHWIRE_NAME : SSHWIRE_HOSTKEY }, got;
	char line[SSHWIRE_PROMPT_MAX];

	fill_field(c.hosts, sizeof c.hosts);
	if (!sshwire_write_prompt(&c, line))
		return;
	promise(sshwire_read_prompt(line, &got));
	promise(strcmp(got.hosts, c.hosts) == 0 && strcmp(got.user, "u") == 0 && strcmp(got.service, "s") == 0);
	promise(got.time == c.time && got.nonce[0] == c.nonce[0] && got.binding == c.binding);
}

void
any_reply(void)
{
	char letters[SSHWIRE_REPLY_MAX + 3], *line = any_string(letters, sizeof letters), again[SSHWIRE_REPLY_MAX];
	struct sshwire_reply r;

	if (!sshwire_read_reply(line, &r))
		return;
	promise(hex_is_text(r.keyid, SSHWIRE_KEYID_LEN) && (r.hostkey[0] == '\0' || is_hostkey(r.hostkey)));
	promise(strnlen(r.signature, sizeof r.signature) < sizeof r.signature && base64_is_text(r.signature));
	if (strlen(line) < sizeof again)
		promise(sshwire_write_reply(&r, again) && strcmp(again, line) == 0);
}

void
written_reply(void)
{
	struct sshwire_reply r, got;
	char line[SSHWIRE_REPLY_MAX];

	fill_field(r.keyid, sizeof r.keyid);
	fill_field(r.hostkey, sizeof r.hostkey);
	fill_field(r.signature, sizeof r.signature);
	if (!sshwire_write_reply(&r, line))
		return;
	promise(sshwire_read_reply(line, &got));
	promise(strcmp(got.keyid, r.keyid) == 0 && strcmp(got.hostkey, r.hostkey) == 0 &&
	    strcmp(got.signature, r.signature) == 0);
}

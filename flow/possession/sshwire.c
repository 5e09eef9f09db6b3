/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/possession/sshwire.h"

#define MARK "JPKI1"
#define PURPOSE "remote-login"
#define END ": "
#define WORDS 8

static const char *
name_of(enum sshwire_binding binding)
{
	return binding == SSHWIRE_NAME ? "name" : "hostkey";
}

/* --- the prompt ------------------------------------------------------------- */

/* Whether a value may be shown on a terminal and fits into a prompt. */
static bool
is_printable(const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return value[0] != '\0';
}

static void
put_word(struct writer *w, const char *value)
{
	challenge_write_value(w, value);
	writer_u8(w, ' ');
}

bool
sshwire_write_prompt(const struct sshwire_challenge *c, char ret_text[static SSHWIRE_PROMPT_MAX])
{
	struct writer w = writer_of(ret_text, SSHWIRE_PROMPT_MAX);
	char nonce[2 * CHALLENGE_NONCE_LEN + 1], seconds[24];

	if (!is_printable(c->hosts) || !is_printable(c->user) || !is_printable(c->service))
		return false;
	view_hex((struct view){ c->nonce, sizeof c->nonce }, nonce);
	snprintf(seconds, sizeof seconds, "%" PRId64, c->time);
	put_word(&w, MARK);
	put_word(&w, PURPOSE);
	put_word(&w, c->hosts);
	put_word(&w, c->user);
	put_word(&w, c->service);
	put_word(&w, seconds);
	put_word(&w, nonce);
	writer_text(&w, name_of(c->binding));
	writer_text(&w, END);
	writer_u8(&w, '\0');
	return writer_ok(&w);
}

bool
sshwire_is_marked(const char *line)
{
	return strncmp(line, MARK " ", sizeof MARK) == 0;
}

static bool
get_value(const char *word, char ret[static SSHWIRE_NAME_MAX])
{
	size_t n = 0;

	for (const char *p = word; *p != '\0'; p++) {
		if (n == SSHWIRE_NAME_MAX - 1)
			return false;
		if (*p == '%') {
			int byte = hex_byte(p + 1);

			if (byte < 0)
				return false;
			ret[n++] = (char)byte;
			p += 2;
		} else {
			ret[n++] = *p;
		}
	}
	ret[n] = '\0';
	return true;
}

static bool
get_nonce(const char *word, uint8_t nonce[static CHALLENGE_NONCE_LEN])
{
	if (strlen(word) != (size_t)2 * CHALLENGE_NONCE_LEN)
		return false;
	for (size_t i = 0; i < CHALLENGE_NONCE_LEN; i++) {
		int byte = hex_byte(word + 2 * i);

		if (byte < 0)
			return false;
		nonce[i] = (uint8_t)byte;
	}
	return true;
}

/* Cuts a line at its blanks. False unless there are exactly WORDS words. */
static bool
cut(char *line, const char *words[static WORDS])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		if (n == WORDS)
			return false;
		words[n++] = word;
	}
	return n == WORDS;
}

bool
sshwire_read_prompt(const char *line, struct sshwire_challenge *ret)
{
	char copy[SSHWIRE_PROMPT_MAX], again[SSHWIRE_PROMPT_MAX];
	struct sshwire_challenge c = { .binding = SSHWIRE_HOSTKEY };
	const char *words[WORDS];
	size_t len = strlen(line);

	if (len >= sizeof copy)
		return false;
	memcpy(copy, line, len + 1);
	if (!cut(copy, words) || !get_value(words[2], c.hosts) || !get_value(words[3], c.user) ||
	    !get_value(words[4], c.service) || !get_nonce(words[6], c.nonce))
		return false;
	c.time = strtoll(words[5], NULL, 10);
	if (strcmp(words[7], "name:") == 0)
		c.binding = SSHWIRE_NAME;
	/* There is one way to write a challenge: any leniency above shows here. */
	if (!sshwire_write_prompt(&c, again) || strcmp(again, line) != 0)
		return false;
	*ret = c;
	return true;
}

bool
sshwire_names_host(const struct sshwire_challenge *c, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = c->hosts; len > 0; p++) {
		size_t n = strcspn(p, ",");

		if (n == len && strncasecmp(p, name, n) == 0)
			return true;
		p += n;
		if (*p == '\0')
			break;
	}
	return false;
}

bool
sshwire_text(const struct sshwire_challenge *c, const char *hostkey, uint8_t text[static CHALLENGE_MAX],
    size_t *ret_len)
{
	struct challenge challenge = { .purpose = PURPOSE, .host = c->hosts, .user = c->user,
		.service = c->service, .time = c->time,
		.hostkey = hostkey[0] != '\0' ? hostkey : "none" };

	memcpy(challenge.nonce, c->nonce, sizeof challenge.nonce);
	return challenge_write(&challenge, text, ret_len);
}

/* --- the reply -------------------------------------------------------------- */

static bool
is_hostkey(const char *text)
{
	return strlen(text) == SSHWIRE_HOSTKEY_LEN && strspn(text, BASE64_LETTERS) == SSHWIRE_HOSTKEY_LEN;
}

bool
sshwire_write_reply(const struct sshwire_reply *r, char ret_text[static SSHWIRE_REPLY_MAX])
{
	int n;

	if (!hex_is_text(r->keyid, SSHWIRE_KEYID_LEN) || (r->hostkey[0] != '\0' && !is_hostkey(r->hostkey)) ||
	    !base64_is_text(r->signature))
		return false;
	n = snprintf(ret_text, SSHWIRE_REPLY_MAX, MARK ".%s.%s.%s", r->keyid,
	    r->hostkey[0] != '\0' ? r->hostkey : "-", r->signature);
	return n > 0 && n < SSHWIRE_REPLY_MAX;
}

/* Takes the part before the next dot. */
static bool
take_part(const char **p, char *ret, size_t size)
{
	size_t n = strcspn(*p, ".");

	if ((*p)[n] != '.' || n >= size)
		return false;
	memcpy(ret, *p, n);
	ret[n] = '\0';
	*p += n + 1;
	return true;
}

bool
sshwire_read_reply(const char *line, struct sshwire_reply *ret)
{
	struct sshwire_reply r;
	char mark[sizeof MARK];
	const char *p = line;

	if (!take_part(&p, mark, sizeof mark) || strcmp(mark, MARK) != 0 ||
	    !take_part(&p, r.keyid, sizeof r.keyid) || !hex_is_text(r.keyid, SSHWIRE_KEYID_LEN) ||
	    !take_part(&p, r.hostkey, sizeof r.hostkey) ||
	    strlen(p) >= sizeof r.signature || !base64_is_text(p))
		return false;
	memcpy(r.signature, p, strlen(p) + 1);
	if (strcmp(r.hostkey, "-") == 0)
		r.hostkey[0] = '\0';
	else if (!is_hostkey(r.hostkey))
		return false;
	*ret = r;
	return true;
}

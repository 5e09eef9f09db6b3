/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "flow/possession/challenge.h"

struct outcome
challenge_fill_nonce(struct challenge *c)
{
	size_t have = 0;

	while (have < sizeof c->nonce) {
		ssize_t n = getrandom(c->nonce + have, sizeof c->nonce - have, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return outcome_raw(OUTCOME_INTERNAL, (uint32_t)errno);
		have += (size_t)n;
	}
	return outcome_of(OUTCOME_OK);
}

static bool
is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("._@+-", c) != NULL);
}

void
challenge_write_value(struct writer *w, const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (is_plain(c)) {
			writer_u8(w, c);
		} else {
			char escape[] = "%00";

			view_hex((struct view){ &c, 1 }, escape + 1);
			writer_text(w, escape);
		}
	}
}

static void
write_line(struct writer *w, const char *key, const char *value)
{
	writer_text(w, key);
	writer_text(w, "=");
	challenge_write_value(w, value);
	writer_text(w, "\n");
}

bool
challenge_write(const struct challenge *c, uint8_t text[static CHALLENGE_MAX], size_t *ret_len)
{
	struct writer w = writer_of(text, CHALLENGE_MAX);
	char nonce[2 * CHALLENGE_NONCE_LEN + 1];
	char seconds[24];

	view_hex((struct view){ c->nonce, sizeof c->nonce }, nonce);
	snprintf(seconds, sizeof seconds, "%" PRId64, c->time);

	writer_text(&w, "JPKI-CHALLENGE-1\n");
	write_line(&w, "purpose", c->purpose);
	write_line(&w, "host", c->host);
	write_line(&w, "user", c->user);
	write_line(&w, "service", c->service);
	write_line(&w, "time", seconds);
	write_line(&w, "nonce", nonce);
	if (c->hostkey != NULL)
		write_line(&w, "hostkey", c->hostkey);
	if (!writer_ok(&w))
		return false;
	*ret_len = w.len;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A remote challenge and its reply (flow/possession/sshwire.h), what ssh shows its askpass
 * (tools/ssh/prompt.h), and the lines sshd leaves. What can be read is written again as it was.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "flow/remote.h"
#include "lib/cleanup.h"
#include "tests/fuzz/fuzz.h"
#include "tools/ssh/prompt.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

static void
challenge(const char *line)
{
	char again[SSHWIRE_PROMPT_MAX];
	uint8_t text[CHALLENGE_MAX];
	struct sshwire_challenge c;
	size_t len;

	if (!sshwire_read_prompt(line, &c))
		return;
	CHECK(sshwire_is_marked(line));
	CHECK(sshwire_write_prompt(&c, again) && strcmp(again, line) == 0);
	if (sshwire_text(&c, "", text, &len))
		CHECK(len <= sizeof text && memchr(text, '\0', len) == NULL);
}

static void
reply(const char *line)
{
	char again[SSHWIRE_REPLY_MAX];
	struct sshwire_reply r;

	if (!sshwire_read_reply(line, &r))
		return;
	CHECK(sshwire_write_reply(&r, again) && strcmp(again, line) == 0);
	CHECK(strlen(r.keyid) == SSHWIRE_KEYID_LEN);
	CHECK(r.hostkey[0] == '\0' || strlen(r.hostkey) == SSHWIRE_HOSTKEY_LEN);
}

/* "(user@host) " of ssh's own, which names the user and a host of the challenge after it. */
static void
askpass(const char *text)
{
	struct ssh_prompt p = { .user = "" };
	char again[SSHWIRE_PROMPT_MAX];
	const char *line = strrchr(text, '\n');

	line = line != NULL ? line + 1 : text;
	if (prompt_read(text, &p) != PROMPT_CHALLENGE)
		return;
	CHECK(text[0] == '(');
	CHECK(strncmp(text + 1, p.user, strlen(p.user)) == 0 && text[1 + strlen(p.user)] == '@');
	CHECK(strncmp(text + 2 + strlen(p.user), p.host, strlen(p.host)) == 0);
	CHECK(strncmp(text + 2 + strlen(p.user) + strlen(p.host), ") ", 2) == 0);
	CHECK(strcmp(p.user, p.challenge.user) == 0 && sshwire_names_host(&p.challenge, p.host));
	CHECK(sshwire_write_prompt(&p.challenge, again));
	CHECK(strlen(text) >= strlen(again) && strcmp(text + strlen(text) - strlen(again), again) == 0);
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);
	uint8_t kind = fuzz_u8(&in);
	_cleanup_(freep) char *text = fuzz_text(&in);

	switch (kind % 3) {
	case 0:
		challenge(text);
		break;
	case 1:
		reply(text);
		break;
	case 2:
		askpass(text);
		break;
	}
	return 0;
}

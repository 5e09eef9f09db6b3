/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "tests/unit/script.h"
#include "tests/unit/test.h"

#define HEX_MAX 4096

static int
digit(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p = strchr(digits, c);

	if (c == '\0' || p == NULL)
		fail_msg("'%c' is no hexadecimal digit", c);
	return (int)(p - digits);
}

static size_t
from_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t len = 0;

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(len < cap);
		out[len] = (uint8_t)(digit(hex[0]) << 4);
		hex++;
		out[len++] |= (uint8_t)digit(hex[0]);
	}
	return len;
}

static void
to_hex(const uint8_t *bytes, size_t len, char hex[static HEX_MAX])
{
	assert_true(2 * len < HEX_MAX);
	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = "0123456789ABCDEF"[bytes[i] >> 4];
		hex[2 * i + 1] = "0123456789ABCDEF"[bytes[i] & 0xf];
	}
	hex[2 * len] = '\0';
}

static void
expect(const struct step *step, const uint8_t *cmd, size_t len, unsigned int number)
{
	uint8_t wanted[HEX_MAX / 2];
	char is[HEX_MAX], should_be[HEX_MAX];

	to_hex(cmd, len, is);
	if (step->command == NULL)
		fail_msg("command %u is one too many: %s", number, is);
	to_hex(wanted, from_hex(step->command, wanted, sizeof wanted), should_be);
	if (strcmp(is, should_be) != 0)
		fail_msg("command %u is %s, not %s", number, is, should_be);
}

static struct outcome
transmit(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap, size_t *ret_len)
{
	uint8_t tail[HEX_MAX / 2];
	struct script *s = ctx;
	const struct step *step = s->next;
	size_t tail_len;

	expect(step, cmd, cmd_len, ++s->sent);
	s->next++;
	if (step->response == NULL)
		return outcome_of(step->fails);
	tail_len = from_hex(step->response, tail, sizeof tail);
	if (step->len + tail_len > cap)
		return outcome_of(OUTCOME_BAD_REPLY);	/* as transport.h has it */
	if (step->len > 0)
		memcpy(resp, step->data, step->len);
	memcpy(resp + step->len, tail, tail_len);
	*ret_len = step->len + tail_len;
	return outcome_of(OUTCOME_OK);
}

static const struct transport_ops ops = { .transmit = transmit };

void
script_start(struct script *s, const struct step *steps)
{
	*s = (struct script){ .next = steps, .transport = { .ops = &ops, .ctx = s } };
}

void
script_end(const struct script *s)
{
	if (s->next->command != NULL)
		fail_msg("after %u commands the card still waits for %s", s->sent, s->next->command);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What went over the wire, readable and without PINs. */
#include "config.h"

#include "tests/sim/impl.h"

#define SHOWN_MAX	64	/* bytes of a response; the rest is counted */

void
sim_card_trace(struct sim_card *card, FILE *f)
{
	card->trace = f;
}

void
sim_card_trace_event(struct sim_card *card, const char *event)
{
	if (card->trace == NULL)
		return;
	fprintf(card->trace, "== %s\n", event);
	fflush(card->trace);
}

/*
 * VERIFY and CHANGE REFERENCE DATA: everything after the length byte, even
 * where the rest of the command makes no sense.
 */
void
trace_command(struct sim_card *card, const uint8_t *cmd, size_t len)
{
	bool has_pin = len > 1 && (cmd[1] == 0x20 || cmd[1] == 0x24);

	if (card->trace == NULL)
		return;
	fputs("-> ", card->trace);
	for (size_t i = 0; i < len; i++) {
		if (i == 5)
			fputc(' ', card->trace);
		if (has_pin && i >= 5)
			fputs("**", card->trace);
		else
			fprintf(card->trace, "%02X", cmd[i]);
	}
	fputc('\n', card->trace);
	fflush(card->trace);
}

void
trace_response(struct sim_card *card, const uint8_t *resp, size_t len)
{
	size_t body = len >= 2 ? len - 2 : 0;

	if (card->trace == NULL)
		return;
	fputs("<- ", card->trace);
	if (len == 0)
		fputs("(no answer)", card->trace);
	for (size_t i = 0; i < body && i < SHOWN_MAX; i++)
		fprintf(card->trace, "%02X", resp[i]);
	if (body > SHOWN_MAX)
		fprintf(card->trace, "... (%zu bytes)", body);
	if (body > 0)
		fputc(' ', card->trace);
	for (size_t i = body; i < len; i++)
		fprintf(card->trace, "%02X", resp[i]);
	fputc('\n', card->trace);
	fflush(card->trace);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card that plays a script. Each step names the command that must come next,
 * byte for byte, and the answer to it; anything else fails the test with
 * both in hexadecimal. Blanks in hexadecimal texts are for the reader.
 */
#ifndef JPKI_TESTS_UNIT_SCRIPT_H
#define JPKI_TESTS_UNIT_SCRIPT_H

#include "card/transport.h"

struct step {
	const char *command;	/* NULL ends the script */
	const char *response;	/* with the status word; NULL: `fails` instead */
	/* Sent before the response, for what is too long to be written out. */
	const uint8_t *data;
	size_t len;
	enum outcome_status fails;	/* of the transport */
};

struct script {
	const struct step *next;
	unsigned int sent;	/* commands so far */
	struct transport transport;
};

/* s must stay where it is. Only transmit() of the transport is there. */
void script_start(struct script *s, const struct step *steps);

/* The card was asked everything in the script. */
void script_end(const struct script *s);

#endif

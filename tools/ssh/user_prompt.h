/* SPDX-License-Identifier: BSD-2-Clause */
/* Talks to the user at the client: on the terminal that ssh runs in, or else in a window. */
#ifndef JPKI_TOOLS_SSH_USER_PROMPT_H
#define JPKI_TOOLS_SSH_USER_PROMPT_H

#include "lib/outcome.h"

struct secret;

struct person {
	const char *pinentry;	/* the program that shows the window; NULL: use the terminal */
	bool has_terminal;
};

/*
 * Uses the terminal, if ssh has one; otherwise, or if JPKI_PINENTRY is set, a pinentry.
 */
struct person user_prompt_possible(void);

/*
 * Shows what a PIN is for, asks for it and stores what was typed. OUTCOME_OK; PIN_FORMAT if
 * it is longer than any PIN; CANCELLED; if it cannot prompt, the reason is on standard error.
 */
struct outcome user_prompt_pin(const struct person *who, const char *description,
    const char *prompt, struct secret *typed) MUST_CHECK;

/* Shows a text to the user; on standard error if there is no better place. */
void user_prompt_tell(const struct person *who, const char *text);

#endif

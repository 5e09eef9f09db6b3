/* SPDX-License-Identifier: BSD-2-Clause */
/* The person at the client: at the terminal that ssh runs in, or else in a window. */
#ifndef JPKI_TOOLS_SSH_USER_PROMPT_H
#define JPKI_TOOLS_SSH_USER_PROMPT_H

#include "lib/outcome.h"

struct secret;

struct person {
	const char *pinentry;	/* asks and tells; NULL: at the terminal */
	bool has_terminal;
};

/*
 * The terminal, if ssh has one; otherwise, or where the environment names one as JPKI_PINENTRY, a
 * pinentry.
 */
struct person user_prompt_possible(void);

/*
 * Shows what a PIN is for, asks for it and stores what was typed. OUTCOME_OK; PIN_FORMAT if
 * it is longer than any PIN; CANCELLED, and why it cannot be asked is on standard error.
 */
struct outcome user_prompt_pin(const struct person *who, const char *description,
    const char *prompt, struct secret *typed) MUST_CHECK;

/* Tells the person something; on standard error if there is no better place. */
void user_prompt_tell(const struct person *who, const char *text);

#endif

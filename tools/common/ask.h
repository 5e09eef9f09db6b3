/* SPDX-License-Identifier: BSD-2-Clause */
/* For the commands that ask for a PIN. */
#ifndef JPKI_TOOLS_COMMON_ASK_H
#define JPKI_TOOLS_COMMON_ASK_H

#include <signal.h>

#include "tools/common/tool.h"

struct found_card;
struct secret;

/*
 * Asks at the terminal, echo off, and without a deadline: a caller that continues with the card sets it
 * again. OUTCOME_OK, also for an empty line; PIN_FORMAT: too long; CANCELLED, reported: there is no
 * terminal. Signals have their usual effect at the prompt.
 */
struct outcome ask_at_terminal(const struct tool *t, const char *prompt, struct secret *typed)
    MUST_CHECK;

/*
 * Call after using a PIN. If not clean, tries once more to drop the verified state, and if that fails tells
 * the user.
 */
void ask_check_clean(struct tool *t, const char *reader, bool clean);

/*
 * A dialogue before work with a card: ^C ends the program until the last prompt; after that it is blocked,
 * because the card would stay unlocked.
 */
struct ask_dialogue {
	struct tool *t;
	const char *reader;	/* of that card; ask_pin_of_card() sets it */
	bool held;
	sigset_t before;
};

/* Call after the last prompt: blocks signals and sets the deadline for the card's work again. */
void ask_last_answered(struct ask_dialogue *d);

/*
 * For flow_ui.ask_pin, ctx is a struct ask_dialogue: prompts for the PIN of the card found, as the last prompt.
 * CANCELLED also for an empty line; else as ask_at_terminal().
 */
struct outcome ask_pin_of_card(void *ctx, const struct found_card *found, struct secret *pin) MUST_CHECK;

/* Delivers the blocked signals. */
void ask_dialogue_done(struct ask_dialogue *d);

/* For callbacks such as flow_ui.gone: at a terminal the user is always there. */
bool ask_never_gone(void *ctx);

#endif

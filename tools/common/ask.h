/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands share that ask for a PIN. */
#ifndef JPKI_TOOLS_COMMON_ASK_H
#define JPKI_TOOLS_COMMON_ASK_H

#include <signal.h>

#include "tools/common/tool.h"

struct secret;

/*
 * Asks at the terminal, echo off, and without a deadline: whoever goes on with the card
 * arms it again. OUTCOME_OK, also with nothing; PIN_FORMAT: too much; CANCELLED after
 * a complaint, if there is no terminal. A signal at the prompt does what it does.
 */
struct outcome ask_at_terminal(const struct tool *t, const char *prompt, struct secret *typed)
    MUST_CHECK;

/* After the work with a PIN; not clean: tries once more to make the card forget, or tells. */
void ask_check_clean(struct tool *t, const char *reader, bool clean);

/*
 * A dialogue with a card behind it: until the last prompt ^C ends us, from then on it
 * waits, for the card would stay unlocked.
 */
struct ask_dialogue {
	struct tool *t;
	bool held;
	sigset_t before;
};

/* The last prompt was answered: signals wait, and the card's work has its limit again. */
void ask_last_answered(struct ask_dialogue *d);

/* Signals that waited strike now. */
void ask_dialogue_done(struct ask_dialogue *d);

/* For flow_ui.gone and the like: at a terminal somebody always waits. */
bool ask_nobody_left(void *ctx);

#endif

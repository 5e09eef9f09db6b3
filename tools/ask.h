/* What the commands share that ask for a PIN. */
#ifndef JPKI_TOOLS_ASK_H
#define JPKI_TOOLS_ASK_H

#include "tools/tool.h"

struct secret;

/*
 * Asks at the terminal, echo off, and without a deadline: whoever goes on with the card
 * arms it again. JPKI_OK, also with nothing; PIN_FORMAT: too much; CANCELLED after
 * a complaint, if there is no terminal. A signal at the prompt does what it does.
 */
struct outcome ask_at_terminal(const struct tool *t, const char *prompt, struct secret *typed)
    MUST_CHECK;

/* After the work with a PIN; not clean: tries once more to make the card forget, or tells. */
void ask_check_clean(struct tool *t, const char *reader, bool clean);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gets a PIN by pinentry, which opens a window if there is no terminal. Uses the few commands of the Assuan
 * protocol that this takes (https://www.gnupg.org/documentation/manuals/assuan, "Client requests";
 * pinentry's manual, "Protocol"). Not by libassuan, because we could not wipe its buffers.
 */
#ifndef JPKI_TOOLS_SSH_PINENTRY_H
#define JPKI_TOOLS_SSH_PINENTRY_H

#include "lib/outcome.h"

struct secret;

/*
 * Starts `program` (looked for in PATH), shows description and prompt and stores what was
 * typed. OUTCOME_OK; PIN_FORMAT if it is longer than any PIN; CANCELLED if the user or
 * pinentry ended it. terminal: for pinentries without a window, or NULL.
 */
struct outcome pinentry_ask(const char *program, const char *terminal, const char *description,
    const char *prompt, struct secret *typed) MUST_CHECK;

/* Shows a text until the user confirms it; false if it cannot be shown. */
bool pinentry_tell(const char *program, const char *terminal, const char *text);

#endif

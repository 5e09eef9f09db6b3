/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PIN by pinentry, which asks in a window where there is no terminal: the few words of the
 * Assuan protocol that it takes (https://www.gnupg.org/documentation/manuals/assuan, "Client
 * requests"; pinentry's own manual, "Protocol"). Not by libassuan: its buffers are not ours to
 * wipe.
 */
#ifndef JPKI_TOOLS_SSH_PINENTRY_H
#define JPKI_TOOLS_SSH_PINENTRY_H

#include "lib/outcome.h"

struct secret;

/*
 * Starts `program` (looked for in PATH), shows description and prompt and stores what was
 * typed. OUTCOME_OK; PIN_FORMAT if it is longer than any PIN; CANCELLED if the person or the
 * program ended it. terminal: for pinentries without a window, or NULL.
 */
struct outcome pinentry_ask(const char *program, const char *terminal, const char *description,
    const char *prompt, struct secret *typed) MUST_CHECK;

/* Shows a text until the person has read it; false if it cannot be shown. */
bool pinentry_tell(const char *program, const char *terminal, const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Prompts of ssh that are not our challenges: passwords, passphrases, host keys. */
#ifndef JPKI_TOOLS_SSH_QUESTION_H
#define JPKI_TOOLS_SSH_QUESTION_H

#include "tools/ssh/user_prompt.h"

/*
 * Shows the prompt as ssh would have done without us, through the other askpass or at the terminal, and
 * writes the answer to standard output. An answer that looks like the PIN of the card is withheld if it
 * could leave this machine. Returns the exit status for ssh: EXIT_FAILURE if there is no answer.
 */
int question_ask(const char *prompt, const struct person *who) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What ssh asks that is no challenge of ours: passwords, passphrases, host keys. */
#ifndef JPKI_TOOLS_SSH_QUESTION_H
#define JPKI_TOOLS_SSH_QUESTION_H

#include "tools/ssh/user_prompt.h"

/*
 * Asks it as ssh would have done without us, through the askpass that was there before or at the
 * terminal, and writes the answer to standard output. What looks like the PIN of the card is not
 * answered to a question whose answer leaves this machine, whoever asked the person. Returns
 * the exit status for ssh: EXIT_FAILURE if there is no answer.
 */
int question_ask(const char *prompt, const struct person *who) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Signs a challenge with the card in the reader of this machine. */
#ifndef JPKI_TOOLS_SSH_SIGN_H
#define JPKI_TOOLS_SSH_SIGN_H

#include "flow/possession/env.h"
#include "flow/possession/sshwire.h"
#include "tools/ssh/user_prompt.h"

struct signing {
	const struct flow_env *env;
	const struct person *who;
	const struct sshwire_challenge *challenge;
	const char *hostkey;		/* as in the reply, "" for none */
	const char *description;	/* what the signature is for, shown to the user */
};

/*
 * Finds the card, shows the number of tries left, asks for the PIN once, and lets the card sign,
 * in one transaction, by the rules of flow/possession/transaction.h. OUTCOME_OK with the reply.
 * Otherwise as survey_card(), survey_certificate(), transaction_may_try() and transaction_run();
 * CARD_BUSY if there are several cards (reported on standard error); PIN_FORMAT, CANCELLED;
 * CERT_WEAK for a key that cannot be used. The caller shows the message for the outcome.
 *
 * SIGALRM is the deadline of card and reader; the caller provides the handler.
 * *ret_unclean: a card may have been left with its PIN verified.
 */
struct outcome sign_challenge(const struct signing *s, char reply[static SSHWIRE_REPLY_MAX],
    bool *ret_unclean) MUST_CHECK;

#endif

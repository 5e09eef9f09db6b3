/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "flow/possession/transaction.h"
#include "flow/prove.h"
#include "nss/sigcheck.h"

struct proving {
	const struct found_card *found;
	const struct usercerts *enrolled;
	const struct sign_input *input;
	struct proof *proof;
};

static struct outcome
same_card(void *ctx, struct jpki *card)
{
	const struct proving *p = ctx;
	const struct usercert *cert = NULL;
	struct outcome o = find_identify(card, p->enrolled, &cert);

	if (outcome_ok(&o) && cert != p->found->enrolled)
		o = outcome_of(OUTCOME_OTHER_CARD);
	return o;
}

static struct outcome
sign(void *ctx, struct jpki *card)
{
	const struct proving *p = ctx;

	return jpki_sign(card, (struct view){ p->input->bytes, p->input->len },
	    p->proof->signature, &p->proof->len);
}

struct outcome
prove(const struct flow_env *env, const struct found_card *found,
    const struct usercerts *enrolled, int64_t verify_by, struct secret *pin,
    const struct sign_input *input, struct proof *proof)
{
	struct proving proving = { .found = found, .enrolled = enrolled, .input = input,
		.proof = proof };
	struct transaction v = { .pin = JPKI_PIN_AUTH, .reader = found->reader,
		.classic = found->classic, .told_tries = found->tries_left, .verify_by = verify_by,
		.same_card = same_card, .work = sign, .ctx = &proving,
		.card_expiry = proof->card_expiry };

	return transaction_run(env, &v, pin, &proof->card_clean);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "card/jpki.h"
#include "flow/possession/challenge.h"
#include "flow/possession/transaction.h"
#include "flow/prove.h"
#include "flow/unlock.h"
#include "lib/secret.h"
#include "nss/cert.h"

void
prove_step(const struct flow_env *env, const char *what)
{
	log_msg(env->log, LOG_DEBUG, "step: %s", what);
}

/* A fresh challenge for this login, as the key of this certificate signs it. */
static struct outcome
make_challenge(const struct flow_env *env, const struct login_request *request,
    const struct cert *cert, struct sign_input *ret_input)
{
	struct challenge c = {
		.purpose = request->purpose,
		.host = request->host,
		.user = request->user,
		.service = request->service,
		.time = clk_wall_s(env->clk),
	};
	uint8_t text[CHALLENGE_MAX];
	struct outcome o = challenge_fill_nonce(&c);
	size_t len;

	if (!outcome_ok(&o))
		return o;
	if (!challenge_write(&c, text, &len))
		return outcome_of(OUTCOME_INTERNAL);
	return sigcheck_input(cert, (struct view){ text, len }, ret_input);
}

struct signing {
	const struct flow_env *env;
	const struct found_card *found;
	const struct usercerts *enrolled;
	struct proof *proof;
	struct unlock *unlock;
};

static struct outcome
same_card(void *ctx, struct jpki *card)
{
	const struct signing *s = ctx;
	const struct usercert *cert = NULL;
	struct outcome o = find_identify(card, s->enrolled, &cert);

	if (outcome_ok(&o) && cert != s->found->enrolled)
		o = outcome_of(OUTCOME_OTHER_CARD);
	return o;
}

static struct outcome
sign_input(void *ctx, struct jpki *card)
{
	const struct signing *s = ctx;
	struct proof *p = s->proof;
	struct outcome o = jpki_sign(card, (struct view){ p->input.bytes, p->input.len }, p->signature,
	    &p->signature_len);

	if (outcome_ok(&o) && s->unlock != NULL)
		unlock_sign(s->env, card, s->unlock);
	return o;
}

struct outcome
prove_sign(const struct flow_env *env, const struct usercerts *enrolled, const struct found_card *found,
    int64_t verify_by, struct secret *pin, struct proof *proof, struct unlock *unlock,
    char *card_expiry,	/* written to. NOLINT(readability-non-const-parameter) */
    bool *ret_card_clean)
{
	struct signing signing = { .env = env, .found = found, .enrolled = enrolled, .proof = proof,
		.unlock = unlock };
	struct transaction t = { .pin = JPKI_PIN_AUTH, .reader = found->reader,
		.classic = found->classic, .told_tries = found->tries_left, .verify_by = verify_by,
		.same_card = same_card, .work = sign_input, .ctx = &signing, .card_expiry = card_expiry };

	prove_step(env, "PIN and signature");
	return transaction_run(env, &t, pin, ret_card_clean);
}

struct outcome
prove_ask(const struct flow_env *env, const struct flow_ui *ui, const struct found_card *found,
    struct secret *pin, int64_t *ret_verify_by)
{
	struct outcome o;

	prove_step(env, "prompt");
	o = ui->ask_pin(ui->ctx, found, pin);
	if (outcome_ok(&o) && !secret_is_auth_pin(pin))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	if (!outcome_ok(&o))
		secret_wipe(pin);
	*ret_verify_by = transaction_verify_until(env);
	return o;
}

struct outcome
prove_possession(const struct flow_env *env, const struct login_request *request,
    const struct usercerts *enrolled, const struct found_card *found, int64_t verify_by,
    struct secret *pin, char *card_expiry, bool *ret_card_clean)
{
	struct proof proof;
	struct outcome o;

	*ret_card_clean = true;
	prove_step(env, "challenge");
	o = make_challenge(env, request, found->enrolled->cert, &proof.input);
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		return o;
	}
	o = prove_sign(env, enrolled, found, verify_by, pin, &proof, request->unlock, card_expiry,
	    ret_card_clean);
	if (!outcome_ok(&o))
		return o;
	prove_step(env, "verification");
	/* The one place where a login or an enrollment can succeed. */
	return sigcheck_verify(found->enrolled->cert, &proof.input,
	    (struct view){ proof.signature, proof.signature_len });
}

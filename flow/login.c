/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "card/jpki.h"
#include "card/transport.h"
#include "config/conf.h"
#include "flow/find.h"
#include "flow/login.h"
#include "flow/possession/challenge.h"
#include "flow/possession/transaction.h"
#include "flow/prove.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "nss/cert.h"
#include "nss/sigcheck.h"

static void
step(const struct flow_env *env, const char *what)
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

struct outcome
flow_ask(const struct flow_env *env, const struct flow_ui *ui, const struct found_card *found,
    struct secret *pin, int64_t *ret_verify_by)
{
	struct outcome o;

	step(env, "prompt");
	o = ui->ask_pin(ui->ctx, found, pin);
	if (outcome_ok(&o) && !secret_is_auth_pin(pin))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	if (!outcome_ok(&o))
		secret_wipe(pin);
	*ret_verify_by = verify_until(env);
	return o;
}

struct outcome
flow_verify(const struct flow_env *env, const struct login_request *request,
    const struct usercerts *enrolled, const struct found_card *found, int64_t verify_by,
    struct secret *pin, char *card_expiry,	/* written to. NOLINT(readability-non-const-parameter) */
    bool *ret_card_clean)
{
	uint8_t signature[SIGNATURE_MAX];
	struct proof proof = { .signature = signature, .card_clean = true,
		.card_expiry = card_expiry };
	struct sign_input input;
	struct outcome o;

	*ret_card_clean = true;
	step(env, "challenge");
	o = make_challenge(env, request, found->enrolled->cert, &input);
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		return o;
	}
	step(env, "PIN and signature");
	o = prove(env, found, enrolled, verify_by, pin, &input, &proof);
	*ret_card_clean = proof.card_clean;
	if (!outcome_ok(&o))
		return o;
	step(env, "verification");
	/* The one place where a login or an enrollment can succeed. */
	return sigcheck_verify(found->enrolled->cert, &input,
	    (struct view){ proof.signature, proof.len });
}

/* Only what is proved, or assumed where that is enough, is let in: the rest is refused. */
struct outcome
flow_may_use_reader(const struct flow_env *env, enum place place)
{
	bool allowed = place == PLACE_LOCAL || env->conf->remote == CONF_REMOTE_YES ||
	    (place == PLACE_ASSUMED && env->conf->remote != CONF_REMOTE_STRICT);

	return outcome_of(allowed ? OUTCOME_OK : OUTCOME_REMOTE);
}

/*
 * A prompt may stay open for hours: what was enrolled and in order before it
 * has to be so after it. The set is read anew; *found then points into it.
 */
static struct outcome
judge_certs_again(const struct flow_env *env, const char *user, struct usercerts *enrolled,
    struct found_card *found)
{
	struct view old = cert_der(found->enrolled->cert);
	uint8_t der[CERT_DER_MAX];
	struct outcome o;

	if (old.len > sizeof der)
		return outcome_of(OUTCOME_INTERNAL);
	memcpy(der, old.data, old.len);
	old.data = der;
	found->enrolled = NULL;
	usercerts_done(enrolled);
	o = usercerts_load(env, user, enrolled);
	if (!outcome_ok(&o))
		return o;
	for (size_t i = 0; i < enrolled->count; i++)
		if (view_equal(cert_der(enrolled->at[i].cert), old))
			found->enrolled = &enrolled->at[i];
	return found->enrolled != NULL ? found->enrolled->verdict : outcome_of(OUTCOME_NOT_ENROLLED);
}

void
login_name_cert(const struct usercert *enrolled, struct login_result *result)
{
	snprintf(result->cert, sizeof result->cert, "%.*s", LOGIN_CERT_LEN,
	    cert_fingerprint(enrolled->cert));
	result->not_after = cert_not_after(enrolled->cert);
}

/* Steps 3 to 8. */
static struct outcome
login_by_card(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct usercerts *enrolled, struct secret *pin,
    struct login_result *result)
{
	struct found_card found = { .tries_left = TRIES_UNKNOWN };
	int64_t verify_by;
	struct outcome o;
	bool soon;

	step(env, "card");
	o = find_card(env, ui, enrolled, &found);
	memcpy(result->reader, found.reader, sizeof result->reader);
	if (found.enrolled != NULL)
		login_name_cert(found.enrolled, result);
	if (!outcome_ok(&o))
		return o;
	o = flow_ask(env, ui, &found, pin, &verify_by);
	if (!outcome_ok(&o))
		return o;
	step(env, "enrollment again");
	o = judge_certs_again(env, request->user, enrolled, &found);
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		return o;
	}
	result->not_after = cert_not_after(found.enrolled->cert);
	soon = message_expires_soon(result->not_after, clk_wall_s(env->clk),
	    env->conf->expiry_warning_days);
	return flow_verify(env, request, enrolled, &found, verify_by, pin,
	    soon ? result->card_expiry : NULL, &result->card_clean);
}

void
flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct login_result result = { .outcome = outcome_of(OUTCOME_INTERNAL), .card_clean = true };
	struct outcome o;

	step(env, "enrollment");
	o = flow_may_use_reader(env, request->place);
	if (outcome_ok(&o))
		o = usercerts_load(env, request->user, &enrolled);
	if (outcome_ok(&o)) {
		o = usercerts_verdict(&enrolled);
		if (!outcome_ok(&o))
			login_name_cert(&enrolled.at[0], &result);	/* whose verdict it is */
	}
	if (outcome_ok(&o))
		o = login_by_card(env, ui, request, &enrolled, pin, &result);
	result.outcome = o;
	*ret_result = result;
	step(env, "end");
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "config/conf.h"
#include "flow/find.h"
#include "flow/login.h"
#include "flow/prove.h"
#include "flow/unlock.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "nss/cert.h"

/* Admits a place that is proved, or assumed where that is enough; refuses all others. */
struct outcome
flow_may_use_reader(const struct flow_env *env, enum place place)
{
	bool allowed = place == PLACE_LOCAL || env->conf->remote == CONF_REMOTE_YES ||
	    (place == PLACE_ASSUMED && env->conf->remote != CONF_REMOTE_STRICT);

	return outcome_of(allowed ? OUTCOME_OK : OUTCOME_REMOTE);
}

struct outcome
flow_may_name_user(const struct flow_env *env, enum place place)
{
	return env->conf->user_from_card ? flow_may_use_reader(env, place) : outcome_of(OUTCOME_REMOTE);
}

/*
 * A prompt may stay open for hours: a certificate that was enrolled and valid before it has to be
 * so after it as well. The set is read again; *found then points into the new set.
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
	o = usercerts_load_again(env, user, enrolled);
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

/*
 * Steps 3 to 5 where the program prompts before the card is there. The module keeps the input: a
 * PIN is sent nowhere before the card is found. Minutes may have passed, so steps 1 and 2 are
 * repeated.
 */
static struct outcome
find_after_question(const struct flow_env *env, const struct flow_ui *ui, const char *user,
    struct usercerts *enrolled, struct found_card *found)
{
	struct outcome o = find_card_there(env, ui, enrolled, found);

	if (found->enrolled != NULL || o.status == OUTCOME_CANCELLED)
		return o;
	prove_step(env, "prompt before the card");
	o = ui->ask_early(ui->ctx);
	if (!outcome_ok(&o))
		return o;
	o = usercerts_load_again(env, user, enrolled);
	if (outcome_ok(&o))
		o = usercerts_verdict(enrolled);
	return outcome_ok(&o) ? find_card(env, ui, enrolled, found) : o;
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

	prove_step(env, "card");
	o = ui->ask_early != NULL ? find_after_question(env, ui, request->user, enrolled, &found) :
	    find_card(env, ui, enrolled, &found);
	memcpy(result->reader, found.reader, sizeof result->reader);
	if (found.enrolled != NULL)
		login_name_cert(found.enrolled, result);
	if (!outcome_ok(&o))
		return o;
	o = prove_ask(env, ui, &found, pin, &verify_by);
	if (!outcome_ok(&o))
		return o;
	prove_step(env, "enrollment again");
	o = judge_certs_again(env, request->user, enrolled, &found);
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		return o;
	}
	result->not_after = cert_not_after(found.enrolled->cert);
	if (request->unlock != NULL)
		unlock_prepare(env, request->user, found.enrolled->cert, request->unlock);
	soon = message_expires_soon(result->not_after, clk_wall_s(env->clk),
	    env->conf->expiry_warning_days);
	o = prove_possession(env, request, enrolled, &found, verify_by, pin,
	    soon ? result->card_expiry : NULL, &result->card_clean);
	if (outcome_ok(&o) && request->unlock != NULL)
		unlock_open(env, request->user, found.enrolled->cert, request->unlock);
	return o;
}

void
flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result)
{
	_cleanup_(usercerts_done) struct usercerts enrolled = { .count = 0 };
	struct login_result result = { .outcome = outcome_of(OUTCOME_INTERNAL), .card_clean = true };
	struct outcome o;

	prove_step(env, "enrollment");
	o = flow_may_use_reader(env, request->place);
	if (outcome_ok(&o))
		o = usercerts_load(env, request->user, &enrolled);
	if (outcome_ok(&o)) {
		o = usercerts_verdict(&enrolled);
		if (!outcome_ok(&o))
			login_name_cert(&enrolled.at[0], &result);	/* the verdict is this one's */
	}
	if (outcome_ok(&o))
		o = login_by_card(env, ui, request, &enrolled, pin, &result);
	result.outcome = o;
	*ret_result = result;
	prove_step(env, "end");
}

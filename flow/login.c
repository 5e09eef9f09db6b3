#include "config.h"

#include <string.h>
#include <syslog.h>

#include "card/jpki.h"
#include "card/transport.h"
#include "config/conf.h"
#include "flow/challenge.h"
#include "flow/enrolled.h"
#include "flow/find.h"
#include "flow/login.h"
#include "flow/prove.h"
#include "lib/cleanup.h"
#include "lib/secret.h"
#include "nss/cert.h"
#include "nss/sigcheck.h"

static void
step(const struct flow_env *env, const char *name)
{
	log_msg(env->log, LOG_DEBUG, "step: %s", name);
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
		return outcome_of(JPKI_INTERNAL);
	return sigcheck_input(cert, (struct view){ text, len }, ret_input);
}

static struct outcome
ask(const struct flow_ui *ui, int tries_left, struct secret *pin)
{
	struct outcome o = ui->ask_pin(ui->ctx, tries_left, pin);

	if (outcome_ok(&o) && !secret_is_auth_pin(pin))
		o = outcome_of(JPKI_PIN_FORMAT);
	if (!outcome_ok(&o))
		secret_wipe(pin);
	return o;
}

struct outcome
flow_ask_and_verify(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, const struct enrolled *enrolled,
    const struct found_card *found, struct secret *pin, bool *ret_card_clean)
{
	uint8_t signature[SIGNATURE_MAX];
	struct proof proof = { .signature = signature, .card_clean = true };
	struct sign_input input;
	struct outcome o;

	*ret_card_clean = true;
	step(env, "challenge");
	o = make_challenge(env, request, found->enrolled->cert, &input);
	if (!outcome_ok(&o))
		return o;
	step(env, "prompt");
	o = ask(ui, found->tries_left, pin);
	if (!outcome_ok(&o))
		return o;
	step(env, "PIN and signature");
	o = prove(env, found, enrolled, pin, &input, &proof);
	*ret_card_clean = proof.card_clean;
	if (!outcome_ok(&o))
		return o;
	step(env, "verification");
	/* The one place where a login or an enrolment can succeed. */
	return sigcheck_verify(found->enrolled->cert, &input,
	    (struct view){ proof.signature, proof.len });
}

/* The card on this machine's reader is not for those who sit elsewhere. */
static struct outcome
may_use_reader(const struct flow_env *env, const struct login_request *request)
{
	return outcome_of(request->remote && !env->conf->remote ? JPKI_REMOTE : JPKI_OK);
}

void
flow_login(const struct flow_env *env, const struct flow_ui *ui,
    const struct login_request *request, struct secret *pin, struct login_result *ret_result)
{
	_cleanup_(enrolled_done) struct enrolled enrolled = { .count = 0 };
	struct found_card found = { .tries_left = TRIES_UNKNOWN };
	struct login_result result = { .outcome = outcome_of(JPKI_INTERNAL), .card_clean = true };
	struct outcome o;

	step(env, "enrolment");
	o = may_use_reader(env, request);
	if (outcome_ok(&o))
		o = enrolled_load(env, request->user, &enrolled);
	if (outcome_ok(&o))
		o = enrolled_verdict(&enrolled);
	if (outcome_ok(&o)) {
		step(env, "card");
		o = find_card(env, ui, &enrolled, &found);
	}
	if (outcome_ok(&o))
		o = flow_ask_and_verify(env, ui, request, &enrolled, &found, pin, &result.card_clean);
	if (outcome_ok(&o))
		result.not_after = cert_not_after(found.enrolled->cert);
	result.outcome = o;
	*ret_result = result;
	step(env, "end");
}

struct outcome
flow_drop_state(const struct flow_env *env)
{
	const struct transport *t = env->transport;
	struct transport_readers readers;
	struct outcome result = outcome_of(JPKI_OK);
	struct outcome o = t->ops->readers(t->ctx, &readers);

	if (!outcome_ok(&o))
		return o;
	for (size_t i = 0; i < readers.count; i++) {
		struct jpki card = { .transport = env->transport };
		uint32_t generation;
		bool left, powered_down;

		if (!readers.at[i].has_card)
			continue;
		o = t->ops->open(t->ctx, readers.at[i].name,
		    (int64_t)env->conf->timeout * 1000, &generation);
		if (outcome_ok(&o)) {
			left = jpki_leave(&card);
			powered_down = t->ops->close(t->ctx, TRANSPORT_POWER_DOWN);
			if (!left && !powered_down)
				o = outcome_of(JPKI_CARD_MUTE);
		}
		if (!outcome_ok(&o) && o.status != JPKI_CARD_REMOVED)
			result = o;
	}
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card/jpki.h"
#include "card/transport.h"
#include "config/conf.h"
#include "flow/possession/survey.h"
#include "flow/possession/transaction.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "lib/signals.h"
#include "tools/ssh/busy_apart.h"
#include "tools/ssh/crypto.h"
#include "tools/ssh/sign.h"

#define GRACE_S 2		/* our own deadlines expire first */

struct own_card {
	char reader[TRANSPORT_NAME_MAX];
	struct survey survey;
	uint8_t input[CRYPTO_INPUT_MAX];	/* the input to sign */
	size_t input_len;
	uint8_t signature[JPKI_SIGNATURE_MAX];
	size_t signature_len;
};

static struct view
der_of(const struct own_card *c)
{
	return (struct view){ c->survey.der, c->survey.der_len };
}

static struct outcome
find_own_card(const struct flow_env *env, struct own_card *c)
{
	struct outcome o = survey_choose_reader(env, getenv("JPKI_READER"), c->reader);

	if (outcome_ok(&o))
		o = survey_card(env, c->reader, &c->survey);
	if (outcome_ok(&o))
		o = survey_certificate(&c->survey);
	if (outcome_ok(&o) && c->survey.auth_tries == TRIES_UNKNOWN)
		o = outcome_of(OUTCOME_BAD_REPLY);
	if (outcome_ok(&o))
		o = transaction_may_try(env, c->survey.auth_tries);
	return o;
}

static struct outcome
make_input(const struct signing *s, struct own_card *c)
{
	uint8_t text[CHALLENGE_MAX];
	size_t len;

	if (!sshwire_text(s->challenge, s->hostkey, text, &len))
		return outcome_of(OUTCOME_INTERNAL);
	return outcome_of(crypto_sign_input(der_of(c), (struct view){ text, len }, c->input,
	    &c->input_len) ? OUTCOME_OK : OUTCOME_CERT_WEAK);
}

static struct outcome
same_card(void *ctx, struct jpki *card)
{
	const struct own_card *c = ctx;
	uint8_t der[JPKI_CERT_MAX];
	size_t len;
	struct outcome o = jpki_read_auth_cert(card, der, &len);

	if (outcome_ok(&o) && !view_equal((struct view){ der, len }, der_of(c)))
		o = outcome_of(OUTCOME_OTHER_CARD);
	return o;
}

static struct outcome
let_sign(void *ctx, struct jpki *card)
{
	struct own_card *c = ctx;

	return jpki_sign(card, (struct view){ c->input, c->input_len }, c->signature,
	    &c->signature_len);
}

/* Block signals from the PIN until the card has dropped its verified state. */
static struct outcome
spend_pin(const struct signing *s, struct own_card *c, struct secret *pin, bool *ret_unclean)
{
	struct transaction v = { .pin = JPKI_PIN_AUTH, .reader = c->reader,
		.classic = c->survey.classic, .told_tries = c->survey.auth_tries,
		.verify_by = transaction_verify_until(s->env),
		.same_card = same_card, .work = let_sign, .ctx = c };
	struct busy_apart busy = busy_apart_begin(_("Using the card; leave it on the reader …"));
	struct outcome o, dropped;
	sigset_t before;
	bool clean;

	signals_hold(&before);
	o = transaction_run(s->env, &v, pin, &clean);
	if (!clean) {
		dropped = transaction_drop_state(s->env, c->reader);
		clean = outcome_ok(&dropped);
	}
	signals_release(&before);
	busy_apart_end(&busy);
	*ret_unclean = !clean;
	return o;
}

static struct outcome
ask_and_sign(const struct signing *s, struct own_card *c, bool *ret_unclean)
{
	char prompt[MESSAGE_MAX];
	struct secret *pin = secret_new();
	struct outcome o;

	if (pin == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	message_pin_prompt(c->survey.auth_tries, false, prompt);
	(void)alarm(0);		/* no deadline while the user types */
	o = user_prompt_pin(s->who, s->description, prompt, pin);
	(void)alarm(s->env->conf->timeout + GRACE_S);
	if (outcome_ok(&o) && !secret_is_auth_pin(pin))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	if (outcome_ok(&o))
		o = spend_pin(s, c, pin, ret_unclean);
	secret_free(pin);
	return o;
}

static bool
write_reply(const struct signing *s, const struct own_card *c, char reply[static SSHWIRE_REPLY_MAX])
{
	struct sshwire_reply r;

	if (!crypto_keyid(der_of(c), r.keyid) || strlen(s->hostkey) >= sizeof r.hostkey ||
	    !crypto_base64((struct view){ c->signature, c->signature_len }, r.signature, sizeof r.signature))
		return false;
	memcpy(r.hostkey, s->hostkey, strlen(s->hostkey) + 1);
	return sshwire_write_reply(&r, reply);
}

struct outcome
sign_challenge(const struct signing *s, char reply[static SSHWIRE_REPLY_MAX], bool *ret_unclean)
{
	struct busy_apart busy = busy_apart_begin(_("Reading the card; leave it on the reader …"));
	struct own_card c = { .reader = "" };
	struct outcome o;

	*ret_unclean = false;
	(void)alarm(s->env->conf->timeout + GRACE_S);
	o = find_own_card(s->env, &c);
	busy_apart_end(&busy);
	if (outcome_ok(&o))
		o = make_input(s, &c);
	if (outcome_ok(&o))
		o = ask_and_sign(s, &c, ret_unclean);
	(void)alarm(0);
	if (outcome_ok(&o) && !write_reply(s, &c, reply))
		o = outcome_of(OUTCOME_CERT_WEAK);
	return o;
}

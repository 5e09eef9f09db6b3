#include "config.h"

#include <string.h>

#include "card/jpki.h"
#include "config/conf.h"
#include "flow/prove.h"
#include "lib/buf.h"
#include "lib/secret.h"
#include "nss/sigcheck.h"

/*
 * A card that was taken out and put back since the search is another card
 * until it has shown its certificate.
 */
static struct outcome
same_card(struct jpki *card, const struct found_card *found, uint32_t generation,
    const struct enrolled *enrolled)
{
	const struct enrolled_cert *cert = NULL;
	struct outcome o;

	if (generation == found->generation)
		return outcome_of(JPKI_OK);
	o = find_identify(card, enrolled, &cert);
	if (outcome_ok(&o) && cert != found->enrolled)
		o = outcome_of(JPKI_OTHER_CARD);
	return o;
}

/* Up to and including VERIFY. */
static struct outcome
verify(const struct flow_env *env, struct jpki *card, const struct found_card *found,
    uint32_t generation, const struct enrolled *enrolled, const struct secret *pin,
    struct proof *proof)
{
	struct outcome o;

	if (!jpki_leave(card))
		return outcome_of(JPKI_CARD_REMOVED);
	o = jpki_select(card);
	if (outcome_ok(&o))
		o = same_card(card, found, generation, enrolled);
	/* Another program may have spent tries while the person typed. */
	if (outcome_ok(&o))
		o = jpki_tries_left(card, JPKI_PIN_AUTH, &proof->tries_left);
	if (outcome_ok(&o))
		o = find_may_try(env, proof->tries_left);
	if (!outcome_ok(&o))
		return o;

	proof->card_clean = false;
	o = jpki_verify(card, JPKI_PIN_AUTH, pin);
	/* A card that did not say how many tries are left is asked. */
	if (o.status == JPKI_PIN_WRONG && o.tries_left == TRIES_UNKNOWN) {
		struct outcome q = jpki_tries_left(card, JPKI_PIN_AUTH, &o.tries_left);

		if (q.status == JPKI_PIN_LOCKED)
			o = q;
	}
	return o;
}

struct outcome
prove(const struct flow_env *env, const struct found_card *found,
    const struct enrolled *enrolled, struct secret *pin, const struct sign_input *input,
    struct proof *proof)
{
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport, .classic = found->classic };
	bool left, powered_down;
	uint32_t generation;
	struct outcome o;

	proof->card_clean = true;
	o = t->ops->open(t->ctx, found->reader, (int64_t)env->conf->timeout * 1000, &generation);
	if (!outcome_ok(&o)) {
		secret_wipe(pin);
		return o;
	}
	o = verify(env, &card, found, generation, enrolled, pin, proof);
	secret_wipe(pin);
	if (outcome_ok(&o))
		o = jpki_sign(&card, (struct view){ input->bytes, input->len }, proof->signature,
		    &proof->len);

	left = jpki_leave(&card);
	powered_down = t->ops->close(t->ctx, TRANSPORT_POWER_DOWN);
	if (left && powered_down)
		proof->card_clean = true;
	return o;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "flow/possession/survey.h"

static int
tries_of(struct jpki *card, enum jpki_pin pin)
{
	int tries = TRIES_UNKNOWN;
	struct outcome o = jpki_tries_left(card, pin, &tries);

	return outcome_ok(&o) || o.status == OUTCOME_PIN_LOCKED ? tries : TRIES_UNKNOWN;
}

/* A part that a card lacks is no reason to stop; a card that has gone is. */
static bool
gone(const struct outcome *o)
{
	return o->status == OUTCOME_CARD_REMOVED || o->status == OUTCOME_NO_SERVICE ||
	    o->status == OUTCOME_CARD_MUTE;
}

static struct outcome
survey_open(struct jpki *card, struct survey *s)
{
	struct outcome o = jpki_select(card);

	if (!outcome_ok(&o))
		return o;
	o = jpki_read_kind(card, &s->kind);
	if (gone(&o))
		return o;
	o = jpki_read_auth_cert(card, s->der, &s->der_len);
	if (gone(&o))
		return o;
	if (!outcome_ok(&o))
		s->der_len = 0;
	s->auth_tries = tries_of(card, JPKI_PIN_AUTH);
	s->sign_tries = tries_of(card, JPKI_PIN_SIGN);
	o = jpki_read_card_expiry(card, s->card_expiry);
	if (gone(&o))
		return o;
	return outcome_of(OUTCOME_OK);
}

struct outcome
survey_card(const struct flow_env *env, const char *reader, struct survey *ret_survey)
{
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport, .classic = !env->conf->short_ids };
	struct survey s = { .auth_tries = TRIES_UNKNOWN, .sign_tries = TRIES_UNKNOWN };
	struct outcome o = t->ops->open(t->ctx, reader, (int64_t)env->conf->timeout * 1000);

	if (!outcome_ok(&o))
		return o;
	o = survey_open(&card, &s);
	(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);
	s.classic = card.classic;
	if (outcome_ok(&o))
		*ret_survey = s;
	return o;
}

struct outcome
survey_read_ca(const struct flow_env *env, const char *reader, uint8_t der[static JPKI_CERT_MAX],
    size_t *ret_len)
{
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport, .classic = !env->conf->short_ids };
	struct outcome o = t->ops->open(t->ctx, reader, (int64_t)env->conf->timeout * 1000);

	if (!outcome_ok(&o))
		return o;
	o = jpki_select(&card);
	if (outcome_ok(&o))
		o = jpki_read_auth_ca(&card, der, ret_len);
	(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);
	return o;
}

struct outcome
survey_certificate(const struct survey *s)
{
	if (s->der_len > 0)
		return outcome_of(OUTCOME_OK);
	return outcome_of(s->kind == JPKI_KIND_JUKI ? OUTCOME_JUKI_CARD :
	    s->kind == JPKI_KIND_PHONE ? OUTCOME_PHONE : OUTCOME_NO_CERT);
}

struct outcome
survey_choose_reader(const struct flow_env *env, const char *wanted, char *reader)
{
	struct transport_readers readers;
	const struct transport_reader *chosen = NULL;
	struct outcome o = env->transport->ops->readers(env->transport->ctx, &readers);
	size_t matching = 0;

	if (!outcome_ok(&o))
		return o;
	for (size_t i = 0; i < readers.count; i++) {
		const struct transport_reader *r = &readers.at[i];

		if (wanted != NULL && strncmp(r->name, wanted, strlen(wanted)) != 0)
			continue;
		matching++;
		if (!r->has_card)
			continue;
		if (chosen != NULL) {
			log_msg(env->log, LOG_ERR, "cards lie on %s and on %s; take one off",
			    LOG_NAME(chosen->name), LOG_NAME(r->name));
			return outcome_of(OUTCOME_CARD_BUSY);
		}
		chosen = r;
	}
	if (chosen == NULL)
		return outcome_of(matching > 0 ? OUTCOME_NO_CARD : OUTCOME_NO_READER);
	memcpy(reader, chosen->name, sizeof chosen->name);
	return o;
}

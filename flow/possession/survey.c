/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "flow/possession/search.h"
#include "flow/possession/survey.h"

static int
tries_of(struct jpki *card, enum jpki_pin pin)
{
	int tries = TRIES_UNKNOWN;
	struct outcome o = jpki_tries_left(card, pin, &tries);

	return outcome_ok(&o) || o.status == OUTCOME_PIN_LOCKED ? tries : TRIES_UNKNOWN;
}

/* Whether the card has gone. A part that a card lacks is no reason to stop. */
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
	struct outcome o = t->ops->open(t->ctx, reader, SEARCH_BUSY_MS);

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
	struct outcome o = t->ops->open(t->ctx, reader, SEARCH_BUSY_MS);

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

/* The cards on the readers, to choose from. */
struct choice {
	const struct flow_env *env;
	bool proper;			/* a My Number Card was seen, not only a Juki card or a smartphone */
	unsigned int count;		/* of the better kind */
	char reader[TRANSPORT_NAME_MAX];	/* the first of them */
	uint8_t head[JPKI_HEAD_MAX];	/* of its certificate */
	size_t head_len;
};

/* A reader of two interfaces may show one card in both of its slots. */
static bool
is_same_card(const struct choice *c, const uint8_t *head, size_t len)
{
	return len > 0 && view_equal((struct view){ head, len }, (struct view){ c->head, c->head_len });
}

static void
take_candidate(struct choice *c, const char *reader, bool proper, const uint8_t *head, size_t len)
{
	if (proper < c->proper || (c->count > 0 && proper == c->proper && is_same_card(c, head, len)))
		return;
	if (proper == c->proper && c->count++ > 0) {
		log_msg(c->env->log, LOG_ERR, "My Number Cards are on %s and on %s", LOG_NAME(c->reader),
		    LOG_NAME(reader));
		return;
	}
	c->proper = proper;
	c->count = 1;
	snprintf(c->reader, sizeof c->reader, "%s", reader);
	memcpy(c->head, head, len);
	c->head_len = len;
}

static struct outcome
look_for_any(void *ctx, struct jpki *card, const char *reader, bool *ret_over)
{
	enum jpki_kind kind = JPKI_KIND_UNKNOWN;
	uint8_t head[JPKI_HEAD_MAX];
	size_t len = 0;
	struct outcome o = jpki_select(card);

	if (!outcome_ok(&o))
		return o;
	o = jpki_read_kind(card, &kind);
	if (gone(&o))
		return o;
	o = jpki_read_auth_head(card, head, &len);
	if (gone(&o))
		return o;
	if (!outcome_ok(&o))
		len = 0;
	take_candidate(ctx, reader, kind != JPKI_KIND_JUKI && kind != JPKI_KIND_PHONE, head, len);
	return outcome_of(OUTCOME_OK);
}

struct outcome
survey_choose_reader(const struct flow_env *env, const char *wanted, char reader[static TRANSPORT_NAME_MAX])
{
	struct choice c = { .env = env };
	struct search search = { .env = env, .wanted = wanted, .look = look_for_any, .ctx = &c };
	struct outcome o = search_cards(&search);

	memcpy(reader, search.reader, sizeof search.reader);
	if (!outcome_ok(&o))
		return o;
	memcpy(reader, c.reader, sizeof c.reader);
	return outcome_of(c.count == 1 ? OUTCOME_OK : OUTCOME_SEVERAL_CARDS);
}

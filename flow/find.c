/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "card/jpki.h"
#include "config/conf.h"
#include "flow/find.h"
#include "flow/possession/search.h"
#include "flow/possession/transaction.h"

/* The application is there, the certificate is not: what is this? */
static struct outcome
explain_no_cert(struct jpki *card)
{
	enum jpki_kind kind = JPKI_KIND_UNKNOWN;
	struct outcome o = jpki_read_kind(card, &kind);

	if (o.status == OUTCOME_CARD_REMOVED)
		return o;
	if (kind == JPKI_KIND_JUKI)
		return outcome_of(OUTCOME_JUKI_CARD);
	return outcome_of(OUTCOME_NO_CERT);
}

/* A certificate that nobody has enrolled: another person's, or this person's next one? */
static struct outcome
explain_other_cert(struct jpki *card, const struct usercerts *enrolled)
{
	uint8_t der[JPKI_CERT_MAX];
	size_t len;
	struct outcome o = jpki_read_auth_cert(card, der, &len);

	if (o.status == OUTCOME_CARD_REMOVED)
		return o;
	if (outcome_ok(&o) && usercerts_is_renewal(enrolled, (struct view){ der, len }))
		return outcome_of(OUTCOME_RENEWED);
	return outcome_of(OUTCOME_OTHER_CARD);
}

struct outcome
find_identify(struct jpki *card, const struct usercerts *enrolled,
    const struct usercert **ret_cert)
{
	uint8_t head[JPKI_HEAD_MAX];
	const struct usercert *match;
	struct outcome o;
	size_t len;

	o = jpki_read_auth_head(card, head, &len);
	if (o.status == OUTCOME_NO_CERT)
		return explain_no_cert(card);
	if (!outcome_ok(&o))
		return o;
	match = usercerts_match(enrolled, (struct view){ head, len });
	if (match == NULL)
		return explain_other_cert(card, enrolled);
	*ret_cert = match;
	return o;
}

struct login_search {
	const struct flow_env *env;
	const struct flow_ui *ui;
	const struct usercerts *enrolled;
	struct found_card found;
};

/* Whether it is the user's card, and may be tried. */
static struct outcome
look_for_enrolled(void *ctx, struct jpki *card, const char *reader, bool *ret_over)
{
	struct login_search *s = ctx;
	struct found_card found = { .tries_left = TRIES_UNKNOWN };
	struct outcome o = jpki_select(card);

	if (outcome_ok(&o))
		o = find_identify(card, s->enrolled, &found.enrolled);
	if (outcome_ok(&o))
		o = found.enrolled->verdict;
	if (outcome_ok(&o)) {
		o = jpki_tries_left(card, JPKI_PIN_AUTH, &found.tries_left);
		if (outcome_ok(&o))
			o = transaction_may_try(s->env, found.tries_left);
	}
	/* Also a locked card is the user's, and worth its name. */
	*ret_over = found.enrolled != NULL;
	found.classic = card->classic;
	if (*ret_over)
		s->found = found;
	return o;
}

static bool
person_gone(void *ctx)
{
	const struct login_search *s = ctx;

	return s->ui->gone(s->ui->ctx);
}

static void
wait_begins(void *ctx)
{
	const struct login_search *s = ctx;

	if (s->ui->waits != NULL)
		s->ui->waits(s->ui->ctx);
}

static struct outcome
find_within(const struct flow_env *env, const struct flow_ui *ui, const struct usercerts *enrolled,
    int64_t wait_ms, struct found_card *ret_found)
{
	struct login_search s = { .env = env, .ui = ui, .enrolled = enrolled,
		.found = { .tries_left = TRIES_UNKNOWN } };
	struct search search = { .env = env, .wait_ms = wait_ms,
		.gone = person_gone, .waits = wait_begins, .look = look_for_enrolled, .ctx = &s };
	struct outcome o = search_cards(&search);

	if (o.status == OUTCOME_CANCELLED)
		return o;
	if (s.found.enrolled != NULL)
		*ret_found = s.found;
	memcpy(ret_found->reader, search.reader, sizeof ret_found->reader);
	return o;
}

struct outcome
find_card(const struct flow_env *env, const struct flow_ui *ui, const struct usercerts *enrolled,
    struct found_card *ret_found)
{
	return find_within(env, ui, enrolled, (int64_t)env->conf->wait * 1000, ret_found);
}

struct outcome
find_card_there(const struct flow_env *env, const struct flow_ui *ui, const struct usercerts *enrolled,
    struct found_card *ret_found)
{
	return find_within(env, ui, enrolled, 0, ret_found);
}

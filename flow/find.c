/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "card/jpki.h"
#include "config/conf.h"
#include "flow/find.h"
#include "flow/possession/search.h"
#include "flow/possession/transaction.h"

/* The application is there, the certificate is not: names the kind of card. */
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

/* A certificate that is not enrolled here: another user's card, or this user's renewed one? */
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

/* --- the accounts of a card ------------------------------------------------------- */

/* The certificates of the cards on all readers. */
struct heads_search {
	const struct flow_ui *ui;
	size_t count;
	struct {
		uint8_t bytes[JPKI_HEAD_MAX];
		size_t len;
	} at[TRANSPORT_READERS_MAX];
};

/* Takes any card with a certificate, and goes on to the next. */
static struct outcome
take_head(void *ctx, struct jpki *card, const char *reader, bool *ret_over)
{
	struct heads_search *s = ctx;
	struct outcome o = jpki_select(card);

	if (!outcome_ok(&o) || s->count == TRANSPORT_READERS_MAX)
		return o;
	o = jpki_read_auth_head(card, s->at[s->count].bytes, &s->at[s->count].len);
	if (o.status == OUTCOME_NO_CERT)
		return explain_no_cert(card);
	if (outcome_ok(&o))
		s->count++;
	return o;
}

static bool
owners_have(const struct owners *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return false;
}

static void
add_owners(const struct owners *more, struct owners *ret)
{
	for (size_t i = 0; i < more->count && ret->count < OWNERS_MAX; i++)
		if (!owners_have(ret, more->names[i]))
			memcpy(ret->names[ret->count++], more->names[i], sizeof ret->names[0]);
}

static bool
naming_gone(void *ctx)
{
	const struct heads_search *s = ctx;

	return s->ui->gone(s->ui->ctx);
}

static void
naming_waits(void *ctx)
{
	const struct heads_search *s = ctx;

	if (s->ui->waits != NULL)
		s->ui->waits(s->ui->ctx);
}

struct outcome
find_owners(const struct flow_env *env, const struct flow_ui *ui, struct owners *ret)
{
	struct heads_search s = { .ui = ui };
	struct search search = { .env = env, .wait_ms = (int64_t)env->conf->wait * 1000,
		.gone = naming_gone, .waits = naming_waits, .look = take_head, .ctx = &s };
	struct outcome o = search_cards(&search);
	struct owners owners;

	ret->count = 0;
	for (size_t i = 0; outcome_ok(&o) && i < s.count; i++) {
		o = owners_find(env, (struct view){ s.at[i].bytes, s.at[i].len }, OWNERS_READ_MAX, &owners);
		if (outcome_ok(&o))
			add_owners(&owners, ret);
	}
	return outcome_ok(&o) && ret->count == 0 ? outcome_of(OUTCOME_UNREGISTERED) : o;
}

/* --- the user's card -------------------------------------------------------------- */

struct login_search {
	const struct flow_env *env;
	const struct flow_ui *ui;
	const struct usercerts *enrolled;
	struct found_card found;
};

/* Whether this is the user's card, and a PIN may be tried on it. */
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
	/* A locked card is the user's as well, and is reported. */
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

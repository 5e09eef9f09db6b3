/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "card/jpki.h"
#include "config/conf.h"
#include "flow/find.h"
#include "flow/possession/transaction.h"

/* Waiting is done in slices, so that a person who leaves is noticed. */
#define SLICE_MS 500

/*
 * For so long other programs may keep a card from us: most are done by then, and whoever means
 * to shut somebody out (pcscd limits no transaction) delays them by no more than this.
 */
#define BUSY_MS 3000

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

/* Looks at the card of one open reader. */
static struct outcome
examine_open(const struct flow_env *env, const struct usercerts *enrolled, struct found_card *found)
{
	struct jpki card = { .transport = env->transport, .classic = !env->conf->short_ids };
	struct outcome o = jpki_select(&card);

	if (outcome_ok(&o))
		o = find_identify(&card, enrolled, &found->enrolled);
	if (outcome_ok(&o))
		o = found->enrolled->verdict;
	if (outcome_ok(&o)) {
		o = jpki_tries_left(&card, JPKI_PIN_AUTH, &found->tries_left);
		if (outcome_ok(&o))
			o = transaction_may_try(env, found->tries_left);
	}
	found->classic = card.classic;
	return o;
}

/* Waits for those who have their turn first; not for one that has the card to itself. */
static struct outcome
examine_card(const struct flow_env *env, const struct usercerts *enrolled,
    const struct transport_reader *r, int64_t busy_by, struct found_card *ret_found)
{
	const struct transport *t = env->transport;
	struct found_card found = { .tries_left = TRIES_UNKNOWN };
	struct outcome o = r->exclusive ? outcome_of(OUTCOME_CARD_BUSY) :
	    t->ops->open(t->ctx, r->name, clk_left_ms(env->clk, busy_by));

	if (outcome_ok(&o)) {
		o = examine_open(env, enrolled, &found);
		(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);
	}
	log_msg(env->log, LOG_DEBUG, "reader %s: %s (%x)", LOG_NAME(r->name), outcome_code(o.status), o.raw);
	/* Also a locked card is the user's, and worth its name. */
	if (found.enrolled != NULL) {
		memcpy(found.reader, r->name, sizeof found.reader);
		*ret_found = found;
	}
	return o;
}

/* Of several cards that will not do, which one to talk about? */
static int
rank(enum outcome_status status)
{
	static const enum outcome_status order[] = {
		OUTCOME_NO_READER, OUTCOME_NO_CARD, OUTCOME_CARD_REMOVED, OUTCOME_CARD_MUTE, OUTCOME_NOT_JPKI,
		OUTCOME_BAD_REPLY, OUTCOME_CARD_BUSY, OUTCOME_NO_CERT, OUTCOME_PHONE, OUTCOME_JUKI_CARD,
		OUTCOME_OTHER_CARD, OUTCOME_RENEWED,
	};
	int n = (int)(sizeof order / sizeof order[0]);

	for (int i = 0; i < n; i++)
		if (order[i] == status)
			return i;
	return n;
}

struct search {
	const struct flow_env *env;
	const struct usercerts *enrolled;
	int64_t busy_by;		/* clk_mono_ms: other programs are waited for until then */
	struct transport_readers seen;	/* as of the last look */
	struct outcome best;
	char best_reader[TRANSPORT_NAME_MAX];	/* of the card it is about; "" for none */
	bool busy;	/* a card could not be looked at, for another program has it */
};

static bool
seen_before(const struct transport_readers *before, const struct transport_reader *r)
{
	for (size_t i = 0; i < before->count; i++)
		if (strcmp(before->at[i].name, r->name) == 0)
			return before->at[i].has_card && before->at[i].generation == r->generation;
	return false;
}

/* Looks at one card. True: it is the user's, the search is over. */
static bool
look_at_reader(struct search *s, struct transport_reader *r, struct found_card *found)
{
	struct outcome o = examine_card(s->env, s->enrolled, r, s->busy_by, found);

	if (found->enrolled != NULL || rank(o.status) >= rank(s->best.status)) {
		s->best = o;
		memcpy(s->best_reader, r->name, sizeof s->best_reader);
	}
	if (o.status == OUTCOME_CARD_BUSY) {
		r->has_card = false;	/* not seen yet: look again */
		s->busy = true;
	}
	return found->enrolled != NULL;
}

/*
 * Looks at the cards that were not there at the last look; those that another
 * program is using come last, since looking at them may take its time.
 * True: the search is over.
 */
static bool
look_at_readers(struct search *s, struct found_card *found)
{
	const struct flow_env *env = s->env;
	struct transport_readers before = s->seen;
	struct outcome o = env->transport->ops->readers(env->transport->ctx, &s->seen);
	bool any_card = false;

	s->busy = false;
	if (!outcome_ok(&o)) {
		s->best = o;
		return o.status != OUTCOME_NO_SERVICE;	/* a pcscd that restarts comes back */
	}
	for (int in_use = 0; in_use < 2; in_use++)
		for (size_t i = 0; i < s->seen.count; i++) {
			struct transport_reader *r = &s->seen.at[i];

			if (!r->has_card || r->in_use != in_use)
				continue;
			any_card = true;
			if (!seen_before(&before, r) && look_at_reader(s, r, found))
				return true;
		}
	if (!any_card) {
		s->best_reader[0] = '\0';
		s->best = outcome_of(s->seen.count > 0 ? OUTCOME_NO_CARD : OUTCOME_NO_READER);
	}
	return false;
}

struct outcome
find_card(const struct flow_env *env, const struct flow_ui *ui, const struct usercerts *enrolled,
    struct found_card *ret_found)
{
	const struct transport *t = env->transport;
	int64_t start = clk_mono_ms(env->clk);
	int64_t wait_ms = (int64_t)env->conf->wait * 1000;
	struct search s = { .env = env, .enrolled = enrolled, .best = outcome_of(OUTCOME_NO_READER),
		.busy_by = start + (wait_ms > BUSY_MS ? wait_ms : BUSY_MS) };
	struct found_card found = { .tries_left = TRIES_UNKNOWN };

	while (!look_at_readers(&s, &found)) {
		int64_t left = clk_left_ms(env->clk, s.busy ? s.busy_by : start + wait_ms);

		if (left == 0)
			break;
		if (ui->gone(ui->ctx))
			return outcome_of(OUTCOME_CANCELLED);
		/* An error here shows again, and is judged, at the next look. */
		(void)!t->ops->wait(t->ctx, &s.seen, left < SLICE_MS ? left : SLICE_MS).status;
	}
	if (found.enrolled != NULL)
		*ret_found = found;
	memcpy(ret_found->reader, s.best_reader, sizeof ret_found->reader);
	s.best.waited_s = (unsigned int)((clk_mono_ms(env->clk) - start) / 1000);
	return s.best;
}

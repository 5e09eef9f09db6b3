/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "config/conf.h"
#include "flow/possession/search.h"

/* Waiting is done in slices, to notice early that the caller has gone. */
#define SLICE_MS 500

struct progress {
	struct search *how;
	int64_t busy_by, held_by;	/* clk_mono_ms: how long to wait for other programs */
	bool busy, held;		/* another program is using a card, or has it to itself */
	bool over;
	bool waits_told;
	struct transport_readers seen;	/* as of the last look */
	struct outcome best;
};

/* Several unusable cards: which one to report? */
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

bool
search_wants(const char *wanted, const struct transport_readers *readers, const char *name)
{
	if (wanted == NULL || wanted[0] == '\0')
		return true;
	for (size_t i = 0; i < readers->count; i++)
		if (strcmp(readers->at[i].name, wanted) == 0)
			return strcmp(name, wanted) == 0;
	return strncmp(name, wanted, strlen(wanted)) == 0;
}

/* Removes the readers that are not wanted from the list. */
static void
keep_wanted(const struct search *how, struct transport_readers *readers)
{
	const struct transport_readers all = *readers;

	readers->count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (search_wants(how->wanted, &all, all.at[i].name))
			readers->at[readers->count++] = all.at[i];
	if (all.count > 0 && readers->count == 0)
		log_msg(how->env->log, LOG_ERR, "there is no reader %s; the first is %s", LOG_NAME(how->wanted),
		    LOG_NAME(all.at[0].name));
}

/* Waits for programs that came first; not for one that has the card to itself. */
static struct outcome
look_at_card(struct progress *p, const struct transport_reader *r)
{
	const struct flow_env *env = p->how->env;
	const struct transport *t = env->transport;
	struct jpki card = { .transport = env->transport, .classic = !env->conf->short_ids };
	struct outcome o = r->exclusive ? outcome_of(OUTCOME_CARD_BUSY) :
	    t->ops->open(t->ctx, r->name, clk_left_ms(env->clk, p->busy_by));

	if (outcome_ok(&o)) {
		o = p->how->look(p->how->ctx, &card, r->name, &p->over);
		(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);
	}
	log_msg(env->log, LOG_DEBUG, "reader %s: %s (%x)", LOG_NAME(r->name), outcome_code(o.status), o.raw);
	return o;
}

static bool
seen_before(const struct transport_readers *before, const struct transport_reader *r)
{
	for (size_t i = 0; i < before->count; i++)
		if (strcmp(before->at[i].name, r->name) == 0)
			return before->at[i].has_card && before->at[i].generation == r->generation;
	return false;
}

static void
look_at_reader(struct progress *p, struct transport_reader *r)
{
	struct outcome o = look_at_card(p, r);

	/* Of several usable cards, the first. */
	if (p->over || rank(o.status) > rank(p->best.status) ||
	    (!outcome_ok(&p->best) && rank(o.status) == rank(p->best.status))) {
		p->best = o;
		memcpy(p->how->reader, r->name, sizeof p->how->reader);
	}
	if (o.status == OUTCOME_CARD_BUSY) {
		r->has_card = false;	/* not seen yet: look again */
		p->held = p->held || r->exclusive;
		p->busy = p->busy || !r->exclusive;
	}
}

/*
 * Looks at the cards that have arrived since the last look; those that another program is using
 * come last, since they may take time.
 */
static void
look_at_readers(struct progress *p)
{
	const struct flow_env *env = p->how->env;
	struct transport_readers before = p->seen;
	struct outcome o = env->transport->ops->readers(env->transport->ctx, &p->seen);
	bool any_card = false;

	p->busy = p->held = false;
	if (!outcome_ok(&o)) {
		p->best = o;
		p->over = o.status != OUTCOME_NO_SERVICE;	/* a pcscd that restarts comes back */
		return;
	}
	keep_wanted(p->how, &p->seen);
	for (int in_use = 0; in_use < 2; in_use++)
		for (size_t i = 0; i < p->seen.count && !p->over; i++) {
			struct transport_reader *r = &p->seen.at[i];

			if (!r->has_card || r->in_use != in_use)
				continue;
			any_card = true;
			if (!seen_before(&before, r))
				look_at_reader(p, r);
		}
	if (!any_card) {
		p->how->reader[0] = '\0';
		p->best = outcome_of(p->seen.count > 0 ? OUTCOME_NO_CARD : OUTCOME_NO_READER);
	}
}

static int64_t
left_ms(const struct progress *p, int64_t wait_by)
{
	int64_t until = wait_by;

	if (p->held && p->held_by > until)
		until = p->held_by;
	if (p->busy && p->busy_by > until)
		until = p->busy_by;
	return clk_left_ms(p->how->env->clk, until);
}

/* A card that another program is using, and a pcscd that restarts, come back without the user's help. */
static void
tell_of_wait(struct progress *p)
{
	const struct search *s = p->how;

	if (p->waits_told || s->waits == NULL || s->wait_ms == 0 || p->busy || p->held ||
	    p->best.status == OUTCOME_NO_SERVICE)
		return;
	p->waits_told = true;
	s->waits(s->ctx);
}

struct outcome
search_cards(struct search *s)
{
	const struct transport *t = s->env->transport;
	int64_t start = clk_mono_ms(s->env->clk), wait_by = start + s->wait_ms;
	struct progress p = { .how = s, .best = outcome_of(OUTCOME_NO_READER),
		.busy_by = start + (s->wait_ms > SEARCH_BUSY_MS ? s->wait_ms : SEARCH_BUSY_MS),
		.held_by = start + (s->wait_ms > SEARCH_HELD_MS ? s->wait_ms : SEARCH_HELD_MS) };

	s->reader[0] = '\0';
	for (;;) {
		int64_t left;

		look_at_readers(&p);
		left = left_ms(&p, wait_by);
		if (p.over || outcome_ok(&p.best) || left == 0)
			break;
		if (s->gone != NULL && s->gone(s->ctx))
			return outcome_of(OUTCOME_CANCELLED);
		tell_of_wait(&p);
		/* An error here occurs again, and is judged, at the next look. */
		(void)!t->ops->wait(t->ctx, &p.seen, left < SLICE_MS ? left : SLICE_MS).status;
	}
	p.best.waited_s = (unsigned int)((clk_mono_ms(s->env->clk) - start) / 1000);
	return p.best;
}

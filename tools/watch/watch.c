/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "tools/watch/watch.h"

static void
tell_news(struct watch *w, enum watch_news news)
{
	w->ops->tell(w->ops->ctx, news, w->reader);
}

static int64_t
choose_time(const struct watch *w)
{
	return w->grace_ms > WATCH_SETTLE_MS ? w->grace_ms : WATCH_SETTLE_MS;
}

static void
go_away(struct watch *w, int64_t grace_ms, bool unsaid)
{
	w->state = WATCH_AWAY;
	w->deadline = clk_mono_ms(w->clk) + grace_ms;
	w->unsaid = unsaid;
}

void
watch_init(struct watch *w, const struct transport *transport, const struct clk *clk,
    const struct watch_ops *ops, int64_t grace_ms, int certificate)
{
	*w = (struct watch){ .transport = transport, .clk = clk, .ops = ops, .grace_ms = grace_ms,
		.certificate = certificate, .state = WATCH_SEEKING };
	w->woke_ms = ops->woke_ms(ops->ctx);
	if (certificate >= 0)
		go_away(w, choose_time(w), true);
}

/* --- the service ----------------------------------------------------------------- */

bool
watch_lacks_service(const struct outcome *o)
{
	return o->status == OUTCOME_NO_SERVICE || o->status == OUTCOME_SERVICE_REFUSED ||
	    o->status == OUTCOME_SERVICE_VERSION;
}

static void
service_gone(struct watch *w)
{
	if (w->service_gone)
		return;
	w->service_gone = true;
	tell_news(w, WATCH_SERVICE_GONE);
}

/* The event counters restart; check whether the card has stayed. */
static void
service_back(struct watch *w)
{
	w->service_gone = false;
	memset(w->others, 0, sizeof w->others);
	tell_news(w, WATCH_SERVICE_BACK);
	if (w->state == WATCH_THERE)
		go_away(w, choose_time(w), true);
	else if (w->state == WATCH_AWAY)
		go_away(w, choose_time(w), w->unsaid);
}

/* --- our card ---------------------------------------------------------------------- */

static bool
card_is_there(const struct watch *w)
{
	for (size_t i = 0; i < w->seen.count; i++) {
		const struct transport_reader *r = &w->seen.at[i];

		if (strcmp(r->name, w->reader) == 0)
			return r->has_card && r->generation == w->generation;
	}
	return false;
}

/* A suspend during an absence restarts the grace, because the readers start again too. */
static void
note_sleep(struct watch *w)
{
	int64_t woke_ms = w->ops->woke_ms(w->ops->ctx);

	if (woke_ms != w->woke_ms && w->state == WATCH_AWAY)
		go_away(w, choose_time(w), w->unsaid);
	w->woke_ms = woke_ms;
}

/* Whether the machine has just woken, and the card may seem removed only because its reader is not back. */
static bool
is_waking(const struct watch *w)
{
	return w->woke_ms != WAKING_NEVER && clk_mono_ms(w->clk) - w->woke_ms < WATCH_WAKING_MS;
}

static void
note_absence(struct watch *w)
{
	if (w->state == WATCH_THERE && !card_is_there(w)) {
		go_away(w, is_waking(w) ? choose_time(w) : w->grace_ms, false);
		tell_news(w, WATCH_GONE);
	}
	if (w->state == WATCH_AWAY && clk_left_ms(w->clk, w->deadline) == 0) {
		w->state = WATCH_LEFT;
		tell_news(w, WATCH_REMOVED);
	}
}

static void
note_presence(struct watch *w, const struct transport_reader *r, int certificate)
{
	enum watch_state before = w->state;

	w->state = WATCH_THERE;
	w->certificate = certificate;
	memcpy(w->reader, r->name, sizeof w->reader);
	w->generation = r->generation;
	if (before == WATCH_SEEKING || (before == WATCH_AWAY && w->unsaid))
		tell_news(w, WATCH_FOUND);
	else
		tell_news(w, WATCH_BACK);
}

/* --- other cards ------------------------------------------------------------------------ */

/* The record of the card in this reader; NULL if there are too many readers. */
static struct watch_card *
remembered(struct watch *w, const struct transport_reader *r)
{
	struct watch_card *empty = NULL;

	for (size_t i = 0; i < TRANSPORT_READERS_MAX; i++) {
		struct watch_card *c = &w->others[i];

		if (c->reader[0] == '\0')
			empty = empty != NULL ? empty : c;
		else if (strcmp(c->reader, r->name) == 0) {
			if (c->generation != r->generation)
				c->tries = 0;
			c->generation = r->generation;
			return c;
		}
	}
	if (empty != NULL) {
		memcpy(empty->reader, r->name, sizeof empty->reader);
		empty->generation = r->generation;
	}
	return empty;
}

/* Forget readers that are gone, or the table would fill up. */
static void
forget_readers(struct watch *w)
{
	for (size_t i = 0; i < TRANSPORT_READERS_MAX; i++) {
		bool found = false;

		for (size_t j = 0; j < w->seen.count; j++)
			found |= strcmp(w->others[i].reader, w->seen.at[j].name) == 0;
		if (!found)
			w->others[i] = (struct watch_card){ .reader = "" };
	}
}

static int64_t
sooner(int64_t a_ms, int64_t b_ms)
{
	if (a_ms == TRANSPORT_FOREVER)
		return b_ms;
	return b_ms == TRANSPORT_FOREVER || a_ms < b_ms ? a_ms : b_ms;
}

static int64_t
time_to_look(const struct watch *w)
{
	return w->state == WATCH_AWAY ? clk_left_ms(w->clk, w->deadline) : WATCH_LOOK_MS;
}

/* After the removal was handled, any enrolled card of the user may replace the one that left. */
static bool
is_the_session_s(const struct watch *w, int certificate)
{
	return certificate >= 0 &&
	    (w->certificate < 0 || certificate == w->certificate || w->state == WATCH_LEFT);
}

/* Cards of others may now be enrolled for the user: probe them again. */
static void
note_renewal(struct watch *w)
{
	if (!w->ops->renewed(w->ops->ctx, &w->certificate))
		return;
	memset(w->others, 0, sizeof w->others);
	tell_news(w, WATCH_RENEWED);
}

/*
 * Probes the cards that are not yet identified, until one is ours. Returns after how many milliseconds
 * another one must be probed again; TRANSPORT_FOREVER: none.
 */
static int64_t
seek(struct watch *w)
{
	int64_t again = TRANSPORT_FOREVER;

	note_renewal(w);
	forget_readers(w);
	for (size_t i = 0; i < w->seen.count; i++) {
		const struct transport_reader *r = &w->seen.at[i];
		struct watch_card *card = r->has_card ? remembered(w, r) : NULL;
		int64_t ms = time_to_look(w);
		int certificate;

		if (card != NULL && w->state == WATCH_LEFT)
			again = sooner(again, WATCH_RENEWAL_MS);
		if (card == NULL || card->tries >= WATCH_TRIES || ms == 0)
			continue;
		certificate = w->ops->look(w->ops->ctx, r->name, ms);
		if (is_the_session_s(w, certificate)) {
			note_presence(w, r, certificate);
			return TRANSPORT_FOREVER;
		}
		if (certificate == LOOK_UNCLEAR)
			again = sooner(again, (int64_t)WATCH_RETRY_MS << card->tries++);
		else
			card->tries = WATCH_TRIES;
	}
	return again;
}

struct outcome
watch_step(struct watch *w, int64_t *ret_ms)
{
	struct outcome o = w->transport->ops->readers(w->transport->ctx, &w->seen);
	int64_t again = TRANSPORT_FOREVER;

	if (watch_lacks_service(&o))
		service_gone(w);
	if (!outcome_ok(&o))
		return o;
	if (w->service_gone)
		service_back(w);
	note_sleep(w);
	note_absence(w);
	if (w->state != WATCH_THERE)
		again = seek(w);
	*ret_ms = w->state == WATCH_AWAY ? sooner(again, clk_left_ms(w->clk, w->deadline)) : again;
	return o;
}

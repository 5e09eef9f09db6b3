/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search for a card in all readers, the same one for a login, the tools and the client of an ssh login.
 * They differ in what they look for: search_cards() calls their own look at each card.
 *
 * A card that will not do is passed over. It gives the outcome only if there is no better one.
 */
#ifndef JPKI_FLOW_POSSESSION_SEARCH_H
#define JPKI_FLOW_POSSESSION_SEARCH_H

#include "card/jpki.h"
#include "card/transport.h"
#include "flow/possession/env.h"

/*
 * For so long other programs may keep a card from us: most are done by then, and another user
 * who holds it on purpose (pcscd limits no transaction) delays somebody by no more than this. A card that
 * a program has to itself, as gpg's scdaemon does for hours, is rarely given back so soon.
 */
#define SEARCH_BUSY_MS 3000
#define SEARCH_HELD_MS 2000

struct search {
	const struct flow_env *env;
	const char *wanted;	/* search_wants(); NULL: any reader */
	int64_t wait_ms;	/* for a card that comes */
	bool (*gone)(void *ctx);	/* the person has; NULL: never */
	/* Called once, before the first wait for a card that the person has to place; NULL: nothing to do. */
	void (*waits)(void *ctx);
	/*
	 * Looks at a card to which the transport is open; it spends no try. *ret_over: this is the
	 * one, whatever the outcome. OUTCOME_OK without it: it will do, and so may others.
	 */
	struct outcome (*look)(void *ctx, struct jpki *card, const char *reader, bool *ret_over);
	void *ctx;
	char reader[TRANSPORT_NAME_MAX];	/* result: of the card that the outcome is about; "" for none */
};

/*
 * Looks at each card once, those that another program is using last; then at cards that come, and
 * at those that become free, until wait_ms have passed, or SEARCH_BUSY_MS and SEARCH_HELD_MS. It waits
 * no more once a card will do. Nothing is held when it returns.
 *
 * What look() returned for the card that is worth most to the person, or CARD_BUSY, NO_CARD, NO_READER
 * (with `wanted`, also if no reader has such a name, which is logged), NO_SERVICE, SERVICE_REFUSED,
 * CANCELLED if the person has gone.
 */
struct outcome search_cards(struct search *s) MUST_CHECK;

/*
 * Whether a reader is the one that is wanted: its name, or the begin of it if no reader bears
 * the whole. NULL and "" want any.
 */
bool search_wants(const char *wanted, const struct transport_readers *readers, const char *name);

#endif

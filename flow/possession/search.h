/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Searches all readers for a card, in the same way for a login, the tools and the client of an ssh
 * login. They differ in what they look for: search_cards() calls their own look() for each card.
 *
 * An unusable card is passed over. It gives the outcome only if there is no better one.
 */
#ifndef JPKI_FLOW_POSSESSION_SEARCH_H
#define JPKI_FLOW_POSSESSION_SEARCH_H

#include "card/jpki.h"
#include "card/transport.h"
#include "flow/possession/env.h"

/*
 * Other programs may keep a card from us for this long. Most finish sooner, and another user who
 * holds the card on purpose (pcscd limits no transaction) delays a login by no more than this. A
 * program that has the card to itself, as gpg's scdaemon does for hours, rarely gives it back so
 * soon.
 */
#define SEARCH_BUSY_MS 3000
#define SEARCH_HELD_MS 2000

struct search {
	const struct flow_env *env;
	const char *wanted;	/* search_wants(); NULL: any reader */
	int64_t wait_ms;	/* for a card to arrive */
	bool (*gone)(void *ctx);	/* whether the caller has gone; NULL: never */
	/* Called once, before the first wait for a card that the user has to place; NULL: nothing to do. */
	void (*waits)(void *ctx);
	/*
	 * Looks at a card to which the transport is open, without using a try. *ret_over: this is
	 * the one, whatever the outcome. OUTCOME_OK without it: this card is usable, and others may
	 * be too.
	 */
	struct outcome (*look)(void *ctx, struct jpki *card, const char *reader, bool *ret_over);
	void *ctx;
	char reader[TRANSPORT_NAME_MAX];	/* result: of the card that the outcome is about; or "" */
};

/*
 * Looks at each card once, those that another program is using last; then at cards that arrive, and
 * at those that become free, until wait_ms have passed, or SEARCH_BUSY_MS and SEARCH_HELD_MS. It
 * stops waiting once a card is usable. Nothing is held when it returns.
 *
 * Returns what look() returned for the card that is most useful to the user, or CARD_BUSY, NO_CARD,
 * NO_READER (with `wanted`, even if only no reader has such a name, which is logged), NO_SERVICE,
 * SERVICE_REFUSED, CANCELLED if the caller has gone.
 */
struct outcome search_cards(struct search *s) MUST_CHECK;

/*
 * Whether a reader is the wanted one: by its name, or by a prefix of it if no reader has exactly
 * that name. NULL and "" match any reader.
 */
bool search_wants(const char *wanted, const struct transport_readers *readers, const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What every flow is given: nothing here is global, so tests can bring their own. */
#ifndef JPKI_FLOW_POSSESSION_ENV_H
#define JPKI_FLOW_POSSESSION_ENV_H

#include <sys/types.h>

#include "lib/budget.h"
#include "lib/clk.h"
#include "lib/log.h"
#include "lib/outcome.h"

struct conf;
struct found_card;
struct secret;
struct transport;

struct flow_env {
	const struct conf *conf;
	struct transport *transport;
	const struct clk *clk;
	const struct log *log;
	/*
	 * What card and reader may take in all; paused while the person types. NULL: conf->timeout
	 * for each piece of work, of which the caller takes care.
	 */
	const struct budget *budget;
	uid_t trust_owner;			/* 0 but in tests (lib/safefile.h) */
	/*
	 * The uid of the account of this name (its pw_name); false: it has none. Whether a card may be
	 * registered from outside for it depends on that (config/fleetcopy.h). NULL: for none.
	 */
	bool (*uid_of)(void *ctx, const char *user, uid_t *ret_uid);
	void *uid_ctx;
};

/* The person, or rather the way to one. */
struct flow_ui {
	/*
	 * Asks for the PIN of the card in found->reader, once, and stores what was
	 * typed. OUTCOME_OK; PIN_FORMAT, CANCELLED and the like, and the secret is empty.
	 */
	MUST_CHECK struct outcome (*ask_pin)(void *ctx, const struct found_card *found,
	    struct secret *pin);
	/*
	 * Asks before a card is there, for PIN or password. OUTCOME_OK: a PIN, which ask_pin() will
	 * store once it is called, without another question; else as ask_pin(). NULL: that is not done.
	 */
	struct outcome (*ask_early)(void *ctx);
	/* The search has found no card of the user's and waits for one: called once at most. NULL: nothing to do. */
	void (*waits)(void *ctx);
	/* Whether nobody waits for the result any more. */
	bool (*gone)(void *ctx);
	void *ctx;
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What every flow is given. Nothing is global, so tests can supply their own. */
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
	 * Time that card and reader may take in total; paused while the user types. NULL:
	 * conf->timeout for each piece of work, which the caller enforces.
	 */
	const struct budget *budget;
	uid_t trust_owner;			/* 0 but in tests (lib/safefile.h) */
	/*
	 * Finds the uid of the account with this name (pw_name); returns false if no account has it.
	 * The uid decides whether an organization may register a card for the account
	 * (config/fleetcopy.h). NULL: it may not for any account.
	 */
	bool (*uid_of)(void *ctx, const char *user, uid_t *ret_uid);
	void *uid_ctx;
};

/* The way to the user. */
struct flow_ui {
	/*
	 * Prompts once for the PIN of the card in found->reader and stores the input. OUTCOME_OK;
	 * otherwise PIN_FORMAT, CANCELLED and the like, and the secret is empty.
	 */
	MUST_CHECK struct outcome (*ask_pin)(void *ctx, const struct found_card *found,
	    struct secret *pin);
	/*
	 * Prompts for PIN or password before a card is there. OUTCOME_OK: a PIN was typed, which
	 * ask_pin() will store without another prompt; otherwise as ask_pin(). NULL: no early
	 * prompt.
	 */
	struct outcome (*ask_early)(void *ctx);
	/* The search has found no card of the user's and waits for one: called once at most. NULL: nothing to do. */
	void (*waits)(void *ctx);
	/* Whether the caller has gone and does not need the result. */
	bool (*gone)(void *ctx);
	void *ctx;
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides whether the card of a session is present: the logic of jpki-watch. Card, clock and screen are
 * passed in.
 *
 * MUSTs: our card is not touched while it is present, nor is any other card then; an unknown state (pcscd
 * gone, a card that does not answer) is not a removal; but placing another card on the reader does not
 * delay the removal.
 */
#ifndef JPKI_TOOLS_WATCH_WATCH_H
#define JPKI_TOOLS_WATCH_WATCH_H

#include "card/transport.h"
#include "lib/clk.h"
#include "tools/watch/waking.h"

#define WATCH_LOOK_MS 10000	/* to identify a card */
/*
 * How long an absence must last to count while readers may still be starting: at the start, after pcscd
 * came back, or around a suspend.
 */
#define WATCH_SETTLE_MS 5000
#define WATCH_WAKING_MS 15000	/* after a suspend: readers restart, or appear as new ones */
#define WATCH_RENEWAL_MS 30000	/* between two checks whether a card on a reader has been enrolled */
#define WATCH_TRIES 10		/* probes of a card that cannot be identified, usually because it is in use */
#define WATCH_RETRY_MS 500	/* after the first probe; doubled after each further one */

/* The result of a probe: the index of an enrolled certificate, or one of these. */
enum { LOOK_OTHER = -1, LOOK_UNCLEAR = -2 };

enum watch_news {
	WATCH_FOUND,		/* the card of the session, for the first time */
	WATCH_GONE,		/* it left; the grace runs */
	WATCH_BACK,		/* within the grace, or after the removal */
	WATCH_REMOVED,		/* the grace is over: act */
	WATCH_SERVICE_GONE,	/* pcscd does not run; this is not a removal */
	WATCH_SERVICE_BACK,
	WATCH_RENEWED,		/* the enrolled certificates have changed */
};

struct watch_ops {
	/* Probes the card in a reader, for at most ms milliseconds. */
	int (*look)(void *ctx, const char *reader, int64_t ms);
	/* reader is where the card is, or was last; "" if unknown. */
	void (*tell)(void *ctx, enum watch_news news, const char *reader);
	/*
	 * Whether the enrolled certificates have changed since the last call, as after a renewal. Then
	 * probes use the new ones, and *certificate (of the session; -1 stays) becomes its index among
	 * them, or -1: it is no longer enrolled, and the first enrolled card seen replaces it.
	 */
	bool (*renewed)(void *ctx, int *certificate);
	/* When the machine last woke from suspend, by the clock of this struct; WAKING_NEVER. */
	int64_t (*woke_ms)(void *ctx);
	void *ctx;
};

enum watch_state {
	WATCH_SEEKING,		/* no card yet: take the first enrolled one */
	WATCH_THERE,
	WATCH_AWAY,		/* the grace runs */
	WATCH_LEFT,		/* removal handled; any enrolled card of the user may replace it */
};

struct watch_card {		/* a card that was probed and is not known to be ours */
	char reader[TRANSPORT_NAME_MAX];
	uint32_t generation;
	unsigned int tries;	/* WATCH_TRIES: do not probe again */
};

struct watch {
	const struct transport *transport;
	const struct clk *clk;
	const struct watch_ops *ops;
	int64_t grace_ms;
	int certificate;		/* index of ours; -1 while SEEKING */
	enum watch_state state;
	char reader[TRANSPORT_NAME_MAX];
	uint32_t generation;
	int64_t deadline;		/* AWAY */
	int64_t woke_ms;		/* as of the last step */
	bool unsaid;			/* AWAY, but not yet reported: it may be a false alarm */
	bool service_gone;
	struct transport_readers seen;
	struct watch_card others[TRANSPORT_READERS_MAX];
};

/*
 * Initializes. certificate: the index of the session's, which counts as away until it is seen; or -1. All
 * arguments must outlive w.
 */
void watch_init(struct watch *w, const struct transport *transport, const struct clk *clk,
    const struct watch_ops *ops, int64_t grace_ms, int certificate);

/* Whether pcscd does not run, refuses us, or has another version than our library: this is no removal. */
bool watch_lacks_service(const struct outcome *o);

/*
 * Checks the readers and reports changes. OUTCOME_OK: *ret_ms (or TRANSPORT_FOREVER) is the maximum time to
 * wait on w->seen before the next step. watch_lacks_service(): nothing to wait on until pcscd is back.
 * Otherwise the transport's outcome.
 */
struct outcome watch_step(struct watch *w, int64_t *ret_ms) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the card of a session is there: what jpki-watch decides, without a card, a clock
 * or a screen of its own.
 *
 * MUSTs: a card that is there is not touched, and no other one either while ours is there;
 * what cannot be told (pcscd gone, a card that does not answer) is not a removal; but nobody
 * who puts another card there can put the removal off.
 */
#ifndef JPKI_TOOLS_WATCH_WATCH_H
#define JPKI_TOOLS_WATCH_WATCH_H

#include "card/transport.h"
#include "lib/clk.h"
#include "tools/watch/waking.h"

#define WATCH_LOOK_MS 10000	/* for a card to say whose it is */
/*
 * Until an absence counts where readers may only just be starting: at the begin, after
 * pcscd came back, after a suspend in the middle of an absence, or shortly before one.
 */
#define WATCH_SETTLE_MS 5000
#define WATCH_WAKING_MS 15000	/* after a suspend: readers come up again, or appear as new ones */
#define WATCH_RENEWAL_MS 30000	/* between two looks whether a card that lies there has been enrolled */
#define WATCH_TRIES 10		/* looks at a card that does not say whose it is, mostly for it is in use */
#define WATCH_RETRY_MS 500	/* after the first of them; twice as long after each further one */

/* What a look at a card found: the number of an enrolled certificate, or one of these. */
enum { LOOK_OTHER = -1, LOOK_UNCLEAR = -2 };

enum watch_news {
	WATCH_FOUND,		/* the card of the session, for the first time */
	WATCH_GONE,		/* it left; the grace runs */
	WATCH_BACK,		/* in time, or after the removal */
	WATCH_REMOVED,		/* the grace is over: act */
	WATCH_SERVICE_GONE,	/* pcscd; this is no removal */
	WATCH_SERVICE_BACK,
	WATCH_RENEWED,		/* other certificates are enrolled than before */
};

struct watch_ops {
	/* Looks at the card in a reader, for ms milliseconds at most. */
	int (*look)(void *ctx, const char *reader, int64_t ms);
	/* reader is where the card is, or was last; "" if nobody knows. */
	void (*tell)(void *ctx, enum watch_news news, const char *reader);
	/*
	 * Whether other certificates are enrolled than at the last call: a renewed card has another.
	 * Then looks find these, and *certificate (of the session; -1 stays) has its number among
	 * them, or -1: it is enrolled no more, and the first of them that is seen takes its place.
	 */
	bool (*renewed)(void *ctx, int *certificate);
	/* When the machine last woke from suspend, by the clock of this; WAKING_NEVER. */
	int64_t (*woke_ms)(void *ctx);
	void *ctx;
};

enum watch_state {
	WATCH_SEEKING,		/* no card yet: the first enrolled one is it */
	WATCH_THERE,
	WATCH_AWAY,		/* the grace runs */
	WATCH_LEFT,		/* it is over; any card of the user's may take its place */
};

struct watch_card {		/* looked at, and not ours as far as one can tell */
	char reader[TRANSPORT_NAME_MAX];
	uint32_t generation;
	unsigned int tries;	/* WATCH_TRIES: not again */
};

struct watch {
	const struct transport *transport;
	const struct clk *clk;
	const struct watch_ops *ops;
	int64_t grace_ms;
	int certificate;		/* the number of ours; -1 while SEEKING */
	enum watch_state state;
	char reader[TRANSPORT_NAME_MAX];
	uint32_t generation;
	int64_t deadline;		/* AWAY */
	int64_t woke_ms;		/* as of the last step */
	bool unsaid;			/* AWAY, but nobody has been told: it may not be so */
	bool service_gone;
	struct transport_readers seen;
	struct watch_card others[TRANSPORT_READERS_MAX];
};

/*
 * Begins. certificate: the number of the session's, which counts as away until it is seen;
 * or -1. Everything given is lent.
 */
void watch_init(struct watch *w, const struct transport *transport, const struct clk *clk,
    const struct watch_ops *ops, int64_t grace_ms, int certificate);

/* Whether pcscd is not there, not for us, or another than our library knows: no removal. */
bool watch_lacks_service(const struct outcome *o);

/*
 * Looks, tells what is new. OUTCOME_OK: *ret_ms (or TRANSPORT_FOREVER) is how long to wait
 * on w->seen at most before the next step. watch_lacks_service(): there is nothing to
 * wait on before pcscd is back. Whatever else the transport says.
 */
struct outcome watch_step(struct watch *w, int64_t *ret_ms) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the program needs of smart card readers, as a table of
 * functions: card/pcsc.c is the real one, the tests have others.
 */
#ifndef JPKI_CARD_TRANSPORT_H
#define JPKI_CARD_TRANSPORT_H

#include <stddef.h>

#include "lib/outcome.h"

#define TRANSPORT_READERS_MAX 15	/* pcscd has 16, and one state is for plugging */
#define TRANSPORT_NAME_MAX 128		/* MAX_READERNAME, with the NUL */
#define TRANSPORT_FOREVER (-1)		/* of wait() */

struct transport_reader {
	char name[TRANSPORT_NAME_MAX];
	bool has_card;
	bool in_use;		/* some program is connected to the card */
	bool exclusive;		/* and has exclusive access */
	/*
	 * Changes whenever a card is inserted or removed, but restarts when the reader is plugged in: it
	 * shows when to check again, it does not prove that a card is the same.
	 */
	uint32_t generation;
	uint32_t state;		/* opaque, for wait() */
};

struct transport_readers {
	size_t count;
	struct transport_reader at[TRANSPORT_READERS_MAX];
};

/* What to do with the card at the end of the connection. */
enum transport_close {
	TRANSPORT_LEAVE,	/* nothing was verified: leave it as it is */
	TRANSPORT_POWER_DOWN,	/* power down, perhaps up again at once: with contactless readers
				   only this drops the verified state (doc/facts/jpki-card.md §3.1) */
};

struct transport_ops {
	/*
	 * The readers connected now and the state of their cards. OUTCOME_OK even if there is no reader.
	 * NO_SERVICE, SERVICE_REFUSED.
	 */
	MUST_CHECK struct outcome (*readers)(void *ctx, struct transport_readers *ret);

	/*
	 * Sleeps until something differs from `known`, or for ms milliseconds
	 * (TRANSPORT_FOREVER: without limit). OUTCOME_OK in both cases;
	 * NO_SERVICE.
	 */
	MUST_CHECK struct outcome (*wait)(void *ctx, const struct transport_readers *known, int64_t ms);

	/*
	 * Connects (shared) to the card on this reader and begins a transaction;
	 * waits up to ms milliseconds for a program that has exclusive access or
	 * comes first. (For a program in a transaction libpcsclite, and so
	 * card/pcsc.c, waits without limit: the process needs a watchdog that
	 * knows ms, see pcsc_outcome_if_late().) On OUTCOME_OK close() must follow.
	 * CARD_BUSY, CARD_REMOVED (there is none), CARD_MUTE, NO_READER,
	 * NO_SERVICE, SERVICE_REFUSED.
	 */
	MUST_CHECK struct outcome (*open)(void *ctx, const char *reader, int64_t ms);

	/*
	 * Powers the card down and up again within the transaction, which drops the verified state that
	 * another program left. CARD_REMOVED, CARD_MUTE.
	 */
	MUST_CHECK struct outcome (*power_cycle)(void *ctx);

	/*
	 * One command, one response (data and status word) into resp[cap].
	 * CARD_REMOVED (also if it was reset or swapped: nothing is resent),
	 * CARD_MUTE, BAD_REPLY (longer than cap, shorter than a status word).
	 */
	MUST_CHECK struct outcome (*transmit)(void *ctx, const uint8_t *cmd, size_t cmd_len,
	    uint8_t *resp, size_t cap, size_t *ret_len);

	/*
	 * Ends transaction and connection. False if the card was to be powered down, but may not have been.
	 */
	bool (*close)(void *ctx, enum transport_close how);
};

struct transport {
	const struct transport_ops *ops;
	void *ctx;
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Identifies a card. In a separate process, since pcscd, or a card, may hang. */
#ifndef JPKI_TOOLS_WATCH_CARD_PROBE_H
#define JPKI_TOOLS_WATCH_CARD_PROBE_H

#include "flow/usercerts.h"
#include "nss/blocklist.h"
#include "nss/cert.h"

#define LOOK_ID_LEN 16		/* hex digits of a fingerprint, as pam_jpki(8) logs them */

struct look {
	const struct clk *clk;
	const struct log *log;
	bool classic;		/* as of struct jpki */
	size_t count;
	struct {
		uint8_t der[CERT_DER_MAX];
		size_t len;
		char id[LOOK_ID_LEN + 1];
		struct block_entry by_certificate, by_serial;	/* what blocks it, see usercerts_block_entries() */
	} at[USERCERTS_MAX];
};

/*
 * The certificates enrolled for a user, valid or not. NSS is closed when it returns. Outcomes as
 * usercerts_load().
 */
struct outcome card_probe_load(struct look *look, const struct flow_env *env, const char *user) MUST_CHECK;

/* The index of the certificate with this id, or -1. */
int card_probe_find(const struct look *look, const char *id);

/*
 * Connects to the card in a reader, reads the start of its user-authentication certificate (no PIN) and
 * disconnects. Returns the index of the certificate, LOOK_OTHER, or LOOK_UNCLEAR: it could not be read
 * within ms milliseconds (tools/watch/watch.h). SIGCHLD must not be ignored.
 */
int card_probe_answer(const struct look *look, const char *reader, int64_t ms);

/*
 * The same for whether it is a My Number Card, of any user: 0, LOOK_OTHER or LOOK_UNCLEAR. Reads nothing but its
 * application and its kind.
 */
int card_probe_kind(const struct look *look, const char *reader, int64_t ms);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides which blocks of an organization's directory follow from the CRLs: for jpkictl fleet revoke-from-crl, which
 * runs where the CRLs are. It only decides: it uses no file and no clock.
 *
 * The rules: a listed certificate is blocked. A block ends only if this program made it because the certificate was
 * suspended (certificateHold), and a later list that covers the certificate does not contain it any more. Blocks made
 * by people stay.
 */
#ifndef JPKI_TOOLS_FLEET_REVOKING_H
#define JPKI_TOOLS_FLEET_REVOKING_H

#include "tools/fleet/rules.h"

#define REVOKING_TEXT_MAX 256

/* What the directory has of a name in blocked/. */
struct revoking_entry {
	char name[FLEET_NAME_MAX];
	enum fleet_word word;
	bool hold;		/* our own block of a suspended certificate */
	int64_t list;		/* of hold: thisUpdate of the list that had it, seconds since 1970 UTC */
	char description[REVOKING_TEXT_MAX];	/* as it is; "" if it has several, is too long, or no plain text */
};

/* What the lists say of a certificate. */
enum revoking_said {
	REVOKING_UNKNOWN,	/* a list is missing, has expired, cannot be read, or the certificate has expired */
	REVOKING_ABSENT,	/* a valid list that covers it does not have it */
	REVOKING_SUSPENDED,
	REVOKING_REVOKED,
};

enum revoking_change {
	REVOKING_NOTHING,
	REVOKING_ADD,		/* an entry that blocks */
	REVOKING_BLOCK,		/* the entry that is there blocks from now on, or for another reason */
	REVOKING_LIFT,
};

/* entry: NULL if the directory has none. list: thisUpdate of the list that says so; 0 for UNKNOWN. */
enum revoking_change revoking_decide(const struct revoking_entry *entry, enum revoking_said said, int64_t list) MUST_CHECK;

/*
 * The description of an entry says who made it and why, after the word and the time:
 * "block 2026-11-29T03:00:00Z revoke-from-crl certificateHold 2026-11-28T15:00:00Z". The first function writes
 * what follows the word; the second reads it all into hold, list and description, and leaves hold and list zero for
 * anybody else's.
 */
#define REVOKING_NOTE_MAX 128
#define REVOKING_REASON_MAX 32
#define REVOKING_HOLD "certificateHold"	/* RFC 5280 §5.3.1 */
#define REVOKING_GONE "notListed"	/* in the place of a reason, of a lift */
bool revoking_write_note(int64_t now, const char *reason, int64_t list, char note[static REVOKING_NOTE_MAX]) MUST_CHECK;
void revoking_read_note(const char *description, struct revoking_entry *ret);

#endif

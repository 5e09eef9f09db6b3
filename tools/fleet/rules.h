/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides what the copy of an organization's directory takes from a directory. Decisions alone:
 * no file, no socket, no clock, so that a table can test each. The caller has checked that a record
 * is well-formed (tools/fleet/record.h), and does what is decided (tools/fleet/store.h).
 *
 * The principle: a denial is accepted at once and stays; an admission needs a whole, recent copy
 * without errors. A directory that is restored from an old backup, cut off, filtered, or wrong removes
 * nothing and brings nothing back.
 */
#ifndef JPKI_TOOLS_FLEET_RULES_H
#define JPKI_TOOLS_FLEET_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/outcome.h"

#define FLEET_NAME_MAX 128	/* of a file in blocked/, with the NUL */

/* --- when something was written ------------------------------------------------------- */

/*
 * By entryCSN (OpenLDAP: time, count, server), or else by modifyTimestamp, which is coarse: a second.
 * All zero: never.
 */
struct fleet_stamp {
	int64_t s;		/* seconds since 1970 UTC */
	uint32_t us;
	uint32_t count;
	bool coarse;		/* us and count mean nothing */
};

/* Whether a was certainly written after b; false if a coarse stamp leaves it open. */
bool rules_later(const struct fleet_stamp *a, const struct fleet_stamp *b) MUST_CHECK;

/* Reads "20261129030000.123456Z#000001#001#000000"; false for anything else. */
bool rules_read_csn(const char *text, struct fleet_stamp *ret) MUST_CHECK;

/* Reads "20261129030000Z" (RFC 4517 §3.3.13, UTC alone); false for anything else. */
bool rules_read_time(const char *text, struct fleet_stamp *ret) MUST_CHECK;

/* --- blocks ------------------------------------------------------------ */

enum fleet_word { FLEET_BLOCK, FLEET_LIFT };

/* The memory of one name in blocked/. It is kept for ever. */
struct fleet_mark {
	struct fleet_stamp blocked_at, lifted_at;	/* the latest of each */
	bool ever_blocked;
};

/*
 * Whether the name is blocked: it was, and there is no later lift. A block and a lift of the same
 * moment count as a block.
 */
bool rules_is_blocked(const struct fleet_mark *mark) MUST_CHECK;

/*
 * Notes an entry. True: it changes what is remembered. There is no such function for an entry that
 * is missing or was deleted: that lifts nothing.
 */
bool rules_note_word(struct fleet_mark *mark, enum fleet_word word, const struct fleet_stamp *stamp);

/* --- registrations -------------------------------------------------- */

/* How a refresh ended, that is, one whole reading of what there is. */
struct fleet_refresh {
	bool limited;		/* not all of it was taken: sizeLimitExceeded, timeLimitExceeded, adminLimitExceeded, a referral */
	int64_t seen;		/* registrations */
	int64_t stated;		/* as the state entry says; -1: no state entry */
};

enum fleet_absence {
	FLEET_REMOVE,		/* registrations that were not mentioned are removed */
	FLEET_HOLD,		/* nothing is removed; the administrator has to look (JPKI-E-FLEET-SHRUNK) */
};

#define FLEET_GONE_MAX 20	/* or a fiftieth of what is known, if that is more */

/* What to do if `gone` of `known` registrations were not mentioned in a refresh. */
enum fleet_absence rules_absence(const struct fleet_refresh *refresh, int64_t known, int64_t gone) MUST_CHECK;

/*
 * Whether an entry counts although a registration of that name and certificate was removed: only if it
 * was written later than what we remember. A restored entry keeps its old stamp.
 */
bool rules_may_return(const struct fleet_stamp *removed, const struct fleet_stamp *entry) MUST_CHECK;

/* Of two entries for one name: whether the second takes the place of the first. The older stays. */
bool rules_replaces(const struct fleet_stamp *created_first, const struct fleet_stamp *created_second) MUST_CHECK;

/* --- the source -------------------------------------------------------- */

/* The state entry of the source, which the registrar's side touches each minute. */
struct fleet_source {
	int64_t generation;
	int64_t time;		/* seconds since 1970 UTC */
	int64_t enrolled, blocked;
};

/*
 * Reads "generation=7 time=1764345600 enrolled=20000 blocked=12", in any order, each once, nothing else.
 */
bool rules_read_source(const char *text, struct fleet_source *ret) MUST_CHECK;

/* Whether a directory is older than what we have seen of the source: then only its blocks are accepted. */
bool rules_is_behind(const struct fleet_source *ours, const struct fleet_source *theirs) MUST_CHECK;

/* --- servers ---------------------------------------------------------------------------- */

#define FLEET_COMPARE_S 86400

/* Whether a whole comparison is due, in any mode. A clock that was set back makes it due. */
bool rules_compare_due(int64_t last, int64_t now) MUST_CHECK;

/*
 * Whether to stay connected to a server: it offers content synchronization (RFC 4533) and does not turn us away; else it
 * is polled. So is 389-ds: it has ten places, and what it says at the end of a refresh cannot be believed. Its access rules
 * may hide the vendorName, but it also offers Netscape's persistent search, and OpenLDAP does not: that tells them apart.
 */
bool rules_may_persist(bool offers_sync, bool turned_away, bool offers_psearch, const char *vendor) MUST_CHECK;

#define FLEET_DELAY_MAX_S 60

/*
 * Seconds until the next try: doubled after each failure, half of it random, so that 5,000 machines
 * do not come back at once.
 */
unsigned int rules_delay(unsigned int base_s, unsigned int failures, uint32_t random) MUST_CHECK;

/*
 * Returns how many connections in a row have failed, the last one included. failures: how many before it; lasted_s: seconds
 * that it lasted after its whole answer, or -1 if no whole answer came or that was not believed; waited_s: seconds of the wait
 * before it. A connection that lasted no longer than that wait has failed, too: otherwise a server that hangs up
 * after each whole answer would send everything to 5,000 machines every second.
 */
unsigned int rules_failures(unsigned int failures, int64_t lasted_s, int64_t waited_s) MUST_CHECK;

#endif

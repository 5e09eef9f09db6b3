/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares one answer of a directory, all that it has or what has changed, with what is remembered
 * (tools/fleet/memory.h), by the rules (tools/fleet/rules.h). It writes only a plan, for tools/fleet/store.h:
 *
 *	block NAME, unblock NAME
 *	register USER COUNT, and then that many certificates in PEM
 *	remove USER
 *
 * Certificates are decoded here, so this is for a caged process (tools/common/caged.h).
 */
#ifndef JPKI_TOOLS_FLEET_JUDGE_H
#define JPKI_TOOLS_FLEET_JUDGE_H

#include <stdio.h>

#include "flow/possession/env.h"
#include "tools/fleet/memory.h"

/* How it ended. Blocks and lifts are taken in every case except FAILED. */
enum judge_end {
	JUDGE_TAKEN = 1,
	JUDGE_HELD,		/* registrations are missing without proof that they were removed: none is removed here; or
				 * (held 0, of CHANGES) their number differs from that in the state entry */
	JUDGE_FULL,		/* more names than can be remembered (MEMORY_ENTRIES_MAX): a registration that cannot be was not
				 * taken, one whose removal cannot be was not removed, and none for being missing */
	JUDGE_BEHIND,		/* the source is older than what we have seen of it: no registration was taken */
	JUDGE_NO_SOURCE,	/* no state entry (in CHANGES it may be missing), or two: likewise */
	JUDGE_UNREADABLE,	/* the text is not understood from some line on: likewise */
	JUDGE_FAILED,		/* no memory, or the trust database: nothing may be used */
};

struct judgement {
	enum judge_end end;
	struct fleet_source source;	/* for TAKEN, HELD and BEHIND; all zero where CHANGES have none */
	int64_t line;			/* of UNREADABLE */
	int64_t registered, changed, removed, held, refused, blocked;
	bool whole;			/* the copy is what the source has: its state may be written */
};

/* What the text contains. */
enum judge_answer {
	JUDGE_WHOLE,		/* all that there is: what it does not mention is gone, if it proves to be whole */
	JUDGE_CHANGES,		/* what was written, and removed (RECORD_REMOVED), since a whole one of the same server */
	JUDGE_START,		/* nothing: the files of the copy are compared with what is remembered */
	JUDGE_WORDS,		/* a part, or of a server that is not believed: blocks and lifts alone are taken */
};

struct judge_source {
	FILE *ldif;		/* it can be read again from its beginning */
	FILE *plan;
	enum judge_answer answer;
	int64_t there;		/* of CHANGES: registrations that the server has by now */
	bool accept;		/* the administrator agrees to the removal of what is missing */
};

/*
 * Judges all of it; *memory becomes what is to be remembered afterwards. Refusals are logged.
 */
void judge_refresh(const struct flow_env *env, const struct judge_source *source, struct memory *memory,
    struct judgement *ret);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the copy of an organization's directory (config/fleetcopy.h): the only place that does. Its input
 * comes from a caged process and is checked again.
 *
 * In this order, so that a power cut between any two leaves a copy that is old or new and never loses a
 * block: blocks and removals, with the new registrations aside, and all of it on disk; memory (a record of
 * the journal, or the whole); registrations, renamed from aside, and unblocks; state. A removal comes before the memory: the memory
 * does not know the user any more, so no later answer would remove the file.
 */
#ifndef JPKI_TOOLS_FLEET_STORE_H
#define JPKI_TOOLS_FLEET_STORE_H

#include <stdio.h>
#include <stdlib.h>

#include "config/fleetcopy.h"
#include "flow/possession/env.h"
#include "lib/log.h"
#include "tools/fleet/memory.h"

#define STORE_JOURNAL_MAX 262144	/* bytes; then the memory is written as a whole */

/* The directory of the copy; the functions log what goes wrong and return false. */
struct store {
	const char *dir;	/* fleet_dir */
	uid_t owner;		/* 0 but in tests */
	const struct log *log;
};

/* The store of the configured fleet_dir; lent from *env. */
static inline struct store
store_of(const struct flow_env *env)
{
	return (struct store){ .dir = env->conf->fleet_dir, .owner = env->trust_owner, .log = env->log };
}

/* Makes the directories, or checks those that are there. One writer at a time: *ret_lock is the caller's. */
bool store_open(const struct store *store, int *ret_lock) MUST_CHECK;

/* Removes the unfinished files of a writer that was killed. The caller has the lock of store_open(). */
void store_tidy(const struct store *store);

/* The memory as it is on disk: a whole text (tools/fleet/memory.h), and what changed since (tools/fleet/journal.h). */
struct store_memory {
	char *whole;		/* NULL: nothing is remembered yet */
	int64_t number;		/* of the whole */
	char *journal;		/* NULL: there is none of this number */
	size_t journal_len;	/* bytes of whole records; what is behind them was torn by a power cut */
	int64_t sequence;	/* of the last record */
};

/* Reads the files, without a look at what is remembered. store_memory_done() in every case. */
bool store_read_memory(const struct store *store, struct store_memory *ret) MUST_CHECK;
void store_memory_done(struct store_memory *memory);

/* Understands them; the texts are taken apart in place. False: memory_read() says why. memory_done() in every case. */
bool store_understand(struct store_memory *from, struct memory *ret) MUST_CHECK;

/* The text to remember: the lines of a record, possibly none, or the whole memory. */
struct store_change {
	char *text;		/* NUL-terminated */
	size_t len;
	bool whole;
};

/* Makes it, whole where the journal would become too long; false without memory. text is the caller's, free(). */
bool store_make_change(const struct store_memory *before, const struct memory *now, struct store_change *ret) MUST_CHECK;

/*
 * Notes that the administrator agrees to the removal of what is missing. `jpkictl fleet run` looks for
 * the note, asks for a whole answer, and forgets the note once that has been taken.
 */
bool store_accept(const struct store *store) MUST_CHECK;
bool store_is_accepted(const struct store *store) MUST_CHECK;
void store_forget_accepted(const struct store *store);

/* How many registrations wait to be taken away (JUDGE_HELD); -1: nothing is remembered. */
int64_t store_held(const struct store *store) MUST_CHECK;

static inline void
store_change_done(struct store_change *change)
{
	free(change->text);
}

/* Does what a plan says (tools/fleet/judge.h), and remembers the change; `before` was read with the lock of now. */
bool store_write(const struct store *store, FILE *plan, const struct store_memory *before, const struct store_change *change)
    MUST_CHECK;

/* Says that the copy is whole, as of then. */
bool store_write_state(const struct store *store, const struct fleetcopy_state *state) MUST_CHECK;

#endif

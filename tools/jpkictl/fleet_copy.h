/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer of an organization's directory becomes this machine's copy: for `jpkictl fleet import` and `run`. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_COPY_H
#define JPKI_TOOLS_JPKICTL_FLEET_COPY_H

#include "tools/common/tool.h"
#include "tools/fleet/judge.h"

struct fleet_update {
	int ldif;	/* a file of entries in LDIF; lent */
	enum judge_answer answer;
	int64_t there;	/* of CHANGES: registrations that the directory has by now */
	bool accept;	/* the administrator agrees to the removal of what is missing */
};

/*
 * Judges it in a caged process and writes what comes of it, with the lock of the copy. True: *ret says what; blocks
 * have been taken in every case. False, reported: it failed, and the copy is as it was, but for blocks.
 */
bool fleet_copy_update(struct tool *t, const struct fleet_update *update, struct judgement *ret) MUST_CHECK;

/* Says why not all of an answer was taken, on standard error. from: where it came from. False: nothing to say. */
bool fleet_copy_complain(const struct tool *t, const char *from, const struct judgement *j);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* An answer of an organization's directory becomes this machine's copy: for `jpkictl fleet import` and `run`. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_COPY_H
#define JPKI_TOOLS_JPKICTL_FLEET_COPY_H

#include <stdio.h>

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

/* Copies LDIF from a file, or from standard input ("-"), to a file of ours. False, reported. */
bool fleet_copy_source(const struct tool *t, const char *path, int to) MUST_CHECK;

/* A stream of a descriptor, which stays the caller's; NULL without memory. fclose() it. */
FILE *fleet_copy_stream(int fd, const char *mode);

/* Says why not all of an answer was taken, on standard error. from: where it came from. False: nothing to say. */
bool fleet_copy_complain(const struct tool *t, const char *from, const struct judgement *j);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a CA certificate that a card carries becomes trusted. */
#ifndef JPKI_TOOLS_JPKICTL_CANDIDATE_H
#define JPKI_TOOLS_JPKICTL_CANDIDATE_H

#include "tools/common/tool.h"

struct candidate {
	struct view der;
	const char *fingerprint;	/* of der: SHA-256, lower-case hex */
	const char *accepted;	/* what the administrator states, in the same form; NULL: nothing */
	bool yes;		/* the administrator has agreed to what would be asked */
};

/*
 * A card vouches for nothing: its maker chose what is on it. So TOOL_OK only if the administrator states
 * this fingerprint; or the project has it from the publication of J-LIS; or from independent copies, and
 * the person at the terminal says yes; or it is, byte by byte, what J-LIS publishes now, fetched over
 * https after a yes.
 *
 * TOOL_UNPROVEN: it is not known well enough, or the answer was no. TOOL_FAILED: it is another than the
 * one stated or published, or the list of fingerprints cannot be used. Complains for itself.
 */
int candidate_judge(const struct tool *t, const struct candidate *c) MUST_CHECK;

#endif

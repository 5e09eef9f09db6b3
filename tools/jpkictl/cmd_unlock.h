/* SPDX-License-Identifier: BSD-2-Clause */
/* What other commands do about a user's stored password (doc/unlock.md). */
#ifndef JPKI_TOOLS_JPKICTL_CMD_UNLOCK_H
#define JPKI_TOOLS_JPKICTL_CMD_UNLOCK_H

#include "flow/unlock.h"
#include "tools/common/tool.h"

/* After a change of the enrollment: removes a password that no enrolled card opens any more, and says so. */
void unlock_tidy(struct tool *t, const char *user);

enum unlock_state {
	UNLOCK_IN_ORDER,
	UNLOCK_UNREADABLE,	/* the reason is logged */
	UNLOCK_OTHER_CERT,	/* of no certificate that is enrolled for the user */
	UNLOCK_OLD,		/* the password was changed on a later day */
};

/* Judges a user's file without the card. *ret is set, except for UNREADABLE. */
enum unlock_state unlock_judge(struct tool *t, const char *user, struct unlock_facts *ret);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A time limit for work with the card: another program's transaction, or a pcscd that does not answer,
 * would make libpcsclite wait for ever. There is no limit while the user types.
 */
#ifndef JPKI_TOOLS_COMMON_DEADLINE_H
#define JPKI_TOOLS_COMMON_DEADLINE_H

#include "tools/common/tool.h"

struct pcsc;

/* pcsc is used when the deadline expires, so it must outlive the work with the card. */
void deadline_watch(const struct pcsc *pcsc);

/*
 * Starts, or restarts, the deadline: conf.timeout, and a little more, because the transport's own limit
 * gives a better message. When it expires the process exits with TOOL_FAILED and a message; pin_typed: the
 * message also says to remove the card.
 */
void deadline_arm(const struct tool *t, bool pin_typed);
/* The same while a PIN is being changed: then it is unknown which PIN is valid. */
void deadline_changing(const struct tool *t);
void deadline_off(void);

#endif

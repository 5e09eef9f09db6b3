/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A limit for the card's work: another program's transaction, or a pcscd that
 * does not answer, would keep libpcsclite waiting for ever. While a person
 * types there is none.
 */
#ifndef JPKI_TOOLS_COMMON_DEADLINE_H
#define JPKI_TOOLS_COMMON_DEADLINE_H

#include "tools/common/tool.h"

struct pcsc;

/* Whose work it is; lent until the end. */
void deadline_watch(const struct pcsc *pcsc);

/*
 * From now on (anew): conf.timeout, and a little for the transport's own limit,
 * which says more. When it strikes the process ends with TOOL_FAILED and a
 * sentence; pin_typed: which also says to take the card away.
 */
void deadline_arm(const struct tool *t, bool pin_typed);
/* The same while a PIN is being changed: nobody could know then which one holds. */
void deadline_changing(const struct tool *t);
void deadline_off(void);

#endif

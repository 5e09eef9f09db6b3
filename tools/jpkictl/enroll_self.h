/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl enroll --self: the user's side. Root's is tools/enroll_self/. */
#ifndef JPKI_TOOLS_JPKICTL_ENROLL_SELF_H
#define JPKI_TOOLS_JPKICTL_ENROLL_SELF_H

#include "tools/common/tool.h"

/*
 * Says why it is of no use where that can be seen, else has pkexec(1) start jpki_enroll_self, which decides. reader
 * as --reader; NULL: any.
 */
int enroll_self(struct tool *t, const char *reader);

#endif

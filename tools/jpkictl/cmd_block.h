/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl block and unblock, which take the same arguments. */
#ifndef JPKI_TOOLS_JPKICTL_CMD_BLOCK_H
#define JPKI_TOOLS_JPKICTL_CMD_BLOCK_H

#include "tools/common/tool.h"

/* Runs either command; returns enum tool_exit. */
int block_or_unblock(struct tool *t, int argc, char **argv, bool blocking);

#endif

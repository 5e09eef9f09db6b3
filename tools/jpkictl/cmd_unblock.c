/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "tools/jpkictl/cmd_block.h"

int
cmd_unblock(struct tool *t, int argc, char **argv)
{
	return block_or_unblock(t, argc, argv, false);
}

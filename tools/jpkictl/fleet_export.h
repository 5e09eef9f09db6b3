/* SPDX-License-Identifier: BSD-2-Clause */
/* `jpkictl fleet export --json`: what the copy of an organization's directory holds. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_EXPORT_H
#define JPKI_TOOLS_JPKICTL_FLEET_EXPORT_H

#include "tools/common/tool.h"

/*
 * Prints one object, whose members are stable (jpkictl(8)). TOOL_FAILED, reported: the copy does not exist or is not whole
 * (nothing is printed), or a user's certificates cannot be read (their list is null).
 */
int fleet_export(struct tool *t);

#endif

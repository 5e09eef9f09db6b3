/* SPDX-License-Identifier: BSD-2-Clause */
/* `jpkictl fleet status`: for people, as JSON, or as a text file for Prometheus' node exporter. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_STATUS_H
#define JPKI_TOOLS_JPKICTL_FLEET_STATUS_H

#include "tools/common/tool.h"

/*
 * textfile: the path to replace; NULL: print, as JSON or not. TOOL_OK; TOOL_WARNINGS: the copy is not current, or something
 * waits; TOOL_FAILED, reported: it could not be printed or written.
 */
int fleet_status(const struct tool *t, bool json, const char *textfile);

#endif

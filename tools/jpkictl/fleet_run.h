/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `jpkictl fleet run`: keeps the copy of an organization's directory up to date, in two processes.
 *
 *	jpki_ldap		talks to the servers: FLEET_USER, no files (tools/ldap/request.h)
 *	this one		writes the copy: root, no sockets
 *
 * A caged child of the second judges the output of the first, as it does a file for `jpkictl fleet import`.
 */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_RUN_H
#define JPKI_TOOLS_JPKICTL_FLEET_RUN_H

#include "tools/common/tool.h"

/* Runs until a signal ends it, or jpki_ldap has ended: TOOL_FAILED, reported. */
int fleet_run(struct tool *t);

#endif

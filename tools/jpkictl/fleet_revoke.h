/* SPDX-License-Identifier: BSD-2-Clause */
/* `jpkictl fleet revoke-from-crl`: blocks for an organization's directory, from the CRLs of this machine. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_REVOKE_H
#define JPKI_TOOLS_JPKICTL_FLEET_REVOKE_H

#include "tools/common/tool.h"

/*
 * Checks the certificates of the fleet's copy against the installed CRLs, and prints as LDIF what is to change among
 * the blocks of the directory. path: a file with the entries below ou=blocked as LDIF, or "-". Returns enum tool_exit:
 * TOOL_PARTLY if the state of some certificates is not known.
 */
int fleet_revoke_from_crl(struct tool *t, const char *path) MUST_CHECK;

#endif

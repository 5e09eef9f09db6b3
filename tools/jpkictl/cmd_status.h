/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef JPKI_TOOLS_JPKICTL_CMD_STATUS_H
#define JPKI_TOOLS_JPKICTL_CMD_STATUS_H

/* A line of `status` and `pin`: the tries left of a PIN; TRIES_UNKNOWN and 0 in words. */
void status_print_tries(const char *name, int tries);

#endif

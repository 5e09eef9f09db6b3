/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a server may send jpki_fetch. */
#ifndef JPKI_TOOLS_FETCH_REDIRECT_H
#define JPKI_TOOLS_FETCH_REDIRECT_H

#include <stdbool.h>

/*
 * Whether a redirection (RFC 9110 §15.4) from an http or https URL stays with the host that the
 * administrator named: the same host, protocol and port, or from http at 80 to https at 443. Else a
 * server, or somebody on the way to it, could have this machine ask others, also those that only
 * this machine reaches. Hosts are compared as they are written. False also for what is no URL.
 */
bool redirect_stays(const char *from, const char *to);

#endif

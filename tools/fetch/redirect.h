/* SPDX-License-Identifier: BSD-2-Clause */
/* Which redirections jpki_fetch follows. */
#ifndef JPKI_TOOLS_FETCH_REDIRECT_H
#define JPKI_TOOLS_FETCH_REDIRECT_H

#include <stdbool.h>

/*
 * Whether a redirection (RFC 9110 §15.4) from an http or https URL stays with the host that the
 * administrator named: the same host, protocol and port, or from http at 80 to https at 443.
 * Otherwise a server, or an attacker in the network, could make this machine send requests to
 * hosts that only it can reach. Host names are compared as written. Also false if it is not a
 * URL.
 */
bool redirect_stays(const char *from, const char *to);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts jpki_ldap, and then gives up what only that needed root for. */
#ifndef JPKI_TOOLS_JPKICTL_FLEET_START_H
#define JPKI_TOOLS_JPKICTL_FLEET_START_H

#include "tools/common/tool.h"
#include "tools/ldap/request.h"

struct fleet_half {
	pid_t pid;
	int commands;	/* to it: FEED_NEXT, FEED_AGAIN */
	int feed;	/* from it: frames (tools/fleet/feed.h) */
	char uris[CONF_SERVERS_MAX];
	const char *servers[REQUEST_SERVERS_MAX];
	size_t count;
};

/*
 * Starts it as FLEET_USER, caged (tools/fetch/cage.h), with the servers of the configuration, in their order. last: the server
 * to try last; jpki_ldap begins with the one after it. If last is "" or not configured, the order stays as it is. False, reported: there
 * is no such user, an option is missing, a file cannot be read, or it cannot be started.
 */
bool fleet_start(struct tool *t, const char *last, struct fleet_half *ret) MUST_CHECK;

/*
 * For good: from here on a call that makes a socket, connects one or starts a program kills this process
 * and its children (SIGSYS). False, reported.
 */
bool fleet_seal(const struct tool *t) MUST_CHECK;

#endif

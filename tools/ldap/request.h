/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request that starts jpki_ldap, the network half of `jpkictl fleet run`, a process of its own as
 * FLEET_USER (config.h) that talks to the servers of an organization's directory.
 *
 * It has no arguments. Standard input is its request, a line each:
 *
 *	base			DN below which everything is
 *	0 or 1			whether it has a certificate and key of its own
 *	URI ...			up to an empty line: of the servers, ldaps://… or ldap://… (StartTLS)
 *
 * and then commands of one byte (tools/fleet/feed.h). Standard output takes the frames. The files that
 * it needs are open, as its user may open none: they are read once, before the first connection.
 */
#ifndef JPKI_TOOLS_LDAP_REQUEST_H
#define JPKI_TOOLS_LDAP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define LDAP_CA_FD 3		/* PEM: the authorities of the servers' certificates */
#define LDAP_CERT_FD 4		/* PEM: our certificate */
#define LDAP_KEY_FD 5		/* PEM: its key */
#define LDAP_LAST_FD LDAP_KEY_FD

#define REQUEST_SERVERS_MAX 16
#define REQUEST_TEXT_MAX 1024	/* bytes of all of it; fits into a pipe */

struct request {
	char text[REQUEST_TEXT_MAX];
	const char *base;
	bool certificate;
	const char *servers[REQUEST_SERVERS_MAX];
	size_t count;		/* at least one */
};

/* Reads a request from a descriptor, and not a byte more. Returns false if it is malformed. */
bool request_read(int fd, struct request *ret) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to one server of the directory. Every option of libldap that matters is set here: nothing of
 * ldap.conf(5), of the environment or of a user's files counts.
 *
 * MUSTs:
 * - Nothing is sent but StartTLS, and nothing is taken, before TLS is up, with a certificate of the server that one
 *   of our authorities has signed and that has the server's name.
 * - Referrals are not followed.
 */
#ifndef JPKI_TOOLS_LDAP_LINK_H
#define JPKI_TOOLS_LDAP_LINK_H

#include <stdbool.h>

#include <ldap.h>

#include "tools/fleet/rules.h"
#include "tools/ldap/request.h"

#define LINK_WAIT_S 20		/* for a server's answer */

struct link {
	LDAP *ld;
	bool offers_sync;	/* content synchronization, RFC 4533 */
	bool offers_psearch;	/* Netscape's persistent search */
	char vendor[64];	/* vendorName of the root DSE, or "" */
	char why[256];		/* after a failure: for the log */
};

/*
 * Makes a message of more than 4 MiB end the connection of ld, before liblber allocates the length that it
 * announces. Call it before the connection is used. False: libldap does not have the option.
 */
bool link_limit_messages(LDAP *ld) MUST_CHECK;

/* Reads authorities, certificate and key. Once, before the first connection. False: why is set. */
bool link_begin(const struct request *r, char why[static 256]) __attribute__((warn_unused_result));

/* Connects, binds, looks at the root DSE. False: why is set. link_close() in both cases. */
bool link_open(struct link *l, const char *server, bool certificate) __attribute__((warn_unused_result));
void link_close(struct link *l);

/* Writes into l->why what failed (what), and libldap's reason. */
void link_failed(struct link *l, const char *what, int result);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry as a server sent it, in the LDIF that tools/fleet/ldif.h reads. */
#ifndef JPKI_TOOLS_LDAP_ENTRY_H
#define JPKI_TOOLS_LDAP_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include <ldap.h>

#include "config/userfile.h"
#include "tools/fleet/feed.h"

/* What a search asks for: classes, attributes and stamps. */
#define ENTRY_FILTER "(|(objectClass=pkiUser)(objectClass=device)(objectClass=applicationProcess))"
extern char *const entry_attributes[];

struct entry {
	char text[FEED_TEXT_MAX + 1];
	size_t len;
	bool registers;		/* its classes are a registration's (tools/fleet/record.c) */
	char name[USERFILE_USER_MAX + 1];	/* of a registration: its uid, or "" */
	char dn[256];		/* "" if it is longer */
	char modified[32];	/* modifyTimestamp, or "" */
	int64_t enrolled;	/* number in a state entry; -1: not a state entry */
};

/*
 * Writes it. One that is too long, or has too many values, is written as its DN and classes, so that it counts
 * and is refused alone. False: libldap does not understand the message.
 */
bool entry_write(LDAP *ld, LDAPMessage *message, struct entry *ret) __attribute__((warn_unused_result));

/* Writes that the registration of a name was deleted; csn: when, as entryCSN has it, or "". */
void entry_write_removed(const char *name, const char *csn, struct entry *ret);

#endif

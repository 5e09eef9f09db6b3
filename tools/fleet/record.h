/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads an entry of an organization's directory (the schema is in jpkictl(8), FLEET): a
 * registration, a block or its lift, or the state of the source. Only its form is checked here; tools/fleet/rules.h
 * decides whether it counts.
 */
#ifndef JPKI_TOOLS_FLEET_RECORD_H
#define JPKI_TOOLS_FLEET_RECORD_H

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/usercerts.h"
#include "tools/fleet/ldif.h"
#include "tools/fleet/rules.h"

/* The attribute by which jpki_ldap says whose registration was deleted; no directory has it. */
#define RECORD_REMOVED "jpkiRemoved"

enum record_kind {
	RECORD_OTHER,		/* not an entry of pam_jpki: ignored */
	RECORD_BAD,		/* an entry of pam_jpki that is malformed: `why` has the reason */
	RECORD_REGISTRATION,
	RECORD_WORD,		/* block or lift */
	RECORD_SOURCE,
	RECORD_REMOVAL,		/* jpki_ldap says that a registration was deleted (RECORD_REMOVED) */
	RECORD_RESULT,		/* what ldapsearch(1) writes last: success says which */
};

struct record {
	enum record_kind kind;
	const char *why;	/* of BAD: English, for the log */
	bool registers;		/* REGISTRATION, or a BAD that was meant to be one */
	char name[USERFILE_USER_MAX + 1];	/* of a REGISTRATION or REMOVAL: the account; of a WORD: as in blocked/ */
	struct view certs[USERCERTS_MAX];	/* DER, as it came; lent from the entry */
	size_t cert_count;
	enum fleet_word word;
	struct fleet_source source;
	bool success;
	struct fleet_stamp modified, created;	/* all zero if the entry does not say */
};

/* Reads an entry; *ret is set in every case. */
void record_read(const struct ldif_entry *entry, struct record *ret);

/*
 * The next name in blocked/ that a WORD blocks or lifts, from its cn. An entry that only blocks may have several.
 * *at is 0 for the first. NULL: there are no more. Lent from the entry.
 */
const char *record_next_name(const struct ldif_entry *entry, size_t *at);

/* Whether a text is HASH or KEY-NUMBER, as files in blocked/ are called. */
bool record_is_block_name(const char *name) MUST_CHECK;

#endif

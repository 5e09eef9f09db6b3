/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes by `jpkictl fleet run` on its servers. `jpkictl fleet status` and `jpkictl doctor` show them to administrators; no
 * login reads them. A text beside the copy:
 *
 *	SERVER MODE TIME		the connection, and when something came from a server (0: not yet)
 *	ended				jpki_ldap has ended at that server; the next one begins with another
 *	refused SERVER CODE TIME	a server whose last answer was taken only in part, a line each
 */
#ifndef JPKI_TOOLS_FLEET_CONTACT_H
#define JPKI_TOOLS_FLEET_CONTACT_H

#include "tools/fleet/store.h"

#define CONTACT_FILE "link"
#define CONTACT_SERVER_MAX 256
#define CONTACT_CODE_MAX 32
#define CONTACT_REFUSALS_MAX 16
#define CONTACT_KEPT_S 86400	/* a refusal older than that may have been repaired meanwhile */

struct contact_refusal {
	char server[CONTACT_SERVER_MAX];	/* URI */
	char code[CONTACT_CODE_MAX];		/* such as JPKI-E-FLEET-BEHIND */
	int64_t at;				/* seconds since 1970 UTC */
};

struct contact {
	char server[CONTACT_SERVER_MAX];	/* URI; "": none yet */
	char mode[8];				/* "persist", "poll" or "down" */
	int64_t heard;				/* seconds since 1970 UTC: when something came from a server; 0: not yet */
	bool ended;				/* jpki_ldap has ended at it */
	struct contact_refusal refused[CONTACT_REFUSALS_MAX];
	size_t count;
};

/* Notes that the server's answer was taken only in part, and why; replaces an earlier note on that server. */
void contact_refuse(struct contact *contact, const char *code, int64_t now);

/* Notes that the server's answer was taken. */
void contact_believe(struct contact *contact);

/* Writes the notes. False, logged: they cannot be written. */
bool contact_write(const struct store *store, const struct contact *contact) MUST_CHECK;

/* Reads the notes, without refusals that are older than CONTACT_KEPT_S. False: there is none, or it is malformed. */
bool contact_read(const struct store *store, int64_t now, struct contact *ret) MUST_CHECK;

#endif

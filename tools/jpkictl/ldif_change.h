/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of an organization's directory, printed as LDIF (RFC 2849) for ldapmodify(1): the entries of FLEET
 * in jpkictl(8), below fleet_base. Nothing is sent from here: who may change what is between the directory
 * and the identity with which ldapmodify(1) is run.
 */
#ifndef JPKI_TOOLS_JPKICTL_LDIF_CHANGE_H
#define JPKI_TOOLS_JPKICTL_LDIF_CHANGE_H

#include "lib/buf.h"
#include "tools/common/tool.h"
#include "tools/fleet/rules.h"

/* How an entry that exists is treated. The directory refuses NEW if it exists, and the others if it does not. */
enum ldif_manner {
	LDIF_NEW,
	LDIF_FURTHER,		/* of a registration: its earlier certificates stay */
	LDIF_REPLACE,
};

/* Whether fleet_base says where the entries are. False, reported. */
bool ldif_change_is_possible(const struct tool *t) MUST_CHECK;

/*
 * The account that a registration is for: by its own name if this machine knows it, else as typed, which
 * standard error says. False, reported: the name can be none, is ambiguous, or is one that an organization
 * may register no card for.
 */
bool ldif_change_find_account(const struct tool *t, const char *typed, struct account *ret) MUST_CHECK;

/* source: "from the card, key proven", for the description. These return enum tool_exit. */
int ldif_change_register(const struct tool *t, const char *user, struct view der, enum ldif_manner manner,
    const char *source) MUST_CHECK;
int ldif_change_unregister(const struct tool *t, const char *user) MUST_CHECK;

/*
 * A block of a name in blocked/ (config/fleetcopy.h), or its end; NEW or REPLACE. note: what follows "block " or
 * "lift " in the description. old: for REPLACE, the description to replace; the directory refuses the change if
 * the entry has another one by then. NULL: replace any.
 */
int ldif_change_word(const struct tool *t, const char *name, enum fleet_word word, enum ldif_manner manner,
    const char *note, const char *old) MUST_CHECK;

/* When and by whom, as a note. False: the time cannot be written. */
#define LDIF_NOTE_MAX 400
bool ldif_change_note(const struct tool *t, char note[static LDIF_NOTE_MAX]) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The administrator's own list of certificates that may not log in, whatever the
 * CRLs say: for a lost card, at once and without a network. A text file, a line each:
 *
 *	certificate FINGERPRINT		SHA-256 of the certificate
 *	serial ISSUERKEY NUMBER		SHA-256 of the issuer's SubjectPublicKeyInfo (the
 *					generations of JPKI's CA share one name), serial number
 *
 * in hex digits; what follows a # is a comment. If one line cannot be parsed, the contents of the list are
 * unknown: every certificate is refused until the line is corrected.
 */
#ifndef JPKI_NSS_BLOCKLIST_H
#define JPKI_NSS_BLOCKLIST_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/cert.h"

#define BLOCKLIST_FILE_MAX ((size_t)1 << 20)
#define BLOCKLIST_SERIAL_LEN 40	/* hex digits of 20 bytes (RFC 5280 §4.1.2.2) */
#define BLOCKLIST_NOTE_MAX 300

struct blocklist {
	const char *path;	/* absolute; absent: nothing is blocked */
	uid_t owner;		/* 0 but in tests */
	const struct log *log;
};

/* Lower-case hex. Either the certificate, or issuer and serial number; the others are "". */
struct block_entry {
	char certificate[CERT_FINGERPRINT_LEN + 1];
	char issuer_key[CERT_FINGERPRINT_LEN + 1];
	char serial[BLOCKLIST_SERIAL_LEN + 1];	/* whole bytes, the first not zero */
};

/*
 * A serial number as people write it: hex digits of either case, with or without colons.
 * False for anything else, for zero, and for more than a certificate can have.
 */
bool blocklist_read_serial(const char *text, char ret[static BLOCKLIST_SERIAL_LEN + 1]) MUST_CHECK;

/*
 * The two entries that block a certificate: by its fingerprint, and by its issuer's key and its serial number. If
 * no list can contain the number, by_serial->serial is empty, and no entry matches it. False: the issuer's key
 * cannot be hashed.
 */
bool blocklist_entries_of(const struct cert *cert, const struct cert *issuer, struct block_entry *by_certificate,
    struct block_entry *by_serial) MUST_CHECK;

/* The name of an entry in blocked/ of an organization's copy (config/fleetcopy.h): HASH, or KEY-NUMBER. */
#define BLOCKLIST_NAME_MAX (CERT_FINGERPRINT_LEN + 1 + BLOCKLIST_SERIAL_LEN + 1)
void blocklist_name(const struct block_entry *entry, char name[static BLOCKLIST_NAME_MAX]);

/*
 * OUTCOME_OK: not blocked. BLOCKED (the line is logged). BLOCK_LIST: unsafe, unreadable or
 * damaged (logged). NO_MEMORY, INTERNAL.
 */
struct outcome blocklist_check(const struct blocklist *list, const struct cert *cert,
    const struct cert *issuer) MUST_CHECK;

/*
 * Adds new entries, with the note as a comment; creates the file (0644) if there is none. The file is
 * replaced as a whole, under the lock PATH.lock. *ret_added: how many were new. BLOCK_LIST (logged; nothing
 * was changed), NO_MEMORY.
 */
struct outcome blocklist_add(const struct blocklist *list, const struct block_entry *entries,
    size_t count, const char *note, size_t *ret_added) MUST_CHECK;

/* Removes all lines with one of these; *ret_removed: how many. Otherwise as above. */
struct outcome blocklist_remove(const struct blocklist *list, const struct block_entry *entries,
    size_t count, size_t *ret_removed) MUST_CHECK;

/* Calls `each` for every entry, with its comment ("" for none). As above. */
struct outcome blocklist_each(const struct blocklist *list,
    void (*each)(void *ctx, const struct block_entry *entry, const char *note), void *ctx) MUST_CHECK;

#endif

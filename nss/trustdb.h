/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes the trusted authorities: for the administrator's tool, not for logins.
 *
 * The database in use is never written (a reader fails while another program
 * writes, and a writer that is killed leaves a journal that blocks every login:
 * doc/facts/nss.md §1.7). A complete new one is built in a temporary directory
 * beside it, read back, synced, and replaces the old directory in one step
 * (RENAME_EXCHANGE), because cert9.db and key4.db belong together; after a
 * failure at any point the old one is unchanged. Certificates get only the
 * trust "T,,"; anything else in the old database (trust of other kinds, CRLs)
 * is not copied. Several CA generations with one name can be trusted at once.
 *
 * Programs that change the database hold the lock DIR.lock meanwhile, an empty file beside it; readers,
 * such as logins, never take the lock.
 *
 * None of this may be called while a certdb is open: it opens its own.
 */
#ifndef JPKI_NSS_TRUSTDB_H
#define JPKI_NSS_TRUSTDB_H

#include <sys/types.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/outcome.h"

struct cert;

/*
 * Adds one CA certificate; creates directory and database (0755, 0644) if necessary. Adding a certificate
 * that is already there is OUTCOME_OK and changes nothing.
 * OUTCOME_CERT_KIND: not a CA certificate (basicConstraints, keyCertSign).
 * OUTCOME_CERT_BAD, OUTCOME_CERT_WEAK: as chain_check() would refuse it.
 * OUTCOME_TRUST_DB: the present database is broken, or the new one could not be
 * written (disk full, permission), or another program has the lock; the reason is logged. Signals are
 * blocked while the new one is made.
 */
struct outcome trustdb_add(const char *dir, uid_t owner, struct view der,
    const struct log *log) MUST_CHECK;

#define TRUSTDB_PREFIX_MIN 8	/* hex digits: enough to be unambiguous, few enough to type */

/*
 * Removes the certificate whose SHA-256 fingerprint begins with these hex
 * digits (at least 8, either case, colons ignored). OUTCOME_UNTRUSTED: none
 * or more than one matches (the log says which).
 */
struct outcome trustdb_remove(const char *dir, uid_t owner, const char *fingerprint,
    const struct log *log) MUST_CHECK;

/* Calls `each` for every trusted CA certificate, which is valid during the call. */
struct outcome trustdb_list(const char *dir, uid_t owner, const struct log *log,
    void (*each)(void *ctx, const struct cert *cert), void *ctx) MUST_CHECK;

#endif

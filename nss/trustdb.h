/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing whom we trust: for the administrator's tool, not for logins.
 *
 * The database in use is never written (a reader beside a writer fails, and a
 * writer that dies leaves a journal that locks everybody out: doc/facts/nss.md
 * §1.7). A complete new one is built aside in the same parent directory, read
 * back, synced, and takes the place of the old directory in one step
 * (RENAME_EXCHANGE), because cert9.db and key4.db belong together; a failure
 * at any point leaves the old one. Certificates get the trust "T,," and nothing
 * else; what else was in the old database (trust of other kinds, CRLs) is not
 * carried over. Several CA generations with one name live side by side.
 *
 * Whoever changes the database holds the lock DIR.lock meanwhile, an empty
 * file beside it; whoever reads it, as logins do, never asks for the lock.
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
 * Adds one CA certificate; makes directory and database (0755, 0644) if there
 * are none. Adding what is there already is OUTCOME_OK and changes nothing.
 * OUTCOME_CERT_KIND: not a CA certificate (basicConstraints, keyCertSign).
 * OUTCOME_CERT_BAD, OUTCOME_CERT_WEAK: as chain_check() would refuse it.
 * OUTCOME_TRUST_DB: the present database is broken, or the new one could not be
 * written (disk full, permission), or somebody else keeps the lock; the reason
 * is logged. Signals are held back while the new one is made.
 */
struct outcome trustdb_add(const char *dir, uid_t owner, struct view der,
    const struct log *log) MUST_CHECK;

#define TRUSTDB_PREFIX_MIN 8	/* hex digits: enough to be meant, few enough to type */

/*
 * Removes the certificate whose SHA-256 fingerprint begins with these hex
 * digits (at least 8, either case, colons ignored). OUTCOME_UNTRUSTED: none or
 * more than one does (logged which).
 */
struct outcome trustdb_remove(const char *dir, uid_t owner, const char *fingerprint,
    const struct log *log) MUST_CHECK;

/* Calls `each` for every trusted CA certificate (lent for the call). */
struct outcome trustdb_list(const char *dir, uid_t owner, const struct log *log,
    void (*each)(void *ctx, const struct cert *cert), void *ctx) MUST_CHECK;

#endif

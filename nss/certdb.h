/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NSS certificate database that says whom we trust, opened read-only in
 * an NSS context of our own.
 *
 * MUSTs (each was measured, doc/facts/nss.md §0, §1): the directory is always
 * opened as "sql:", READONLY and NOMODDB, so no PKCS#11 module listed in it
 * is loaded and a missing or broken database is an error instead of an empty
 * one; every object got from a database is freed before it is closed, or NSS
 * stays busy for the life of the process; one database at a time, because
 * trust is NSS's and not the database's; NSS never supplies random numbers.
 */
#ifndef JPKI_NSS_CERTDB_H
#define JPKI_NSS_CERTDB_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"

struct certdb;

/*
 * Opens the database in the directory `dir` (absolute path, without "sql:").
 * The directory, cert9.db and key4.db must satisfy the rules of
 * lib/safefile.h for files owned by `owner` (0 but in tests).
 *
 * OUTCOME_OK: *ret_db is the caller's, to be closed with certdb_close().
 * OUTCOME_TRUST_DB: missing, unsafe, unreadable or broken; the reason is logged;
 * raw holds the NSS error where there is one. OUTCOME_NO_MEMORY. OUTCOME_INTERNAL:
 * NSS is in use in this process already (by another certdb, for one).
 */
struct outcome certdb_open(const char *dir, uid_t owner, const struct log *log,
    struct certdb **ret_db) MUST_CHECK;

/*
 * No database, nobody trusted: for looking at a certificate that is no one's yet. As above.
 */
struct outcome certdb_open_none(const struct log *log, struct certdb **ret_db) MUST_CHECK;

/*
 * Closes; NULL is fine. False if NSS reports that something obtained from it
 * was not freed (SEC_ERROR_BUSY): a bug, which tests assert never happens.
 */
bool certdb_close(struct certdb *db);

#endif

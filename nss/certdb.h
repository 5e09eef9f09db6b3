/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NSS certificate database of trusted authorities, opened read-only in an NSS context of our own.
 *
 * MUSTs (each was measured, doc/facts/nss.md §0, §1): the directory is always
 * opened as "sql:", READONLY and NOMODDB, so no PKCS#11 module listed in it
 * is loaded and a missing or broken database is an error instead of an empty
 * one; every object got from a database is freed before it is closed, or NSS
 * stays busy for the life of the process; one database at a time, because
 * trust belongs to NSS and not to the database; random numbers never come
 * from NSS.
 */
#ifndef JPKI_NSS_CERTDB_H
#define JPKI_NSS_CERTDB_H

#include <sys/types.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/outcome.h"

struct cert;
struct certdb;

/*
 * Opens the database in the directory `dir` (absolute path, without "sql:").
 * The directory, cert9.db and key4.db must satisfy the rules of
 * lib/safefile.h for files owned by `owner` (0 but in tests).
 *
 * OUTCOME_OK: *ret_db is the caller's, to be closed with certdb_close().
 * OUTCOME_TRUST_DB: missing, unsafe, unreadable or broken; the reason is logged;
 * raw holds the NSS error where there is one. OUTCOME_NO_MEMORY. OUTCOME_INTERNAL: NSS is already in use in
 * this process (for example by another certdb).
 */
struct outcome certdb_open(const char *dir, uid_t owner, const struct log *log,
    struct certdb **ret_db) MUST_CHECK;

/*
 * Opens NSS without a database and without trusted authorities: to examine a certificate that is not
 * enrolled yet. As above.
 */
struct outcome certdb_open_none(const struct log *log, struct certdb **ret_db) MUST_CHECK;

/*
 * Whether what is at this path is still what certdb_open() has opened: the same directory and files by device, inode,
 * size, mode, owner and both times to the nanosecond. False if it cannot be known: where one of them was changed
 * shortly before the opening, a later change might not show in its times; or the clock has been set back; or SQLite's
 * journal is there.
 */
bool certdb_is_current(const struct certdb *db, const char *dir);

/*
 * As cert_from_der(), for a program that decodes the certificates of many users, one at a time. While a database is open, NSS
 * knows no second certificate of the same issuer's name and number, and the generations of JPKI's authority share one
 * name: a certificate that is refused is decoded once more by a fresh database, which replaces *db. *db is NULL afterwards
 * if that could not be opened, with the errors of certdb_open(). The log that *db was opened with must still be there.
 */
struct outcome certdb_decode(struct certdb **db, struct view der, struct cert **ret) MUST_CHECK;

/*
 * Closes; NULL is fine. False if NSS reports that something obtained from it
 * was not freed (SEC_ERROR_BUSY): a bug, which tests assert never happens.
 */
bool certdb_close(struct certdb *db);

#endif

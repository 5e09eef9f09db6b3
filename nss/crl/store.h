/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory of the CRLs: for each issuer's key and scope NAME.crl, the
 * signed DER, and NAME.idx, the index made from it (nss/crl/index.h), both
 * root's and 0644. NAME is 32 hex digits of a SHA-256 over the issuer's key and
 * name, "-", and "all" or 32 hex digits of the SHA-256 of the scope.
 *
 * MUSTs:
 * - A list is installed only if crl_verify() accepts it and it is not older than the installed one (neither
 *   thisUpdate nor cRLNumber).
 * - Both files are written under temporary names and synced. NAME.crl is renamed first and NAME.idx
 *   last: logins read only the index, which is complete in itself, so they see the old list or the new one,
 *   even if the power fails at any moment. Such a failure may leave a CRL that is newer than its index; the
 *   next import of that list repairs it.
 * - Programs that change the directory hold the lock in it (.lock); readers, such as logins, never take the
 *   lock.
 * - For an issuer with more than CRLSTORE_MERGE_FROM lists, crlstore_merge() makes a merged index of them all
 *   (nss/crl/index.h), merged/DIGITS.idx, with the first 32 digits of NAME. It only shows sooner what reading each list
 *   would show. It counts as long as the directory is as it was: it has a stamp of its inode, mtime and ctime, which
 *   change if a list is added, replaced or removed, by an import or by hand. (A list that root overwrites in place is
 *   not noticed: replace one by a rename, as an import, install(1) and rsync(1) do.) An import removes it first.
 * - A bad list changes nothing. The next import removes the files of one that was interrupted
 *   (.new.crl, .new.idx).
 *
 * None of this may be called while a certdb is open: it opens its own.
 */
#ifndef JPKI_NSS_CRL_STORE_H
#define JPKI_NSS_CRL_STORE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "nss/crl/verify.h"

#define CRLSTORE_NAME_MAX 72		/* NAME and its NUL */

struct crlstore {
	const char *dir;	/* absolute; made (0755) by the first import */
	const char *trust_db;	/* directory of the NSS database, as in certdb_open() */
	uid_t owner;		/* 0 but in tests (lib/safefile.h) */
	const struct log *log;
	/*
	 * Calls work(ctx) in a process without privileges except the open descriptors, and copies *result
	 * back from it. False, reported: that failed, and *result is unchanged. NULL: the work is done in
	 * this process.
	 */
	bool (*apart)(void *apart_ctx, void (*work)(void *ctx, void *result), void *ctx, void *result,
	    size_t size, const int *fds, size_t fd_count);
	void *apart_ctx;
};

/*
 * The first 32 digits of NAME and its "-" for the issuer with these hashes of key and name (as
 * in struct crl_facts), NUL-terminated; the whole NAME for a scope. False if NSS is not in use.
 */
#define CRLSTORE_PREFIX_LEN 33
bool crlstore_prefix(const uint8_t key[static CRL_HASH_LEN], const uint8_t name[static CRL_HASH_LEN],
    char ret_prefix[static CRLSTORE_PREFIX_LEN + 1]) MUST_CHECK;
bool crlstore_name(const char *prefix, struct view scope, char ret_name[static CRLSTORE_NAME_MAX])
    MUST_CHECK;

/* NAME.idx */
#define CRLSTORE_INDEX_SUFFIX ".idx"

/*
 * Reads a CRL, DER or one PEM block ("-----BEGIN X509 CRL-----"), from fd to
 * its end (file or pipe; lent), verifies and installs it. Signals are blocked after the last byte was read.
 *
 * CRL_OK, or CRL_SAME if this list is already installed, and *ret_facts and
 * ret_name are set. Any other fault: nothing was changed, and the details are
 * logged.
 */
enum crl_fault crlstore_import(const struct crlstore *store, int fd, int64_t now,
    struct crl_facts *ret_facts, char ret_name[static CRLSTORE_NAME_MAX]) MUST_CHECK;

#define CRLSTORE_MERGED_DIR "merged"
#define CRLSTORE_MERGE_FROM 16

/*
 * Makes the merged indexes: to be called after the last import of several, and after anything else that changed the
 * directory. Failures are logged, and logins then read list after list: nothing else depends on it.
 */
void crlstore_merge(const struct crlstore *store);

/* The stamp of a directory of lists: a merged index counts only while it has this one. False if NSS is not in use. */
bool crlstore_stamp(const struct stat *dir, uint8_t ret_stamp[static CRL_HASH_LEN]) MUST_CHECK;

/* One list of the store. */
struct crlstore_item {
	const char *name;		/* NAME, lent for the call */
	enum crl_fault fault;		/* CRL_OK, or why it cannot be used */
	const struct crl_facts *facts;	/* NULL if they cannot be read */
	const struct cert *issuer;	/* the trusted authority with that key; NULL: none has it */
};

/*
 * Calls `each` for every list in the order of their names. crlstore_list() looks at
 * the header of the index (CRL_OK, CRL_INDEX, CRL_INDEX_MISSING, CRL_UNREADABLE);
 * crlstore_verify() checks everything again: the CRL by crl_verify() without the
 * clock, and that the installed index is identical to one made from it (also
 * CRL_CRL_MISSING, CRL_INDEX_DIFFERS and every fault of the CRL).
 *
 * CRL_OK: `each` was called for all, even if some have faults. CRL_STORE: the directory is unsafe or
 * unreadable; one that does not exist has no lists. CRL_TRUST_DB, CRL_NO_MEMORY.
 */
enum crl_fault crlstore_list(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx) MUST_CHECK;
enum crl_fault crlstore_verify(const struct crlstore *store,
    void (*each)(void *ctx, const struct crlstore_item *item), void *ctx) MUST_CHECK;

/*
 * The facts about one list from its index, as crlstore_list() gives them: CRL_OK and *ret_facts;
 * CRL_INDEX_MISSING: there is no such list; otherwise as there.
 */
enum crl_fault crlstore_facts(const struct crlstore *store, const char *name,
    struct crl_facts *ret_facts) MUST_CHECK;

/*
 * Opens the DER of a list for reading, for `crl show`: *ret_fd is the
 * caller's. CRL_CRL_MISSING, CRL_STORE (unsafe), CRL_NO_MEMORY.
 */
enum crl_fault crlstore_open(const struct crlstore *store, const char *name, int *ret_fd) MUST_CHECK;

/*
 * A file name for a text such as the source of a list: 32 hex digits of its hash. Needs NSS with the trust
 * database: false if that cannot be used (logged).
 */
#define CRLSTORE_DIGITS 32
bool crlstore_digits(const struct crlstore *store, const char *text,
    char ret_digits[static CRLSTORE_DIGITS + 1]) MUST_CHECK;

#endif

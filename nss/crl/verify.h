/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifies a certificate revocation list (RFC 5280 §5) and reads its entries. For the import and for
 * `jpkictl crl verify`; a login only reads the index (nss/crl/index.h).
 *
 * NSS is used only for the signature: it cannot read a critical issuingDistributionPoint, cannot
 * distinguish CA generations of one name, and accepts an expired list (doc/facts/nss.md §0, §2.4, §2.5).
 *
 * MUSTs:
 * - The file is never loaded as a whole, as it may have hundreds of megabytes. It is read in pieces with
 *   pread(), so no other process may write to it meanwhile.
 * - The signature is verified over every byte before an entry is parsed.
 * - The issuer is chosen by its key among the trusted authorities of that
 *   name, and has to be allowed to sign CRLs.
 * - Every byte belongs to an element: there are no gaps, and nothing follows the end.
 * - What is not understood is refused, and the fault says what it was.
 */
#ifndef JPKI_NSS_CRL_VERIFY_H
#define JPKI_NSS_CRL_VERIFY_H

#include "lib/log.h"
#include "nss/crl/fault.h"

struct cert;
struct certdb;
struct crl;

/*
 * Whether the list covers certificates with this distribution point name (a whole GeneralName element): it
 * has no scope, or the scope contains the same name, byte by byte.
 */
bool crl_covers(const struct crl_facts *facts, struct view general_name);

/*
 * The i-th name of the scope as text for people, NUL-terminated, cut if need be: a
 * directoryName as in RFC 4514, a URI as it is, control characters replaced.
 * False if there is none. NSS must be in use.
 */
bool crl_scope_name(const struct crl_facts *facts, size_t i, char *ret_text, size_t size) MUST_CHECK;

/*
 * Verifies the CRL in the file, from its first byte to its last; DER only.
 * `fd` is lent and stays at its offset; it must stay open as long as *ret_crl
 * lives. `now` is in seconds since 1970 UTC.
 *
 * CRL_OK: *ret_crl is the caller's. Otherwise the first fault found, in the
 * order of nss/crl/fault.def as far as "The entries"; details (which extension, which entry, which NSS
 * error) are logged, and odd but harmless entries as warnings (nss/crl/der.h). nss/crl/store.h checks
 * whether it is older than the installed one (CRL_ROLLBACK). With `now` < 0 times are not checked
 * (CRL_NOT_YET, CRL_EXPIRED, CRL_ISSUER_NOT_VALID do not occur): to verify a list that was imported
 * earlier.
 */
enum crl_fault crl_verify(const struct certdb *db, int fd, int64_t now, const struct log *log,
    struct crl **ret_crl) MUST_CHECK;

/* NULL is fine. */
void crl_free(struct crl *crl);

/* Owned by the CRL, valid as long as it is; crl_issuer() only until the database is closed. */
const struct crl_facts *crl_facts(const struct crl *crl);
const struct cert *crl_issuer(const struct crl *crl);

/* How many of the serial numbers have n bytes, for n from 1 to CRL_SERIAL_MAX. Lent. */
const uint64_t *crl_lengths(const struct crl *crl);

/*
 * Calls `each` for every revoked certificate in the order of the list (which
 * need not be sorted); false from it ends the walk. CRL_OK; CRL_INTERNAL if
 * `each` ended it; CRL_UNREADABLE, or a fault of an entry if the file was changed after crl_verify().
 */
enum crl_fault crl_each(const struct crl *crl,
    bool (*each)(void *ctx, const struct crl_entry *entry), void *ctx,
    const struct log *log) MUST_CHECK;

#endif

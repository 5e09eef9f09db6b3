/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A certificate revocation list (RFC 5280 §5): is it one to believe, and what
 * does it list? For the import and for `jpkictl crl verify`; a login never
 * comes here but asks the index (nss/crl/index.h).
 *
 * NSS judges the signature and nothing else: it can neither read a critical
 * issuingDistributionPoint nor tell CA generations of one name apart, and
 * does not mind a list that ran out (doc/facts/nss.md §0, §2.4, §2.5).
 *
 * MUSTs:
 * - The file is never held in memory: it may have hundreds of megabytes, and
 *   is read in pieces with pread(), so nobody else may write to it meanwhile.
 * - The signature is verified over every octet before an entry is looked at.
 * - The issuer is chosen by its key among the trusted authorities of that
 *   name, and has to be allowed to sign CRLs.
 * - Every octet is accounted for: nothing between, nothing behind.
 * - What is not understood is refused, and says what it was.
 */
#ifndef JPKI_NSS_CRL_VERIFY_H
#define JPKI_NSS_CRL_VERIFY_H

#include "lib/log.h"
#include "nss/crl/fault.h"

struct cert;
struct certdb;
struct crl;

/*
 * Whether the list speaks for certificates with this distribution point name (a
 * whole GeneralName element): it has no scope, or the scope holds this
 * very name, octet by octet.
 */
bool crl_covers(const struct crl_facts *facts, struct view general_name);

/*
 * The i-th name of the scope as text for people, NUL-terminated, cut if need be: a
 * directoryName as in RFC 4514, a URI as it is, control characters made harmless.
 * False if there is none. NSS must be in use.
 */
bool crl_scope_name(const struct crl_facts *facts, size_t i, char *ret_text, size_t size) MUST_CHECK;

/*
 * Verifies the CRL in the file, from its first octet to its last; DER only.
 * `fd` is lent and stays at its offset; it must stay open as long as *ret_crl
 * lives. `now` is in seconds since 1970 UTC.
 *
 * CRL_OK: *ret_crl is the caller's. Otherwise the first fault found, in the
 * order of nss/crl/fault.def as far as "The entries"; details (which extension,
 * which entry, which NSS error) are logged, and as warnings entries that are odd without being in the
 * way (nss/crl/der.h). Whether it is older than another
 * one (CRL_ROLLBACK) is for those who have another (nss/crl/store.h). With
 * `now` < 0 the clock is not asked (CRL_NOT_YET, CRL_EXPIRED,
 * CRL_ISSUER_NOT_VALID do not occur): to prove what was imported once.
 */
enum crl_fault crl_verify(const struct certdb *db, int fd, int64_t now, const struct log *log,
    struct crl **ret_crl) MUST_CHECK;

/* NULL is fine. */
void crl_free(struct crl *crl);

/* Lent; live as long as the CRL. crl_issuer() also no longer than the database. */
const struct crl_facts *crl_facts(const struct crl *crl);
const struct cert *crl_issuer(const struct crl *crl);

/* How many of the serial numbers have n octets, for n from 1 to CRL_SERIAL_MAX. Lent. */
const uint64_t *crl_lengths(const struct crl *crl);

/*
 * Calls `each` for every revoked certificate in the order of the list (which
 * nobody promises to be sorted); false from it ends the walk. CRL_OK; CRL_INTERNAL
 * if `each` ended it; CRL_UNREADABLE, or a fault of an entry if somebody
 * changed the file after crl_verify().
 */
enum crl_fault crl_each(const struct crl *crl,
    bool (*each)(void *ctx, const struct crl_entry *entry), void *ctx,
    const struct log *log) MUST_CHECK;

#endif

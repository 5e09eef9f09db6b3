/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is this certificate revoked? Searches the installed lists, for a login or `jpkictl crl check`. Reads only
 * indexes, takes no lock, and fetches nothing.
 *
 * The rules:
 * - Every list of the issuer's key is searched. An entry in any of them revokes, even in one that has
 *   expired or is for other distribution points.
 *   (For many lists of one issuer a merged index may show that none of them has the certificate, and then they are
 *   not read: nss/crl/store.h.)
 * - Only a list that covers the certificate proves that it is not revoked: one without scope, or one whose
 *   scope contains a name of the certificate's cRLDistributionPoints, byte by byte (RFC 5280 §6.3.3,
 *   §5.2.5; doc/facts/nss.md §4.3), and which is valid now.
 * - If a list cannot be read, the certificate is refused: its entries are unknown.
 * - A list dated in the future shows that the clock is wrong. Then no list is known to be valid, and the
 *   certificate is refused.
 */
#ifndef JPKI_NSS_CRL_CHECK_H
#define JPKI_NSS_CRL_CHECK_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/chain.h"

enum crl_policy {
	CRL_REQUIRE,	/* no list covers the certificate: refused */
	CRL_IF_PRESENT,	/* no list: logged, and the certificate is not refused */
	CRL_OFF,	/* no list is searched */
};

/* What decided, if the outcome is REVOKED, SUSPENDED or OK; any other outcome leaves it unchanged. */
struct crlcheck_found {
	uint8_t reason;		/* enum crl_reason; OK leaves it unchanged */
	int64_t this_update;	/* of the newest list that has the certificate, or that proves that it is not revoked */
};

struct crlcheck {
	const char *dir;	/* of the store (nss/crl/store.h) */
	uid_t owner;		/* 0 but in tests */
	enum crl_policy policy;
	int64_t grace;		/* seconds after nextUpdate in which a list still counts */
	const struct log *log;
	struct crlcheck_found *found;	/* NULL: not of interest */
};

/*
 * For struct revocation of nss/chain.h; ctx is the struct crlcheck. In this order:
 *
 * OUTCOME_REVOKED, or OUTCOME_SUSPENDED where the reason is certificateHold (when:
 * the revocationDate; date, reason and list are logged).
 * OUTCOME_CRL_INVALID: directory or a list of this issuer is unsafe or damaged.
 * OUTCOME_CRL_NOT_YET (when: thisUpdate of that list).
 * OUTCOME_OK.
 * OUTCOME_CRL_STALE (when: nextUpdate of the newest that covers the certificate).
 * OUTCOME_CRL_MISSING; with CRL_IF_PRESENT OUTCOME_OK and a line in the log.
 * OUTCOME_CERT_BAD: a serial number that no list can contain. CRL_IF_PRESENT accepts a missing list, and
 * nothing else: an administrator who has installed one relies on it.
 */
struct outcome crlcheck(void *ctx, const struct cert *cert, const struct cert *issuer,
    int64_t now) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is this certificate revoked? The answer of the installed lists, as a login
 * or `jpkictl crl check` asks it. Only indexes are read, no lock is asked for,
 * nothing is fetched.
 *
 * The rules:
 * - Every list of the issuer's key is asked. A listing in any of them revokes, also in one
 *   that has run out or is for other distribution points.
 * - Only a list that speaks for the certificate proves that it is not
 *   revoked: one without scope, or one whose scope holds a name of the
 *   certificate's cRLDistributionPoints, octet by octet (RFC 5280 §6.3.3, §5.2.5;
 *   doc/facts/nss.md §4.3), and which has begun and not run out.
 * - A list that cannot be read refuses: what it lists is not known.
 * - A list that begins in the future shows that the clock is wrong,
 *   and then no list is known to hold: refused.
 */
#ifndef JPKI_NSS_CRL_CHECK_H
#define JPKI_NSS_CRL_CHECK_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/chain.h"

enum crl_policy {
	CRL_REQUIRE,	/* no list that speaks for the certificate: refused */
	CRL_IF_PRESENT,	/* none: logged, and the certificate is not refused */
	CRL_OFF,	/* nothing is asked */
};

struct crlcheck {
	const char *dir;	/* of the store (nss/crl/store.h) */
	uid_t owner;		/* 0 but in tests */
	enum crl_policy policy;
	int64_t grace;		/* seconds after nextUpdate in which a list still holds */
	const struct log *log;
};

/*
 * For struct revocation of nss/chain.h; ctx is the struct crlcheck. In this order:
 *
 * OUTCOME_REVOKED, or OUTCOME_SUSPENDED where the reason is certificateHold (when:
 * the revocationDate; date, reason and list are logged).
 * OUTCOME_CRL_INVALID: directory or a list of this issuer is unsafe or damaged.
 * OUTCOME_CRL_NOT_YET (when: thisUpdate of that list).
 * OUTCOME_OK.
 * OUTCOME_CRL_STALE (when: nextUpdate of the newest that speaks for the certificate).
 * OUTCOME_CRL_MISSING; with CRL_IF_PRESENT OUTCOME_OK and a line in the log.
 * OUTCOME_CERT_BAD: a serial number that no list can hold.
 * CRL_IF_PRESENT forgives a list that is not there, and nothing else: who was
 * given one relies on it.
 */
struct outcome crlcheck(void *ctx, const struct cert *cert, const struct cert *issuer,
    int64_t now) MUST_CHECK;

#endif

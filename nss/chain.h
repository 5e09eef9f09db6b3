/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is this a certificate to log in with, now?
 *
 * Checked here: the chain to an anchor of our own database by
 * CERT_PKIXVerifyCert (doc/facts/nss.md §2: usage SSLClient, own anchors only, a
 * returned anchor that is ours, explicit time, NSS's revocation off because
 * it cannot be used for JPKI); that this anchor issued the certificate itself
 * (JPKI has no intermediate CA, and a CRL is looked up by the issuer); exact
 * validity of certificate and anchor; key usage (present, digitalSignature set,
 * nonRepudiation clear, which refuses the signature certificate of the same
 * card); extended key usage, if present (clientAuth); key type and size (RSA
 * from 2048 bits, EC P-256 and P-384); hash of the certificate's signature
 * (SHA-256 or better); policy OID, if one is configured.
 *
 * Not checked here: possession of the key (nss/sigcheck.h), and revocation, which the caller adds by
 * `struct revocation`.
 */
#ifndef JPKI_NSS_CHAIN_H
#define JPKI_NSS_CHAIN_H

#include "lib/log.h"
#include "lib/outcome.h"

struct cert;
struct certdb;

/*
 * Called when the chain of `cert` has been verified up to `issuer`, the anchor (by key: CA generations of
 * JPKI share one name). Any outcome but OUTCOME_OK refuses the certificate.
 */
struct revocation {
	struct outcome (*check)(void *ctx, const struct cert *cert,
	    const struct cert *issuer, int64_t now);
	void *ctx;
};

struct chain_rules {
	int64_t now;			/* seconds since 1970 UTC */
	const char *policy_oid;		/* dotted; NULL: not checked */
	const struct revocation *revocation;	/* NULL: revocation is not consulted */
};

/*
 * OUTCOME_OK, or the first fault in this order, beginning with whether the
 * certificate can be trusted at all: UNTRUSTED; CERT_BAD (wrong signature of a
 * certificate that names our CA's key) or CERT_WEAK (the same, with a hash that
 * NSS does not verify); CERT_NOT_YET (when: from; also of the CA), CERT_EXPIRED
 * (when: since), CA_EXPIRED (when: since); CERT_KIND (key usage, extended key
 * usage, policy, a CA's certificate); CERT_WEAK (key, hash); what PKIX adds:
 * CERT_BAD (unknown critical extension) and others; last, what the revocation
 * check said.
 * CONFIG: policy_oid is no OID. TRUST_DB, NO_MEMORY, INTERNAL as everywhere.
 * raw is the NSS error.
 */
struct outcome chain_check(struct certdb *db, const struct cert *cert,
    const struct chain_rules *rules, const struct log *log) MUST_CHECK;

#endif

/*
 * Is this a certificate to log in with, now?
 *
 * Checked here: the chain to an anchor of our own database by
 * CERT_PKIXVerifyCert (facts/nss.md §2: usage SSLClient, own anchors only, a
 * returned anchor that is ours, explicit time, NSS's revocation off because
 * it cannot be used for JPKI); exact validity of certificate and anchor;
 * key usage (digitalSignature set, nonRepudiation clear: which refuses the
 * signature certificate of the same card); extended key usage, where there
 * is one (clientAuth); key type and size (RSA from 2048 bits, EC P-256 and
 * P-384); hash of the certificate's signature (SHA-256 or better); policy
 * OID, where one is configured.
 *
 * Not checked here: whether anybody holds the key (nss/sigcheck.h), and
 * revocation, which is the caller's `struct revocation`.
 */
#ifndef JPKI_NSS_CHAIN_H
#define JPKI_NSS_CHAIN_H

#include "lib/log.h"
#include "lib/outcome.h"

struct cert;
struct certdb;

/*
 * Asked once the chain of `cert` has been verified up to `issuer`, the anchor
 * (by key: CA generations of JPKI share one name). Anything but JPKI_OK
 * refuses the certificate.
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
 * JPKI_OK, or the first thing wrong: CERT_EXPIRED (when: since), CERT_NOT_YET
 * (when: from), CA_EXPIRED (when: since), UNTRUSTED, CERT_KIND (key usage,
 * extended key usage, policy, a CA's certificate), CERT_WEAK (key, hash),
 * CERT_BAD (signature, unknown critical extension, undecodable), TRUST_DB,
 * NO_MEMORY, INTERNAL, or what the revocation check said. raw is the NSS error.
 */
struct outcome chain_check(struct certdb *db, const struct cert *cert,
    const struct chain_rules *rules, const struct log *log) MUST_CHECK;

#endif

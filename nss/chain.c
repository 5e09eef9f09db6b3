/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MUSTs: OUTCOME_OK needs every check of this file *and* CERT_PKIXVerifyCert. The checks here run first
 * only because they can report what is wrong, which PKIX often cannot (doc/facts/nss.md §2.3). An
 * unexpected NSS error is a refusal.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <secoid.h>

#include "nss/chain.h"
#include "nss/internal.h"

static bool
valid_at(const struct cert *cert, int64_t now)
{
	return cert->not_before <= now && now <= cert->not_after;
}

static bool
hash_is_strong(const struct cert *cert)
{
	return strong_hash_of(SECOID_GetAlgorithmTag(&cert->nss->signature)) != SEC_OID_UNKNOWN;
}

/* Whether the certificate names the key that signed it, and it is the anchor's. */
static bool
names_key_of(const struct cert *cert, const struct cert *anchor)
{
	_cleanup_(nss_item_done) SECItem value = { .data = NULL };
	PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTAuthKeyID *id = NULL;
	bool same;

	if (arena != NULL && CERT_FindCertExtension(cert->nss, SEC_OID_X509_AUTH_KEY_ID, &value) ==
	    SECSuccess)
		id = CERT_DecodeAuthKeyID(arena, &value);
	same = id != NULL && id->keyID.len > 0 &&
	    SECITEM_ItemsAreEqual(&id->keyID, &anchor->nss->subjectKeyID);
	if (arena != NULL)
		PORT_FreeArena(arena, PR_FALSE);
	return same;
}

static struct outcome
untrusted(const struct cert *cert, PRErrorCode error, const char *why, const struct log *log)
{
	log_msg(log, LOG_NOTICE, "certificate %.16s...: %s: %s", cert->fingerprint, why,
	    LOG_NAME(cert->issuer));
	return outcome_nss(OUTCOME_UNTRUSTED, error);
}

/*
 * The anchor whose key made the certificate's signature. By key, because all generations of JPKI's CA have
 * one name; among certificates of one key the one that is valid now. Only a direct issuer is accepted: JPKI
 * has no intermediate CA, and a CRL is looked up by the issuer.
 */
static struct outcome
find_anchor(const struct certdb *db, const struct cert *cert, int64_t now,
    const struct log *log, const struct cert **ret_anchor)
{
	const struct cert *signer = NULL;
	bool same_name = false, same_key_id = false;
	PRErrorCode error = SEC_ERROR_UNKNOWN_ISSUER;

	for (size_t i = 0; i < db->anchor_count; i++) {
		const struct cert *a = db->anchors[i];

		if (!SECITEM_ItemsAreEqual(&cert->nss->derIssuer, &a->nss->derSubject))
			continue;
		same_name = true;
		if (cert_signed_by(cert, a, &error)) {
			if (signer == NULL || valid_at(a, now))
				signer = a;
			continue;
		}
		same_key_id = same_key_id || names_key_of(cert, a);
	}
	if (signer == NULL && !same_name)
		return untrusted(cert, SEC_ERROR_UNKNOWN_ISSUER, "no such authority is trusted", log);
	if (signer == NULL && !same_key_id)
		return untrusted(cert, error, "the authority is trusted with another key only", log);
	if (signer == NULL)	/* MD5 cannot even be verified */
		return outcome_nss(hash_is_strong(cert) ? OUTCOME_CERT_BAD : OUTCOME_CERT_WEAK, error);
	if (!cert_is_ca(signer))
		return untrusted(cert, SEC_ERROR_CA_CERT_INVALID,
		    "the trusted certificate may not issue certificates", log);
	*ret_anchor = signer;
	return outcome_of(OUTCOME_OK);
}

/* Exact to the second: NSS accepts a certificate up to a day early. */
static struct outcome
check_dates(const struct cert *cert, const struct cert *anchor, int64_t now)
{
	if (now < cert->not_before)
		return outcome_when(OUTCOME_CERT_NOT_YET, cert->not_before);
	if (now > cert->not_after)
		return outcome_when(OUTCOME_CERT_EXPIRED, cert->not_after);
	if (now < anchor->not_before)
		return outcome_when(OUTCOME_CERT_NOT_YET, anchor->not_before);
	if (now > anchor->not_after)
		return outcome_when(OUTCOME_CA_EXPIRED, anchor->not_after);
	return outcome_of(OUTCOME_OK);
}

/*
 * digitalSignature without nonRepudiation: this refuses the signature certificate of the same card. Its
 * signatures bind like a seal on a contract, so its password must not be used for logins.
 */
static bool
key_usage_fits(const struct cert *cert)
{
	unsigned int usage;

	return cert_key_usage(cert, &usage) && (usage & KU_DIGITAL_SIGNATURE) != 0 &&
	    (usage & KU_NON_REPUDIATION) == 0;
}

/* Absent is accepted; if present, it must contain clientAuth; malformed is refused. */
static bool
extended_key_usage_fits(const struct cert *cert)
{
	_cleanup_(nss_item_done) SECItem value = { .data = NULL };
	CERTOidSequence *usages;
	bool found = false;

	PORT_SetError(0);
	if (CERT_FindCertExtension(cert->nss, SEC_OID_X509_EXT_KEY_USAGE, &value) != SECSuccess)
		return PORT_GetError() == SEC_ERROR_EXTENSION_NOT_FOUND;
	usages = CERT_DecodeOidSequence(&value);
	if (usages == NULL)
		return false;
	for (SECItem **oid = usages->oids; oid != NULL && *oid != NULL; oid++)
		found = found || SECOID_FindOIDTag(*oid) == SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH;
	CERT_DestroyOidSequence(usages);
	return found;
}

/* Exactly this policy: anyPolicy in an end certificate would say nothing. */
static bool
has_policy(const struct cert *cert, const SECItem *wanted)
{
	_cleanup_(nss_item_done) SECItem value = { .data = NULL };
	CERTCertificatePolicies *policies;
	bool found = false;

	if (CERT_FindCertExtension(cert->nss, SEC_OID_X509_CERTIFICATE_POLICIES, &value) !=
	    SECSuccess)
		return false;
	policies = CERT_DecodeCertificatePoliciesExtension(&value);
	if (policies == NULL)
		return false;
	for (CERTPolicyInfo **p = policies->policyInfos; p != NULL && *p != NULL; p++)
		found = found || SECITEM_ItemsAreEqual(&(*p)->policyID, wanted);
	CERT_DestroyCertificatePoliciesExtension(policies);
	return found;
}

static struct outcome
check_policy(const struct cert *cert, const char *dotted, const struct log *log)
{
	_cleanup_(nss_item_done) SECItem oid = { .data = NULL };

	if (SEC_StringToOID(NULL, &oid, dotted, 0) != SECSuccess) {
		log_msg(log, LOG_ERR, "policy '%s' is not an object identifier", dotted);
		return outcome_of(OUTCOME_CONFIG);
	}
	if (has_policy(cert, &oid))
		return outcome_of(OUTCOME_OK);
	log_msg(log, LOG_NOTICE, "certificate %.16s... lacks the policy %s", cert->fingerprint,
	    dotted);
	return outcome_raw(OUTCOME_CERT_KIND, (uint32_t)SEC_ERROR_POLICY_VALIDATION_FAILED);
}

static struct outcome
check_kind(const struct cert *cert, const char *policy, const struct log *log)
{
	if (cert_claims_ca(cert) != CLAIM_NO)
		return outcome_raw(OUTCOME_CERT_KIND, (uint32_t)SEC_ERROR_INADEQUATE_CERT_TYPE);
	if (!key_usage_fits(cert))
		return outcome_raw(OUTCOME_CERT_KIND, (uint32_t)SEC_ERROR_INADEQUATE_KEY_USAGE);
	if (!extended_key_usage_fits(cert))
		return outcome_raw(OUTCOME_CERT_KIND, (uint32_t)SEC_ERROR_INADEQUATE_CERT_TYPE);
	return policy != NULL ? check_policy(cert, policy, log) : outcome_of(OUTCOME_OK);
}

/* The anchor's own signature proves nothing, so its hash is not checked. */
static struct outcome
check_strength(const struct cert *cert, const struct cert *anchor)
{
	if (cert_key_kind(cert) == KEY_REFUSED || cert_key_kind(anchor) == KEY_REFUSED)
		return outcome_raw(OUTCOME_CERT_WEAK, (uint32_t)SEC_ERROR_INVALID_KEY);
	if (!hash_is_strong(cert))
		return outcome_raw(OUTCOME_CERT_WEAK,
		    (uint32_t)SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED);
	return outcome_of(OUTCOME_OK);
}

static enum outcome_status
status_of_nss(PRErrorCode error)
{
	switch (error) {
	case SEC_ERROR_NO_MEMORY:
		return OUTCOME_NO_MEMORY;
	case SEC_ERROR_UNKNOWN_ISSUER:
	case SEC_ERROR_UNTRUSTED_ISSUER:
	case SEC_ERROR_UNTRUSTED_CERT:
	case SEC_ERROR_CA_CERT_INVALID:
	case SEC_ERROR_PATH_LEN_CONSTRAINT_INVALID:
	case SEC_ERROR_CERT_NOT_IN_NAME_SPACE:
		return OUTCOME_UNTRUSTED;
	case SEC_ERROR_EXPIRED_CERTIFICATE:
		return OUTCOME_CERT_EXPIRED;
	case SEC_ERROR_EXPIRED_ISSUER_CERTIFICATE:
		return OUTCOME_CA_EXPIRED;
	case SEC_ERROR_INADEQUATE_KEY_USAGE:
	case SEC_ERROR_INADEQUATE_CERT_TYPE:
	case SEC_ERROR_POLICY_VALIDATION_FAILED:
		return OUTCOME_CERT_KIND;
	case SEC_ERROR_CERT_SIGNATURE_ALGORITHM_DISABLED:
		return OUTCOME_CERT_WEAK;
	case SEC_ERROR_BAD_DATABASE:
	case SEC_ERROR_READ_ONLY:
	case SEC_ERROR_IO:
		return OUTCOME_TRUST_DB;
	case SEC_ERROR_LIBRARY_FAILURE:
	case SEC_ERROR_INVALID_ARGS:
	case 0:
		return OUTCOME_INTERNAL;
	default:
		return OUTCOME_CERT_BAD;
	}
}

/*
 * One PKIX verification at the given moment, our anchors only, nothing over
 * the network, NSS's revocation off (it cannot read JPKI's lists). The flags
 * are given explicitly, because other code in the process may have changed
 * the defaults.
 */
static struct outcome
pkix(struct certdb *db, const struct cert *cert, int64_t now, CERTCertificate **ret_anchor)
{
	PRUint64 per_method[2] = {
		CERT_REV_M_DO_NOT_TEST_USING_THIS_METHOD | CERT_REV_M_FORBID_NETWORK_FETCHING,
		CERT_REV_M_DO_NOT_TEST_USING_THIS_METHOD | CERT_REV_M_FORBID_NETWORK_FETCHING,
	};
	CERTRevocationTests none = {
		.number_of_defined_methods = 2,
		.cert_rev_flags_per_method = per_method,
		.cert_rev_method_independent_flags = CERT_REV_MI_NO_OVERALL_INFO_REQUIREMENT,
	};
	CERTRevocationFlags revocation = { .leafTests = none, .chainTests = none };
	CERTValInParam in[] = {
		{ .type = cert_pi_date, .value.scalar.time = (PRTime)now * PR_USEC_PER_SEC },
		{ .type = cert_pi_revocationFlags, .value.pointer.revocation = &revocation },
		{ .type = cert_pi_trustAnchors, .value.pointer.chain = db->anchor_list },
		{ .type = cert_pi_useOnlyTrustAnchors, .value.scalar.b = PR_TRUE },
		{ .type = cert_pi_useAIACertFetch, .value.scalar.b = PR_FALSE },
		{ .type = cert_pi_end },
	};
	CERTValOutParam out[] = {
		{ .type = cert_po_trustAnchor, .value.pointer.cert = NULL },
		{ .type = cert_po_end },
	};
	PRErrorCode error;

	PORT_SetError(0);
	if (CERT_PKIXVerifyCert(cert->nss, certificateUsageSSLClient, in, out, NULL) !=
	    SECSuccess) {
		error = PORT_GetError();
		return outcome_raw(status_of_nss(error), (uint32_t)error);
	}
	*ret_anchor = out[0].value.pointer.cert;	/* may be NULL */
	return outcome_of(OUTCOME_OK);
}

/*
 * PKIX returns no anchor for a trusted leaf (trust P) or trust from elsewhere. So require an anchor, with
 * the key that made the signature.
 */
static bool
is_our_anchor(const struct certdb *db, const CERTCertificate *found, const struct cert *anchor)
{
	if (found == NULL ||
	    !SECITEM_ItemsAreEqual(&found->derPublicKey, &anchor->nss->derPublicKey))
		return false;
	for (size_t i = 0; i < db->anchor_count; i++)
		if (SECITEM_ItemsAreEqual(&found->derCert, &db->anchors[i]->nss->derCert))
			return true;
	return false;
}

static struct outcome
check_by_pkix(struct certdb *db, const struct cert *cert, const struct cert *anchor,
    int64_t now, const struct log *log)
{
	_cleanup_(nss_cert_freep) CERTCertificate *found = NULL;
	struct outcome o = pkix(db, cert, now, &found);

	if (!outcome_ok(&o))
		return o;
	if (!is_our_anchor(db, found, anchor))
		return untrusted(cert, SEC_ERROR_UNTRUSTED_ISSUER,
		    "NSS trusts it for another reason than a trusted authority", log);
	return o;
}

struct outcome
chain_check(struct certdb *db, const struct cert *cert, const struct chain_rules *rules,
    const struct log *log)
{
	const struct cert *anchor = NULL;
	struct outcome o = find_anchor(db, cert, rules->now, log, &anchor);

	if (outcome_ok(&o))
		o = check_dates(cert, anchor, rules->now);
	if (outcome_ok(&o))
		o = check_kind(cert, rules->policy_oid, log);
	if (outcome_ok(&o))
		o = check_strength(cert, anchor);
	if (outcome_ok(&o))
		o = check_by_pkix(db, cert, anchor, rules->now, log);
	if (!outcome_ok(&o) && o.raw != 0)
		log_msg(log, LOG_NOTICE, "certificate %.16s...: %s (%s)", cert->fingerprint,
		    outcome_code(o.status), nss_error_name((PRErrorCode)o.raw));
	if (outcome_ok(&o) && rules->revocation != NULL)
		o = rules->revocation->check(rules->revocation->ctx, cert, anchor, rules->now);
	return o;
}

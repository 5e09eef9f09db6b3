/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <secoid.h>

#include "nss/asn1.h"
#include "nss/certform.h"
#include "nss/internal.h"

#define UNREADABLE (CERTFORM_TRAITS - 1)
#define BIT(trait) ((uint8_t)(1U << (trait)))

enum { POINT_DIRECTORY, POINT_URI, POINT_OTHER, POINT_SEVERAL };
enum { INFO_OCSP, INFO_ISSUERS, INFO_OTHER, INFO_HTTP, INFO_LDAP, INFO_OTHER_PLACE };
enum { AKI_KEY, AKI_ISSUER, AKI_MATCHES };
enum { SKI_LAST };
enum { EKU_CLIENT, EKU_EMAIL, EKU_SMARTCARD, EKU_ANY, EKU_OTHER };
enum { POLICY_CARD, POLICY_SIGNATURE, POLICY_PHONE_SIGNATURE, POLICY_TEST, POLICY_OTHER, POLICY_CPS };

static const struct {
	const char *name;
	SECOidTag tag;
	const char *traits[CERTFORM_TRAITS];
} kinds[CERTFORM_KINDS] = {
	[CERTFORM_KEY_USAGE] = { "key-usage", SEC_OID_X509_KEY_USAGE,
		{ "digitalSignature", "nonRepudiation", "other", NULL } },
	[CERTFORM_EXTENDED_KEY_USAGE] = { "extended-key-usage", SEC_OID_X509_EXT_KEY_USAGE,
		{ [EKU_CLIENT] = "clientAuth", [EKU_EMAIL] = "emailProtection", [EKU_SMARTCARD] = "smartcardLogon",
		  [EKU_ANY] = "any", [EKU_OTHER] = "other" } },
	[CERTFORM_POLICIES] = { "policies", SEC_OID_X509_CERTIFICATE_POLICIES,
		{ [POLICY_CARD] = "3.30", [POLICY_SIGNATURE] = "1.20", [POLICY_PHONE_SIGNATURE] = "1.40",
		  [POLICY_TEST] = "2.30", [POLICY_OTHER] = "other", [POLICY_CPS] = "cps" } },
	[CERTFORM_CRL_POINTS] = { "crl-points", SEC_OID_X509_CRL_DIST_POINTS,
		{ [POINT_DIRECTORY] = "directoryName", [POINT_URI] = "uri", [POINT_OTHER] = "other",
		  [POINT_SEVERAL] = "several" } },
	[CERTFORM_AUTHORITY_INFO] = { "authority-info", SEC_OID_X509_AUTH_INFO_ACCESS,
		{ [INFO_OCSP] = "ocsp", [INFO_ISSUERS] = "caIssuers", [INFO_OTHER] = "other", [INFO_HTTP] = "http",
		  [INFO_LDAP] = "ldap", [INFO_OTHER_PLACE] = "other-place" } },
	[CERTFORM_AUTHORITY_KEY] = { "authority-key", SEC_OID_X509_AUTH_KEY_ID,
		{ [AKI_KEY] = "keyIdentifier", [AKI_ISSUER] = "issuer", [AKI_MATCHES] = "matches-ca" } },
	[CERTFORM_SUBJECT_KEY] = { "subject-key", SEC_OID_X509_SUBJECT_KEY_ID, { [SKI_LAST] = "last" } },
	[CERTFORM_ISSUER_NAMES] = { "issuer-names", SEC_OID_X509_ISSUER_ALT_NAME, { NULL } },
	[CERTFORM_SUBJECT_NAMES] = { "subject-names", SEC_OID_X509_SUBJECT_ALT_NAME, { NULL } },
	[CERTFORM_OTHER] = { "other-extensions", SEC_OID_UNKNOWN, { NULL } },
};

static bool
is_oid(const SECItem *oid, const char *dotted)
{
	_cleanup_(nss_item_done) SECItem known = { .data = NULL };

	return SEC_StringToOID(NULL, &known, dotted, 0) == SECSuccess && SECITEM_ItemsAreEqual(oid, &known);
}

/* --- one extension each; the value is DER ------------------------------------------------ */

static uint8_t
traits_of_key_usage(const struct cert *cert, SECItem *value)
{
	unsigned int flags;

	if (!cert_key_usage(cert, &flags))
		return BIT(UNREADABLE);
	return (uint8_t)(((flags & KU_DIGITAL_SIGNATURE) != 0 ? 1 : 0) | ((flags & KU_NON_REPUDIATION) != 0 ? 2 : 0) |
	    ((flags & ~(unsigned int)(KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 ? 4 : 0));
}

static uint8_t
trait_of_purpose(const SECItem *oid)
{
	switch (SECOID_FindOIDTag(oid)) {
	case SEC_OID_EXT_KEY_USAGE_CLIENT_AUTH:
		return BIT(EKU_CLIENT);
	case SEC_OID_EXT_KEY_USAGE_EMAIL_PROTECT:
		return BIT(EKU_EMAIL);
	case SEC_OID_X509_ANY_EXT_KEY_USAGE:
		return BIT(EKU_ANY);
	default:
		return BIT(is_oid(oid, "OID.1.3.6.1.4.1.311.20.2.2") ? EKU_SMARTCARD : EKU_OTHER);
	}
}

static uint8_t
traits_of_purposes(const struct cert *cert, SECItem *value)
{
	CERTOidSequence *purposes = CERT_DecodeOidSequence(value);
	uint8_t traits = 0;

	if (purposes == NULL)
		return BIT(UNREADABLE);
	for (SECItem **oid = purposes->oids; oid != NULL && *oid != NULL; oid++)
		traits |= trait_of_purpose(*oid);
	CERT_DestroyOidSequence(purposes);
	return traits;
}

/* doc/facts/jpki-card.md §5.2, §5.3 */
static uint8_t
traits_of_policy(const CERTPolicyInfo *policy)
{
	static const struct { const char *oid; uint8_t trait; } known[] = {
		{ "OID.1.2.392.200149.8.5.1.3.30", BIT(POLICY_CARD) },
		{ "OID.1.2.392.200149.8.5.1.1.20", BIT(POLICY_SIGNATURE) },
		{ "OID.1.2.392.200149.8.5.1.1.40", BIT(POLICY_PHONE_SIGNATURE) },
		{ "OID.1.2.392.200149.8.5.1.2.30", BIT(POLICY_TEST) },
	};
	uint8_t traits = BIT(POLICY_OTHER);

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (is_oid(&policy->policyID, known[i].oid))
			traits = known[i].trait;
	for (CERTPolicyQualifier **q = policy->policyQualifiers; q != NULL && *q != NULL; q++)
		if (SECOID_FindOIDTag(&(*q)->qualifierID) == SEC_OID_PKIX_CPS_POINTER_QUALIFIER)
			traits |= BIT(POLICY_CPS);
	return traits;
}

static uint8_t
traits_of_policies(const struct cert *cert, SECItem *value)
{
	CERTCertificatePolicies *policies = CERT_DecodeCertificatePoliciesExtension(value);
	uint8_t traits = 0;

	if (policies == NULL)
		return BIT(UNREADABLE);
	for (CERTPolicyInfo **p = policies->policyInfos; p != NULL && *p != NULL; p++)
		traits |= traits_of_policy(*p);
	CERT_DestroyCertificatePoliciesExtension(policies);
	return traits;
}

static uint8_t
trait_of_point(const CRLDistributionPoint *point)
{
	if (point->distPointType != generalName || point->distPoint.fullName == NULL)
		return BIT(POINT_OTHER);
	switch (point->distPoint.fullName->type) {
	case certDirectoryName:
		return BIT(POINT_DIRECTORY);
	case certURI:
		return BIT(POINT_URI);
	default:
		return BIT(POINT_OTHER);
	}
}

static uint8_t
traits_of_points(const struct cert *cert, SECItem *value)
{
	_cleanup_(nss_arena_freep) PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTCrlDistributionPoints *points = arena != NULL ? CERT_DecodeCRLDistributionPoints(arena, value) : NULL;
	uint8_t traits = 0;
	size_t count = 0;

	if (points == NULL)
		return BIT(UNREADABLE);
	for (CRLDistributionPoint **p = points->distPoints; p != NULL && *p != NULL; p++, count++)
		traits |= trait_of_point(*p);
	return traits | (count > 1 ? BIT(POINT_SEVERAL) : 0);
}

static bool
begins_with(const SECItem *text, const char *begin)
{
	return text->len >= strlen(begin) && memcmp(text->data, begin, strlen(begin)) == 0;
}

static uint8_t
traits_of_access(const CERTAuthInfoAccess *access)
{
	SECOidTag method = SECOID_FindOIDTag(&access->method);
	uint8_t traits = BIT(method == SEC_OID_PKIX_OCSP ? INFO_OCSP :
	    method == SEC_OID_PKIX_CA_ISSUERS ? INFO_ISSUERS : INFO_OTHER);

	if (access->location == NULL || access->location->type != certURI)
		return traits | BIT(INFO_OTHER_PLACE);
	if (begins_with(&access->location->name.other, "http"))
		return traits | BIT(INFO_HTTP);
	return traits | BIT(begins_with(&access->location->name.other, "ldap") ? INFO_LDAP : INFO_OTHER_PLACE);
}

static uint8_t
traits_of_info(const struct cert *cert, SECItem *value)
{
	_cleanup_(nss_arena_freep) PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTAuthInfoAccess **info = arena != NULL ? CERT_DecodeAuthInfoAccessExtension(arena, value) : NULL;
	uint8_t traits = 0;

	if (info == NULL)
		return BIT(UNREADABLE);
	for (; *info != NULL; info++)
		traits |= traits_of_access(*info);
	return traits;
}

static uint8_t
traits_of_authority_key(const struct cert *cert, SECItem *value)
{
	struct view key;
	bool more;

	if (!asn1_authority_key(view_of_item(value), &key, &more))
		return BIT(UNREADABLE);
	return (uint8_t)((key.len > 0 ? BIT(AKI_KEY) : 0) | (more ? BIT(AKI_ISSUER) : 0));
}

/* --- all of them --------------------------------------------------------------------- */

static uint8_t (*const traits_of[CERTFORM_KINDS])(const struct cert *cert, SECItem *value) = {
	[CERTFORM_KEY_USAGE] = traits_of_key_usage,
	[CERTFORM_EXTENDED_KEY_USAGE] = traits_of_purposes,
	[CERTFORM_POLICIES] = traits_of_policies,
	[CERTFORM_CRL_POINTS] = traits_of_points,
	[CERTFORM_AUTHORITY_INFO] = traits_of_info,
	[CERTFORM_AUTHORITY_KEY] = traits_of_authority_key,
};

static size_t
kind_of(SECOidTag tag)
{
	for (size_t kind = 0; kind < CERTFORM_OTHER; kind++)
		if (kinds[kind].tag == tag)
			return kind;
	return CERTFORM_OTHER;
}

/* Whether the certificate's authority key id is this CA's own subject key id. */
static bool
names_key_of(const struct cert *cert, const struct cert *ca)
{
	_cleanup_(nss_item_done) SECItem value = { .data = NULL };
	_cleanup_(nss_item_done) SECItem own = { .data = NULL };
	struct view key;
	bool more;

	return CERT_FindCertExtension(cert->nss, SEC_OID_X509_AUTH_KEY_ID, &value) == SECSuccess &&
	    asn1_authority_key(view_of_item(&value), &key, &more) && key.len > 0 &&
	    CERT_FindSubjectKeyIDExtension(ca->nss, &own) == SECSuccess && view_equal(key, view_of_item(&own));
}

void
certform_of(const struct cert *cert, const struct cert *ca, struct certform *ret)
{
	CERTCertExtension **extension = cert->nss->extensions;

	*ret = (struct certform){ 0 };
	for (; extension != NULL && *extension != NULL; extension++) {
		size_t kind = kind_of(SECOID_FindOIDTag(&(*extension)->id));
		const SECItem *critical = &(*extension)->critical;

		ret->of[kind].present = true;
		ret->of[kind].critical |= critical->len > 0 && critical->data[0] != 0;
		if (traits_of[kind] != NULL)
			ret->of[kind].traits |= traits_of[kind](cert, &(*extension)->value);
		if (kind == CERTFORM_SUBJECT_KEY && extension[1] == NULL)
			ret->of[kind].traits |= BIT(SKI_LAST);
	}
	if (ca != NULL && names_key_of(cert, ca))
		ret->of[CERTFORM_AUTHORITY_KEY].traits |= BIT(AKI_MATCHES);
}

const char *
certform_name(size_t kind)
{
	return kind < CERTFORM_KINDS ? kinds[kind].name : NULL;
}

const char *
certform_trait(size_t kind, unsigned int trait)
{
	if (kind >= CERTFORM_KINDS || trait >= CERTFORM_TRAITS)
		return NULL;
	return trait == UNREADABLE ? "unreadable" : kinds[kind].traits[trait];
}

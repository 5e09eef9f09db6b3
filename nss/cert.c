/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <secoid.h>

#include "nss/asn1.h"
#include "nss/internal.h"

/* Names are shown on terminals, and may contain anything. */
static char *
name_text(CERTName *name)
{
	char *nss = CERT_NameToAsciiInvertible(name, CERT_N2A_READABLE);
	char *text = nss != NULL ? strdup(nss) : strdup("");

	PORT_Free(nss);
	if (text != NULL)
		log_defuse(text);
	return text;
}

static char *
serial_text(SECItem *serial)
{
	char *nss = CERT_Hexify(serial, 0);
	char *text = nss != NULL ? strdup(nss) : NULL;

	PORT_Free(nss);
	return text;
}

bool
nss_sha256(struct view in, uint8_t ret_hash[static 32])
{
	return in.len <= INT32_MAX &&
	    PK11_HashBuf(SEC_OID_SHA256, ret_hash, in.data, (PRInt32)in.len) == SECSuccess;
}

SECOidTag
strong_hash_of(SECOidTag signature_algorithm)
{
	switch (signature_algorithm) {
	case SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION:
	case SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE:
		return SEC_OID_SHA256;
	case SEC_OID_PKCS1_SHA384_WITH_RSA_ENCRYPTION:
	case SEC_OID_ANSIX962_ECDSA_SHA384_SIGNATURE:
		return SEC_OID_SHA384;
	case SEC_OID_PKCS1_SHA512_WITH_RSA_ENCRYPTION:
	case SEC_OID_ANSIX962_ECDSA_SHA512_SIGNATURE:
		return SEC_OID_SHA512;
	default:
		return SEC_OID_UNKNOWN;
	}
}

static bool
fingerprint(struct view bytes, char ret_text[CERT_FINGERPRINT_LEN + 1])
{
	uint8_t hash[CERT_FINGERPRINT_LEN / 2];

	if (!nss_sha256(bytes, hash))
		return false;
	view_hex((struct view){ hash, sizeof hash }, ret_text);
	return true;
}

/* Only named curves are accepted, not curves given by their parameters. */
static SECOidTag
curve_of(const SECKEYPublicKey *key)
{
	struct view params = { .data = key->u.ec.DEREncodedParams.data,
	    .len = key->u.ec.DEREncodedParams.len };
	struct view oid;
	SECItem item;

	if (!asn1_oid(params, &oid))
		return SEC_OID_UNKNOWN;
	item = (SECItem){ .type = siBuffer, .data = (unsigned char *)(uintptr_t)oid.data,
	    .len = (unsigned int)oid.len };
	return SECOID_FindOIDTag(&item);
}

enum key_kind
cert_key_kind(const struct cert *cert)
{
	unsigned int bits;

	if (cert->key == NULL)
		return KEY_REFUSED;
	switch (SECKEY_GetPublicKeyType(cert->key)) {
	case rsaKey:
		bits = SECKEY_PublicKeyStrengthInBits(cert->key);
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? KEY_RSA : KEY_REFUSED;
	case ecKey:
		switch (curve_of(cert->key)) {
		case SEC_OID_ANSIX962_EC_PRIME256V1:
			return KEY_P256;
		case SEC_OID_SECG_EC_SECP384R1:
			return KEY_P384;
		default:
			return KEY_REFUSED;
		}
	default:
		return KEY_REFUSED;
	}
}

static void
name_key(struct cert *cert)
{
	const char *curve = "";

	switch (cert->key != NULL ? SECKEY_GetPublicKeyType(cert->key) : nullKey) {
	case rsaKey:
		snprintf(cert->key_name, sizeof cert->key_name, "RSA-%u",
		    SECKEY_PublicKeyStrengthInBits(cert->key));
		break;
	case ecKey:
		switch (curve_of(cert->key)) {
		case SEC_OID_ANSIX962_EC_PRIME256V1:
			curve = " P-256";
			break;
		case SEC_OID_SECG_EC_SECP384R1:
			curve = " P-384";
			break;
		case SEC_OID_SECG_EC_SECP521R1:
			curve = " P-521";
			break;
		default:
			break;
		}
		snprintf(cert->key_name, sizeof cert->key_name, "EC%s", curve);
		break;
	default:
		snprintf(cert->key_name, sizeof cert->key_name, "unknown");
	}
}

/* PRTime counts microseconds; rounded down, also before 1970. */
static int64_t
seconds(PRTime t)
{
	return t / PR_USEC_PER_SEC - (t % PR_USEC_PER_SEC < 0);
}

static struct outcome
describe_cert(struct cert *cert)
{
	PRTime not_before, not_after;

	if (CERT_GetCertTimes(cert->nss, &not_before, &not_after) != SECSuccess)
		return outcome_raw(OUTCOME_CERT_BAD, (uint32_t)PORT_GetError());
	cert->not_before = seconds(not_before);
	cert->not_after = seconds(not_after);
	cert->key = CERT_ExtractPublicKey(cert->nss);
	name_key(cert);
	if (!fingerprint(cert_der(cert), cert->fingerprint))
		return outcome_nss(OUTCOME_INTERNAL, PORT_GetError());
	cert->subject = name_text(&cert->nss->subject);
	cert->issuer = name_text(&cert->nss->issuer);
	cert->serial = serial_text(&cert->nss->serialNumber);
	if (cert->subject == NULL || cert->issuer == NULL || cert->serial == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	return outcome_of(OUTCOME_OK);
}

struct outcome
cert_from_der(struct certdb *db, struct view der, struct cert **ret)
{
	_cleanup_(cert_freep) struct cert *cert = NULL;
	SECItem item = { .type = siDERCertBuffer, .data = (unsigned char *)(uintptr_t)der.data,
	    .len = (unsigned int)der.len };
	struct outcome o;

	(void)db;	/* a parameter because NSS works only while one is open */
	if (der.len > CERT_DER_MAX || !asn1_is_certificate(der))
		return outcome_of(OUTCOME_CERT_BAD);
	cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	PORT_SetError(0);
	cert->nss = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), &item, NULL, PR_FALSE, PR_TRUE);
	if (cert->nss == NULL)
		return outcome_nss(OUTCOME_CERT_BAD, PORT_GetError());
	o = describe_cert(cert);
	if (!outcome_ok(&o))
		return o;
	*ret = cert;
	cert = NULL;	/* given to the caller */
	return o;
}

void
cert_free(struct cert *cert)
{
	if (cert == NULL)
		return;
	if (cert->key != NULL)
		SECKEY_DestroyPublicKey(cert->key);
	if (cert->nss != NULL)
		CERT_DestroyCertificate(cert->nss);
	free(cert->subject);
	free(cert->issuer);
	free(cert->serial);
	free(cert);
}

struct view
cert_der(const struct cert *cert)
{
	return (struct view){ .data = cert->nss->derCert.data, .len = cert->nss->derCert.len };
}

const char *
cert_fingerprint(const struct cert *cert)
{
	return cert->fingerprint;
}

bool
cert_key_sha256(const struct cert *cert, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	return fingerprint(view_of_item(&cert->nss->derPublicKey), ret);
}

bool
cert_fingerprint_of(struct view der, char ret[static CERT_FINGERPRINT_LEN + 1])
{
	return fingerprint(der, ret);
}

int64_t
cert_not_before(const struct cert *cert)
{
	return cert->not_before;
}

int64_t
cert_not_after(const struct cert *cert)
{
	return cert->not_after;
}

const char *
cert_subject(const struct cert *cert)
{
	return cert->subject;
}

const char *
cert_issuer(const struct cert *cert)
{
	return cert->issuer;
}

const char *
cert_serial(const struct cert *cert)
{
	return cert->serial;
}

const char *
cert_key_name(const struct cert *cert)
{
	return cert->key_name;
}

bool
cert_key_usage(const struct cert *cert, unsigned int *ret_flags)
{
	_cleanup_(nss_item_done) SECItem bits = { .data = NULL };

	if (CERT_FindKeyUsageExtension(cert->nss, &bits) != SECSuccess || bits.len == 0)
		return false;
	*ret_flags = bits.data[0];
	return true;
}

enum claim
cert_claims_ca(const struct cert *cert)
{
	_cleanup_(nss_item_done) SECItem value = { .data = NULL };
	CERTBasicConstraints constraints;

	PORT_SetError(0);
	if (CERT_FindCertExtension(cert->nss, SEC_OID_X509_BASIC_CONSTRAINTS, &value) != SECSuccess)
		return PORT_GetError() == SEC_ERROR_EXTENSION_NOT_FOUND ? CLAIM_NO :
		    CLAIM_UNREADABLE;
	if (CERT_DecodeBasicConstraintValue(&constraints, &value) != SECSuccess)
		return CLAIM_UNREADABLE;
	return constraints.isCA ? CLAIM_YES : CLAIM_NO;
}

bool
cert_is_ca(const struct cert *cert)
{
	unsigned int usage;

	if (cert_claims_ca(cert) != CLAIM_YES)
		return false;
	PORT_SetError(0);
	if (!cert_key_usage(cert, &usage))	/* absent is accepted, malformed is not */
		return PORT_GetError() == SEC_ERROR_EXTENSION_NOT_FOUND;
	return (usage & KU_KEY_CERT_SIGN) != 0;
}

bool
cert_signed_by(const struct cert *cert, const struct cert *signer, PRErrorCode *ret_error)
{
	*ret_error = SEC_ERROR_INVALID_KEY;
	if (signer->key == NULL)
		return false;
	PORT_SetError(0);
	if (CERT_VerifySignedDataWithPublicKey(&cert->nss->signatureWrap, signer->key, NULL) ==
	    SECSuccess)
		return true;
	*ret_error = PORT_GetError();
	return false;
}

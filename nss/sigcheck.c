/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <cryptohi.h>
#include <secoid.h>

#include "nss/asn1.h"
#include "nss/internal.h"
#include "nss/sigcheck.h"

#define CHALLENGE_MAX 65536
#define EC_BYTES_MAX 48		/* r or s of P-384 */

/* What each accepted kind of key signs. */
struct scheme {
	SECOidTag hash;
	size_t digest_len;
	size_t ec_bytes;	/* of r and of s; 0: RSA */
};

static bool
scheme_of(const struct cert *cert, struct scheme *ret)
{
	switch (cert_key_kind(cert)) {
	case KEY_RSA:
		*ret = (struct scheme){ SEC_OID_SHA256, 32, 0 };
		return true;
	case KEY_P256:
		*ret = (struct scheme){ SEC_OID_SHA256, 32, 32 };
		return true;
	case KEY_P384:
		*ret = (struct scheme){ SEC_OID_SHA384, 48, 48 };
		return true;
	case KEY_REFUSED:
		break;
	}
	return false;
}

struct outcome
sigcheck_input(const struct cert *cert, struct view challenge, struct sign_input *ret_input)
{
	/* DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1) */
	static const uint8_t digest_info[] = {
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
	};
	struct sign_input input = { .len = 0 };
	struct writer w = writer_of(input.bytes, sizeof input.bytes);
	struct scheme scheme;

	if (!scheme_of(cert, &scheme))
		return outcome_raw(OUTCOME_CERT_WEAK, (uint32_t)SEC_ERROR_INVALID_KEY);
	if (challenge.len == 0 || challenge.len > CHALLENGE_MAX)
		return outcome_of(OUTCOME_INTERNAL);
	PORT_SetError(0);
	if (PK11_HashBuf(scheme.hash, input.digest, challenge.data, (PRInt32)challenge.len) !=
	    SECSuccess)
		return outcome_nss(OUTCOME_INTERNAL, PORT_GetError());
	input.digest_len = scheme.digest_len;
	if (scheme.ec_bytes == 0)
		writer_bytes(&w, digest_info, sizeof digest_info);
	writer_bytes(&w, input.digest, input.digest_len);
	if (!writer_ok(&w))
		return outcome_of(OUTCOME_INTERNAL);
	input.len = w.len;
	*ret_input = input;
	return outcome_of(OUTCOME_OK);
}

bool
sigcheck_is_repeatable(const struct cert *cert)
{
	return cert_key_kind(cert) == KEY_RSA;
}

size_t
sigcheck_signature_size(const struct cert *cert)
{
	struct scheme scheme;

	if (!scheme_of(cert, &scheme))
		return 0;
	if (scheme.ec_bytes == 0)
		return SECKEY_SignatureLen(cert->key);
	/* As DER: two INTEGERs with a leading zero each, in a SEQUENCE of at most 127 bytes. */
	return 2 + 2 * (2 + 1 + scheme.ec_bytes);
}

static struct outcome
verify_ec(const struct cert *cert, const struct scheme *scheme, const SECItem *digest,
    struct view signature)
{
	uint8_t raw[2 * EC_BYTES_MAX];
	SECItem item = { .type = siBuffer, .data = raw,
	    .len = (unsigned int)(2 * scheme->ec_bytes) };

	if (!asn1_ecdsa_raw(signature, scheme->ec_bytes, raw))
		return outcome_raw(OUTCOME_BAD_SIGNATURE, (uint32_t)SEC_ERROR_BAD_DER);
	PORT_SetError(0);
	if (PK11_VerifyWithMechanism(cert->key, CKM_ECDSA, NULL, &item, digest, NULL) != SECSuccess)
		return outcome_nss(OUTCOME_BAD_SIGNATURE, PORT_GetError());
	return outcome_of(OUTCOME_OK);
}

/* NSS accepts only the canonical DigestInfo (doc/facts/nss.md §2.6). */
static struct outcome
verify_rsa(const struct cert *cert, const SECItem *digest, struct view signature)
{
	SECItem item = { .type = siBuffer, .data = (unsigned char *)(uintptr_t)signature.data,
	    .len = (unsigned int)signature.len };

	if (signature.len != SECKEY_SignatureLen(cert->key))
		return outcome_raw(OUTCOME_BAD_SIGNATURE, (uint32_t)SEC_ERROR_INPUT_LEN);
	PORT_SetError(0);
	if (VFY_VerifyDigestDirect(digest, cert->key, &item, SEC_OID_PKCS1_RSA_ENCRYPTION,
	    SEC_OID_SHA256, NULL) != SECSuccess)
		return outcome_nss(OUTCOME_BAD_SIGNATURE, PORT_GetError());
	return outcome_of(OUTCOME_OK);
}

struct outcome
sigcheck_verify(const struct cert *cert, const struct sign_input *input, struct view signature)
{
	SECItem digest = { .type = siBuffer,
	    .data = (unsigned char *)(uintptr_t)input->digest,
	    .len = (unsigned int)input->digest_len };
	struct scheme scheme;

	/* An input made for another certificate is a programming error. */
	if (!scheme_of(cert, &scheme) || input->digest_len != scheme.digest_len)
		return outcome_of(OUTCOME_INTERNAL);
	if (signature.len == 0 || signature.len > SIGNATURE_MAX)
		return outcome_raw(OUTCOME_BAD_SIGNATURE, (uint32_t)SEC_ERROR_INPUT_LEN);
	if (scheme.ec_bytes == 0)
		return verify_rsa(cert, &digest, signature);
	return verify_ec(cert, &scheme, &digest, signature);
}

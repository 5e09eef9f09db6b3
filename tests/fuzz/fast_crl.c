/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast twin of fuzz_crl: in place of RSA, a signature is the SHA-256 hash of what is signed, eight times.
 * As with RSA, it fits only the bytes that were signed.
 */
#include "config.h"

#include <string.h>

#include <openssl/evp.h>

#include <cryptohi.h>
#include <secerr.h>

#include "tests/fuzz/fuzz.h"

#define HASH_LEN 32
#define TIMES 8		/* 2048 bits, as the key of ca1 */

int __wrap_EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *tbs, size_t tbs_len);
SECStatus __wrap_VFY_VerifyDigestWithAlgorithmID(const SECItem *digest, const SECKEYPublicKey *key,
    const SECItem *sig, const SECAlgorithmID *algorithm, SECOidTag hash, void *ctx);

int
__wrap_EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *tbs, size_t tbs_len)
{
	CHECK(*len >= HASH_LEN * TIMES && EVP_Digest(tbs, tbs_len, sig, NULL, EVP_sha256(), NULL) == 1);
	for (size_t i = 1; i < TIMES; i++)
		memcpy(sig + i * HASH_LEN, sig, HASH_LEN);
	*len = HASH_LEN * TIMES;
	return 1;
}

SECStatus
__wrap_VFY_VerifyDigestWithAlgorithmID(const SECItem *digest, const SECKEYPublicKey *key, const SECItem *sig,
    const SECAlgorithmID *algorithm, SECOidTag hash, void *ctx)
{
	bool right = digest->len == HASH_LEN && sig->len == HASH_LEN * TIMES;

	for (size_t i = 0; right && i < TIMES; i++)
		right = memcmp(sig->data + i * HASH_LEN, digest->data, HASH_LEN) == 0;
	if (!right)
		PORT_SetError(SEC_ERROR_BAD_SIGNATURE);
	return right ? SECSuccess : SECFailure;
}

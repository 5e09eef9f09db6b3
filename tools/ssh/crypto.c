/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "tools/ssh/crypto.h"

#define HASH_LEN 32
#define BLOB_MAX 8192

static bool
sha256(struct view in, uint8_t hash[static HASH_LEN])
{
	return EVP_Digest(in.data, in.len, hash, NULL, EVP_sha256(), NULL) == 1;
}

bool
crypto_keyid(struct view der, char ret[static SSHWIRE_KEYID_LEN + 1])
{
	uint8_t hash[HASH_LEN];

	if (!sha256(der, hash))
		return false;
	view_hex((struct view){ hash, SSHWIRE_KEYID_LEN / 2 }, ret);
	return true;
}

/* The hash for the key of a certificate, and whether it is RSA. NULL: another kind of key. */
static const EVP_MD *
scheme_of(struct view der, bool *ret_rsa)
{
	const uint8_t *p = der.data;
	X509 *cert = d2i_X509(NULL, &p, (long)der.len);
	const EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
	int kind = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	X509_free(cert);
	*ret_rsa = kind == EVP_PKEY_RSA;
	if (kind == EVP_PKEY_RSA || (kind == EVP_PKEY_EC && bits == 256))
		return EVP_sha256();
	return kind == EVP_PKEY_EC && bits == 384 ? EVP_sha384() : NULL;
}

bool
crypto_sign_input(struct view der, struct view text, uint8_t ret[static CRYPTO_INPUT_MAX],
    size_t *ret_len)
{
	/* DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1) */
	static const uint8_t digest_info[] = {
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
		0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
	};
	struct writer w = writer_of(ret, CRYPTO_INPUT_MAX);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len;
	bool rsa;
	const EVP_MD *hash = scheme_of(der, &rsa);

	if (hash == NULL || EVP_Digest(text.data, text.len, digest, &len, hash, NULL) != 1)
		return false;
	if (rsa)
		writer_bytes(&w, digest_info, sizeof digest_info);
	writer_bytes(&w, digest, len);
	*ret_len = w.len;
	return writer_ok(&w);
}

bool
crypto_hostkey(const char *base64, char ret[static SSHWIRE_HOSTKEY_LEN + 1])
{
	size_t len = strlen(base64), padding = len - strcspn(base64, "=");
	uint8_t blob[BLOB_MAX], hash[HASH_LEN];
	char text[SSHWIRE_HOSTKEY_LEN + 2];
	int n;

	if (!base64_is_text(base64) || len / 4 * 3 > sizeof blob)
		return false;
	n = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)len);
	if (n <= (int)padding || !sha256((struct view){ blob, (size_t)n - padding }, hash) ||
	    !crypto_base64((struct view){ hash, sizeof hash }, text, sizeof text))
		return false;
	memcpy(ret, text, SSHWIRE_HOSTKEY_LEN);
	ret[SSHWIRE_HOSTKEY_LEN] = '\0';
	return true;
}

bool
crypto_base64(struct view bytes, char *ret, size_t size)
{
	if (bytes.len > INT32_MAX || (bytes.len + 2) / 3 * 4 >= size)
		return false;
	(void)EVP_EncodeBlock((unsigned char *)ret, bytes.data, (int)bytes.len);
	return true;
}

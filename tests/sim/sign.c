/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COMPUTE DIGITAL SIGNATURE, 80 2A. For RSA, P1 chooses what the card does
 * with the input:
 *
 *	00	1 to k-11 bytes, padded as PKCS #1 v1.5 block type 1, not looked into
 *	01	a message: its SHA-256, padded without a DigestInfo
 *	02, 03	a SHA-256 hash, a message: PKCS #1 v1.5 with DigestInfo
 *	04, 05	a SHA-256 hash, a message: PSS
 *
 * For EC keys, which the next generation of the card is to have: P1=00 and
 * the bare hash; the answer is r and s, each as long as the field.
 */
#include "config.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "tests/sim/impl.h"

#define HASH_LEN	32
#define OUT_MAX		1024
#define FIELD_MAX	66

static const struct scheme {
	bool hash_it;			/* the input is a message */
	bool digest_info;		/* v1.5 with DigestInfo */
	bool pss;
} schemes[] = {
	{ false, false, false },
	{ true, false, false },
	{ false, true, false },
	{ true, true, false },
	{ false, false, true },
	{ true, false, true },
};

static bool
rsa_padding(EVP_PKEY_CTX *ctx, const struct scheme *scheme)
{
	int padding = scheme->pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;

	if (EVP_PKEY_CTX_set_rsa_padding(ctx, padding) <= 0)
		return false;
	/* No digest named: the input is padded as it is. */
	if ((scheme->pss || scheme->digest_info) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0)
		return false;
	return !scheme->pss ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

static bool
rsa_sign(EVP_PKEY *key, const struct scheme *scheme, const uint8_t *in, size_t len,
    struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good;

	out->len = OUT_MAX;
	good = ctx != NULL && EVP_PKEY_sign_init(ctx) > 0 && rsa_padding(ctx, scheme) &&
	    EVP_PKEY_sign(ctx, out->data, &out->len, in, len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static size_t
field_len(EVP_PKEY *key)
{
	return ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
}

/* From DER to r and s side by side. */
static bool
ecdsa_raw(const uint8_t *der, size_t len, size_t field, struct blob *out)
{
	const uint8_t *p = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	bool good = sig != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out->data, (int)field) >= 0 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out->data + field, (int)field) >= 0;

	out->len = 2 * field;
	ECDSA_SIG_free(sig);
	return good;
}

static bool
ec_sign(EVP_PKEY *key, const uint8_t *in, size_t in_len, struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[2 * FIELD_MAX + 16];
	size_t len = sizeof der;
	bool good;

	good = ctx != NULL && EVP_PKEY_sign_init(ctx) > 0 &&
	    EVP_PKEY_sign(ctx, der, &len, in, in_len) > 0 &&
	    ecdsa_raw(der, len, field_len(key), out);
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static uint16_t
check_input(EVP_PKEY *key, const struct command *cmd)
{
	size_t modulus;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
		if (cmd->p1 != 0)
			return SW_P1P2;
		/* A DigestInfo here is a host that mistook the key. */
		return cmd->lc > 0 && cmd->lc <= field_len(key) ? SW_OK : SW_LENGTH;
	}
	if (cmd->p1 >= COUNT(schemes))
		return SW_P1P2;
	modulus = (size_t)EVP_PKEY_get_size(key);
	if (cmd->lc == 0 || (cmd->p1 == 0 && cmd->lc > modulus - 11))
		return SW_LENGTH;
	if (!schemes[cmd->p1].hash_it && cmd->p1 != 0 && cmd->lc != HASH_LEN)
		return SW_LENGTH;
	return SW_OK;
}

static bool
compute(struct sim_card *card, EVP_PKEY *key, const struct command *cmd, struct blob *out)
{
	uint8_t input[65536], hash[HASH_LEN];
	size_t len = cmd->lc;

	memcpy(input, cmd->data, len);
	if (card->fault_now[FAULT_OTHER_CHALLENGE])
		input[len - 1] ^= 1;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		return ec_sign(key, input, len, out);
	if (!schemes[cmd->p1].hash_it)
		return rsa_sign(key, &schemes[cmd->p1], input, len, out);
	return EVP_Digest(input, len, hash, NULL, EVP_sha256(), NULL) &&
	    rsa_sign(key, &schemes[cmd->p1], hash, sizeof hash, out);
}

/* In one piece if the host takes it, else with GET RESPONSE. */
static uint16_t
deliver(struct sim_card *card, const struct command *cmd, const struct blob *out,
    struct response *resp)
{
	size_t le = cmd->le != 0 ? cmd->le : 256;
	size_t now = out->len < le ? out->len : le;

	if (card->opt.t0)
		now = 0;
	memcpy(resp->data, out->data, now);
	resp->len = now;
	card->pending = (struct blob){ .data = out->data + now, .len = out->len - now };
	if (card->pending.len == 0)
		return SW_OK;
	return SW_MORE | (uint16_t)(card->pending.len < 256 ? card->pending.len : 0);
}

uint16_t
cmd_sign(struct sim_card *card, const struct command *cmd, struct response *resp)
{
	struct blob out = { .data = card->pending_data };
	const struct ef *ef;
	EVP_PKEY *key;
	uint16_t sw;

	if (cmd->p1 >= COUNT(schemes))
		return SW_P1P2;
	sw = ef_by_p2(card, cmd->p2, EF_KEY, &ef);
	if (sw != SW_OK)
		return sw;
	key = card->key[ef->which];
	if (key == NULL)
		return SW_NO_REFERENCE;
	if (!card->pin[ef->which].verified)
		return SW_SECURITY;
	sw = check_input(key, cmd);
	if (sw != SW_OK)
		return sw;
	if (cmd->le == 0 && card->opt.sign_needs_le)
		return SW_LENGTH;
	if (!compute(card, key, cmd, &out))
		return SW_TROUBLE;
	card->stats.signs++;
	card->delay_ms += card->opt.signtime;
	return deliver(card, cmd, &out, resp);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "nss/internal.h"
#include "nss/sealed.h"

#define KEY_LEN 32

static inline void
nss_key_freep(PK11SymKey **key)
{
	if (*key != NULL)
		PK11_FreeSymKey(*key);
}

static unsigned char *
mutable(struct view v)
{
	return (unsigned char *)(uintptr_t)v.data;	/* NSS only reads them */
}

/* The caller's; NULL with the error in NSS. */
static PK11SymKey *
derive_key(const struct sealing *s, CK_ATTRIBUTE_TYPE use)
{
	_cleanup_(nss_slot_freep) PK11SlotInfo *slot = PK11_GetInternalSlot();
	_cleanup_(nss_key_freep) PK11SymKey *base = NULL;
	CK_HKDF_PARAMS hkdf = { .bExtract = CK_TRUE, .bExpand = CK_TRUE, .prfHashMechanism = CKM_SHA256,
		.ulSaltType = CKF_HKDF_SALT_DATA, .pSalt = mutable(s->salt), .ulSaltLen = s->salt.len,
		.pInfo = (unsigned char *)(uintptr_t)s->purpose, .ulInfoLen = strlen(s->purpose) };
	SECItem params = { .type = siBuffer, .data = (unsigned char *)&hkdf, .len = sizeof hkdf };
	SECItem secret = nss_item_of(s->secret);

	if (slot == NULL)
		return NULL;
	base = PK11_ImportSymKey(slot, CKM_HKDF_DERIVE, PK11_OriginUnwrap, CKA_DERIVE, &secret, NULL);
	return base != NULL ? PK11_Derive(base, CKM_HKDF_DERIVE, &params, CKM_AES_GCM, use, KEY_LEN) : NULL;
}

static CK_GCM_PARAMS
gcm_params(const struct sealing *s)
{
	return (CK_GCM_PARAMS){ .pIv = (unsigned char *)(uintptr_t)s->nonce, .ulIvLen = sizeof s->nonce,
		.ulIvBits = 8 * sizeof s->nonce, .pAAD = mutable(s->header), .ulAADLen = s->header.len,
		.ulTagBits = 8 * SEALED_TAG_LEN };
}

struct outcome
sealed_make(const struct sealing *s, struct view text, uint8_t *sealed)
{
	_cleanup_(nss_key_freep) PK11SymKey *key = NULL;
	CK_GCM_PARAMS gcm = gcm_params(s);
	SECItem params = { .type = siBuffer, .data = (unsigned char *)&gcm, .len = sizeof gcm };
	unsigned int size = (unsigned int)text.len + SEALED_TAG_LEN, len = 0;

	PORT_SetError(0);
	key = derive_key(s, CKA_ENCRYPT);
	if (key == NULL || PK11_Encrypt(key, CKM_AES_GCM, &params, sealed, &len, size, text.data,
	    (unsigned int)text.len) != SECSuccess || len != size)
		return outcome_nss(OUTCOME_INTERNAL, PORT_GetError());
	return outcome_of(OUTCOME_OK);
}

struct outcome
sealed_open(const struct sealing *s, struct view sealed, uint8_t *text)
{
	_cleanup_(nss_key_freep) PK11SymKey *key = NULL;
	CK_GCM_PARAMS gcm = gcm_params(s);
	SECItem params = { .type = siBuffer, .data = (unsigned char *)&gcm, .len = sizeof gcm };
	unsigned int size, len = 0;

	if (sealed.len < SEALED_TAG_LEN)
		return outcome_raw(OUTCOME_INTERNAL, (uint32_t)SEC_ERROR_INPUT_LEN);
	size = (unsigned int)sealed.len - SEALED_TAG_LEN;
	PORT_SetError(0);
	key = derive_key(s, CKA_DECRYPT);
	if (key != NULL && PK11_Decrypt(key, CKM_AES_GCM, &params, text, &len, size, sealed.data,
	    (unsigned int)sealed.len) == SECSuccess && len == size)
		return outcome_of(OUTCOME_OK);
	explicit_bzero(text, size);
	return outcome_nss(OUTCOME_INTERNAL, PORT_GetError());
}

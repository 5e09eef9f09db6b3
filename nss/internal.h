/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects that only the files of this folder share. */
#ifndef JPKI_NSS_INTERNAL_H
#define JPKI_NSS_INTERNAL_H

#include <limits.h>
#include <sys/stat.h>

#include <cert.h>
#include <certdb.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>

#include "lib/cleanup.h"
#include "lib/outcome.h"
#include "nss/cert.h"
#include "nss/certdb.h"

struct cert {
	CERTCertificate *nss;
	SECKEYPublicKey *key;	/* NULL: NSS cannot read it */
	int64_t not_before;
	int64_t not_after;
	char *subject;
	char *issuer;
	char *serial;
	char fingerprint[CERT_FINGERPRINT_LEN + 1];
	char key_name[16];
};

#define CERTDB_FILES 3	/* the directory of a database, cert9.db, key4.db */

/* How they were right before they were opened. */
struct certdb_seen {
	struct stat files[CERTDB_FILES];	/* zero: not there */
	int64_t at;			/* when, in seconds since 1970 UTC; 0: not all are there */
};

struct certdb {
	NSSInitContext *context;
	struct cert **anchors;		/* the CAs with trust T */
	size_t anchor_count;
	CERTCertList *anchor_list;	/* the same, as PKIX wants them */
	struct certdb_seen seen;	/* at 0: a database without files */
	char dir[PATH_MAX];		/* to open it again: as it was given; "": a database without files */
	uid_t owner;
	const struct log *log;
};

/* The accepted keys; all others are too weak or unknown. */
enum key_kind { KEY_REFUSED, KEY_RSA, KEY_P256, KEY_P384 };

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192	/* SIGNATURE_MAX holds its signature */

enum key_kind cert_key_kind(const struct cert *cert);

/* Whether basicConstraints says CA; absent means no. */
enum claim { CLAIM_NO, CLAIM_YES, CLAIM_UNREADABLE };
enum claim cert_claims_ca(const struct cert *cert);

/* Whether it is a CA's certificate: basicConstraints, and keyCertSign where there is a keyUsage. */
bool cert_is_ca(const struct cert *cert);

/* Whether keyUsage is present, and its first byte (KU_ flags of NSS). */
bool cert_key_usage(const struct cert *cert, unsigned int *ret_flags);

/*
 * Whether the certificate's signature was made with the key of `signer`;
 * otherwise *ret_error is the NSS error. Names are not compared.
 */
bool cert_signed_by(const struct cert *cert, const struct cert *signer, PRErrorCode *ret_error);

/*
 * The hash of a signature algorithm that we accept: RSA PKCS#1 v1.5 or ECDSA with
 * SHA-256 or better. SEC_OID_UNKNOWN: another one (NSS still accepts SHA-1; JPKI
 * does not use RSA-PSS, whose hash is among its parameters).
 */
SECOidTag strong_hash_of(SECOidTag signature_algorithm);

/* SHA-256; false if NSS fails (it has to be in use). */
bool nss_sha256(struct view in, uint8_t ret_hash[static 32]) MUST_CHECK;

static inline SECItem
nss_item_of(struct view v)
{
	return (SECItem){ .type = siBuffer, .data = (unsigned char *)(uintptr_t)v.data,
	    .len = (unsigned int)v.len };
}

static inline struct view
view_of_item(const SECItem *item)
{
	return (struct view){ .data = item->data, .len = item->len };
}

/* Only the context, without loading the anchors; flags as for NSS_InitContext. */
struct outcome certdb_open_raw(const char *dir, PRUint32 flags, const struct log *log,
    struct certdb **ret_db) MUST_CHECK;

/* Text for logs: SEC_ERROR_..., or "unknown NSS error"; never NULL. */
const char *nss_error_name(PRErrorCode error);

/* The outcome of an NSS call whose failure says nothing about its input. */
static inline struct outcome
outcome_nss(enum outcome_status status, PRErrorCode error)
{
	return outcome_raw(error == SEC_ERROR_NO_MEMORY ? OUTCOME_NO_MEMORY : status,
	    (uint32_t)error);
}

static inline void
cert_freep(struct cert **cert)
{
	cert_free(*cert);
}

static inline void
certdb_closep(struct certdb **db)
{
	(void)certdb_close(*db);
}

static inline void
nss_cert_freep(CERTCertificate **cert)
{
	if (*cert != NULL)
		CERT_DestroyCertificate(*cert);
}

static inline void
nss_list_freep(CERTCertList **list)
{
	if (*list != NULL)
		CERT_DestroyCertList(*list);
}

static inline void
nss_digest_freep(PK11Context **context)
{
	if (*context != NULL)
		PK11_DestroyContext(*context, PR_TRUE);
}

static inline void
nss_arena_freep(PLArenaPool **arena)
{
	if (*arena != NULL)
		PORT_FreeArena(*arena, PR_FALSE);
}

static inline void
nss_slot_freep(PK11SlotInfo **slot)
{
	if (*slot != NULL)
		PK11_FreeSlot(*slot);
}

/* For SECItems whose data NSS allocated for us. */
static inline void
nss_item_done(SECItem *item)
{
	SECITEM_FreeItem(item, PR_FALSE);
}

#endif

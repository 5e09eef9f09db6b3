/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MUSTs: CRL_OK needs the signature, verified over every byte of the signed
 * part with the key of a trusted authority of the issuer's name; no
 * entry is looked at before that.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cryptohi.h>
#include <secoid.h>

#include "nss/crl/der.h"
#include "nss/crl/verify.h"
#include "nss/internal.h"

#define CHUNK (256 * 1024)	/* bytes read and hashed in one step */
#define DIGEST_MAX 64

struct crl {
	struct crlder der;
	struct crl_facts facts;
	uint64_t lengths[CRL_SERIAL_MAX + 1];
	const struct cert *issuer;
};

bool
crl_covers(const struct crl_facts *facts, struct view general_name)
{
	return facts->scope_len == 0 || crlder_scope_has(facts, general_name);
}

/* A GeneralName: [4] directoryName, [6] uniformResourceIdentifier, or another. */
static void
name_text(uint8_t tag, struct view body, char *text, size_t size)
{
	SECItem item = nss_item_of(body);
	char *ascii = NULL;

	if (tag == 0xa4)
		ascii = CERT_DerNameToAscii(&item);
	if (ascii != NULL)
		snprintf(text, size, "%s", ascii);
	else if (tag == 0x86)
		snprintf(text, size, "%.*s", (int)body.len, (const char *)body.data);
	else
		snprintf(text, size, "[%d]", tag & 0x1f);
	PORT_Free(ascii);
	log_defuse(text);
}

bool
crl_scope_name(const struct crl_facts *facts, size_t i, char *ret_text, size_t size)
{
	struct view body;
	uint8_t tag;

	if (!crlder_scope_at(facts, i, &tag, &body))
		return false;
	name_text(tag, body, ret_text, size);
	return true;
}

/* --- hashing ---------------------------------------------------------------- */

/* Both hashes, of the file and of its signed part, in one pass. */
struct hashes {
	PK11Context *file, *tbs;
	uint8_t tbs_digest[DIGEST_MAX];
	unsigned int tbs_len;
};

static void
hashes_done(struct hashes *h)
{
	nss_digest_freep(&h->file);
	nss_digest_freep(&h->tbs);
}

static bool
hash_chunk(const struct crlder *d, struct hashes *h, const uint8_t *bytes, uint64_t at, size_t len)
{
	uint64_t from = at < d->tbs_start ? d->tbs_start - at : 0;
	uint64_t to = d->tbs_end > at ? d->tbs_end - at : 0;

	if (to > len)
		to = len;
	return PK11_DigestOp(h->file, bytes, (unsigned int)len) == SECSuccess &&
	    (from >= to || PK11_DigestOp(h->tbs, bytes + from, (unsigned int)(to - from)) ==
	    SECSuccess);
}

static enum crl_fault
hash_file(const struct crlder *d, struct hashes *h)
{
	_cleanup_(freep) uint8_t *bytes = malloc(CHUNK);

	if (bytes == NULL)
		return CRL_NO_MEMORY;
	for (uint64_t at = 0; at < d->size; at += CHUNK) {
		size_t len = d->size - at < CHUNK ? (size_t)(d->size - at) : CHUNK;

		if (!crlder_pread(d->fd, bytes, len, at))
			return CRL_UNREADABLE;
		if (!hash_chunk(d, h, bytes, at, len))
			return CRL_INTERNAL;
	}
	return CRL_OK;
}

static enum crl_fault
take_hashes(struct crl *crl, SECOidTag hash, struct hashes *h)
{
	enum crl_fault f;
	unsigned int len;

	h->file = PK11_CreateDigestContext(SEC_OID_SHA256);
	h->tbs = PK11_CreateDigestContext(hash);
	if (h->file == NULL || h->tbs == NULL || PK11_DigestBegin(h->file) != SECSuccess ||
	    PK11_DigestBegin(h->tbs) != SECSuccess)
		return CRL_INTERNAL;
	f = hash_file(&crl->der, h);
	if (f != CRL_OK)
		return f;
	if (PK11_DigestFinal(h->file, crl->facts.sha256, &len, CRL_HASH_LEN) != SECSuccess ||
	    PK11_DigestFinal(h->tbs, h->tbs_digest, &h->tbs_len, sizeof h->tbs_digest) != SECSuccess)
		return CRL_INTERNAL;
	return CRL_OK;
}

/* --- the issuer --------------------------------------------------------------- */

/* The input of the signature check. */
struct signed_by {
	const SECAlgorithmID *algorithm;
	SECItem digest, signature;
	SECOidTag hash;
};

static bool
has_signed(const struct cert *anchor, const struct signed_by *s, const struct log *log)
{
	PORT_SetError(0);
	if (VFY_VerifyDigestWithAlgorithmID(&s->digest, anchor->key, &s->signature, s->algorithm,
	    s->hash, NULL) == SECSuccess)
		return true;
	log_msg(log, LOG_DEBUG, "the CRL is not signed with the key of certificate %.16s... (%s)",
	    anchor->fingerprint, nss_error_name(PORT_GetError()));
	return false;
}

/* keyUsage may be absent, but if present it must contain cRLSign (RFC 5280 §6.3.3 (f)). */
static enum crl_fault
may_sign_crls(const struct cert *anchor, int64_t now)
{
	unsigned int usage;

	if (!cert_is_ca(anchor) || (cert_key_usage(anchor, &usage) && (usage & KU_CRL_SIGN) == 0))
		return CRL_NOT_CRL_SIGNER;
	if (now >= 0 && (now < anchor->not_before || now > anchor->not_after))
		return CRL_ISSUER_NOT_VALID;
	return CRL_OK;
}

/*
 * By name and key: all generations of JPKI's CA have one name. If several certificates have the signing
 * key, one that may sign CRLs is enough.
 */
static enum crl_fault
find_issuer(struct crl *crl, const struct certdb *db, const struct signed_by *s, int64_t now,
    const struct log *log)
{
	enum crl_fault f = CRL_UNKNOWN_ISSUER;

	for (size_t i = 0; i < db->anchor_count; i++) {
		const struct cert *a = db->anchors[i];

		if (!view_equal(view_of_item(&a->nss->derSubject), crl->der.issuer))
			continue;
		if (f == CRL_UNKNOWN_ISSUER)
			f = CRL_SIGNATURE;
		if (a->key == NULL || !has_signed(a, s, log))
			continue;
		f = cert_key_kind(a) == KEY_REFUSED ? CRL_WEAK : may_sign_crls(a, now);
		crl->issuer = a;
		if (f == CRL_OK)
			break;
	}
	return f;
}

static enum crl_fault
check_signature(struct crl *crl, const struct certdb *db, int64_t now, const struct log *log)
{
	_cleanup_(nss_arena_freep) PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	_cleanup_(hashes_done) struct hashes h = { .file = NULL };
	SECItem item = nss_item_of(crl->der.outer_algorithm_der);
	SECAlgorithmID algorithm = { .algorithm = { .data = NULL } };
	struct signed_by s = { .algorithm = &algorithm };
	enum crl_fault f;

	if (arena == NULL)
		return CRL_NO_MEMORY;
	if (!view_equal(crl->der.inner_algorithm, crl->der.outer_algorithm))
		return CRL_ALGORITHMS_DIFFER;
	if (SEC_QuickDERDecodeItem(arena, &algorithm, SEC_ASN1_GET(SECOID_AlgorithmIDTemplate),
	    &item) != SECSuccess)
		return CRL_NOT_CRL;
	s.hash = strong_hash_of(SECOID_GetAlgorithmTag(&algorithm));
	if (s.hash == SEC_OID_UNKNOWN)
		return CRL_WEAK;
	f = take_hashes(crl, s.hash, &h);
	if (f != CRL_OK)
		return f;
	s.digest = (SECItem){ .type = siBuffer, .data = h.tbs_digest, .len = h.tbs_len };
	s.signature = nss_item_of(crl->der.signature);
	return find_issuer(crl, db, &s, now, log);
}

/* --- the list ----------------------------------------------------------------- */

static enum crl_fault
check_times(struct crl *crl, int64_t now)
{
	const struct crlder *d = &crl->der;
	enum crl_age age;

	crl->facts.this_update = d->this_update;
	crl->facts.next_update = d->next_update;
	age = now >= 0 ? crl_age(&crl->facts, now, 0) : CRL_AGE_FRESH;
	if (age == CRL_AGE_FUTURE)
		return CRL_NOT_YET;
	if (!d->has_next_update || d->next_update < d->this_update)
		return CRL_NO_NEXT_UPDATE;
	return age == CRL_AGE_FRESH ? CRL_OK : CRL_EXPIRED;
}

#define ODD_LOGGED 8	/* odd entries logged; a list may have millions */

struct counting {
	struct crl *crl;
	const struct log *log;
	uint64_t odd;
};

static bool
count_entry(void *ctx, const struct crl_entry *entry)
{
	struct crl *crl = ((struct counting *)ctx)->crl;

	crl->facts.count++;
	crl->lengths[entry->serial.len]++;
	return true;
}

static void
warn_of_entry(void *ctx, uint64_t number, const char *what)
{
	struct counting *c = ctx;

	if (c->odd++ < ODD_LOGGED)
		log_msg(c->log, LOG_WARNING, "entry %" PRIu64 " of the CRL: %s", number, what);
}

static enum crl_fault
count_entries(struct crl *crl, const struct log *log)
{
	struct counting c = { .crl = crl, .log = log };
	const struct crl_visitor visitor = { count_entry, warn_of_entry, &c };
	enum crl_fault f = crlder_each(&crl->der, &visitor, log);

	if (c.odd > ODD_LOGGED)
		log_msg(log, LOG_WARNING, "and %" PRIu64 " more entries of the CRL are odd", c.odd - ODD_LOGGED);
	return f;
}

static enum crl_fault
describe_crl(struct crl *crl)
{
	const CERTCertificate *issuer = crl->issuer->nss;

	crl->facts.size = crl->der.size;
	return nss_sha256(view_of_item(&issuer->derPublicKey), crl->facts.issuer_key) &&
	    nss_sha256(view_of_item(&issuer->derSubject), crl->facts.issuer_name) ?
	    CRL_OK : CRL_INTERNAL;
}

static enum crl_fault
verify_crl(struct crl *crl, const struct certdb *db, int fd, int64_t now, const struct log *log)
{
	enum crl_fault f = crlder_read(fd, &crl->der);

	if (f == CRL_OK)
		f = check_signature(crl, db, now, log);
	if (f == CRL_OK)
		f = check_times(crl, now);
	if (f == CRL_OK)
		f = crlder_extensions(&crl->der, log, &crl->facts);
	if (f == CRL_OK)
		f = count_entries(crl, log);
	return f == CRL_OK ? describe_crl(crl) : f;
}

enum crl_fault
crl_verify(const struct certdb *db, int fd, int64_t now, const struct log *log,
    struct crl **ret_crl)
{
	struct crl *crl = calloc(1, sizeof *crl);
	enum crl_fault f;

	if (crl == NULL)
		return CRL_NO_MEMORY;
	f = verify_crl(crl, db, fd, now, log);
	if (f != CRL_OK) {
		crl_free(crl);
		return f;
	}
	*ret_crl = crl;
	return f;
}

void
crl_free(struct crl *crl)
{
	free(crl);
}

const struct crl_facts *
crl_facts(const struct crl *crl)
{
	return &crl->facts;
}

const struct cert *
crl_issuer(const struct crl *crl)
{
	return crl->issuer;
}

const uint64_t *
crl_lengths(const struct crl *crl)
{
	return crl->lengths;
}

enum crl_fault
crl_each(const struct crl *crl, bool (*each)(void *ctx, const struct crl_entry *entry), void *ctx,
    const struct log *log)
{
	const struct crl_visitor visitor = { .revoked = each, .ctx = ctx };	/* crl_verify() has logged the odd ones */

	return crlder_each(&crl->der, &visitor, log);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes a fast twin of a harness (fast_NAME) out of the same source: the costly parts that its inputs
 * do not change are done once. NSS stays open, a certificate that was judged keeps its verdict, the same
 * bytes get the same signature of the card, challenges are the same in each login. The slow harness leaves
 * all of this as it is; it replays what the twin finds.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/chain.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/world.h"
#include "tests/sim/impl.h"

#define KEPT 64

struct kit *__real_world_new(void);
struct kit *__wrap_world_new(void);
struct outcome __real_certdb_open(const char *dir, uid_t owner, const struct log *log, struct certdb **ret_db);
struct outcome __wrap_certdb_open(const char *dir, uid_t owner, const struct log *log, struct certdb **ret_db);
bool __real_certdb_close(struct certdb *db);
bool __wrap_certdb_close(struct certdb *db);
struct outcome __real_chain_check(struct certdb *db, const struct cert *cert, const struct chain_rules *rules,
    const struct log *log);
struct outcome __wrap_chain_check(struct certdb *db, const struct cert *cert, const struct chain_rules *rules,
    const struct log *log);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags);
int __wrap_fsync(int fd);
bool __wrap_state_save(const struct sim_card *card);
int __real_EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *in, size_t in_len);
int __wrap_EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *in, size_t in_len);

static struct certdb *open_db;
static bool world_made;		/* which writes the database: it opens and closes it as it has to */

static void
close_db(void)
{
	CHECK(__real_certdb_close(open_db));
}

struct kit *
__wrap_world_new(void)
{
	struct kit *k = __real_world_new();

	world_made = true;
	return k;
}

struct outcome
__wrap_certdb_open(const char *dir, uid_t owner, const struct log *log, struct certdb **ret_db)
{
	struct outcome o = outcome_of(OUTCOME_OK);

	if (!world_made)
		return __real_certdb_open(dir, owner, log, ret_db);
	if (open_db == NULL) {
		o = __real_certdb_open(dir, owner, log, &open_db);
		CHECK(outcome_ok(&o) && atexit(close_db) == 0);
	}
	*ret_db = open_db;
	return o;
}

bool
__wrap_certdb_close(struct certdb *db)
{
	return world_made || __real_certdb_close(db);
}

/* All logins of a harness have the same rules. */
struct outcome
__wrap_chain_check(struct certdb *db, const struct cert *cert, const struct chain_rules *rules, const struct log *log)
{
	static struct {
		char fingerprint[CERT_FINGERPRINT_LEN + 1];
		struct outcome outcome;
	} kept[KEPT];
	const char *fingerprint = cert_fingerprint(cert);
	unsigned int at = (unsigned int)strtoul((char[]){ fingerprint[0], fingerprint[1], '\0' }, NULL, 16) % KEPT;

	if (strcmp(kept[at].fingerprint, fingerprint) != 0) {
		kept[at].outcome = __real_chain_check(db, cert, rules, log);
		memcpy(kept[at].fingerprint, fingerprint, sizeof kept[at].fingerprint);
	}
	return kept[at].outcome;
}

ssize_t
__wrap_getrandom(void *buf, size_t len, unsigned int flags)
{
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

/* The card's tries need not outlive the process, and each input sets them. */
bool
__wrap_state_save(const struct sim_card *card)
{
	return true;
}

int
__wrap_fsync(int fd)
{
	return 0;
}

int
__wrap_EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *in, size_t in_len)
{
	static struct {
		const EVP_PKEY *key;
		unsigned char in[128], sig[512];
		size_t in_len, len;
	} kept;
	const EVP_PKEY *key = EVP_PKEY_CTX_get0_pkey(ctx);
	int result;

	if (kept.key == key && kept.in_len == in_len && memcmp(kept.in, in, in_len) == 0 && *len >= kept.len) {
		memcpy(sig, kept.sig, kept.len);
		*len = kept.len;
		return 1;
	}
	result = __real_EVP_PKEY_sign(ctx, sig, len, in, in_len);
	if (result == 1 && in_len <= sizeof kept.in && *len <= sizeof kept.sig) {
		kept.key = key;
		kept.in_len = in_len;
		kept.len = *len;
		memcpy(kept.in, in, in_len);
		memcpy(kept.sig, sig, *len);
	}
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index of a CRL, damaged or made up. Its check values are no secret, so an attacker who makes one
 * up makes them right: the first byte of an input says which of them are repaired here, by the
 * layout in nss/crl/index.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "nss/certdb.h"
#include "nss/crl/index.h"
#include "tests/fuzz/fuzz.h"

enum { AT_HEADER_LEN = 12, AT_FILE_LEN = 16, AT_HASH = 24, AT_COUNTS = 168, HEADER_MIN = 308, CHECK_LEN = 8,
	CLASSES = 9, BLOCK_RECORDS = 1016 };

static struct certdb *db;

static void
close_db(void)
{
	CHECK(certdb_close(db));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct outcome o = certdb_open_none(&fuzz_log, &db);

	CHECK(outcome_ok(&o));
	CHECK(atexit(close_db) == 0);
	return 0;
}

static uint64_t
get(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static void
mend_block(uint8_t *file, uint64_t number, uint8_t *records, size_t len)
{
	uint8_t hash[EVP_MAX_MD_SIZE], bytes[8];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	put_u64(bytes, number);
	CHECK(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, file + AT_HASH, CRL_HASH_LEN) == 1 &&
	    EVP_DigestUpdate(ctx, bytes, sizeof bytes) == 1 &&
	    EVP_DigestUpdate(ctx, records, len) == 1 && EVP_DigestFinal_ex(ctx, hash, NULL) == 1);
	EVP_MD_CTX_free(ctx);
	memcpy(records + len, hash, CHECK_LEN);
}

static void
mend_blocks(uint8_t *file, size_t size, size_t at)
{
	uint64_t number = 0;

	for (unsigned int class = 1; class <= CLASSES; class++) {
		uint64_t left = get(file + AT_COUNTS + (class - 1) * 8, 8);
		size_t width = (class < CLASSES ? class : 8) + 5, per = BLOCK_RECORDS / width;

		for (; left > 0; number++) {
			size_t len = (left < per ? (size_t)left : per) * width;

			if (len + CHECK_LEN > size - at)
				return;
			mend_block(file, number, file + at, len);
			at += len + CHECK_LEN;
			left -= len / width;
		}
	}
}

static void
repair(uint8_t *file, size_t size, bool blocks)
{
	uint64_t header = size < HEADER_MIN ? 0 : get(file + AT_HEADER_LEN, 4);
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (header < HEADER_MIN || header > size)
		return;
	if (blocks)
		mend_blocks(file, size, (size_t)header);
	put_u64(file + AT_FILE_LEN, size);
	CHECK(EVP_Digest(file, (size_t)header - CHECK_LEN, hash, NULL, EVP_sha256(), NULL) == 1);
	memcpy(file + header - CHECK_LEN, hash, CHECK_LEN);
}

static void
look_up(const struct crlindex *index, struct view serial)
{
	struct crlindex_hit hit = { .listed = false };
	enum crl_fault f = crlindex_find(index, serial, &hit);

	CHECK(f == CRL_OK || f == CRL_INDEX || f == CRL_ENTRY_SERIAL);
	CHECK(f == CRL_OK || !hit.listed);
}

/* What is repaired, the length of a serial number, the number, the file. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);
	uint8_t repairs = fuzz_u8(&in) % 3;
	struct view serial = fuzz_bytes(&in, fuzz_u8(&in) % (CRL_SERIAL_MAX + 3));
	struct crlindex *index = NULL;
	uint8_t *file = malloc(in.left + 1);
	uint8_t number[CRL_SERIAL_MAX] = { 1 };
	enum crl_fault f;
	int fd;

	CHECK(file != NULL);
	if (in.left > 0)
		memcpy(file, in.p, in.left);
	if (repairs > 0)
		repair(file, in.left, repairs > 1);
	fd = fuzz_file(file, in.left);
	f = crlindex_open(fd, &index);
	CHECK((f == CRL_OK) == (index != NULL));
	if (f == CRL_OK) {
		CHECK(crlindex_facts(index)->scope_len <= CRL_SCOPE_MAX);
		look_up(index, serial);
		for (size_t n = 1; n <= sizeof number; n++)
			look_up(index, (struct view){ number, n });
	}
	crlindex_close(index);
	(void)close(fd);
	free(file);
	return 0;
}

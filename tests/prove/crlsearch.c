/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/index: a search. Whatever the file contains, it reads blocks of its class alone, and what it says is true: it
 * finds exactly the numbers that were put in, with a reason that counts, or it finds the damage. An index without damage is
 * never refused. A block is taken only with its check value.
 *
 * Included: nss/crl/index.c
 * Source: lib/buf.c
 * Bound: up to 5 records of class 2 in 3 blocks, behind 3 of class 1; every number of 2 bytes; any bytes where they are not checked
 * Entry: few_records four_records five_records any_block
 * Unwind: 17
 * Unwindset: block_of_key.0:4
 * Unwindset: find_in_blocks.0:4
 * Unwindset: find_in_block.0:3
 * Unwindset: memcmp.0:3
 * Smaller: nss/crl/fault.h: #define CRL_SCOPE_MAX 2048 -> #define CRL_SCOPE_MAX 2
 * Smaller: nss/crl/index.c: #define BLOCK_RECORDS 1016 -> #define BLOCK_RECORDS 14
 * Smaller: nss/crl/index.c: #define CHECK_LEN 8 -> #define CHECK_LEN 2
 * Apart: nss/crl/index.c: block_check(PK11Context *sha,
 * Apart: nss/crl/index.c: read_block(const struct blocks *b,
 * Defect: [few_records] nss/crl/index.c: if (!hit->listed || hit->reason == REASON_HOLD) -> if (!hit->listed)
 * Defect: [four_records] nss/crl/index.c: if (memcmp(first, key, b->key_len) < 0) -> if (memcmp(first, key, b->key_len) <= 0)
 * Defect: [four_records] nss/crl/index.c: (n > 0 && memcmp(block.bytes, key, b->key_len) >= 0)) -> (n > 0 && memcmp(block.bytes, key, b->key_len) > 0))
 * Defect: [four_records] nss/crl/index.c: return order > 0; -> return true;
 * Defect: [five_records] nss/crl/index.c: } while (order == 0); -> } while (0);
 * Defect: [five_records] nss/crl/index.c: b.base += class_len(&index->l, c); -> b.base += index->l.count[c] * record_len(c);
 * Defect: [any_block] nss/crl/index.c: memcmp(check, ret->bytes + ret->len, CHECK_LEN) == 0; -> memcmp(check, ret->bytes + ret->len, 1) == 0;
 * Defect: [any_block] nss/crl/index.c: (size_t)(left < b->per ? left : b->per) * b->width; -> (size_t)b->per * b->width;
 * Defect: [any_block] nss/crl/index.c: b->first_number + n, -> n,
 */
#include "nss/internal.h"

#include "nss/crl/index.h"
#include "tests/prove/prove.h"

/* In place of the check value, and of read_block(), which any_block proves. */
struct layout;
struct blocks;
struct block;
static bool block_check(PK11Context *sha, const struct layout *l, uint64_t number, struct view records, uint8_t *check);
static bool read_block(const struct blocks *b, uint64_t n, struct block *ret);

#include "nss/crl/index.c"

#define WIDTH 7			/* of a record of class 2 */
#define PER 2
#define RECORDS 5
#define BLOCK (PER * WIDTH + CHECK_LEN)
#define BEFORE 3		/* records of class 1, two to a block */
#define BLOCKS_BEFORE 2

static struct crlindex searched = { .fd = 3 };
static size_t count, block_count;
static uint64_t base;		/* of the blocks, in the file */
static bool failed;
static int digest;

static void
make_layout(size_t records)
{
	count = records;
	block_count = (count + PER - 1) / PER;
	searched.l.count[1] = BEFORE;
	searched.l.count[2] = count;
	searched.l.count[3] = 1;
	finish_layout(&searched.l);
	base = searched.l.header_len + BEFORE * (WIDTH - 1) + BLOCKS_BEFORE * CHECK_LEN;
}

/* --- a search ---------------------------------------------------------------------------- */

static bool damaged, searching;
static uint64_t put[RECORDS];	/* the records that were put in: key, date, reason */

static uint16_t
key_of(size_t i)
{
	return (uint16_t)(put[i] >> 40);
}

static uint8_t
reason_of(size_t i)
{
	return (uint8_t)put[i];
}

/* A key, which is not checked. */
static bool
read_key(uint8_t *key, size_t len, uint64_t offset)
{
	promise(len == 2 && offset >= base && (offset - base) % BLOCK == 0 && (offset - base) / BLOCK < block_count);
	for (size_t n = 0; n < block_count; n++)
		if (offset == base + n * BLOCK) {
			key[0] = damaged ? nondet_u8() : (uint8_t)(put[n * PER] >> 48);
			key[1] = damaged ? nondet_u8() : (uint8_t)(put[n * PER] >> 40);
		}
	failed = failed || nondet_bool();
	return !failed;
}

/* What was put into the block, or nothing (any_block). */
static bool
read_block(const struct blocks *b, uint64_t n, struct block *ret)
{
	promise(b->index == &searched && b->sha == (PK11Context *)(void *)&digest && b->base == base && b->records == count);
	promise(b->first_number == BLOCKS_BEFORE && b->width == WIDTH && b->per == PER && n < block_count);
	for (size_t k = 0; k < block_count; k++)
		if (n == k) {
			ret->len = 0;
			for (size_t r = k * PER; r < count && r < (k + 1) * PER; r++)
				for (size_t i = 0; i < WIDTH; i++)
					ret->bytes[ret->len++] = (uint8_t)(put[r] >> 8 * (WIDTH - 1 - i));
		}
	failed = failed || nondet_bool();
	return !failed;
}

PK11Context *
PK11_CreateDigestContext(SECOidTag kind)
{
	promise(kind == SEC_OID_SHA256);
	failed = failed || nondet_bool();
	return failed ? NULL : (PK11Context *)(void *)&digest;
}

void
PK11_DestroyContext(PK11Context *context, PRBool all)
{
	promise(context == (PK11Context *)(void *)&digest && all);
}

/* nss/crl/der.c, for numbers that are as they have to be: tests/prove/crlentry.c has the others. */
bool
crlder_serial(struct view contents, struct view *ret)
{
	*ret = contents;
	return true;
}

static void
search_in(size_t records)
{
	const uint16_t wanted = nondet_u16();
	const uint8_t serial[] = { (uint8_t)(wanted >> 8), (uint8_t)wanted };
	bool listed = false, final = false, same = false;
	struct crlindex_hit hit;
	enum crl_fault f;

	make_layout(records);
	for (size_t i = 0; i < count; i++) {
		put[i] = nondet_u64() >> 8;
		assume(i == 0 || put[i - 1] <= put[i]);
	}
	damaged = nondet_bool();
	searching = true;
	f = crlindex_find(&searched, (struct view){ serial, sizeof serial }, &hit);
	promise(f == CRL_OK ? !failed : f == CRL_INDEX && (damaged || failed));
	if (f != CRL_OK)
		return;
	for (size_t i = 0; i < count; i++)
		if (key_of(i) == wanted) {
			listed = true;
			final = final || reason_of(i) != REASON_HOLD;
			same = same || (hit.date == (uint32_t)(put[i] >> 8) && hit.reason == reason_of(i));
		}
	promise(hit.listed == listed && (!listed || (same && (hit.reason != REASON_HOLD) == final)));
}

void
few_records(void)
{
	switch (nondet_u8()) {
	case 0: search_in(0); break;
	case 1: search_in(1); break;
	case 2: search_in(2); break;
	default: search_in(3);
	}
}

void
four_records(void)
{
	search_in(4);
}

void
five_records(void)
{
	search_in(5);
}

/* --- a block ----------------------------------------------------------------------------- */

static uint64_t wanted_block;
static uint8_t file[BLOCK], right[CHECK_LEN];

static bool
read_file(uint8_t *to, size_t len, uint64_t offset)
{
	const size_t records = wanted_block == block_count - 1 && count % PER == 1 ? 1 : PER;

	promise(offset == base + wanted_block * BLOCK && len == records * WIDTH + CHECK_LEN && __CPROVER_w_ok(to, len));
	for (size_t i = 0; i < BLOCK; i++)
		if (i < len)
			to[i] = file[i];
	failed = failed || nondet_bool();
	return !failed;
}

bool
crlder_pread(int fd, void *dst, size_t len, uint64_t offset)
{
	promise(fd == 3);
	return searching ? read_key(dst, len, offset) : read_file(dst, len, offset);
}

static bool
block_check(PK11Context *sha, const struct layout *l, uint64_t number, struct view records, uint8_t *check)
{
	promise(!failed && sha == (PK11Context *)(void *)&digest && l == &searched.l && number == BLOCKS_BEFORE + wanted_block);
	promise(records.len == WIDTH || records.len == PER * WIDTH);
	for (size_t i = 0; i < CHECK_LEN; i++)
		check[i] = right[i];
	failed = nondet_bool();
	return !failed;
}

void
any_block(void)
{
	const size_t records = nondet_size(), i = nondet_size();
	struct block block;
	struct blocks b;
	bool is_right = true;

	assume(records > 0 && records <= RECORDS && i < BLOCK);
	make_layout(records);
	wanted_block = nondet_u64();
	assume(wanted_block < block_count);
	__CPROVER_havoc_object(file);
	__CPROVER_havoc_object(right);
	b = blocks_of_class(&searched, 2);
	b.sha = (PK11Context *)(void *)&digest;
	if (!whole_read_block(&b, wanted_block, &block)) {
		for (size_t k = 0; k < CHECK_LEN; k++)
			is_right = is_right && right[k] == file[block.len + k];
		promise(failed || !is_right);
		return;
	}
	promise(!failed && block.len == (wanted_block * PER + 1 == count ? WIDTH : PER * WIDTH));
	promise(i >= block.len || block.bytes[i] == file[i]);
	promise(i >= CHECK_LEN || right[i] == file[block.len + i]);
}

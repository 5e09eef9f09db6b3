/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/index: the header of an index. Any bytes are refused, or all blocks of which they speak are within the file, one
 * class after the other to its end. A header is read as it was written.
 *
 * Included: nss/crl/index.c
 * Source: lib/buf.c
 * Bound: headers with a scope of 2 bytes; every number in them; files of 4,000 bytes; up to 3 records of each class in blocks of 2 or 1
 * Entry: shortest_header longest_header any_scope any_layout
 * Unwind: 34
 * Smaller: nss/crl/fault.h: #define CRL_SCOPE_MAX 2048 -> #define CRL_SCOPE_MAX 2
 * Smaller: nss/crl/fault.h: #define CRL_SIZE_MAX (1024 * 1024 * 1024) -> #define CRL_SIZE_MAX 4000
 * Smaller: nss/crl/index.c: #define BLOCK_RECORDS 1016 -> #define BLOCK_RECORDS 14
 * Apart: nss/crl/index.c: finish_layout(struct layout *l)
 * Define: memcmp=compare
 * Define: memcpy=copy_written
 * Defect: [longest_header] nss/crl/index.c: return l->header_len == header_len && l->file_len == file_len; -> return l->header_len == header_len;
 * Defect: [shortest_header] nss/crl/index.c: header_len < HEADER_FIXED + CHECK_LEN || header_len > head.len) -> header_len < HEADER_FIXED + CHECK_LEN)
 * Defect: [longest_header] nss/crl/index.c: !cursor_u64(r, &l->keys[i]) || l->keys[i] >= PRIME) -> !cursor_u64(r, &l->keys[i]))
 * Defect: [longest_header] nss/crl/index.c: || l->count[c] > CRL_SIZE_MAX / 20) -> )
 * Defect: [any_layout] nss/crl/index.c: (l->count[class] % per != 0) -> 1
 * Defect: [any_scope] nss/crl/index.c: (f->user_only ? FLAG_USER_ONLY : 0) -> (f->user_only ? FLAG_NUMBER : 0)
 * Defect: [any_scope] nss/crl/index.c: writer_u64(&w, (uint64_t)f->next_update); -> writer_u64(&w, (uint64_t)f->this_update);
 * Defect: [any_scope] nss/crl/index.c: f->scope_len = scope_len; -> f->scope_len = 0;
 */
#include "tests/prove/prove.h"

/* In place of what any_layout proves. */
struct layout;
static void finish_layout(struct layout *l);

#include "nss/crl/index.c"

static bool is_written;

/* memcpy(3), as copy_bytes() (abstract.h). For any header no promise looks at the copied bytes, so nothing is copied. */
void *
copy_written(void *restrict to, const void *restrict from, size_t len)
{
	promise(len == 0 || (__CPROVER_r_ok(from, len) && __CPROVER_w_ok(to, len)));
	for (size_t i = 0; i < len && is_written; i++)
		((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
	return to;
}

static struct view hashed;	/* what was hashed last */

bool
nss_sha256(struct view in, uint8_t hash[static CRL_HASH_LEN])
{
	promise(__CPROVER_r_ok(in.data, in.len));
	hashed = in;
	for (size_t i = 0; i < CRL_HASH_LEN; i++)
		hash[i] = is_written ? (uint8_t)(i + 1) : nondet_u8();
	return is_written || nondet_bool();
}

/* memcmp(3); of any header, with any result. */
int
compare(const void *a, const void *b, size_t len)
{
	const uint8_t *p = a, *q = b;

	promise(__CPROVER_r_ok(a, len) && __CPROVER_r_ok(b, len));
	if (!is_written)
		return nondet_int();
	for (size_t i = 0; i < len; i++)
		if (p[i] != q[i])
			return p[i] - q[i];
	return 0;
}

static struct layout layout, got;
static uint64_t file_len;	/* of what the header says */

static void
finish_layout(struct layout *l)
{
	promise(l == &layout || l == &got);
	l->header_len = HEADER_FIXED + l->facts.scope_len + CHECK_LEN;
	l->file_len = file_len;
}

static void
read_any(uint8_t *head, size_t len)
{
	const uint64_t size = nondet_u64();

	assume(size >= len && size <= CRL_SIZE_MAX && (len == HEADER_MAX || size == len));	/* open_index() */
	layout.merged = nondet_bool();
	file_len = nondet_u64();
	if (!read_header((struct view){ head, len }, size, &layout))
		return;
	promise(layout.header_len <= len && layout.header_len == HEADER_FIXED + layout.facts.scope_len + CHECK_LEN);
	promise(layout.facts.scope_len <= CRL_SCOPE_MAX && hashed.data == head && hashed.len == layout.header_len - CHECK_LEN);
	promise(file_len == size);
	for (unsigned int c = 1; c <= CLASSES; c++)
		promise(layout.count[c] <= CRL_SIZE_MAX / 20);
	for (size_t i = 0; i < HASH_KEYS; i++)
		promise(layout.keys[i] < PRIME);
}

/* One that is cut short, or not, each in memory of its own. */
void
shortest_header(void)
{
	static uint8_t head[HEADER_FIXED + CHECK_LEN];

	__CPROVER_havoc_object(head);
	read_any(head, sizeof head);
}

void
longest_header(void)
{
	static uint8_t head[HEADER_MAX];

	__CPROVER_havoc_object(head);
	read_any(head, sizeof head);
}

static void
write_and_read(size_t scope_len)
{
	static uint8_t head[HEADER_MAX];
	const size_t i = nondet_size(), k = nondet_size(), c = nondet_size(), key = nondet_size();

	assume(i < CRL_HASH_LEN && k < CRL_SERIAL_MAX && c >= 1 && c <= CLASSES && key < HASH_KEYS);
	layout.facts.scope_len = scope_len;
	finish_layout(&layout);
	promise(write_header(&layout, head));
	promise(read_header((struct view){ head, layout.header_len }, layout.file_len, &got));
	promise(got.facts.sha256[i] == layout.facts.sha256[i] && got.facts.size == layout.facts.size);
	promise(got.facts.issuer_key[i] == layout.facts.issuer_key[i] && got.facts.issuer_name[i] == layout.facts.issuer_name[i]);
	promise(got.facts.this_update == layout.facts.this_update && got.facts.next_update == layout.facts.next_update);
	promise(got.facts.has_number == layout.facts.has_number && got.facts.number[k] == layout.facts.number[k]);
	promise(got.facts.user_only == layout.facts.user_only && got.facts.scope_len == scope_len);
	promise(scope_len == 0 || got.facts.scope[scope_len - 1] == layout.facts.scope[scope_len - 1]);
	promise(got.count[c] == layout.count[c] && got.keys[key] == layout.keys[key] && got.facts.count >= got.count[c]);
}

static void
fill_layout(void)
{
	__CPROVER_havoc_object(&layout);
	layout.facts.has_number = nondet_bool();
	layout.facts.user_only = nondet_bool();
	layout.merged = got.merged = nondet_bool();
	file_len = nondet_u64();
	for (unsigned int c = 1; c <= CLASSES; c++)
		layout.count[c] = layout.count[c] <= CRL_SIZE_MAX / 20 ? layout.count[c] : c;
	for (size_t i = 0; i < HASH_KEYS; i++)
		layout.keys[i] = layout.keys[i] < PRIME ? layout.keys[i] : PRIME - 1;
	is_written = true;
}

void
any_scope(void)
{
	fill_layout();
	write_and_read(CRL_SCOPE_MAX);
}

/* The blocks of each class follow those of the class before it, up to the end of the file. */
void
any_layout(void)
{
	static struct crlindex index;
	uint64_t end;

	index.l.facts.scope_len = nondet_size();
	assume(index.l.facts.scope_len <= CRL_SCOPE_MAX);
	for (unsigned int c = 1; c <= CLASSES; c++) {
		index.l.count[c] = nondet_u64();
		assume(index.l.count[c] <= 3);
	}
	whole_finish_layout(&index.l);
	end = HEADER_FIXED + index.l.facts.scope_len + CHECK_LEN;
	promise(index.l.header_len == end);
	for (unsigned int c = 1; c <= CLASSES; c++) {
		const struct blocks b = blocks_of_class(&index, c);
		const uint64_t n = index.l.count[c];

		promise(b.base == end && b.records == n && b.count == (c <= 2 ? n / 2 + n % 2 : n));
		promise(class_len(&index.l, c) == n * ((c < 9 ? c : 8) + 5) + b.count * CHECK_LEN);
		end += class_len(&index.l, c);
	}
	promise(index.l.file_len == end);
}

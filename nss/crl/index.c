/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MUSTs: nss/crl/index.h. The writer keeps all records of a list in memory, and nothing else of it; the
 * reader reads the header and a few blocks.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/safefile.h"
#include "nss/crl/der.h"
#include "nss/crl/index.h"
#include "nss/internal.h"

#define FORMAT 1
#define CLASSES 9		/* 1 to 8: that many bytes; 9: hashed */
#define HASHED 9
#define HASH_KEYS 7
#define EXACT_MAX 8		/* longest serial number, in bytes, that is its own key */
#define DATE_AND_REASON 5
#define RECORD_MAX (EXACT_MAX + DATE_AND_REASON)
#define BLOCK_RECORDS 1016	/* bytes of a block that records may take */
#define CHECK_LEN 8
#define HEADER_FIXED 300	/* up to the scope */
#define HEADER_MAX (HEADER_FIXED + CRL_SCOPE_MAX + CHECK_LEN)

#define FLAG_NUMBER 1u
#define FLAG_USER_ONLY 2u

#define MAGIC_LEN 8

static const uint8_t magic_of_list[MAGIC_LEN] = { 'J', 'P', 'K', 'I', '-', 'C', 'R', 'L' };
static const uint8_t magic_of_merged[MAGIC_LEN] = { 'J', 'P', 'K', 'I', '-', 'A', 'L', 'L' };

/* What the header says about the records. */
struct layout {
	bool merged;			/* of many lists */
	struct crl_facts facts;
	uint64_t count[CLASSES + 1];	/* of class n */
	uint64_t keys[HASH_KEYS];
	size_t header_len;
	uint64_t file_len;
};

static size_t
key_len(unsigned int class)
{
	return class == HASHED ? 8 : class;
}

static size_t
record_len(unsigned int class)
{
	return key_len(class) + DATE_AND_REASON;
}

static size_t
records_per_block(unsigned int class)
{
	return BLOCK_RECORDS / record_len(class);
}

static uint64_t
blocks_of(const struct layout *l, unsigned int class)
{
	uint64_t per = records_per_block(class);

	return l->count[class] / per + (l->count[class] % per != 0);
}

/* The size of a class in the file. */
static uint64_t
class_len(const struct layout *l, unsigned int class)
{
	return l->count[class] * record_len(class) + blocks_of(l, class) * CHECK_LEN;
}

static unsigned int
class_of(size_t serial_len)
{
	return serial_len <= EXACT_MAX ? (unsigned int)serial_len : HASHED;
}

/* --- the hash of long serial numbers ------------------------------------------ */

#define PRIME ((UINT64_C(1) << 61) - 1)

static uint64_t
reduce(uint64_t v)
{
	v = (v & PRIME) + (v >> 61);
	return v >= PRIME ? v - PRIME : v;
}

/*
 * a * digit mod 2^61-1, for a below it: by halves of 32 bits, as not every machine has
 * integers of 128. Multiplication by 2^32 is a rotation of 61 bits by 32.
 */
static uint64_t
mul_mod(uint64_t a, uint32_t digit)
{
	uint64_t low = (a & UINT32_MAX) * digit, high = reduce((a >> 32) * digit);

	return reduce(reduce(low) + (((high << 32) & PRIME) | high >> 29));
}

static uint64_t
hash_serial(const uint64_t keys[static HASH_KEYS], struct view serial)
{
	uint8_t digits[(HASH_KEYS - 1) * 4] = { 0 };
	uint64_t h = keys[0];

	memcpy(digits + sizeof digits - serial.len, serial.data, serial.len);
	for (size_t i = 1; i < HASH_KEYS; i++)
		h = reduce(h + mul_mod(keys[i], (uint32_t)be_get(digits + (i - 1) * 4, 4)));
	return h;
}

/* From the issuer, so that the same list always gives the same index, and all lists of an issuer can be merged. */
static bool
make_keys(struct layout *l)
{
	uint8_t seed[2 * CRL_HASH_LEN + 1], hash[CRL_HASH_LEN];

	memcpy(seed, l->facts.issuer_key, CRL_HASH_LEN);
	memcpy(seed + CRL_HASH_LEN, l->facts.issuer_name, CRL_HASH_LEN);
	for (size_t i = 0; i < HASH_KEYS; i++) {
		seed[2 * CRL_HASH_LEN] = (uint8_t)i;
		if (!nss_sha256((struct view){ seed, sizeof seed }, hash))
			return false;
		l->keys[i] = be_get(hash, 8) % PRIME;
	}
	return true;
}

/* The key of a serial number; its length is key_len(class). */
static void
make_key(const struct layout *l, struct view serial, uint8_t key[static EXACT_MAX])
{
	if (serial.len <= EXACT_MAX)
		memcpy(key, serial.data, serial.len);
	else
		be_put(key, hash_serial(l->keys, serial), 8);
}

/* --- the check value of a block -------------------------------------------------- */

static bool
block_check(PK11Context *sha, const struct layout *l, uint64_t number, struct view records,
    uint8_t check[static CHECK_LEN])
{
	uint8_t hash[CRL_HASH_LEN], at[8];
	unsigned int len;

	be_put(at, number, sizeof at);
	if (PK11_DigestBegin(sha) != SECSuccess ||
	    PK11_DigestOp(sha, l->facts.sha256, CRL_HASH_LEN) != SECSuccess ||
	    PK11_DigestOp(sha, at, sizeof at) != SECSuccess ||
	    PK11_DigestOp(sha, records.data, (unsigned int)records.len) != SECSuccess ||
	    PK11_DigestFinal(sha, hash, &len, sizeof hash) != SECSuccess)
		return false;
	memcpy(check, hash, CHECK_LEN);
	return true;
}

/* --- the header ------------------------------------------------------------------ */

static const uint8_t *
magic_of(const struct layout *l)
{
	return l->merged ? magic_of_merged : magic_of_list;
}

static void
finish_layout(struct layout *l)
{
	l->header_len = HEADER_FIXED + l->facts.scope_len + CHECK_LEN;
	l->file_len = l->header_len;
	for (unsigned int c = 1; c <= CLASSES; c++)
		l->file_len += class_len(l, c);
}

static bool
write_header(const struct layout *l, uint8_t header[static HEADER_MAX])
{
	struct writer w = writer_of(header, HEADER_MAX);
	const struct crl_facts *f = &l->facts;
	uint8_t hash[CRL_HASH_LEN];

	writer_bytes(&w, magic_of(l), MAGIC_LEN);
	writer_u32(&w, FORMAT);
	writer_u32(&w, (uint32_t)l->header_len);
	writer_u64(&w, l->file_len);
	writer_bytes(&w, f->sha256, CRL_HASH_LEN);
	writer_u64(&w, f->size);
	writer_bytes(&w, f->issuer_key, CRL_HASH_LEN);
	writer_bytes(&w, f->issuer_name, CRL_HASH_LEN);
	writer_u64(&w, (uint64_t)f->this_update);
	writer_u64(&w, (uint64_t)f->next_update);
	writer_u32(&w, (f->has_number ? FLAG_NUMBER : 0) | (f->user_only ? FLAG_USER_ONLY : 0));
	writer_bytes(&w, f->number, CRL_SERIAL_MAX);
	for (unsigned int c = 1; c <= CLASSES; c++)
		writer_u64(&w, l->count[c]);
	for (size_t i = 0; i < HASH_KEYS; i++)
		writer_u64(&w, l->keys[i]);
	writer_u32(&w, (uint32_t)f->scope_len);
	writer_bytes(&w, f->scope, f->scope_len);
	if (!writer_ok(&w) || !nss_sha256((struct view){ header, w.len }, hash))
		return false;
	writer_bytes(&w, hash, CHECK_LEN);
	return writer_ok(&w);
}

static bool
get_bytes(struct cursor *r, void *dst, size_t len)
{
	struct view v;

	if (!cursor_view(r, len, &v))
		return false;
	memcpy(dst, v.data, len);
	return true;
}

static bool
get_i64(struct cursor *r, int64_t *ret)
{
	uint64_t v;

	if (!cursor_u64(r, &v))
		return false;
	*ret = (int64_t)v;
	return true;
}

static bool
read_counts(struct cursor *r, struct layout *l)
{
	l->facts.count = 0;
	for (unsigned int c = 1; c <= CLASSES; c++) {
		/* No list has more: an entry takes 20 bytes at least. */
		if (!cursor_u64(r, &l->count[c]) || l->count[c] > CRL_SIZE_MAX / 20)
			return false;
		l->facts.count += l->count[c];
	}
	for (size_t i = 0; i < HASH_KEYS; i++)
		if (!cursor_u64(r, &l->keys[i]) || l->keys[i] >= PRIME)
			return false;
	return true;
}

/* Parses the header of a file of this length, merged or not; the check value is verified first. */
static bool
read_header(struct view head, uint64_t size, struct layout *l)
{
	struct cursor r = cursor_of(head.data, head.len);
	struct crl_facts *f = &l->facts;
	uint8_t found[MAGIC_LEN], hash[CRL_HASH_LEN];
	uint32_t version, header_len, flags, scope_len;
	uint64_t file_len;

	if (!get_bytes(&r, found, sizeof found) || memcmp(found, magic_of(l), MAGIC_LEN) != 0 ||
	    !cursor_u32(&r, &version) || version != FORMAT || !cursor_u32(&r, &header_len) ||
	    header_len < HEADER_FIXED + CHECK_LEN || header_len > head.len)
		return false;
	if (!nss_sha256((struct view){ head.data, header_len - CHECK_LEN }, hash) ||
	    memcmp(hash, head.data + header_len - CHECK_LEN, CHECK_LEN) != 0)
		return false;
	if (!cursor_u64(&r, &file_len) || file_len != size ||
	    !get_bytes(&r, f->sha256, CRL_HASH_LEN) || !cursor_u64(&r, &f->size) ||
	    !get_bytes(&r, f->issuer_key, CRL_HASH_LEN) ||
	    !get_bytes(&r, f->issuer_name, CRL_HASH_LEN) || !get_i64(&r, &f->this_update) ||
	    !get_i64(&r, &f->next_update) || !cursor_u32(&r, &flags) ||
	    (flags & ~(FLAG_NUMBER | FLAG_USER_ONLY)) != 0 ||
	    !get_bytes(&r, f->number, CRL_SERIAL_MAX) || !read_counts(&r, l) ||
	    !cursor_u32(&r, &scope_len) || scope_len > CRL_SCOPE_MAX ||
	    !get_bytes(&r, f->scope, scope_len))
		return false;
	f->has_number = (flags & FLAG_NUMBER) != 0;
	f->user_only = (flags & FLAG_USER_ONLY) != 0;
	f->scope_len = scope_len;
	finish_layout(l);
	return l->header_len == header_len && l->file_len == file_len;
}

/* --- sorting ----------------------------------------------------------------------- */

#define SHORT_RUN 32	/* below, insertion is faster than counting */

static void
sort_short(uint8_t *base, size_t n, size_t width)
{
	uint8_t record[RECORD_MAX];

	for (size_t i = 1; i < n; i++) {
		size_t j = i;

		memcpy(record, base + i * width, width);
		while (j > 0 && memcmp(base + (j - 1) * width, record, width) > 0)
			j--;
		memmove(base + (j + 1) * width, base + j * width, (i - j) * width);
		memcpy(base + j * width, record, width);
	}
}

static void
swap_records(uint8_t *a, uint8_t *b, size_t width)
{
	uint8_t record[RECORD_MAX];

	memcpy(record, a, width);
	memcpy(a, b, width);
	memcpy(b, record, width);
}

/*
 * By the byte at `depth`, then each run by the next: in place, linear in n, no more
 * than RECORD_MAX calls deep. (qsort() of glibc copies everything, and the
 * memory of an import is counted.) The bytes before depth are equal.
 */
static void
sort_records(uint8_t *base, size_t n, size_t width, size_t depth)
{
	size_t next[256] = { 0 }, end[256], at = 0;

	if (n < SHORT_RUN || depth == width) {
		sort_short(base, n, width);
		return;
	}
	for (size_t i = 0; i < n; i++)
		next[base[i * width + depth]]++;
	for (size_t v = 0; v < 256; v++) {
		size_t count = next[v];

		next[v] = at;
		end[v] = at += count;
	}
	for (size_t v = 0; v < 256; v++)
		while (next[v] < end[v]) {
			uint8_t *record = base + next[v] * width;

			if (record[depth] == v)
				next[v]++;
			else
				swap_records(record, base + next[record[depth]]++ * width, width);
		}
	for (size_t v = 0, from = 0; v < 256; from = end[v++])
		if (end[v] - from > 1)
			sort_records(base + from * width, end[v] - from, width, depth + 1);
}

static bool
is_sorted(const uint8_t *base, size_t n, size_t width)
{
	for (size_t i = 1; i < n; i++)
		if (memcmp(base + (i - 1) * width, base + i * width, width) > 0)
			return false;
	return true;
}

/* --- writing ------------------------------------------------------------------------- */

/* Buffered output of an index. */
struct sink {
	enum crl_fault (*put)(struct sink *s, const uint8_t *bytes, size_t len);
	int fd;
	uint64_t at;
	size_t held;			/* how much of it is still in bytes */
	uint8_t bytes[64 * 1024];
};

static enum crl_fault
sink_flush(struct sink *s)
{
	enum crl_fault f = s->held > 0 ? s->put(s, s->bytes, s->held) : CRL_OK;

	s->at += s->held;
	s->held = 0;
	return f;
}

static enum crl_fault
sink_add(struct sink *s, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		size_t n = sizeof s->bytes - s->held;

		n = n < len ? n : len;
		memcpy(s->bytes + s->held, p, n);
		s->held += n;
		p += n;
		len -= n;
		if (s->held == sizeof s->bytes) {
			enum crl_fault f = sink_flush(s);

			if (f != CRL_OK)
				return f;
		}
	}
	return CRL_OK;
}

static enum crl_fault
put_to_file(struct sink *s, const uint8_t *bytes, size_t len)
{
	return safefile_write(s->fd, bytes, len) ? CRL_OK : CRL_STORE;
}

static enum crl_fault
compare_with_file(struct sink *s, const uint8_t *bytes, size_t len)
{
	uint8_t there[4096];

	for (size_t done = 0, n; done < len; done += n) {
		n = len - done < sizeof there ? len - done : sizeof there;
		if (!crlder_pread(s->fd, there, n, s->at + done) ||
		    memcmp(there, bytes + done, n) != 0)
			return CRL_INDEX_DIFFERS;
	}
	return CRL_OK;
}

/* The records of all classes, one class after the other. */
struct records {
	const struct layout *l;
	uint8_t *all;			/* mapped, len bytes */
	size_t len;
	uint8_t *next[CLASSES + 1], *end[CLASSES + 1];
};

static void
records_done(struct records *r)
{
	if (r->all != NULL)
		(void)munmap(r->all, r->len);
}

static enum crl_fault
records_make(const struct layout *l, struct records *r)
{
	uint8_t *p;

	r->l = l;
	for (unsigned int c = 1; c <= CLASSES; c++)
		r->len += (size_t)l->count[c] * record_len(c);
	if (r->len == 0)
		return CRL_OK;
	p = mmap(NULL, r->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return CRL_NO_MEMORY;
	r->all = p;
	for (unsigned int c = 1; c <= CLASSES; c++) {
		r->next[c] = p;
		p += (size_t)l->count[c] * record_len(c);
		r->end[c] = p;
	}
	return CRL_OK;
}

static bool
records_add(void *ctx, const struct crl_entry *entry)
{
	struct records *r = ctx;
	unsigned int class = class_of(entry->serial.len);
	size_t key = key_len(class);
	uint8_t *p = r->next[class];

	if (p == r->end[class])		/* more than were counted: the file has changed */
		return false;
	r->next[class] = p + record_len(class);
	make_key(r->l, entry->serial, p);
	be_put(p + key, entry->date, 4);
	p[key + 4] = entry->reason;
	return true;
}

static bool
records_full(const struct records *r)
{
	for (unsigned int c = 1; c <= CLASSES; c++)
		if (r->next[c] != r->end[c])
			return false;
	return true;
}

static enum crl_fault
put_class(const struct records *r, unsigned int class, uint64_t *number, PK11Context *sha,
    struct sink *s)
{
	size_t width = record_len(class), block = records_per_block(class) * width;
	uint8_t *base = r->end[class] - (size_t)r->l->count[class] * width;
	enum crl_fault f = CRL_OK;

	if (!is_sorted(base, (size_t)r->l->count[class], width))
		sort_records(base, (size_t)r->l->count[class], width, 0);
	for (uint8_t *p = base; f == CRL_OK && p < r->end[class]; p += block) {
		uint8_t check[CHECK_LEN];

		if ((size_t)(r->end[class] - p) < block)
			block = (size_t)(r->end[class] - p);
		if (!block_check(sha, r->l, (*number)++, (struct view){ p, block }, check))
			return CRL_INTERNAL;
		f = sink_add(s, p, block);
		if (f == CRL_OK)
			f = sink_add(s, check, sizeof check);
	}
	return f;
}

static enum crl_fault
put_all(const struct layout *l, const struct records *r, struct sink *s)
{
	_cleanup_(nss_digest_freep) PK11Context *sha = PK11_CreateDigestContext(SEC_OID_SHA256);
	uint8_t header[HEADER_MAX];
	uint64_t number = 0;
	enum crl_fault f;

	if (sha == NULL || !write_header(l, header))
		return CRL_INTERNAL;
	f = sink_add(s, header, l->header_len);
	for (unsigned int c = 1; f == CRL_OK && c <= CLASSES; c++)
		if (l->count[c] > 0)
			f = put_class(r, c, &number, sha, s);
	return f == CRL_OK ? sink_flush(s) : f;
}

static enum crl_fault
make_index(const struct crl *crl, struct layout *l, struct sink *s, const struct log *log)
{
	_cleanup_(records_done) struct records r = { .all = NULL };
	const uint64_t *lengths = crl_lengths(crl);
	enum crl_fault f;

	*l = (struct layout){ .facts = *crl_facts(crl) };
	for (size_t n = 1; n <= CRL_SERIAL_MAX; n++)
		l->count[class_of(n)] += lengths[n];
	finish_layout(l);
	if (!make_keys(l))
		return CRL_INTERNAL;
	f = records_make(l, &r);
	if (f == CRL_OK)
		f = crl_each(crl, records_add, &r, log);
	if (f == CRL_OK && !records_full(&r))
		f = CRL_INTERNAL;
	return f == CRL_OK ? put_all(l, &r, s) : f;
}

enum crl_fault
crlindex_write(const struct crl *crl, int fd, const struct log *log)
{
	_cleanup_(freep) struct sink *s = calloc(1, sizeof *s);
	struct layout l;
	enum crl_fault f;

	if (s == NULL)
		return CRL_NO_MEMORY;
	s->put = put_to_file;
	s->fd = fd;
	f = make_index(crl, &l, s, log);
	if (f == CRL_STORE)
		log_msg(log, LOG_ERR, "the index of the CRL cannot be written: %s", strerror(errno));
	return f;
}

enum crl_fault
crlindex_compare(const struct crl *crl, int fd, const struct log *log)
{
	_cleanup_(freep) struct sink *s = calloc(1, sizeof *s);
	struct layout l;
	struct stat st;
	enum crl_fault f;

	if (s == NULL)
		return CRL_NO_MEMORY;
	s->put = compare_with_file;
	s->fd = fd;
	f = make_index(crl, &l, s, log);
	if (f == CRL_OK && (fstat(fd, &st) != 0 || (uint64_t)st.st_size != l.file_len))
		f = CRL_INDEX_DIFFERS;
	return f;
}

/* --- reading --------------------------------------------------------------------------- */

struct crlindex {
	struct layout l;
	int fd;				/* lent */
};

static enum crl_fault
open_index(int fd, bool merged, struct crlindex **ret_index)
{
	uint8_t head[HEADER_MAX];
	struct crlindex *index;
	struct stat st;
	size_t len;

	if (fstat(fd, &st) != 0)
		return CRL_UNREADABLE;
	if (st.st_size < HEADER_FIXED + CHECK_LEN || st.st_size > CRL_SIZE_MAX)
		return CRL_INDEX;
	len = (size_t)st.st_size < sizeof head ? (size_t)st.st_size : sizeof head;
	if (!crlder_pread(fd, head, len, 0))
		return CRL_UNREADABLE;
	index = calloc(1, sizeof *index);
	if (index == NULL)
		return CRL_NO_MEMORY;
	index->fd = fd;
	index->l.merged = merged;
	if (!read_header((struct view){ head, len }, (uint64_t)st.st_size, &index->l)) {
		crlindex_close(index);
		return CRL_INDEX;
	}
	*ret_index = index;
	return CRL_OK;
}

enum crl_fault
crlindex_open(int fd, struct crlindex **ret_index)
{
	return open_index(fd, false, ret_index);
}

enum crl_fault
crlindex_open_merged(int fd, struct crlindex **ret_index)
{
	return open_index(fd, true, ret_index);
}

void
crlindex_close(struct crlindex *index)
{
	free(index);
}

const struct crl_facts *
crlindex_facts(const struct crlindex *index)
{
	return &index->l.facts;
}

/* The blocks of one class, for a search. */
struct blocks {
	const struct crlindex *index;
	PK11Context *sha;
	uint64_t base;			/* in the file */
	uint64_t count, records;	/* blocks, records in all */
	uint64_t first_number;		/* of the first block in the file */
	size_t width, per, key_len;
};

static struct blocks
blocks_of_class(const struct crlindex *index, unsigned int class)
{
	struct blocks b = { .index = index, .base = index->l.header_len,
		.count = blocks_of(&index->l, class), .records = index->l.count[class],
		.width = record_len(class), .per = records_per_block(class), .key_len = key_len(class) };

	for (unsigned int c = 1; c < class; c++) {
		b.base += class_len(&index->l, c);
		b.first_number += blocks_of(&index->l, c);
	}
	return b;
}

static uint64_t
offset_of_block(const struct blocks *b, uint64_t n)
{
	return b->base + n * (b->per * b->width + CHECK_LEN);
}

/* The records of a block, and its check value. */
struct block {
	uint8_t bytes[BLOCK_RECORDS + CHECK_LEN];
	size_t len;			/* of the records */
};

/* False if it cannot be read or is damaged. */
static bool
read_block(const struct blocks *b, uint64_t n, struct block *ret)
{
	uint64_t left = b->records - n * b->per;
	uint8_t check[CHECK_LEN];

	ret->len = (size_t)(left < b->per ? left : b->per) * b->width;
	return crlder_pread(b->index->fd, ret->bytes, ret->len + CHECK_LEN, offset_of_block(b, n)) &&
	    block_check(b->sha, &b->index->l, b->first_number + n,
	    (struct view){ ret->bytes, ret->len }, check) &&
	    memcmp(check, ret->bytes + ret->len, CHECK_LEN) == 0;
}

/* The last block whose first key is below this one; the first block if none is. */
static bool
block_of_key(const struct blocks *b, const uint8_t *key, uint64_t *ret_n)
{
	uint64_t low = 0, high = b->count;
	uint8_t first[EXACT_MAX];

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (!crlder_pread(b->index->fd, first, b->key_len, offset_of_block(b, middle)))
			return false;
		if (memcmp(first, key, b->key_len) < 0)
			low = middle;
		else
			high = middle;
	}
	*ret_n = low;
	return true;
}

static void
find_in_block(const struct blocks *b, const struct block *block, const uint8_t *key,
    struct crlindex_hit *hit)
{
	for (const uint8_t *p = block->bytes; p < block->bytes + block->len; p += b->width) {
		struct cursor r = cursor_of(p + b->key_len, DATE_AND_REASON);
		uint32_t date;
		uint8_t reason;

		if (memcmp(p, key, b->key_len) != 0 || !cursor_u32(&r, &date) || !cursor_u8(&r, &reason))
			continue;
		/* Listed twice: a final revocation outranks a suspension. */
		if (!hit->listed || hit->reason == REASON_HOLD)
			*hit = (struct crlindex_hit){ .listed = true, .date = date, .reason = reason };
	}
}

/*
 * Looks into the last block that begins below the key, and into those after it that begin with the key: a list can have a
 * number so often that it fills several. The bytes read by block_of_key() are unchecked. So verify each of these blocks and
 * the one after them, and that the key belongs between their first records.
 */
static bool
find_in_blocks(const struct blocks *b, const uint8_t *key, struct crlindex_hit *hit)
{
	struct block block;
	uint64_t n;
	int order;

	if (!block_of_key(b, key, &n) || !read_block(b, n, &block) ||
	    (n > 0 && memcmp(block.bytes, key, b->key_len) >= 0))
		return false;
	do {
		find_in_block(b, &block, key, hit);
		if (++n == b->count)
			return true;
		if (!read_block(b, n, &block))
			return false;
		order = memcmp(block.bytes, key, b->key_len);
	} while (order == 0);
	return order > 0;
}

enum crl_fault
crlindex_find(const struct crlindex *index, struct view serial, struct crlindex_hit *ret_hit)
{
	_cleanup_(nss_digest_freep) PK11Context *sha = NULL;
	struct crlindex_hit hit = { .listed = false };
	uint8_t key[EXACT_MAX];
	struct blocks b;
	struct view v;

	if (!crlder_serial(serial, &v))
		return CRL_ENTRY_SERIAL;
	make_key(&index->l, v, key);
	b = blocks_of_class(index, class_of(v.len));
	if (b.count > 0) {
		b.sha = sha = PK11_CreateDigestContext(SEC_OID_SHA256);
		if (sha == NULL || !find_in_blocks(&b, key, &hit))
			return CRL_INDEX;
	}
	*ret_hit = hit;
	return CRL_OK;
}

/* --- merging --------------------------------------------------------------------------- */

static bool
is_of_issuer(const struct crl_facts *a, const struct crl_facts *b)
{
	return memcmp(a->issuer_key, b->issuer_key, CRL_HASH_LEN) == 0 &&
	    memcmp(a->issuer_name, b->issuer_name, CRL_HASH_LEN) == 0;
}

static enum crl_fault
count_index(void *ctx, const struct crlindex *index)
{
	const struct crl_facts *f = &index->l.facts;
	struct layout *l = ctx;

	if (l->facts.size == 0) {
		memcpy(l->facts.issuer_key, f->issuer_key, CRL_HASH_LEN);
		memcpy(l->facts.issuer_name, f->issuer_name, CRL_HASH_LEN);
		l->facts.this_update = f->this_update;
		memcpy(l->keys, index->l.keys, sizeof l->keys);
	}
	if (!is_of_issuer(f, &l->facts) || memcmp(l->keys, index->l.keys, sizeof l->keys) != 0)
		return CRL_INDEX_DIFFERS;
	if (f->this_update > l->facts.this_update)
		l->facts.this_update = f->this_update;
	l->facts.size++;
	for (unsigned int c = 1; c <= CLASSES; c++)
		l->count[c] += index->l.count[c];
	return CRL_OK;
}

struct merging {
	struct records r;
	PK11Context *sha;
};

static enum crl_fault
add_class(struct merging *m, const struct crlindex *index, unsigned int class)
{
	struct blocks b = blocks_of_class(index, class);
	struct records *r = &m->r;
	struct block block;

	b.sha = m->sha;
	for (uint64_t n = 0; n < b.count; n++) {
		if (!read_block(&b, n, &block))
			return CRL_INDEX;
		if ((size_t)(r->end[class] - r->next[class]) < block.len)
			return CRL_INDEX_DIFFERS;	/* more than were counted */
		memcpy(r->next[class], block.bytes, block.len);
		r->next[class] += block.len;
	}
	return CRL_OK;
}

static enum crl_fault
add_index(void *ctx, const struct crlindex *index)
{
	enum crl_fault f = CRL_OK;

	for (unsigned int c = 1; f == CRL_OK && c <= CLASSES; c++)
		f = add_class(ctx, index, c);
	return f;
}

static enum crl_fault
merge_lists(const struct crlindex_lists *lists, struct layout *l, struct sink *s)
{
	_cleanup_(records_done) struct records all = { .all = NULL };
	_cleanup_(nss_digest_freep) PK11Context *sha = PK11_CreateDigestContext(SEC_OID_SHA256);
	struct merging m = { .sha = sha };
	enum crl_fault f = sha != NULL ? lists->each(lists->ctx, count_index, l) : CRL_INTERNAL;

	if (f != CRL_OK)
		return f;
	finish_layout(l);
	f = records_make(l, &all);
	m.r = all;
	if (f == CRL_OK)
		f = lists->each(lists->ctx, add_index, &m);
	if (f == CRL_OK && !records_full(&m.r))
		f = CRL_INDEX_DIFFERS;
	return f == CRL_OK ? put_all(l, &m.r, s) : f;
}

enum crl_fault
crlindex_merge(const struct crlindex_lists *lists, const uint8_t stamp[static CRL_HASH_LEN], int fd)
{
	_cleanup_(freep) struct sink *s = calloc(1, sizeof *s);
	struct layout l = { .merged = true };

	if (s == NULL)
		return CRL_NO_MEMORY;
	s->put = put_to_file;
	s->fd = fd;
	memcpy(l.facts.sha256, stamp, CRL_HASH_LEN);
	return merge_lists(lists, &l, s);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRLs: as files of any user's, in the pieces PEM brings, and signed by an authority that is
 * trusted and errs. A sound list with a good signature gets an index, which has to list exactly
 * what the list lists.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nss/crl/copy.h"
#include "nss/crl/der.h"
#include "nss/crl/index.h"
#include "nss/trustdb.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tests/unit/crl_fixture.h"

static struct certdb *db;

static void
done(void)
{
	CHECK(certdb_close(db));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct bytes ca = pki_der("ca1");
	char dir[128];
	struct outcome o;

	snprintf(dir, sizeof dir, "%s/db", fuzz_dir());
	o = trustdb_add(dir, geteuid(), view_of(&ca), &fuzz_log);
	CHECK(outcome_ok(&o));
	o = certdb_open(dir, geteuid(), &fuzz_log, &db);
	CHECK(outcome_ok(&o));
	CHECK(atexit(done) == 0);
	return 0;
}

static bool
count_entry(void *ctx, const struct crl_entry *e)
{
	CHECK(e->serial.len > 0 && e->serial.len <= CRL_SERIAL_MAX && e->serial.data[0] != 0);
	CHECK(e->reason != REASON_REMOVE && crl_reason_name(e->reason) != NULL);
	++*(uint64_t *)ctx;
	return true;
}

static void
note_odd(void *ctx, uint64_t number, const char *what)
{
	CHECK(number > 0 && what != NULL && *(uint64_t *)ctx < number);
}

/* Every byte of the frame is in the file, the parts in their order. */
static void
walk(int fd, size_t size)
{
	static struct crlder d;
	static struct crl_facts facts;
	uint64_t count = 0;
	const struct crl_visitor visitor = { count_entry, note_odd, &count };

	if (crlder_read(fd, &d) != CRL_OK)
		return;
	CHECK(d.size == size && d.tbs_start < d.entries_start && d.entries_start <= d.entries_end &&
	    d.entries_end <= d.tbs_end && d.tbs_end < size);
	if (crlder_extensions(&d, &fuzz_log, &facts) == CRL_OK)
		CHECK(facts.scope_len <= CRL_SCOPE_MAX);
	(void)!crlder_each(&d, &visitor, &fuzz_log);
}

static bool
is_listed(void *ctx, const struct crl_entry *e)
{
	struct crlindex_hit hit;
	uint8_t contents[CRL_SERIAL_MAX + 1] = {0};

	memcpy(contents + 1, e->serial.data, e->serial.len);
	CHECK(crlindex_find(ctx, (struct view){ contents, e->serial.len + 1 }, &hit) == CRL_OK);
	CHECK(hit.listed);
	return true;
}

/* A listed number is found. Another one is found hardly ever (nss/crl/index.h). */
static void
index_it(const struct crl *crl)
{
	static const uint8_t other[] = { 0x5a, 0x17, 0xc3, 0x99, 0x21, 0x42, 0x6e };
	int fd = fuzz_file("", 0);
	struct crlindex *index;
	struct crlindex_hit hit;
	uint64_t count = 0;
	char name[256];

	CHECK(crlindex_write(crl, fd, &fuzz_log) == CRL_OK);
	CHECK(crlindex_open(fd, &index) == CRL_OK);
	CHECK(crlindex_compare(crl, fd, &fuzz_log) == CRL_OK);
	CHECK(crl_each(crl, count_entry, &count, &fuzz_log) == CRL_OK);
	CHECK(count == crl_facts(crl)->count && count == crlindex_facts(index)->count);
	CHECK(crl_each(crl, is_listed, index, &fuzz_log) == CRL_OK);
	CHECK(crlindex_find(index, (struct view){ other, sizeof other }, &hit) == CRL_OK);
	for (size_t i = 0; crl_scope_name(crl_facts(crl), i, name, sizeof name); i++)
		CHECK(strlen(name) < sizeof name);
	crlindex_close(index);
	(void)close(fd);
}

/* CRL_OK, and there is an index; whether it was one is told. */
static bool
judge(const void *data, size_t size)
{
	int fd = fuzz_file(data, size);
	struct crl *crl = NULL;
	enum crl_fault f;

	walk(fd, size);
	f = crl_verify(db, fd, pki_now(), &fuzz_log, &crl);
	CHECK((f == CRL_OK) == (crl != NULL) && f < CRL_FAULT_COUNT);
	if (crl != NULL)
		index_it(crl);
	crl_free(crl);
	(void)close(fd);
	return f == CRL_OK;
}

/* A byte of flags, two of the length of the entries, entries, extensions. */
static void
signed_list(struct cursor *in)
{
	uint8_t flags = fuzz_u8(in);
	struct view e = fuzz_bytes(in, (size_t)fuzz_u8(in) << 8 | fuzz_u8(in));
	struct view x = fuzz_bytes(in, in->left);
	struct der entries = { .p = NULL }, extensions = { .p = NULL }, list = { .p = NULL };

	der_put(&entries, e.data, e.len);
	der_put(&extensions, x.data, x.len);
	list_make(&(struct list){ .entries = &entries, .extensions = &extensions,
	    .number = flags & 1, .flags = flags & 2 ? POINT_USER : 0 }, &list);
	(void)judge(list.p, list.len);
	/* No byte of it can be another. */
	if (flags & 4 && list.len > 0) {
		list.p[((size_t)flags * 97 + e.len * 13 + x.len) % list.len] ^= (uint8_t)(1 << flags % 8);
		CHECK(!judge(list.p, list.len));
	}
	der_done(&list);
	der_done(&entries);
	der_done(&extensions);
}

static void
copy(struct view text)
{
	int from = fuzz_file(text.data, text.len), to = fuzz_file("", 0);
	enum crl_fault f = crlcopy(from, to, &fuzz_log);

	/* Or what the file is in place of a list. */
	CHECK(f == CRL_OK || f == CRL_NOT_CRL || f == CRL_TRAILING || f == CRL_TOO_LARGE ||
	    (f >= CRL_EMPTY && f <= CRL_SEVERAL));
	if (f == CRL_OK)
		CHECK(lseek(to, 0, SEEK_END) <= (off_t)text.len);
	(void)close(from);
	(void)close(to);
}

/* Entries and extensions of signed_list(), or a whole list: their elements. */
static size_t
mutate_signed(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	static uint8_t work[1 << 16];
	size_t entries = (size_t)data[2] << 8 | data[3], rest = size - 4, room, changed;

	entries = entries < rest ? entries : rest;
	if (seed % 2 == 0)
		return 4 + entries + mutate_der(data + 4 + entries, rest - entries, max - 4 - entries, seed);
	/* The entries, in their place: the extensions move. */
	if (max < size)
		return size;
	room = entries + max - size;
	memcpy(work, data + 4, entries);
	changed = mutate_der(work, entries, room < UINT16_MAX ? room : UINT16_MAX, seed);
	memmove(data + 4 + changed, data + 4 + entries, rest - entries);
	memcpy(data + 4, work, changed);
	data[2] = (uint8_t)(changed >> 8);
	data[3] = (uint8_t)changed;
	return size - entries + changed;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (size < 5 || seed % 16 == 0 || data[0] % 3 == 2)
		return mutate_bytes(data, size, max);
	if (data[0] % 3 == 1)
		return mutate_signed(data, size, max, seed / 16);
	return 1 + mutate_der(data + 1, size - 1, max - 1, seed / 16);
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);

	switch (fuzz_u8(&in) % 3) {
	case 0:
		(void)judge(in.p, in.left);
		break;
	case 1:
		signed_list(&in);
		break;
	case 2:
		copy((struct view){ in.p, in.left });
		break;
	}
	return 0;
}

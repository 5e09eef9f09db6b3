/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/crl/index: what was listed is found, what was not is not, and damage is neither. */
#include "config.h"

#include <fcntl.h>

#include "nss/crl/index.h"
#include "tests/unit/crl_fixture.h"

/* An index, and the CRL it was made from; NSS is in use as long as it is open. */
struct made {
	struct certdb *db;
	struct crl *crl;
	struct der der;
	const char *path;
	struct crlindex *index;
	int fd;			/* of the index */
};

static void
make_index(const struct list *list, struct made *m)
{
	*m = (struct made){ .db = open_db(make_db("ca1", NULL)) };
	list_make(list, &m->der);
	expect_fault(list_verify(m->db, m->der.p, m->der.len, &m->crl), CRL_OK, "list");
	m->path = in_scratch("index");
	m->fd = open(m->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(m->fd >= 0);
	expect_fault(crlindex_write(m->crl, m->fd, &test_log), CRL_OK, "write");
	expect_fault(crlindex_compare(m->crl, m->fd, &test_log), CRL_OK, "compare");
	expect_fault(crlindex_open(m->fd, &m->index), CRL_OK, "open");
}

static void
made_done(struct made *m)
{
	crlindex_close(m->index);
	close(m->fd);
	crl_free(m->crl);
	der_done(&m->der);
	close_db(m->db);
}

static struct crlindex_hit
find(const struct made *m, const void *serial, size_t len)
{
	struct crlindex_hit hit = { .listed = false };

	expect_fault(crlindex_find(m->index, (struct view){ serial, len }, &hit), CRL_OK, "find");
	return hit;
}

/* --- serial numbers in great number ------------------------------------------------ */

/* The i-th serial number of n bytes: no order in them, none twice. */
static void
nth_serial(uint64_t i, size_t n, uint8_t *out)
{
	uint64_t v = i * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t k = 0; k < n; k++)
		out[k] = (uint8_t)(v >> (8 * (k % 8)) ^ (k >= 8 ? k * 37 : 0));
	out[0] = (uint8_t)(1 + out[0] % 127);	/* positive, minimal */
	if (n >= 4) {	/* unique, whatever was mixed: the number itself */
		out[n - 1] = (uint8_t)i;
		out[n - 2] = (uint8_t)(i >> 8);
		out[n - 3] = (uint8_t)(i >> 16);
	}
}

#define MANY 3000

static int
reason_of(uint64_t i)
{
	static const int reasons[] = { NO_REASON, 1, 4, 6, 9 };

	return reasons[i % COUNT(reasons)];
}

static void
every_length_is_found(void **state)
{
	static const size_t lengths[] = { 4, 5, 6, 7, 8, 9, 12, 16, 20 };
	struct der e = { .p = NULL };
	uint8_t serial[CRL_SERIAL_MAX];
	struct made m;

	for (uint64_t i = 0; i < MANY; i++)
		for (size_t l = 0; l < COUNT(lengths); l++) {
			nth_serial(i, lengths[l], serial);
			crlmaker_entry(&e, serial, lengths[l], 1000000 + (int64_t)i, reason_of(i), NULL);
		}
	make_index(&(struct list){ .entries = &e }, &m);
	assert_int_equal(crlindex_facts(m.index)->count, MANY * COUNT(lengths));
	for (uint64_t i = 0; i < MANY; i++)
		for (size_t l = 0; l < COUNT(lengths); l++) {
			struct crlindex_hit hit;

			nth_serial(i, lengths[l], serial);
			hit = find(&m, serial, lengths[l]);
			assert_true(hit.listed);
			assert_int_equal(hit.date, 1000000 + i);
			assert_int_equal(hit.reason, reason_of(i) == NO_REASON ? 0 : reason_of(i));
			nth_serial(i + MANY, lengths[l], serial);
			assert_false(find(&m, serial, lengths[l]).listed);
		}
	made_done(&m);
	der_done(&e);
}

static void
neighbours_are_not_listed(void **state)
{
	struct der e = { .p = NULL };
	struct made m;

	for (uint64_t i = 500; i > 0; i--)	/* the list descends */
		crlmaker_serial(&e, i * 3 + 0x10000, pki_now(), 1);
	make_index(&(struct list){ .entries = &e }, &m);
	for (uint32_t i = 0x10000; i < 0x10000 + 1600; i++) {
		uint8_t serial[4] = { 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		bool listed = i % 3 == 0x10000 % 3 && i > 0x10000 && i <= 0x10000 + 1500;

		assert_int_equal(find(&m, serial + 1, 3).listed, listed);
		/* A leading zero is no digit. */
		assert_int_equal(find(&m, serial, 4).listed, listed);
	}
	made_done(&m);
	der_done(&e);
}

/* The same number in another length is another number; the ends of a class are found. */
static void
numbers_of_other_lengths_are_other_numbers(void **state)
{
	static const uint8_t zeros[CRL_SERIAL_MAX] = { 1 };
	struct der e = { .p = NULL };
	struct made m;

	crlmaker_entry(&e, zeros, 1, pki_now(), 1, NULL);
	crlmaker_entry(&e, zeros, 8, pki_now(), 2, NULL);
	crlmaker_entry(&e, zeros, 9, pki_now(), 3, NULL);
	crlmaker_entry(&e, zeros, 20, pki_now(), 4, NULL);
	make_index(&(struct list){ .entries = &e }, &m);
	for (size_t len = 1; len <= CRL_SERIAL_MAX; len++)
		assert_int_equal(find(&m, zeros, len).listed,
		    len == 1 || len == 8 || len == 9 || len == 20);
	assert_int_equal(find(&m, zeros, 9).reason, 3);
	assert_int_equal(find(&m, zeros, 20).reason, 4);
	made_done(&m);
	der_done(&e);
}

static void
impossible_numbers_are_named(void **state)
{
	uint8_t long_one[22] = { 1 };
	struct crlindex_hit hit;
	struct made m;

	make_index(&(struct list){ 0 }, &m);
	expect_fault(crlindex_find(m.index, (struct view){ long_one, 21 }, &hit), CRL_ENTRY_SERIAL, "21");
	expect_fault(crlindex_find(m.index, (struct view){ long_one, 0 }, &hit), CRL_ENTRY_SERIAL, "0");
	long_one[0] = 0x80;
	expect_fault(crlindex_find(m.index, (struct view){ long_one, 5 }, &hit), CRL_ENTRY_SERIAL, "-");
	long_one[0] = 0;
	expect_fault(crlindex_find(m.index, (struct view){ long_one, 1 }, &hit), CRL_ENTRY_SERIAL, "zero");
	made_done(&m);
}

/* The form on the list is not the certificate's: with the zero that keeps it positive, or without. */
static void
numbers_in_another_form_are_found(void **state)
{
	static const uint8_t certificate[][4] = { { 0, 0xe6, 1, 2 }, { 0, 0x80, 0, 0 } };
	static const uint8_t zeros[] = { 0, 0, 0, 0x12 };
	struct der e = { .p = NULL };
	struct made m;

	crlmaker_entry(&e, certificate[0] + 1, 3, 0, NO_REASON, NULL);
	crlmaker_entry(&e, certificate[1] + 1, 3, 0, NO_REASON, NULL);
	crlmaker_entry(&e, zeros, sizeof zeros, 0, NO_REASON, NULL);
	make_index(&(struct list){ .entries = &e }, &m);
	assert_true(find(&m, certificate[0], 4).listed);
	assert_true(find(&m, certificate[1], 4).listed);
	assert_int_equal(find(&m, certificate[1], 4).date, 0);
	assert_true(find(&m, zeros + 3, 1).listed);
	made_done(&m);
	der_done(&e);
}

/* A revocation for good counts, wherever among the entries of a number it is. */
static void
number_listed_twice(void **state)
{
	static const int reasons[][3] = { { 6, 6, 1 }, { 1, 6, 6 }, { 6, 1, 8 }, { 8, 8, 1 } };

	for (size_t i = 0; i < COUNT(reasons); i++)
		for (int order = 0; order < 2; order++) {
			struct der e = { .p = NULL };
			struct crlindex_hit hit;
			struct made m;

			for (int k = 0; k < 3; k++)
				crlmaker_serial(&e, 0x77, pki_now() - (order == 0 ? k : 3 - k) * DAY, reasons[i][k]);
			make_index(&(struct list){ .entries = &e }, &m);
			hit = find(&m, "\x77", 1);
			assert_true(hit.listed);
			assert_int_equal(hit.reason, 1);
			made_done(&m);
			der_done(&e);
		}
}

/* The same where they fill several blocks of 169 records. */
static void
number_in_many_blocks(void **state)
{
	for (int final = 0; final <= 400; final += 100) {
		struct der e = { .p = NULL };
		struct made m;

		crlmaker_serial(&e, 0x76, pki_now(), 4);
		for (int k = 0; k <= 400; k++)
			crlmaker_serial(&e, 0x77, pki_now() - k * DAY, k == final ? 1 : 6);
		crlmaker_serial(&e, 0x79, pki_now(), 4);
		make_index(&(struct list){ .entries = &e }, &m);
		assert_int_equal(find(&m, "\x77", 1).reason, 1);
		assert_int_equal(find(&m, "\x76", 1).reason, 4);
		assert_int_equal(find(&m, "\x79", 1).reason, 4);
		assert_false(find(&m, "\x75", 1).listed);
		assert_false(find(&m, "\x78", 1).listed);
		made_done(&m);
		der_done(&e);
	}
}

static void
the_index_keeps_the_facts_of_its_list(void **state)
{
	struct der name = { .p = NULL };
	struct made m;

	point_of_leaf("good", &name);
	make_index(&(struct list){ .names = &name, .number = 77, .flags = POINT_USER }, &m);
	/* Byte by byte: both were zeroed before they were filled. */
	assert_memory_equal(crlindex_facts(m.index), crl_facts(m.crl), sizeof(struct crl_facts));
	assert_true(crl_covers(crlindex_facts(m.index), (struct view){ name.p, name.len }));
	name.p[name.len - 1] ^= 1;
	assert_false(crl_covers(crlindex_facts(m.index), (struct view){ name.p, name.len }));
	made_done(&m);
	der_done(&name);
}

static void
empty_list_lists_nothing(void **state)
{
	struct der e = { .p = NULL };
	struct made m;

	make_index(&(struct list){ .entries = &e }, &m);
	assert_int_equal(crlindex_facts(m.index)->count, 0);
	assert_false(find(&m, "\x01", 1).listed);
	assert_false(find(&m, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 10).listed);
	made_done(&m);
}

static off_t
size_of(const char *path)
{
	int fd = list_open(path);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

/* Half of the CRL at most, from a thousand entries on, with and without reasons. */
static void
index_is_small(void **state)
{
	static const size_t lengths[] = { 3, 4, 5, 8, 9, 10, 16, 20 };
	uint8_t serial[CRL_SERIAL_MAX];

	for (size_t l = 0; l < COUNT(lengths); l++) {
		struct der e = { .p = NULL };
		struct made m;

		for (uint64_t i = 0; i < 1000; i++) {
			memset(serial, 0x55, sizeof serial);
			serial[0] = 1;
			serial[1] = (uint8_t)(i >> 8);
			serial[lengths[l] - 1] = (uint8_t)i;
			crlmaker_entry(&e, serial, lengths[l], pki_now(), NO_REASON, NULL);
		}
		make_index(&(struct list){ .entries = &e }, &m);
		if ((size_t)size_of(m.path) * 2 > m.der.len)
			fail_msg("serial numbers of %zu: %lld bytes of index for %zu", lengths[l],
			    (long long)size_of(m.path), m.der.len);
		made_done(&m);
		der_done(&e);
		unlink(m.path);
	}
}

/* Without scope, and of records with serial numbers of four bytes. */
enum { HEADER = 308, BLOCK = 112 * 9 + 8 };

/* --- damage -------------------------------------------------------------------------- */

/* Opens these bytes as an index and looks some numbers up; what they say must be right or CRL_INDEX. */
static void
judge_damaged(const uint8_t *bytes, size_t len, const char *what, size_t where)
{
	int fd = list_open(list_file("damaged", bytes, len));
	struct crlindex *index = NULL;
	enum crl_fault f = crlindex_open(fd, &index);

	if (f != CRL_OK && f != CRL_INDEX)
		fail_msg("%s %zu: %s", what, where, crl_fault_code(f));
	for (uint32_t i = 0x01000000; f == CRL_OK && i < 0x01000000 + 2 * 300; i += 13) {
		uint8_t serial[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		struct crlindex_hit hit = { .listed = false };
		enum crl_fault g = crlindex_find(index, (struct view){ serial, 4 }, &hit);

		if (g != CRL_INDEX && (g != CRL_OK || hit.listed != (i % 2 == 0)))
			fail_msg("%s %zu: number %x: %s, %s", what, where, i, crl_fault_code(g),
			    hit.listed ? "listed" : "not listed");
		if (hit.listed && (hit.date != pki_now() || hit.reason != 4))
			fail_msg("%s %zu: number %x: wrong date or reason", what, where, i);
	}
	crlindex_close(index);
	close(fd);
}

/* Even numbers are listed: three blocks of them. */
static struct bytes
make_for_damage(void)
{
	struct der e = { .p = NULL };
	struct bytes bytes;
	struct made m;

	for (uint64_t i = 0; i < 300; i++)
		crlmaker_serial(&e, 0x01000000 + 2 * i, pki_now(), 4);
	make_index(&(struct list){ .entries = &e }, &m);
	bytes = read_bytes(m.path);
	made_done(&m);
	der_done(&e);
	return bytes;
}

static void
every_cut_index_is_refused(void **state)
{
	struct bytes whole = make_for_damage();
	struct certdb *db = open_db(in_scratch("db"));

	for (size_t len = 0; len < whole.len; len++) {
		int fd = list_open(list_file("damaged", whole.data, len));
		struct crlindex *index = NULL;

		expect_fault(crlindex_open(fd, &index), CRL_INDEX, "cut");
		close(fd);
	}
	whole.data[whole.len] = 0;
	judge_damaged(whole.data, whole.len, "whole", 0);
	judge_damaged(whole.data, whole.len + 1, "one more", 0);
	close_db(db);
}

/* Cut short while it is open: what is gone is not "not listed", and no signal. */
static void
cut_under_the_reader(void **state)
{
	struct bytes whole = make_for_damage();
	struct certdb *db = open_db(in_scratch("db"));
	const char *path = list_file("damaged", whole.data, whole.len);
	uint8_t serial[] = { 1, 0, 1, 0x2c };
	struct crlindex *index = NULL;
	struct crlindex_hit hit;
	int fd = list_open(path);

	expect_fault(crlindex_open(fd, &index), CRL_OK, "open");
	for (size_t len = whole.len; len-- > HEADER;) {
		assert_int_equal(truncate(path, (off_t)len), 0);
		/* It is in the second of three blocks, and the third is looked at as well. */
		expect_fault(crlindex_find(index, (struct view){ serial, sizeof serial }, &hit),
		    CRL_INDEX, "cut");
	}
	crlindex_close(index);
	close(fd);
	close_db(db);
}

/* Of the header none is even opened: what it says of times and scope is believed. */
static void
flipped_header_is_refused(const struct bytes *flipped, size_t bit)
{
	int fd = list_open(list_file("damaged", flipped->data, flipped->len));
	struct crlindex *index = NULL;

	if (crlindex_open(fd, &index) != CRL_INDEX)
		fail_msg("bit %zu of the header was taken", bit);
	close(fd);
}

static void
no_flipped_bit_of_the_index_passes(void **state)
{
	struct bytes whole = make_for_damage();
	struct certdb *db = open_db(in_scratch("db"));

	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		whole.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit / 8 < HEADER)
			flipped_header_is_refused(&whole, bit);
		else
			judge_damaged(whole.data, whole.len, "bit", bit);
		whole.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	close_db(db);
}

/* Blocks in the wrong place have the right check values, for another place. */
static void
exchanged_blocks_are_found(void **state)
{
	struct bytes whole = make_for_damage();
	struct certdb *db = open_db(in_scratch("db"));
	uint8_t kept[BLOCK];

	assert_true(whole.len > HEADER + 2 * BLOCK);
	memcpy(kept, whole.data + HEADER, BLOCK);
	memcpy(whole.data + HEADER, whole.data + HEADER + BLOCK, BLOCK);
	memcpy(whole.data + HEADER + BLOCK, kept, BLOCK);
	judge_damaged(whole.data, whole.len, "exchanged", 0);
	close_db(db);
}

/* Every header that a lookup believes: its lengths, with the check value made right. */
static void
lying_headers_are_refused(void **state)
{
	static const size_t at[] = { 8, 12, 16, 23, 144, 147, 168, 175, 183, 191, 196, 197, 198, 199, 239, 247, 296, 299 };
	struct bytes whole = make_for_damage();
	struct certdb *db = open_db(in_scratch("db"));

	for (size_t i = 0; i < COUNT(at); i++)
		for (int v = 0; v < 256; v++) {
			struct bytes lying = whole;
			uint8_t hash[32];

			lying.data[at[i]] = (uint8_t)v;
			assert_true(EVP_Digest(lying.data, HEADER - 8, hash, NULL, EVP_sha256(), NULL));
			memcpy(lying.data + HEADER - 8, hash, 8);
			judge_damaged(lying.data, lying.len, "header", at[i]);
		}
	close_db(db);
}

static void
compare_finds_every_changed_byte(void **state)
{
	struct made m;
	struct bytes bytes;
	int fd;

	make_index(&(struct list){ 0 }, &m);
	bytes = read_bytes(m.path);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		fd = list_open(list_file("other", bytes.data, bytes.len));
		expect_fault(crlindex_compare(m.crl, fd, &test_log), CRL_INDEX_DIFFERS, "byte");
		close(fd);
		bytes.data[i] ^= 1;
	}
	bytes.data[bytes.len] = 0;
	fd = list_open(list_file("other", bytes.data, bytes.len + 1));
	expect_fault(crlindex_compare(m.crl, fd, &test_log), CRL_INDEX_DIFFERS, "longer");
	close(fd);
	made_done(&m);
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_length_is_found), T(neighbours_are_not_listed), T(numbers_of_other_lengths_are_other_numbers),
		T(impossible_numbers_are_named), T(numbers_in_another_form_are_found),
		T(number_listed_twice), T(number_in_many_blocks), T(the_index_keeps_the_facts_of_its_list), T(empty_list_lists_nothing),
		T(index_is_small),
		T(every_cut_index_is_refused), T(cut_under_the_reader),
		T(no_flipped_bit_of_the_index_passes),
		T(exchanged_blocks_are_found), T(lying_headers_are_refused), T(compare_finds_every_changed_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

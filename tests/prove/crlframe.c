/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/der: the frame of a list, whatever the file contains and whenever a read fails: each part that is found is
 * within the file and within the part that has to contain it.
 *
 * Source: lib/der.c lib/buf.c
 * Included: nss/crl/der.c
 * Bound: files of 96 bytes, of which 40 before the entries and 40 after them are read
 * Unwind: 8
 * Unwindset: crlder_pread.0:2
 * Smaller: nss/crl/der.h: #define CRLDER_HEAD_MAX 16384 -> #define CRLDER_HEAD_MAX 40
 * Smaller: nss/crl/der.h: #define CRLDER_TAIL_MAX 65536 -> #define CRLDER_TAIL_MAX 40
 * Define: memcpy=copy_checked
 * Defect: nss/crl/der.c: if (*ret_body > end || len > end - *ret_body) -> if (*ret_body > end)
 * Defect: nss/crl/der.c: *ret_end = *ret_body + len; -> *ret_end = *ret_body + len + 1;
 * Defect: nss/crl/der.c: if (d->size - end > sizeof d->tail) -> if (d->size - end > sizeof d->tail + 1)
 * Defect: nss/crl/der.c: if (bits.len < 2 || bits.data[0] != 0) -> if (bits.data[0] != 0)
 */
#include "nss/crl/der.c"
#include "tests/prove/prove.h"

#define FILE_MAX 96

/* A file of any length up to FILE_MAX with any contents, each time it is read: what is proved needs no more. */
static off_t file_size;

int
fstat(int fd, struct stat *st)
{
	(void)fd;
	st->st_size = file_size;
	return nondet_bool() ? 0 : -1;
}

ssize_t
pread(int fd, void *to, size_t len, off_t at)
{
	size_t n = nondet_size();

	(void)fd;
	promise(len == 0 || __CPROVER_w_ok(to, len));
	promise(at >= 0 && at <= file_size && len <= (size_t)(file_size - at));
	(void)n;
	return nondet_bool() ? (ssize_t)len : -1;
}

static bool
is_inside(struct view v, const uint8_t *octets, size_t size)
{
	return v.data >= octets && v.len <= size && v.data + v.len <= octets + size;
}

int
main(void)
{
	static struct crlder d;

	__CPROVER_havoc_object(&d);
	file_size = nondet_u8();
	assume(file_size <= FILE_MAX);
	if (crlder_read(3, &d) != CRL_OK)
		return 0;
	promise(d.size == (uint64_t)file_size && d.tbs_start < d.tbs_end && d.tbs_end <= d.size);
	promise(d.tbs_start < d.entries_start && d.entries_start <= d.entries_end && d.entries_end <= d.tbs_end);
	promise(is_inside(d.issuer, d.head, sizeof d.head) && is_inside(d.inner_algorithm, d.head, sizeof d.head));
	promise(is_inside(d.signature, d.tail, sizeof d.tail) && d.signature.len > 0);
	promise(is_inside(d.outer_algorithm_der, d.tail, sizeof d.tail));
	promise(d.extensions.data == NULL || is_inside(d.extensions, d.tail, sizeof d.tail));
	return 0;
}

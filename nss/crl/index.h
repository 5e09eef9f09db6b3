/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The index of a CRL: a login searches it instead of the list, in microseconds and a few pages of memory
 * for any length.
 *
 * MUSTs:
 * - It is made only from a CRL that crl_verify() has accepted, and says which
 *   (hash and size of the DER, key and name of the issuer, scope, times,
 *   number). The same CRL always gives the same bytes, so an index can be checked by making it again.
 * - It contains all that a login needs: the CRL itself is not opened.
 * - It is replaced by rename(), never in place, because readers have it open.
 * - The reader uses no length and no offset before comparing it with the size
 *   of the file, and no record before verifying its block's check value. A
 *   flipped bit or a missing piece is CRL_INDEX, never "not listed".
 * - A hit is wrong less than once in 10^11, and then refuses a login; a miss is never wrong.
 *
 * The file. All integers are big-endian and unsigned but for the times.
 *
 *	offset size
 *	     0    8  "JPKI-CRL"
 *	     8    4  version, 1
 *	    12    4  length of the header H, its check value included
 *	    16    8  length of the file
 *	    24   32  SHA-256 of the CRL's DER
 *	    56    8  its length
 *	    64   32  SHA-256 of the issuer's SubjectPublicKeyInfo
 *	    96   32  SHA-256 of the issuer's Name
 *	   128    8  thisUpdate, seconds since 1970 UTC, two's complement
 *	   136    8  nextUpdate, likewise
 *	   144    4  flags: 1 there is a cRLNumber, 2 onlyContainsUserCerts;
 *	             the others are zero
 *	   148   20  cRLNumber, right-aligned; zero without one
 *	   168   72  nine numbers of records, of classes 1 to 9
 *	   240   56  seven keys of the hash of class 9
 *	   296    4  length of the scope
 *	   300       the scope: GeneralName elements of the issuingDistributionPoint
 *	   H-8    8  check value: the first bytes of SHA-256 over all before
 *	     H       the records of class 1, of class 2, ... of class 9
 *
 * A record is a key, the revocationDate (4 bytes, seconds since 1970) and
 * the reason (1 byte). Class n from 1 to 8 is for serial numbers of n bytes,
 * which are the key. Longer ones are class 9; its key of 8 bytes is
 * h(serial) = (k0 + k1*w1 + ... + k6*w6) mod 2^61-1, with w1...w6 the
 * serial number as 32-bit digits (the first is zero) and k0...k6 the keys: a
 * universal hash (Carter and Wegman), with which two given numbers collide
 * once in 2^61 or so. The keys are taken from the issuer's hashes above, so that lists of
 * one issuer can be merged; only the issuer could choose numbers that collide, and it can
 * revoke what it likes. (Until 1.0 they were taken from the DER: a reader takes them
 * from the header in any case.) This keeps the index below half of
 * the CRL also for serial numbers of 20 bytes, which no exact index could.
 *
 * The records of a class ascend byte by byte, whole records, in blocks: as many records
 * as fit into 1016 bytes, then a check value of 8, the first bytes of SHA-256 over
 * (SHA-256 of the DER, number of the block in the file in 8 bytes, the records). The
 * last block of a class may be shorter; a class without records has no block. A number
 * is in the last block that begins below it (the first block, if none does), or in those
 * after that one which begin with it; or it is not listed. These blocks and the one after
 * them are checked, so no bit flipped in a block that the search read can hide a record.
 *
 * A merged index is one of all records of many lists of one issuer. It has the same form, but begins with "JPKI-ALL";
 * in place of the hash of the DER it has a stamp of the directory in which the lists were (crlstore_stamp()), its
 * length is their number, thisUpdate is that of the newest, and there are no nextUpdate and no scope. So it can show
 * that a number is in none of the lists, and no more.
 */
#ifndef JPKI_NSS_CRL_INDEX_H
#define JPKI_NSS_CRL_INDEX_H

#include "nss/crl/verify.h"

struct crlindex;

/*
 * Writes the index of the CRL to fd from its present offset on, in order;
 * it is not synced. The memory this takes is that of the records. NSS must be
 * in use (a certdb open). CRL_OK; CRL_STORE (see errno; logged), CRL_NO_MEMORY; a fault of crl_each().
 */
enum crl_fault crlindex_write(const struct crl *crl, int fd, const struct log *log) MUST_CHECK;

/*
 * Reads the header of the index and checks it. `fd` must have been opened safely
 * (lib/safefile.h) and is lent until crlindex_close(): a search reads from it.
 * (It does not map it: mapping costs more than reading the few pieces needed,
 * and a file cut meanwhile would raise SIGBUS.) NSS must be in use.
 *
 * CRL_OK: *ret_index is the caller's. CRL_INDEX: not an index, of another
 * version, damaged, or of another length than it says. CRL_UNREADABLE,
 * CRL_NO_MEMORY.
 */
enum crl_fault crlindex_open(int fd, struct crlindex **ret_index) MUST_CHECK;

/* The same for a merged index. */
enum crl_fault crlindex_open_merged(int fd, struct crlindex **ret_index) MUST_CHECK;

/* NULL is fine. */
void crlindex_close(struct crlindex *index);

/* Owned by the index, valid as long as it is. */
const struct crl_facts *crlindex_facts(const struct crlindex *index);

struct crlindex_hit {
	bool listed;
	int64_t date;		/* of the revocation; 0: not known */
	uint8_t reason;		/* enum crl_reason */
};

/*
 * Looks a serial number up: the contents bytes of the INTEGER, leading zeros
 * are not counted. CRL_OK and *ret_hit; CRL_INDEX: damaged where it matters;
 * CRL_ENTRY_SERIAL: negative, zero or longer than 20 bytes, so no list can contain it.
 */
enum crl_fault crlindex_find(const struct crlindex *index, struct view serial,
    struct crlindex_hit *ret_hit) MUST_CHECK;

/*
 * Lists to be merged. each() calls `add` with the index of each list, and may close that index afterwards. It stops at
 * the first fault and returns it.
 */
struct crlindex_lists {
	enum crl_fault (*each)(void *ctx, enum crl_fault (*add)(void *add_ctx, const struct crlindex *index), void *add_ctx);
	void *ctx;
};

/*
 * Writes a merged index to fd; each() is called twice. It takes memory as crlindex_write() does. CRL_INDEX_DIFFERS:
 * lists that cannot be merged, of several issuers or with other keys of the hash, or that have changed
 * meanwhile; CRL_INDEX: one is damaged; CRL_STORE (see errno), CRL_NO_MEMORY.
 */
enum crl_fault crlindex_merge(const struct crlindex_lists *lists, const uint8_t stamp[static CRL_HASH_LEN],
    int fd) MUST_CHECK;

/*
 * Whether the file is, byte by byte, the index of this CRL. CRL_OK, CRL_INDEX_DIFFERS, CRL_NO_MEMORY, a
 * fault of crl_each().
 */
enum crl_fault crlindex_compare(const struct crl *crl, int fd, const struct log *log) MUST_CHECK;

#endif

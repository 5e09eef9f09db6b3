/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses a CRL (RFC 5280 §5.1), read in pieces from a file. der.c must not include an NSS header: NSS has
 * macros with the names of lib/der.h and other values.
 */
#ifndef JPKI_NSS_CRL_DER_H
#define JPKI_NSS_CRL_DER_H

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/crl/fault.h"

#define CRLDER_HEAD_MAX 16384	/* what precedes the entries: names, times */
#define CRLDER_TAIL_MAX 65536	/* what follows them: extensions, signature */
#define CRLDER_ENTRY_MAX 4096	/* an entry; today's have 22 to 40 bytes */

/* All views point into head and tail below. */
struct crlder {
	int fd;				/* lent */
	uint64_t size;			/* of the file, which is the CRL's */
	uint64_t tbs_start, tbs_end;	/* the signed part, whole element */
	uint64_t entries_start, entries_end;	/* what is in revokedCertificates; equal: none */
	struct view inner_algorithm, outer_algorithm;	/* contents of the AlgorithmIdentifiers */
	struct view outer_algorithm_der;		/* the whole element */
	struct view issuer;		/* the whole element */
	struct view extensions;		/* the whole sequence; no data: none */
	struct view signature;		/* without the number of unused bits, which is zero */
	bool has_next_update;
	int64_t this_update, next_update;
	uint8_t head[CRLDER_HEAD_MAX], tail[CRLDER_TAIL_MAX];
};

/*
 * The kind of DER that starts like this: CRL_OK and the size by its length bytes, if it looks like a list;
 * CRL_CERTIFICATE, CRL_BUNDLE (PKCS#7), CRL_NOT_CRL.
 */
enum crl_fault crlder_sniff(struct view head, uint64_t *ret_size) MUST_CHECK;

/*
 * Reads the frame, everything but the entries. The file must end where the CRL ends. CRL_OK,
 * CRL_UNREADABLE, CRL_TOO_LARGE, CRL_TRAILING, CRL_NOT_CRL.
 */
enum crl_fault crlder_read(int fd, struct crlder *d) MUST_CHECK;

/*
 * Checks the extensions and stores scope and number in *facts. CRL_OK or a fault of "For which
 * certificates" in nss/crl/fault.def; details are logged.
 */
enum crl_fault crlder_extensions(const struct crlder *d, const struct log *log,
    struct crl_facts *facts) MUST_CHECK;

/* Functions called for the entries of a list, in order. */
struct crl_visitor {
	bool (*revoked)(void *ctx, const struct crl_entry *entry);	/* false ends the walk */
	void (*odd)(void *ctx, uint64_t number, const char *what);	/* of the entry, from 1; NULL */
	void *ctx;
};

/*
 * Walks over the entries. Skips those with removeFromCRL (RFC 5280 §6.3.3 (l)), and those with a number
 * that no accepted certificate can have. `odd` gets a description, in English for the log, of
 * oddities that do not affect which certificates are revoked.
 *
 * CRL_OK, CRL_UNREADABLE, a fault of an entry (its number is logged), CRL_INTERNAL if `revoked`
 * said false, CRL_NO_MEMORY.
 */
enum crl_fault crlder_each(const struct crlder *d, const struct crl_visitor *visitor,
    const struct log *log) MUST_CHECK;

/* Reads exactly these bytes of the file; false with errno otherwise. */
bool crlder_pread(int fd, void *dst, size_t len, uint64_t offset) MUST_CHECK;

/* Whether one of the elements of the scope is this one, byte by byte. */
bool crlder_scope_has(const struct crl_facts *facts, struct view general_name) MUST_CHECK;

/* The i-th element of the scope; false if there is none. */
bool crlder_scope_at(const struct crl_facts *facts, size_t i, uint8_t *ret_tag,
    struct view *ret_body) MUST_CHECK;

/*
 * Whether a cRLDistributionPoints extension has a distribution point without reasons and without cRLIssuer,
 * for one of whose names `match` returns true. False if malformed.
 */
bool crlder_point_matches(struct view distribution_points,
    bool (*match)(void *ctx, struct view general_name), void *ctx) MUST_CHECK;

/*
 * The bytes of a certificate's serial number without leading zeros; false: zero, negative, longer than
 * CRL_SERIAL_MAX, so that no entry can be about it. crlder_each() may skip entries with numbers that
 * this refuses.
 */
bool crlder_serial(struct view contents, struct view *ret) MUST_CHECK;

#endif

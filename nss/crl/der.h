/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CRL octet by octet (RFC 5280 §5.1), read in pieces from a file. No NSS header belongs into
 * der.c: NSS has macros of the same names as lib/der.h with other values.
 */
#ifndef JPKI_NSS_CRL_DER_H
#define JPKI_NSS_CRL_DER_H

#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/crl/fault.h"

#define CRLDER_HEAD_MAX 16384	/* what stands before the entries: names, times */
#define CRLDER_TAIL_MAX 65536	/* what follows them: extensions, signature */
#define CRLDER_ENTRY_MAX 4096	/* an entry; today's have 22 to 40 octets */

/* All views are lent by head and tail below. */
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
 * What DER is that begins so: CRL_OK, and its size by its own account, if it looks like a list;
 * CRL_CERTIFICATE, CRL_BUNDLE (PKCS#7), CRL_NOT_CRL.
 */
enum crl_fault crlder_sniff(struct view head, uint64_t *ret_size) MUST_CHECK;

/*
 * Reads the frame, everything but the entries. The file may not end before
 * or after the CRL. CRL_OK, CRL_UNREADABLE, CRL_TOO_LARGE, CRL_TRAILING, CRL_NOT_CRL.
 */
enum crl_fault crlder_read(int fd, struct crlder *d) MUST_CHECK;

/*
 * Judges the extensions and stores scope and number in *facts. CRL_OK or what
 * "For which certificates" of nss/crl/fault.def lists; details are logged.
 */
enum crl_fault crlder_extensions(const struct crlder *d, const struct log *log,
    struct crl_facts *facts) MUST_CHECK;

/* What is called for the entries of a list, in their order. */
struct crl_visitor {
	bool (*revoked)(void *ctx, const struct crl_entry *entry);	/* false ends the walk */
	void (*odd)(void *ctx, uint64_t number, const char *what);	/* of the entry, from 1; NULL */
	void *ctx;
};

/*
 * Walks over the entries. Those with removeFromCRL (RFC 5280 §6.3.3 (l)), and those whose number no
 * certificate has that a login accepts, are passed over. What is odd, and leaves open neither which
 * certificates are revoked nor what the other entries say, goes to `odd`, in English for the log.
 *
 * CRL_OK, CRL_UNREADABLE, a fault of an entry (its number is logged), CRL_INTERNAL if `revoked`
 * said false, CRL_NO_MEMORY.
 */
enum crl_fault crlder_each(const struct crlder *d, const struct crl_visitor *visitor,
    const struct log *log) MUST_CHECK;

/* Reads exactly these octets of the file; false with errno otherwise. */
bool crlder_pread(int fd, void *dst, size_t len, uint64_t offset) MUST_CHECK;

/* Whether one of the elements of the scope is this one, octet by octet. */
bool crlder_scope_has(const struct crl_facts *facts, struct view general_name) MUST_CHECK;

/* The i-th element of the scope; false if there is none. */
bool crlder_scope_at(const struct crl_facts *facts, size_t i, uint8_t *ret_tag,
    struct view *ret_body) MUST_CHECK;

/*
 * Whether the contents of a cRLDistributionPoints extension hold a distribution
 * point without reasons and without cRLIssuer, one of whose names `match`
 * says yes to. Malformed is no.
 */
bool crlder_point_matches(struct view distribution_points,
    bool (*match)(void *ctx, struct view general_name), void *ctx) MUST_CHECK;

/*
 * The octets of a certificate's serial number without leading zeros; false: zero, negative, longer than
 * CRL_SERIAL_MAX, so that no entry is about it. What this refuses, crlder_each() may pass over.
 */
bool crlder_serial(struct view contents, struct view *ret) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The faults of a CRL, and its contents: types that all files of nss/crl share. */
#ifndef JPKI_NSS_CRL_FAULT_H
#define JPKI_NSS_CRL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

enum crl_fault {
#define FAULT(name, code, text) CRL_##name,
#include "nss/crl/fault.def"
#undef FAULT
	CRL_FAULT_COUNT		/* not a fault */
};

/* "signature" and the like: for logs, --json, tests. Never NULL. */
const char *crl_fault_code(enum crl_fault fault);
/* What is wrong: a message id in English, to be handed to gettext. Never NULL. */
const char *crl_fault_text(enum crl_fault fault);

#define CRL_HASH_LEN 32			/* SHA-256 */
#define CRL_SERIAL_MAX 20		/* bytes, without a leading zero (RFC 5280 §4.1.2.2) */
#define CRL_SCOPE_MAX 2048		/* bytes of names in an issuingDistributionPoint */
#define CRL_SIZE_MAX (1024 * 1024 * 1024)	/* a CRL of ten million entries has 240 to 530 MB */

/* RFC 5280 §5.3.1 */
enum crl_reason {
	REASON_UNSPECIFIED = 0,	/* also where an entry gives none */
	REASON_KEY_COMPROMISE = 1,
	REASON_CA_COMPROMISE = 2,
	REASON_AFFILIATION_CHANGED = 3,
	REASON_SUPERSEDED = 4,
	REASON_CESSATION = 5,
	REASON_HOLD = 6,		/* suspended: revoked as long as it is listed */
	REASON_REMOVE = 8,		/* removeFromCRL: not revoked */
	REASON_PRIVILEGE_WITHDRAWN = 9,
	REASON_AA_COMPROMISE = 10,
};

/* "keyCompromise" and the like; NULL: no such reason. */
const char *crl_reason_name(unsigned int reason);

/* The facts about a list; the same in the CRL and in its index. */
struct crl_facts {
	uint8_t sha256[CRL_HASH_LEN];		/* of the whole DER */
	uint64_t size;				/* of the DER, in bytes */
	uint8_t issuer_key[CRL_HASH_LEN];	/* SHA-256 of the issuer's SubjectPublicKeyInfo */
	uint8_t issuer_name[CRL_HASH_LEN];	/* SHA-256 of the issuer's Name in DER */
	int64_t this_update, next_update;	/* seconds since 1970 UTC */
	bool has_number;			/* whether there is a cRLNumber */
	uint8_t number[CRL_SERIAL_MAX];		/* big-endian, right-aligned */
	bool user_only;				/* onlyContainsUserCerts */
	/*
	 * The names of the distribution point, as GeneralName elements one after the other (directoryName,
	 * uniformResourceIdentifier and any other); empty: the list is for all certificates of the issuer.
	 */
	uint8_t scope[CRL_SCOPE_MAX];
	size_t scope_len;
	uint64_t count;				/* of revoked certificates, without removeFromCRL */
};

/* The age of a list. */
enum crl_age {
	CRL_AGE_FUTURE,		/* thisUpdate is still to come */
	CRL_AGE_FRESH,		/* from thisUpdate to nextUpdate, both seconds included */
	CRL_AGE_GRACE,		/* nextUpdate has passed, by no more than the grace */
	CRL_AGE_ENDED,
};

/*
 * `now` is in seconds since 1970 UTC; `grace` in seconds, from 0 on: for how long an expired list still
 * counts.
 */
enum crl_age crl_age(const struct crl_facts *facts, int64_t now, int64_t grace);

/* One revoked certificate. */
struct crl_entry {
	struct view serial;	/* big-endian, 1 to 20 bytes, the first not zero; lent for the call */
	uint32_t date;		/* revocationDate in seconds since 1970 UTC; 0: no date that can be shown */
	uint8_t reason;		/* enum crl_reason, never REASON_REMOVE */
};

#endif

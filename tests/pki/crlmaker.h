/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRLs to order, byte by byte and signed by libcrypto: right ones and wrong
 * ones. A failure ends the program.
 */
#ifndef JPKI_TESTS_CRLMAKER_H
#define JPKI_TESTS_CRLMAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

/* Bytes that grow; der_done() frees. Zero is empty. */
struct der {
	uint8_t *p;
	size_t len, cap;
};
void der_put(struct der *d, const void *bytes, size_t len);
void der_element(struct der *d, uint8_t tag, const void *body, size_t len);
/* Puts tag and length before what was added from `start` on. */
void der_wrap(struct der *d, size_t start, uint8_t tag);
void der_done(struct der *d);

/* GeneralName elements: a directoryName of a Name in DER, a URI. */
void der_directory_name(struct der *d, const uint8_t *name, size_t len);
void der_uri(struct der *d, const char *uri);

/* An extension of id-ce; n is the last arc of its identifier. */
void der_extension(struct der *d, uint8_t n, bool critical, const void *value, size_t len);

#define NO_REASON (-1)

/* An entry. The serial number is put there as it is. `more`: further extensions. */
void crlmaker_entry(struct der *entries, const uint8_t *serial, size_t serial_len, int64_t date,
    int reason, const struct der *more);
/* The same for small numbers. */
void crlmaker_serial(struct der *entries, uint64_t serial, int64_t date, int reason);

/* An issuingDistributionPoint with these names (none: left out) and flags. */
enum { POINT_USER = 1, POINT_CA = 2, POINT_REASONS = 4, POINT_INDIRECT = 8, POINT_ATTRIBUTE = 16,
	POINT_RELATIVE = 32 };
void crlmaker_idp(struct der *extensions, bool critical, const struct der *names,
    unsigned int flags);
void crlmaker_number(struct der *extensions, uint64_t number);

struct crl_order {
	const uint8_t *issuer;		/* Name in DER */
	size_t issuer_len;
	EVP_PKEY *key;			/* RSA or EC; lent */
	const char *digest;		/* "SHA384" ...; NULL: SHA-256 */
	const char *inner_digest;	/* named inside, if it is to be another */
	int64_t this_update;
	int64_t next_update;		/* 0: none */
	const struct der *entries;	/* NULL: none */
	const struct der *extensions;	/* NULL: none */
	bool version_1;			/* says no version */
};

/* *ret is the caller's. */
void crlmaker_sign(const struct crl_order *order, struct der *ret);

#endif

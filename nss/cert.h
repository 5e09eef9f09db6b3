/* SPDX-License-Identifier: BSD-2-Clause */
/* One certificate, and what this project wants to know about it. */
#ifndef JPKI_NSS_CERT_H
#define JPKI_NSS_CERT_H

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/outcome.h"

#define CERT_DER_MAX 8192		/* today's are 1.3 to 1.8 kB (doc/facts/jpki-card.md §2.2) */
#define CERT_FINGERPRINT_LEN 64		/* SHA-256 in lower-case hex */

struct certdb;
struct cert;

/*
 * Decodes exactly one DER certificate; trailing bytes are refused, even the filler with which cards pad
 * their files. Copies the bytes.
 *
 * OUTCOME_OK: *ret is the caller's; cert_free() before certdb_close().
 * OUTCOME_CERT_BAD: not a certificate, or more than CERT_DER_MAX bytes.
 * OUTCOME_NO_MEMORY.
 */
struct outcome cert_from_der(struct certdb *db, struct view der, struct cert **ret) MUST_CHECK;
void cert_free(struct cert *cert);

/* Lent; lives as long as the certificate. */
struct view cert_der(const struct cert *cert);
const char *cert_fingerprint(const struct cert *cert);

/*
 * The fingerprint of any bytes: they are not decoded. NSS must be in use
 * (certdb_open_none()). False if NSS fails.
 */
bool cert_fingerprint_of(struct view der, char ret[static CERT_FINGERPRINT_LEN + 1]) MUST_CHECK;

/*
 * The hex digits of a fingerprint, or its first digits, as people write them: either case, with or without
 * colons. False for anything else, or more digits than a fingerprint has; the caller checks the number.
 */
bool cert_read_fingerprint(const char *text, char ret[static CERT_FINGERPRINT_LEN + 1]) MUST_CHECK;

/*
 * SHA-256 of its SubjectPublicKeyInfo in lower-case hex: it distinguishes the generations of JPKI's CA.
 * False if NSS fails.
 */
bool cert_key_sha256(const struct cert *cert, char ret[static CERT_FINGERPRINT_LEN + 1]) MUST_CHECK;

/* Seconds since 1970 UTC, exactly as in the certificate. */
int64_t cert_not_before(const struct cert *cert);
int64_t cert_not_after(const struct cert *cert);

/* RFC 4514 text for lists and messages of the tools. Lent. Personal data: not for logs. */
const char *cert_subject(const struct cert *cert);
const char *cert_issuer(const struct cert *cert);
/* Serial number in hex, for lists. Lent. */
const char *cert_serial(const struct cert *cert);
/* "RSA-2048", "EC P-256" ...; for lists. Lent. */
const char *cert_key_name(const struct cert *cert);

#endif

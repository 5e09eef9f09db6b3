/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of nss/ share: the test PKI, a scratch directory, a log, certificates to order. */
#ifndef JPKI_TESTS_NSS_FIXTURE_H
#define JPKI_TESTS_NSS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/outcome.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "tests/unit/test.h"

#define DAY 86400

struct bytes {
	uint8_t data[2 * CERT_DER_MAX];
	size_t len;
};

static inline struct view
view_of(const struct bytes *b)
{
	return (struct view){ .data = b->data, .len = b->len };
}

/* NAME.der and NAME.key of the test PKI ($JPKI_PKI). The key is the caller's. */
struct bytes pki_der(const char *name);
EVP_PKEY *pki_key(const char *name);
/* A value of the PKI's file `times`. */
int64_t pki_time(const char *variable);
/* When the PKI was made: the "now" of these tests. */
#define pki_now() pki_time("made")

/*
 * A certificate to order, by libcrypto. A NULL or 0 leaves the matter out,
 * except as noted. Keys are lent.
 */
struct order {
	const char *subject_cn;
	const char *issuer;	/* a certificate of the PKI; NULL: self-issued */
	EVP_PKEY *key;
	EVP_PKEY *signer;
	uint32_t serial;
	int64_t from, until;	/* seconds since 1970 */
	const char *ku, *eku, *constraints;	/* as in openssl.cnf */
	const char *comment;
	const char *digest;	/* NULL: SHA256 */
	bool no_aki;
	bool version1;
	bool broken_ku;		/* a keyUsage that is no BIT STRING */
};
struct bytes issue(const struct order *order);

/* $scratch: a new directory under /tmp, ours, 0755; gone after scratch_done. */
extern char scratch[64];
int scratch_make(void **state);
int scratch_done(void **state);
/* scratch/name, in one of a few buffers in turn */
const char *in_scratch(const char *name);

/* Everything logged since the last log_clear(). */
extern const struct log test_log;
const char *logged(void);
void log_clear(void);

/* scratch/db with these CAs of the PKI, by trustdb_add. Ends with NULL. */
const char *make_db(const char *first, ...) __attribute__((sentinel));
struct certdb *open_db(const char *dir);
/* Asserts that nothing was leaked. */
void close_db(struct certdb *db);
struct cert *get_cert(struct certdb *db, struct view der);

/* How many entries the directory has, and whether there is such a file. */
size_t count_entries(const char *dir);
bool exists(const char *path);
struct bytes read_bytes(const char *path);
void write_bytes(const char *path, const void *data, size_t len);

/* Runs a program with its output thrown away; false if it fails. */
bool run(const char *program, ...) __attribute__((sentinel));
/* Skips the test, saying why, unless certutil is there. */
void need_certutil(void);
/* scratch/db by certutil: name of the PKI and trust, in pairs, ended by NULL. */
const char *certutil_db(const char *first, ...) __attribute__((sentinel));

void expect_status(struct outcome o, enum outcome_status status, const char *what);

#endif

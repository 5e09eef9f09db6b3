/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of CRLs share: a list to order, written into the scratch directory. */
#ifndef JPKI_TESTS_CRL_FIXTURE_H
#define JPKI_TESTS_CRL_FIXTURE_H

#include "nss/crl/store.h"
#include "nss/crl/verify.h"
#include "tests/pki/crlmaker.h"
#include "tests/unit/nss_fixture.h"

#define HOUR 3600
#define NEVER INT64_MIN

/* Zero is: by ca1, whole, in force from an hour ago for thirty days, without a number. */
struct list {
	const char *ca, *key_of;	/* whose name, whose key */
	const char *digest, *inner_digest;
	int64_t from, until;		/* seconds from pki_now(); 0: the above; until NEVER: none */
	uint64_t number;		/* 0: none */
	const struct der *names;	/* of a critical issuingDistributionPoint; NULL: none */
	unsigned int flags;		/* POINT_...; not 0: there is such an extension */
	const struct der *extensions;	/* further ones */
	const struct der *entries;	/* NULL: 1, 2, 3 */
	bool version_1;			/* of RFC 5280 §5.1.2.1, without extensions */
};

/* *ret is the caller's. */
void list_make(const struct list *list, struct der *ret);

/* scratch/NAME with these bytes; the path lives as in_scratch()'s. */
const char *list_file(const char *name, const void *bytes, size_t len);

/* The file, opened to read. */
int list_open(const char *path);

/* Verified with the authorities of the open database at pki_now(). */
enum crl_fault list_verify(struct certdb *db, const void *bytes, size_t len, struct crl **ret);

/* The Name of a certificate's subject, and its one distribution point, as elements. */
void name_of_ca(const char *ca, struct der *ret);
void point_of_leaf(const char *leaf, struct der *ret);

void expect_fault(enum crl_fault got, enum crl_fault wanted, const char *what);

/* scratch/crl with the trust of scratch/db */
struct crlstore list_store(void);
/* Imports; the name is kept in list_name. */
extern char list_name[CRLSTORE_NAME_MAX];
extern struct crl_facts list_facts;
enum crl_fault list_import(const struct list *list);
enum crl_fault list_import_at(const struct list *list, int64_t now);

#endif

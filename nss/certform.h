/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The form of a certificate, for `jpkictl survey`: which extensions it has and of what kind, as bits.
 * The answer contains no byte of the certificate: everything outside these tables is "other".
 */
#ifndef JPKI_NSS_CERTFORM_H
#define JPKI_NSS_CERTFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nss/cert.h"

enum certform_kind {
	CERTFORM_KEY_USAGE,
	CERTFORM_EXTENDED_KEY_USAGE,
	CERTFORM_POLICIES,
	CERTFORM_CRL_POINTS,
	CERTFORM_AUTHORITY_INFO,
	CERTFORM_AUTHORITY_KEY,
	CERTFORM_SUBJECT_KEY,
	CERTFORM_ISSUER_NAMES,
	CERTFORM_SUBJECT_NAMES,
	CERTFORM_OTHER,			/* every other extension */
	CERTFORM_KINDS
};

#define CERTFORM_TRAITS 8

struct certform {
	struct {
		bool present, critical;
		uint8_t traits;		/* 1 << TRAIT of certform_trait() */
	} of[CERTFORM_KINDS];
};

/*
 * The form of a certificate, compared with that of the CA on the same card; NULL: there is
 * none. An extension that cannot be decoded has the trait "unreadable".
 */
void certform_of(const struct cert *cert, const struct cert *ca, struct certform *ret);

/* The name of a kind, "key-usage"; NULL for any other number. Static. */
const char *certform_name(size_t kind);

/* The word for a trait of a kind, "digitalSignature"; NULL for any other number. Static. */
const char *certform_trait(size_t kind, unsigned int trait);

#endif

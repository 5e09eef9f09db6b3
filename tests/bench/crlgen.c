/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRLs of any length for the bench, by ca1 of the throw-away PKI (tests/pki/mkpki.c), in force
 * since an hour.
 *
 * crlgen [-r PERCENT] [-p PARTS] PKI COUNT FILE
 *
 * COUNT entries in no order, with serial numbers of 8 to 20 bytes, all lengths equally often,
 * and one more in the middle: the leaf bench-revoked. -r: that many of a hundred have a
 * reasonCode (30). -p: not one list for all certificates but PARTS lists with a critical
 * issuingDistributionPoint each, FILE.1 to FILE.PARTS. The same arguments give the same serials.
 *
 * crlgen -l PKI
 *
 * Adds the leaves bench-good and bench-revoked to the PKI: its leaf "good" with serial numbers
 * as these lists have them. They share the key of good.
 */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/pki/crlmaker.h"

#define SERIAL_MIN 8
#define SERIAL_MAX 20
#define HOUR 3600
#define DAY (24 * HOUR)

struct plan {
	const char *pki;
	unsigned long count, parts, percent;
	uint64_t random;	/* the state of the generator */
	int64_t now;
	EVP_PKEY *key;
	X509 *ca;
	const ASN1_INTEGER *revoked;	/* the serial number of bench-revoked */
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t
draw(struct plan *p)
{
	uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void
add_random(struct der *entries, struct plan *p)
{
	static const int reasons[] = { 1, 3, 4, 5, 6 };
	uint8_t serial[SERIAL_MAX + 4];
	uint64_t how = draw(p);
	size_t len = SERIAL_MIN + how % (SERIAL_MAX - SERIAL_MIN + 1);
	bool reason = how / 64 % 100 < p->percent;

	for (size_t i = 0; i < SERIAL_MAX; i += 8) {
		uint64_t word = draw(p);

		memcpy(serial + i, &word, sizeof word);
	}
	serial[0] = (uint8_t)(1 + serial[0] % 0x7f);	/* positive, and of this length */
	crlmaker_entry(entries, serial, len, p->now - DAY - (int64_t)(how >> 40) % (300 * DAY),
	    reason ? reasons[(how >> 32) % 5] : NO_REASON, NULL);
}

static void
add_entries(struct der *entries, struct plan *p)
{
	for (unsigned long i = 0; i < p->count; i++) {
		if (i == p->count / 2 && p->parts == 0)
			crlmaker_entry(entries, ASN1_STRING_get0_data(p->revoked),
			    (size_t)ASN1_STRING_length(p->revoked), p->now - DAY, 1, NULL);
		add_random(entries, p);
	}
}

static void
write_file(const char *path, const struct der *crl)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(crl->p, 1, crl->len, f) != crl->len || fclose(f) != 0)
		err(1, "%s", path);
}

/* part 0: a list for all */
static void
make_list(struct plan *p, unsigned long part, const char *path)
{
	struct der issuer = { .p = NULL }, entries = { .p = NULL }, extensions = { .p = NULL };
	struct der crl, names = { .p = NULL };
	char uri[64];
	int len = i2d_X509_NAME(X509_get_subject_name(p->ca), &issuer.p);

	if (len <= 0)
		errx(1, "i2d_X509_NAME");
	crlmaker_number(&extensions, 1);
	if (part > 0) {
		snprintf(uri, sizeof uri, "ldap://ldap.jpki.invalid/cn=part-%lu", part);
		der_uri(&names, uri);
		crlmaker_idp(&extensions, true, &names, 0);
	}
	add_entries(&entries, p);
	crlmaker_sign(&(struct crl_order){ .issuer = issuer.p, .issuer_len = (size_t)len,
	    .key = p->key, .this_update = p->now - HOUR, .next_update = p->now + 30 * DAY,
	    .entries = &entries, .extensions = &extensions }, &crl);
	write_file(path, &crl);
	OPENSSL_free(issuer.p);
	der_done(&entries);
	der_done(&extensions);
	der_done(&names);
	der_done(&crl);
}

static FILE *
open_pki(const struct plan *p, const char *name, const char *mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", p->pki, name);
	f = fopen(path, mode);
	if (f == NULL)
		err(1, "%s", path);
	return f;
}

static X509 *
read_cert(const struct plan *p, const char *name)
{
	FILE *f = open_pki(p, name, "r");
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);

	if (cert == NULL)
		errx(1, "%s: no certificate", name);
	fclose(f);
	return cert;
}

static void
read_pki(struct plan *p)
{
	FILE *f = open_pki(p, "ca1.key", "r");

	p->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	if (p->key == NULL)
		errx(1, "ca1.key: no key");
	fclose(f);
	p->ca = read_cert(p, "ca1.crt");
}

/* --- leaves ----------------------------------------------------------------- */

static void
write_cert(const struct plan *p, const char *name, X509 *cert)
{
	char file[64];
	FILE *pem, *der;

	snprintf(file, sizeof file, "%s.crt", name);
	pem = open_pki(p, file, "w");
	snprintf(file, sizeof file, "%s.der", name);
	der = open_pki(p, file, "w");
	if (PEM_write_X509(pem, cert) != 1 || i2d_X509_fp(der, cert) != 1 || fclose(pem) != 0 ||
	    fclose(der) != 0)
		errx(1, "%s: cannot write", name);
}

/* The longest serial number but for the last byte, so that both are next to each other. */
static void
make_leaf(const struct plan *p, const char *name, uint8_t last)
{
	X509 *cert = read_cert(p, "good.crt");
	uint8_t bytes[SERIAL_MAX];
	BIGNUM *number;

	memset(bytes, 0x5a, sizeof bytes);
	bytes[sizeof bytes - 1] = last;
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	if (number == NULL || BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) == NULL ||
	    X509_sign(cert, p->key, EVP_sha256()) == 0)
		errx(1, "%s: cannot be made", name);
	BN_free(number);
	write_cert(p, name, cert);
	X509_free(cert);
}

/* --- all of it ----------------------------------------------------------------- */

static void
make_lists(struct plan *p, const char *path)
{
	X509 *revoked = read_cert(p, "bench-revoked.crt");
	char part[512];

	p->revoked = X509_get0_serialNumber(revoked);
	p->random = p->count;
	if (p->parts == 0)
		make_list(p, 0, path);
	for (unsigned long i = 1; i <= p->parts; i++) {
		snprintf(part, sizeof part, "%s.%lu", path, i);
		make_list(p, i, part);
	}
	X509_free(revoked);
}

int
main(int argc, char **argv)
{
	struct plan p = { .percent = 30, .now = time(NULL) };
	bool leaves = false;
	int c;

	while ((c = getopt(argc, argv, "lp:r:")) != -1)
		if (c == 'l')
			leaves = true;
		else if (c == 'p')
			p.parts = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			p.percent = strtoul(optarg, NULL, 10);
		else
			return 2;
	if (argc - optind != (leaves ? 1 : 3)) {
		fprintf(stderr, "usage: crlgen [-r PERCENT] [-p PARTS] PKI COUNT FILE | crlgen -l PKI\n");
		return 2;
	}
	p.pki = argv[optind];
	read_pki(&p);
	if (leaves) {
		make_leaf(&p, "bench-good", 1);
		make_leaf(&p, "bench-revoked", 2);
	} else {
		p.count = strtoul(argv[optind + 1], NULL, 10);
		make_lists(&p, argv[optind + 2]);
	}
	EVP_PKEY_free(p.key);
	X509_free(p.ca);
	return 0;
}

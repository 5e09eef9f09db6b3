/*
 * crlgen [-r PERCENT] [-p PARTS] PKI COUNT FILE: CRLs of any length for the bench, by ca1 of
 * the throw-away PKI (tests/pki/mkpki.c), in force since an hour.
 *
 * COUNT entries in no order, with serial numbers of 8 to 20 octets, all lengths equally often,
 * and one more in the middle: the PKI's leaf "revoked". -r: so many of a
 * hundred have a reasonCode (30). -p: not one list for all certificates but PARTS lists with a
 * critical issuingDistributionPoint each, FILE.1 to FILE.PARTS.
 *
 * The same arguments and the same PKI give the same entries.
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
	X509 *ca, *revoked;
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
	const ASN1_INTEGER *serial = X509_get0_serialNumber(p->revoked);

	for (unsigned long i = 0; i < p->count; i++) {
		if (i == p->count / 2)
			crlmaker_entry(entries, ASN1_STRING_get0_data(serial),
			    (size_t)ASN1_STRING_length(serial), p->now - DAY, 1, NULL);
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
open_pki(const struct plan *p, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", p->pki, name);
	f = fopen(path, "r");
	if (f == NULL)
		err(1, "%s", path);
	return f;
}

static X509 *
read_cert(const struct plan *p, const char *name)
{
	FILE *f = open_pki(p, name);
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);

	if (cert == NULL)
		errx(1, "%s: no certificate", name);
	fclose(f);
	return cert;
}

static void
read_pki(struct plan *p)
{
	FILE *f = open_pki(p, "ca1.key");

	p->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	if (p->key == NULL)
		errx(1, "ca1.key: no key");
	fclose(f);
	p->ca = read_cert(p, "ca1.crt");
	p->revoked = read_cert(p, "revoked.crt");
}

static void
make_all(struct plan *p, const char *path)
{
	char part[512];

	if (p->parts == 0)
		make_list(p, 0, path);
	for (unsigned long i = 1; i <= p->parts; i++) {
		snprintf(part, sizeof part, "%s.%lu", path, i);
		make_list(p, i, part);
	}
}

int
main(int argc, char **argv)
{
	struct plan p = { .percent = 30, .now = time(NULL) };
	int c;

	while ((c = getopt(argc, argv, "r:p:")) != -1)
		if (c == 'r')
			p.percent = strtoul(optarg, NULL, 10);
		else if (c == 'p')
			p.parts = strtoul(optarg, NULL, 10);
		else
			optind = argc + 1;
	if (argc - optind != 3) {
		fprintf(stderr, "usage: crlgen [-r PERCENT] [-p PARTS] PKI COUNT FILE\n");
		return 2;
	}
	p.pki = argv[optind];
	p.count = strtoul(argv[optind + 1], NULL, 10);
	p.random = p.count;
	read_pki(&p);
	make_all(&p, argv[optind + 2]);
	EVP_PKEY_free(p.key);
	X509_free(p.ca);
	X509_free(p.revoked);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509.h>

#include "tests/pki/crlmaker.h"

void
der_put(struct der *d, const void *bytes, size_t len)
{
	if (len > d->cap - d->len) {
		size_t cap = 2 * d->cap + len + 256;
		uint8_t *grown = realloc(d->p, cap);

		if (grown == NULL)
			err(1, "realloc");
		d->p = grown;
		d->cap = cap;
	}
	if (len > 0)
		memcpy(d->p + d->len, bytes, len);
	d->len += len;
}

static size_t
header(uint8_t out[static 6], uint8_t tag, size_t len)
{
	size_t n = 0;

	out[n++] = tag;
	if (len < 0x80) {
		out[n++] = (uint8_t)len;
		return n;
	}
	for (int bytes = 4; bytes > 0; bytes--)
		if (len >> (8 * (bytes - 1)) != 0 || n > 1) {
			if (n == 1)
				out[n++] = (uint8_t)(0x80 | bytes);
			out[n++] = (uint8_t)(len >> (8 * (bytes - 1)));
		}
	return n;
}

void
der_element(struct der *d, uint8_t tag, const void *body, size_t len)
{
	uint8_t head[6];
	size_t n = header(head, tag, len);

	der_put(d, head, n);
	der_put(d, body, len);
}

void
der_wrap(struct der *d, size_t start, uint8_t tag)
{
	uint8_t head[6];
	size_t len = d->len - start, n = header(head, tag, len);

	der_put(d, head, n);
	memmove(d->p + start + n, d->p + start, len);
	memcpy(d->p + start, head, n);
}

void
der_done(struct der *d)
{
	free(d->p);
	*d = (struct der){ .p = NULL };
}

void
der_directory_name(struct der *d, const uint8_t *name, size_t len)
{
	der_element(d, 0xa4, name, len);
}

void
der_uri(struct der *d, const char *uri)
{
	der_element(d, 0x86, uri, strlen(uri));
}

void
der_extension(struct der *d, uint8_t n, bool critical, const void *value, size_t len)
{
	uint8_t oid[] = { 0x55, 0x1d, n };
	size_t start = d->len;

	der_element(d, 0x06, oid, sizeof oid);
	if (critical)
		der_put(d, "\x01\x01\xff", 3);
	der_element(d, 0x04, value, len);
	der_wrap(d, start, 0x30);
}

static void
put_time(struct der *d, int64_t when)
{
	char text[32], *from = text;
	time_t t = (time_t)when;
	struct tm tm;
	bool utc;

	if (gmtime_r(&t, &tm) == NULL)
		errx(1, "gmtime_r");
	utc = tm.tm_year < 150;
	if (strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm) == 0)
		errx(1, "strftime");
	if (utc)
		from += 2;	/* without the century */
	der_element(d, utc ? 0x17 : 0x18, from, strlen(from));
}

void
crlmaker_entry(struct der *entries, const uint8_t *serial, size_t serial_len, int64_t date,
    int reason, const struct der *more)
{
	size_t start = entries->len, extensions;

	der_element(entries, 0x02, serial, serial_len);
	put_time(entries, date);
	extensions = entries->len;
	if (reason != NO_REASON) {
		uint8_t value[] = { 0x0a, 0x01, (uint8_t)reason };

		der_extension(entries, 21, false, value, sizeof value);
	}
	if (more != NULL)
		der_put(entries, more->p, more->len);
	if (entries->len > extensions)
		der_wrap(entries, extensions, 0x30);
	der_wrap(entries, start, 0x30);
}

/* The contents bytes of a number; how many of the nine are used. */
static size_t
number_bytes(uint64_t n, uint8_t out[static 9])
{
	size_t len = 0;

	for (int i = 7; i >= 0; i--) {
		uint8_t byte = (uint8_t)(n >> (8 * i));

		if (len == 0 && byte == 0 && i > 0)
			continue;
		if (len == 0 && byte >= 0x80)
			out[len++] = 0;
		out[len++] = byte;
	}
	return len;
}

void
crlmaker_serial(struct der *entries, uint64_t serial, int64_t date, int reason)
{
	uint8_t bytes[9];

	crlmaker_entry(entries, bytes, number_bytes(serial, bytes), date, reason, NULL);
}

void
crlmaker_idp(struct der *extensions, bool critical, const struct der *names, unsigned int flags)
{
	struct der v = { .p = NULL };

	if (names != NULL) {
		der_element(&v, flags & POINT_RELATIVE ? 0xa1 : 0xa0, names->p, names->len);
		der_wrap(&v, 0, 0xa0);
	}
	if (flags & POINT_USER)
		der_element(&v, 0x81, "\xff", 1);
	if (flags & POINT_CA)
		der_element(&v, 0x82, "\xff", 1);
	if (flags & POINT_REASONS)
		der_element(&v, 0x83, "\x06\x40", 2);
	if (flags & POINT_INDIRECT)
		der_element(&v, 0x84, "\xff", 1);
	if (flags & POINT_ATTRIBUTE)
		der_element(&v, 0x85, "\xff", 1);
	der_wrap(&v, 0, 0x30);
	der_extension(extensions, 28, critical, v.p, v.len);
	der_done(&v);
}

void
crlmaker_number(struct der *extensions, uint64_t number)
{
	struct der v = { .p = NULL };
	uint8_t bytes[9];

	der_element(&v, 0x02, bytes, number_bytes(number, bytes));
	der_extension(extensions, 20, false, v.p, v.len);
	der_done(&v);
}

static void
put_algorithm(struct der *d, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *md = EVP_get_digestbyname(digest != NULL ? digest : "SHA256");
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	size_t start = d->len;
	uint8_t *oid = NULL;
	int nid, len;

	if (md == NULL || !OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md),
	    EVP_PKEY_get_base_id(key)))
		errx(1, "no signature algorithm with %s", digest);
	len = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &oid);
	if (len <= 0)
		errx(1, "i2d_ASN1_OBJECT");
	der_put(d, oid, (size_t)len);
	if (rsa)
		der_put(d, "\x05\x00", 2);
	der_wrap(d, start, 0x30);
	OPENSSL_free(oid);
}

static void
put_signature(struct der *d, EVP_PKEY *key, const char *digest)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[1025] = { 0 };	/* begins with the number of unused bits */
	size_t len = sizeof signature - 1;

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL,
	    EVP_get_digestbyname(digest != NULL ? digest : "SHA256"), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, signature + 1, &len, d->p, d->len) != 1)
		errx(1, "EVP_DigestSign");
	EVP_MD_CTX_free(ctx);
	put_algorithm(d, key, digest);
	der_element(d, 0x03, signature, len + 1);
}

void
crlmaker_sign(const struct crl_order *o, struct der *ret)
{
	struct der d = { .p = NULL };

	if (!o->version_1)
		der_put(&d, "\x02\x01\x01", 3);
	put_algorithm(&d, o->key, o->inner_digest != NULL ? o->inner_digest : o->digest);
	der_put(&d, o->issuer, o->issuer_len);
	put_time(&d, o->this_update);
	if (o->next_update != 0)
		put_time(&d, o->next_update);
	if (o->entries != NULL && o->entries->len > 0)
		der_element(&d, 0x30, o->entries->p, o->entries->len);
	if (o->extensions != NULL && o->extensions->len > 0) {
		size_t start = d.len;

		der_element(&d, 0x30, o->extensions->p, o->extensions->len);
		der_wrap(&d, start, 0xa0);
	}
	der_wrap(&d, 0, 0x30);
	put_signature(&d, o->key, o->digest);
	der_wrap(&d, 0, 0x30);
	*ret = d;
}

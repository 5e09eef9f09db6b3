/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>

#include <openssl/x509v3.h>

#include "tests/unit/crl_fixture.h"

char list_name[CRLSTORE_NAME_MAX];
struct crl_facts list_facts;

static X509 *
certificate(const char *name)
{
	struct bytes der = pki_der(name);
	const unsigned char *p = der.data;
	X509 *cert = d2i_X509(NULL, &p, (long)der.len);

	assert_non_null(cert);
	return cert;
}

static void
put_name(struct der *d, const X509_NAME *name)
{
	unsigned char *der = NULL;
	int len = i2d_X509_NAME(name, &der);

	assert_true(len > 0);
	der_put(d, der, (size_t)len);
	OPENSSL_free(der);
}

void
name_of_ca(const char *ca, struct der *ret)
{
	X509 *cert = certificate(ca);

	put_name(ret, X509_get_subject_name(cert));
	X509_free(cert);
}

void
point_of_leaf(const char *leaf, struct der *ret)
{
	X509 *cert = certificate(leaf);
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert, NID_crl_distribution_points, NULL, NULL);
	GENERAL_NAMES *names = sk_DIST_POINT_value(points, 0)->distpoint->name.fullname;

	put_name(ret, sk_GENERAL_NAME_value(names, 0)->d.directoryName);
	der_wrap(ret, 0, 0xa4);
	CRL_DIST_POINTS_free(points);
	X509_free(cert);
}

static void
put_extensions(struct der *e, const struct list *l)
{
	if (l->number != 0)
		crlmaker_number(e, l->number);
	if (l->names != NULL || l->flags != 0)
		crlmaker_idp(e, true, l->names, l->flags);
	if (l->extensions != NULL)
		der_put(e, l->extensions->p, l->extensions->len);
}

void
list_make(const struct list *l, struct der *ret)
{
	const char *ca = l->ca != NULL ? l->ca : "ca1";
	EVP_PKEY *key = pki_key(l->key_of != NULL ? l->key_of : ca);
	struct der name = { .p = NULL }, entries = { .p = NULL }, extensions = { .p = NULL };

	name_of_ca(ca, &name);
	for (uint64_t i = 1; i <= 3; i++)
		crlmaker_serial(&entries, i, pki_now() - DAY, NO_REASON);
	put_extensions(&extensions, l);
	crlmaker_sign(&(struct crl_order){ .issuer = name.p, .issuer_len = name.len, .key = key,
	    .digest = l->digest, .inner_digest = l->inner_digest,
	    .this_update = pki_now() + (l->from != 0 ? l->from : -HOUR),
	    .next_update = l->until == NEVER ? 0 : pki_now() + (l->until != 0 ? l->until : 30 * DAY),
	    .entries = l->entries != NULL ? l->entries : &entries, .extensions = &extensions,
	    .version_1 = l->version_1 }, ret);
	der_done(&name);
	der_done(&entries);
	der_done(&extensions);
	EVP_PKEY_free(key);
}

const char *
list_file(const char *name, const void *bytes, size_t len)
{
	const char *path = in_scratch(name);

	write_bytes(path, bytes, len);
	return path;
}

int
list_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

enum crl_fault
list_verify(struct certdb *db, const void *bytes, size_t len, struct crl **ret)
{
	int fd = list_open(list_file("list", bytes, len));
	struct crl *crl = NULL;
	enum crl_fault f = crl_verify(db, fd, pki_now(), &test_log, &crl);

	assert_true((f == CRL_OK) == (crl != NULL));
	if (ret != NULL && f == CRL_OK) {
		*ret = crl;	/* reads the file; it stays open until the test ends */
		return f;
	}
	crl_free(crl);
	close(fd);
	return f;
}

void
expect_fault(enum crl_fault got, enum crl_fault wanted, const char *what)
{
	if (got != wanted)
		fail_msg("%s: %s, expected %s; log: %s", what, crl_fault_code(got),
		    crl_fault_code(wanted), logged());
}

struct crlstore
list_store(void)
{
	static char dir[128], db[128];

	snprintf(dir, sizeof dir, "%s/crl", scratch);
	snprintf(db, sizeof db, "%s/db", scratch);
	return (struct crlstore){ .dir = dir, .trust_db = db, .owner = geteuid(), .log = &test_log };
}

enum crl_fault
list_import_at(const struct list *list, int64_t now)
{
	struct crlstore s = list_store();
	struct der der;
	enum crl_fault f;
	int fd;

	list_make(list, &der);
	fd = list_open(list_file("import", der.p, der.len));
	f = crlstore_import(&s, fd, now, &list_facts, list_name);
	close(fd);
	der_done(&der);
	return f;
}

enum crl_fault
list_import(const struct list *list)
{
	return list_import_at(list, pki_now());
}

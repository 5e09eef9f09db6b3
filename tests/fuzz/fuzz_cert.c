/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates and PEM texts of them: nss/cert, nss/pem, nss/sshkey, and fingerprints as typed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/certform.h"
#include "nss/pem.h"
#include "nss/sshkey.h"
#include "tests/fuzz/fuzz.h"

#define CLOSE_EVERY 256

static struct certdb *db;

/* Closing NSS shows what a certificate has left behind in it. */
static void
reopen(void)
{
	static unsigned int used;
	struct outcome o;

	if (db != NULL && ++used % CLOSE_EVERY != 0)
		return;
	CHECK(certdb_close(db));
	o = certdb_open_none(&fuzz_log, &db);
	CHECK(outcome_ok(&o));
}

static void
close_db(void)
{
	CHECK(certdb_close(db));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	reopen();
	CHECK(atexit(close_db) == 0);
	return 0;
}

/* The SSH key of a certificate has a fingerprint, and is the same with a comment after it. */
static void
ssh_key(const struct cert *cert)
{
	char line[SSHKEY_MAX], found[SSHKEY_FINGERPRINT_MAX];

	if (sshkey_of_cert(cert, line))
		CHECK(strlen(line) < sizeof line && sshkey_fingerprint(line, found) && strlen(found) == 43);
}

/* It says nothing but words. */
static void
form_of(const struct cert *cert)
{
	struct certform form;

	certform_of(cert, cert, &form);
	for (size_t kind = 0; kind < CERTFORM_KINDS; kind++)
		for (unsigned int trait = 0; trait < CERTFORM_TRAITS; trait++)
			CHECK((form.of[kind].traits >> trait & 1) == 0 || certform_trait(kind, trait) != NULL);
}

static void
certificate(struct view der)
{
	char text[2 * CERT_DER_MAX], key[CERT_FINGERPRINT_LEN + 1], typed[CERT_FINGERPRINT_LEN + 1];
	uint8_t again[CERT_DER_MAX];
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(db, der, &cert);
	struct cursor r;
	size_t len;

	if (!outcome_ok(&o)) {
		CHECK(cert == NULL && (o.status == OUTCOME_CERT_BAD || o.status == OUTCOME_NO_MEMORY));
		return;
	}
	CHECK(view_equal(cert_der(cert), der));
	CHECK(strlen(cert_fingerprint(cert)) == CERT_FINGERPRINT_LEN);
	CHECK(cert_read_fingerprint(cert_fingerprint(cert), typed));
	CHECK(strcmp(typed, cert_fingerprint(cert)) == 0);
	CHECK(cert_subject(cert) != NULL && cert_issuer(cert) != NULL && cert_serial(cert) != NULL &&
	    cert_key_name(cert) != NULL);
	(void)(cert_not_before(cert) < cert_not_after(cert));
	if (cert_key_sha256(cert, key))
		CHECK(strlen(key) == CERT_FINGERPRINT_LEN);
	ssh_key(cert);
	form_of(cert);
	CHECK(pem_write(der, text, sizeof text));
	r = cursor_of(text, strlen(text));
	CHECK(pem_next(&r, again, sizeof again, &len) == PEM_CERT);
	CHECK(view_equal((struct view){ again, len }, der));
	CHECK(pem_next(&r, again, sizeof again, &len) == PEM_END);
	cert_free(cert);
}

static void
pem(struct view text)
{
	struct cursor r = cursor_of(text.data, text.len);
	uint8_t der[CERT_DER_MAX];
	enum pem found;
	size_t len, left = r.left + 1;

	while ((found = pem_next(&r, der, sizeof der, &len)) == PEM_CERT) {
		CHECK(r.left < left && len <= sizeof der);
		left = r.left;
		certificate((struct view){ der, len });
	}
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);
	char fingerprint[CERT_FINGERPRINT_LEN + 1], ssh[SSHKEY_FINGERPRINT_MAX];
	_cleanup_(freep) char *text = NULL;
	uint8_t kind = fuzz_u8(&in);

	reopen();
	switch (kind % 3) {
	case 0:
		certificate(fuzz_bytes(&in, in.left));
		break;
	case 1:
		pem(fuzz_bytes(&in, in.left));
		break;
	case 2:
		text = fuzz_text(&in);
		if (cert_read_fingerprint(text, fingerprint))
			CHECK(strspn(fingerprint, "0123456789abcdef") == strlen(fingerprint));
		/* In this order. NOLINTNEXTLINE(readability-suspicious-call-argument) */
		if (sshkey_fingerprint(text, ssh))
			CHECK(strlen(ssh) == 43);
		break;
	}
	return 0;
}

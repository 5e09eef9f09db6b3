/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crlcost HOW LEAF PKI WHERE: what it costs a fresh process, which has verified the
 * chain of PKI/LEAF.der already, to learn whether that certificate is revoked. Prints
 * "MS KIB ANSWER": time, the most memory (RSS) that was added meanwhile,
 * "good" or "revoked". HOW and WHERE:
 *
 *	ours     crlcheck() as a login calls it; the store of lists, and beside it
 *	         (WHERE/../nssdb) the trusted authorities
 *	nss      CERT_PKIXVerifyCert() with the CRL test on; the database with authorities and CRL
 *	openssl  d2i_X509_CRL_bio(), X509_CRL_verify(), X509_CRL_get0_by_cert(); the CRL
 *
 * NSS cannot be asked for the list alone: its figure has the chain in it.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "nss/chain.h"
#include "nss/crl/check.h"
#include "nss/internal.h"
#include "tests/bench/stats.h"

enum answer { GOOD, REVOKED };

/* --- measuring ------------------------------------------------------------------- */

/* Between begin() and end(); before, what there was at begin(). */
static struct {
	double ms;
	long kib;
	long rss_before, peak_before;
} cost;

/* A number of kB from a file of /proc/self. */
static long
proc_kib(const char *path, const char *key)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	const char *line;

	if (n < 0)
		err(1, "%s", path);
	close(fd);
	text[n] = '\0';
	line = strstr(text, key);
	if (line == NULL)
		errx(1, "%s: no %s", path, key);
	return strtol(line + strlen(key), NULL, 10);
}

/* Exact, and walks all pages to be so. */
static long
rss_kib(void)
{
	return proc_kib("/proc/self/smaps_rollup", "\nRss:");
}

/* The kernel's own note of the most; it may lag behind by some hundred kB. */
static long
peak_kib(void)
{
	return proc_kib("/proc/self/status", "\nVmHWM:");
}

static void
begin(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "5", 1) != 1)	/* the most is what there is now */
		err(1, "/proc/self/clear_refs");
	close(fd);
	cost.rss_before = rss_kib();
	cost.peak_before = peak_kib();
	cost.ms = now_ms();
}

static void
end(void)
{
	long rss, peak;

	cost.ms = now_ms() - cost.ms;
	rss = rss_kib() - cost.rss_before;
	peak = peak_kib() - cost.peak_before;
	cost.kib = rss > peak ? rss : peak;
}

/* --- ours and NSS ------------------------------------------------------------------- */

static void
complain(void *ctx, int priority, const char *text)
{
	if (priority < 5 /* LOG_NOTICE: a revoked certificate is one */)
		fprintf(stderr, "%s\n", text);
}

static const struct log to_stderr = { .sink = complain };

static struct certdb *
open_db(const char *dir)
{
	struct certdb *db;
	struct outcome o = certdb_open(dir, 0, &to_stderr, &db);

	if (!outcome_ok(&o))
		errx(1, "%s: %s", dir, outcome_code(o.status));
	return db;
}

static struct cert *
read_cert(struct certdb *db, const char *pki, const char *name)
{
	static uint8_t der[CERT_DER_MAX];
	struct outcome o;
	struct cert *cert;
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/%s.der", pki, name);
	f = fopen(path, "r");
	if (f == NULL)
		err(1, "%s", path);
	n = fread(der, 1, sizeof der, f);
	fclose(f);
	o = cert_from_der(db, (struct view){ der, n }, &cert);
	if (!outcome_ok(&o))
		errx(1, "%s: %s", path, outcome_code(o.status));
	return cert;
}

/* The way a login has come when it asks. */
static void
verify_chain(struct certdb *db, const struct cert *cert)
{
	struct chain_rules rules = { .now = time(NULL) };
	struct outcome o = chain_check(db, cert, &rules, &to_stderr);

	if (!outcome_ok(&o))
		errx(1, "chain: %s", outcome_code(o.status));
}

static enum answer
ask_ours(const char *leaf, const char *pki, const char *where)
{
	struct crlcheck check = { .dir = where, .policy = CRL_REQUIRE, .log = &to_stderr };
	char db_dir[512];
	struct certdb *db;
	struct cert *cert, *issuer;
	struct outcome o;

	snprintf(db_dir, sizeof db_dir, "%.*s/nssdb", (int)(strrchr(where, '/') - where), where);
	db = open_db(db_dir);
	cert = read_cert(db, pki, leaf);
	issuer = read_cert(db, pki, "ca1");
	verify_chain(db, cert);
	begin();
	o = crlcheck(&check, cert, issuer, time(NULL));
	end();
	if (!outcome_ok(&o) && o.status != OUTCOME_REVOKED)
		errx(1, "crlcheck: %s", outcome_code(o.status));
	cert_free(cert);
	cert_free(issuer);
	(void)certdb_close(db);
	return outcome_ok(&o) ? GOOD : REVOKED;
}

/* Our own call (nss/chain.c) but for the CRLs: tested, of the database, nothing fetched. */
static SECStatus
verify_with_crl(struct certdb *db, const struct cert *cert)
{
	PRUint64 per_method[2] = {
		CERT_REV_M_TEST_USING_THIS_METHOD | CERT_REV_M_FORBID_NETWORK_FETCHING,
		CERT_REV_M_DO_NOT_TEST_USING_THIS_METHOD | CERT_REV_M_FORBID_NETWORK_FETCHING,
	};
	CERTRevocationTests tests = { .number_of_defined_methods = 2,
		.cert_rev_flags_per_method = per_method };
	CERTRevocationFlags revocation = { .leafTests = tests };
	CERTValInParam in[] = {
		{ .type = cert_pi_revocationFlags, .value.pointer.revocation = &revocation },
		{ .type = cert_pi_trustAnchors, .value.pointer.chain = db->anchor_list },
		{ .type = cert_pi_useOnlyTrustAnchors, .value.scalar.b = PR_TRUE },
		{ .type = cert_pi_end },
	};
	CERTValOutParam out[] = { { .type = cert_po_end } };

	return CERT_PKIXVerifyCert(cert->nss, certificateUsageSSLClient, in, out, NULL);
}

static enum answer
ask_nss(const char *leaf, const char *pki, const char *where)
{
	struct certdb *db = open_db(where);
	struct cert *cert = read_cert(db, pki, leaf);
	SECStatus status;
	PRErrorCode error;

	verify_chain(db, cert);
	begin();
	status = verify_with_crl(db, cert);
	error = PORT_GetError();
	end();
	if (status != SECSuccess && error != SEC_ERROR_REVOKED_CERTIFICATE)
		errx(1, "NSS: %s", nss_error_name(error));
	cert_free(cert);
	(void)certdb_close(db);
	return status == SECSuccess ? GOOD : REVOKED;
}

/* --- OpenSSL -------------------------------------------------------------------------- */

static X509 *
read_x509(const char *pki, const char *name)
{
	char path[512];
	FILE *f;
	X509 *cert;

	snprintf(path, sizeof path, "%s/%s.crt", pki, name);
	f = fopen(path, "r");
	cert = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	if (cert == NULL)
		errx(1, "%s: no certificate", path);
	fclose(f);
	return cert;
}

static enum answer
ask_openssl(const char *leaf, const char *pki, const char *where)
{
	X509 *ca = read_x509(pki, "ca1"), *cert = read_x509(pki, leaf);
	X509_REVOKED *entry;
	X509_CRL *crl = NULL;
	int listed = 0;
	BIO *file;

	if (X509_verify(cert, X509_get0_pubkey(ca)) != 1)
		errx(1, "OpenSSL: the certificate is not of this CA");
	begin();
	file = BIO_new_file(where, "rb");
	if (file != NULL)
		crl = d2i_X509_CRL_bio(file, NULL);
	if (crl == NULL || X509_CRL_verify(crl, X509_get0_pubkey(ca)) != 1)
		errx(1, "OpenSSL: %s is not a CRL of this CA", where);
	listed = X509_CRL_get0_by_cert(crl, &entry, cert);
	end();
	BIO_free(file);
	X509_CRL_free(crl);
	X509_free(cert);
	X509_free(ca);
	return listed == 1 ? REVOKED : GOOD;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum answer (*ask)(const char *leaf, const char *pki, const char *where);
	} ways[] = { { "ours", ask_ours }, { "nss", ask_nss }, { "openssl", ask_openssl } };
	enum answer a;

	for (size_t i = 0; argc == 5 && i < sizeof ways / sizeof ways[0]; i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		a = ways[i].ask(argv[2], argv[3], argv[4]);
		printf("%.4f %ld %s\n", cost.ms, cost.kib, a == GOOD ? "good" : "revoked");
		return 0;
	}
	fprintf(stderr, "usage: crlcost ours|nss|openssl LEAF PKI WHERE\n");
	return 2;
}

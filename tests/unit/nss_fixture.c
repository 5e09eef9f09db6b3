/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "nss/trustdb.h"
#include "tests/unit/nss_fixture.h"

char scratch[64];

/* --- the test PKI ----------------------------------------------------------- */

static const char *
pki_path(const char *name, const char *suffix)
{
	static char path[512];
	const char *dir = getenv("JPKI_PKI");

	if (dir == NULL)
		fail_msg("JPKI_PKI is not set; run by `make check`");
	snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
	return path;
}

struct bytes
pki_der(const char *name)
{
	return read_bytes(pki_path(name, ".der"));
}

EVP_PKEY *
pki_key(const char *name)
{
	FILE *f = fopen(pki_path(name, ".key"), "r");
	EVP_PKEY *key;

	assert_non_null(f);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(key);
	return key;
}

int64_t
pki_time(const char *variable)
{
	FILE *f = fopen(pki_path("times", ""), "r");
	char line[128];
	size_t len = strlen(variable);
	long long value = -1;

	assert_non_null(f);
	while (value < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, variable, len) == 0 && line[len] == '=')
			value = atoll(line + len + 1);
	fclose(f);
	if (value < 0)
		fail_msg("no %s in times", variable);
	return value;
}

/* --- certificates to order -------------------------------------------------- */

static X509 *
pki_x509(const char *name)
{
	struct bytes der = pki_der(name);
	const unsigned char *p = der.data;
	X509 *cert = d2i_X509(NULL, &p, (long)der.len);

	assert_non_null(cert);
	return cert;
}

static void
add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	if (value == NULL)
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_true(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void
add_broken_ku(X509 *cert)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	assert_true(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x04\x02\x07\x80", 4));
	ext = X509_EXTENSION_create_by_NID(NULL, NID_key_usage, 1, value);
	assert_true(X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
}

static void
name_it(X509 *cert, const struct order *order, X509 *issuer)
{
	X509_NAME *name = X509_NAME_new();

	assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
	    (const unsigned char *)order->subject_cn, -1, -1, 0));
	assert_true(X509_set_subject_name(cert, name));
	assert_true(X509_set_issuer_name(cert,
	    issuer != NULL ? X509_get_subject_name(issuer) : name));
	X509_NAME_free(name);
}

static void
extend(X509 *cert, const struct order *order, X509 *issuer)
{
	add_ext(cert, issuer, NID_key_usage, order->ku);
	add_ext(cert, issuer, NID_ext_key_usage, order->eku);
	add_ext(cert, issuer, NID_basic_constraints, order->constraints);
	add_ext(cert, issuer, NID_netscape_comment, order->comment);
	add_ext(cert, cert, NID_subject_key_identifier, "hash");
	if (issuer != NULL && !order->no_aki)
		add_ext(cert, issuer, NID_authority_key_identifier, "keyid:always");
	if (order->broken_ku)
		add_broken_ku(cert);
}

struct bytes
issue(const struct order *order)
{
	X509 *issuer = order->issuer != NULL ? pki_x509(order->issuer) : NULL;
	X509 *cert = X509_new();
	struct bytes der = { .len = 0 };
	unsigned char *p = der.data;
	int len;

	X509_set_version(cert, order->version1 ? X509_VERSION_1 : X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), order->serial);
	name_it(cert, order, issuer);
	ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)order->from);
	ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)order->until);
	assert_true(X509_set_pubkey(cert, order->key));
	if (!order->version1)
		extend(cert, order, issuer);
	assert_true(X509_sign(cert, order->signer,
	    EVP_get_digestbyname(order->digest != NULL ? order->digest : "SHA256")) > 0);
	len = i2d_X509(cert, NULL);
	assert_true(len > 0 && (size_t)len <= sizeof der.data);
	der.len = (size_t)i2d_X509(cert, &p);
	X509_free(cert);
	X509_free(issuer);
	return der;
}

/* --- files ------------------------------------------------------------------ */

int
scratch_make(void **state)
{
	(void)state;
	log_clear();
	snprintf(scratch, sizeof scratch, "/tmp/jpki-nss-XXXXXX");
	return mkdtemp(scratch) != NULL && chmod(scratch, 0755) == 0 ? 0 : -1;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int
scratch_done(void **state)
{
	(void)state;
	return nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *
in_scratch(const char *name)
{
	static char paths[8][160];
	static size_t next;
	char *path = paths[next++ % COUNT(paths)];

	snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
	return path;
}

size_t
count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

struct bytes
read_bytes(const char *path)
{
	struct bytes b = { .len = 0 };
	FILE *f = fopen(path, "r");

	if (f == NULL)
		fail_msg("%s: cannot be opened", path);
	else {
		b.len = fread(b.data, 1, sizeof b.data, f);
		fclose(f);
	}
	return b;
}

void
write_bytes(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(len == 0 || fwrite(data, 1, len, f) == len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* --- log -------------------------------------------------------------------- */

static char log_text[8192];

static void
log_sink(void *ctx, int priority, const char *text)
{
	size_t len = strlen(log_text);

	(void)ctx;
	(void)priority;
	snprintf(log_text + len, sizeof log_text - len, "%s\n", text);
}

const struct log test_log = { .sink = log_sink };

const char *
logged(void)
{
	return log_text;
}

void
log_clear(void)
{
	log_text[0] = '\0';
}

/* --- databases -------------------------------------------------------------- */

const char *
make_db(const char *first, ...)
{
	va_list ap;

	va_start(ap, first);
	for (const char *name = first; name != NULL; name = va_arg(ap, const char *)) {
		struct bytes der = pki_der(name);

		expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
		    OUTCOME_OK, name);
	}
	va_end(ap);
	return in_scratch("db");
}

struct certdb *
open_db(const char *dir)
{
	struct certdb *db = NULL;

	expect_status(certdb_open(dir, geteuid(), &test_log, &db), OUTCOME_OK, dir);
	assert_non_null(db);
	return db;
}

void
close_db(struct certdb *db)
{
	assert_true(certdb_close(db));
}

struct cert *
get_cert(struct certdb *db, struct view der)
{
	struct cert *cert = NULL;

	expect_status(cert_from_der(db, der, &cert), OUTCOME_OK, "cert_from_der");
	assert_non_null(cert);
	return cert;
}

/* --- other programs --------------------------------------------------------- */

static bool
run_argv(char **argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;
	bool started;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	started = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	return started && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
}

bool
run(const char *program, ...)
{
	char *argv[16] = { (char *)(uintptr_t)program };
	va_list ap;
	size_t n = 1;

	va_start(ap, program);
	while (n < COUNT(argv) - 1 && (argv[n] = va_arg(ap, char *)) != NULL)
		n++;
	va_end(ap);
	argv[n] = NULL;
	return run_argv(argv);
}

void
need_certutil(void)
{
	if (!run("sh", "-c", "command -v certutil", NULL)) {
		print_message("skipped: certutil (libnss3-tools) is not installed\n");
		skip();
	}
}

const char *
certutil_db(const char *first, ...)
{
	char config[160];
	va_list ap;

	snprintf(config, sizeof config, "sql:%s/db", scratch);
	if (!exists(in_scratch("db"))) {
		assert_int_equal(mkdir(in_scratch("db"), 0755), 0);
		assert_true(run("certutil", "-N", "-d", config, "--empty-password", NULL));
	}
	va_start(ap, first);
	for (const char *name = first; name != NULL; name = va_arg(ap, const char *)) {
		const char *trust = va_arg(ap, const char *);

		assert_true(run("certutil", "-A", "-d", config, "-n", name, "-t", trust, "-i",
		    name[0] == '/' ? name : pki_path(name, ".der"), NULL));
	}
	va_end(ap);
	return in_scratch("db");
}

void
expect_status(struct outcome o, enum outcome_status status, const char *what)
{
	if (o.status != status)
		fail_msg("%s: %s (raw %x), expected %s; log: %s", what, outcome_code(o.status),
		    (unsigned int)o.raw, outcome_code(status), logged());
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with certificates as other programs write them: read, or called what they are. */
#include "config.h"

#include <stdarg.h>

#include "nss/pem.h"
#include "tests/unit/nss_fixture.h"
#include "tools/common/certfile.h"

static struct bytes good, other;

/* What was said, and the certificates that came. */
static char said[4096];
static struct bytes came[4];
static size_t count;
static enum outcome_status answer;	/* of each() */

void
tool_complain(const struct tool *t, const char *format, ...)
{
	va_list ap;

	(void)t;
	va_start(ap, format);
	vsnprintf(said, sizeof said, format, ap);
	va_end(ap);
}

int
tool_finish(const struct tool *t, const struct outcome *o)
{
	(void)t;
	return outcome_ok(o) ? TOOL_OK : TOOL_PARTLY;	/* which certfile_finish() never gives by itself */
}

static struct outcome
each(void *ctx, struct view der)
{
	assert_ptr_equal(ctx, &count);
	assert_true(count < COUNT(came));
	memcpy(came[count].data, der.data, der.len);
	came[count++].len = der.len;
	return outcome_of(answer);
}

/* --- files ------------------------------------------------------------------------ */

static uint8_t file[65536];
static size_t len;

static void
put(const void *bytes, size_t n)
{
	assert_true(len + n <= sizeof file);
	memcpy(file + len, bytes, n);
	len += n;
}

static void
put_text(const char *text)
{
	put(text, strlen(text));
}

/* The PEM of a certificate, its lines of that many columns (0: one), each ended so. */
static void
put_pem(const struct bytes *cert, const char *label, size_t columns, const char *end)
{
	char line[128];
	uint8_t base64[4 * sizeof cert->data / 3];
	size_t n = (size_t)EVP_EncodeBlock(base64, cert->data, (int)cert->len);

	snprintf(line, sizeof line, "-----BEGIN %s-----%s", label, end);
	put_text(line);
	for (size_t i = 0, part; i < n; i += part) {
		part = columns == 0 || n - i < columns ? n - i : columns;
		put(base64 + i, part);
		put_text(end);
	}
	snprintf(line, sizeof line, "-----END %s-----%s", label, end);
	put_text(line);
}

static struct outcome
read_file(void)
{
	static const struct tool t = { .command = "trust" };
	struct outcome o;

	said[0] = '\0';
	count = 0;
	o = certfile_each(&t, "the/file", (struct view){ file, len }, each, &count);
	len = 0;
	return o;
}

/* Every certificate that comes is one of ours, byte by byte. */
static void
reads(size_t wanted, const char *what)
{
	struct outcome o = read_file();

	if (!outcome_ok(&o) || count != wanted || said[0] != '\0')
		fail_msg("%s: %s, %zu certificates, \"%s\"", what, outcome_code(o.status), count, said);
	for (size_t i = 0; i < count; i++)
		if (!view_equal(view_of(&came[i]), view_of(i % 2 == 0 ? &good : &other)))
			fail_msg("%s: certificate %zu differs", what, i);
}

/* Refused with these words and the file's name, and nothing comes. */
static void
calls(const char *words, const char *what)
{
	struct outcome o = read_file();

	if (o.status != OUTCOME_CERT_BAD || count > 0 || strstr(said, words) == NULL ||
	    strncmp(said, "the/file", 8) != 0 || strstr(said, "(JPKI-E-CERT-BAD)") == NULL)
		fail_msg("%s: %s, %zu certificates, \"%s\"", what, outcome_code(o.status), count, said);
}

/* --- what is read ------------------------------------------------------------------- */

static void
der_and_filler(void **state)
{
	static const uint8_t zeros[3000];
	static const char *const fillers[] = { "", "\n", "\r\n", "\xff\xff", "\x1a" };

	for (size_t i = 0; i < COUNT(fillers); i++) {
		put(good.data, good.len);
		put_text(fillers[i]);
		reads(1, "DER");
	}
	put(good.data, good.len);
	put(zeros, sizeof zeros);
	reads(1, "DER and zeros");
	put(good.data, good.len);
	put_text(" ");
	calls("damaged", "DER and a blank");
	put(good.data, good.len);
	put(good.data, good.len);
	calls("damaged", "DER twice");
}

static void
pem_of_every_layout(void **state)
{
	static const size_t columns[] = { 0, 1, 48, 64, 76 };
	static const char *const ends[] = { "\n", "\r\n", " \t\n" };
	static const char *const labels[] = { "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE" };

	for (size_t c = 0; c < COUNT(columns); c++)
		for (size_t e = 0; e < COUNT(ends); e++)
			for (size_t l = 0; l < COUNT(labels); l++) {
				put_pem(&good, labels[l], columns[c], ends[e]);
				reads(1, labels[l]);
			}
	put_pem(&good, "CERTIFICATE", 0, "");
	reads(1, "no line end at all");
	put_text("\xef\xbb\xbf");
	put_pem(&good, "CERTIFICATE", 64, "\r\n");
	reads(1, "byte order mark");
}

static void
several_and_text_around(void **state)
{
	put_text("0 not DER, though it begins so\n");
	put_pem(&good, "CERTIFICATE", 64, "\n");
	put_text("subject=x\n");
	put_pem(&other, "X509 CERTIFICATE", 76, "\r\n");
	put_text("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n");
	reads(2, "two, and text");
	/* OpenSSL puts what it trusts the certificate for after it. */
	memcpy(came[0].data, good.data, good.len);
	memcpy(came[0].data + good.len, "\x30\x00", 2);
	came[0].len = good.len + 2;
	put_pem(&came[0], "TRUSTED CERTIFICATE", 64, "\n");
	reads(1, "with trust after");
}

static void
bare_base64(void **state)
{
	uint8_t base64[4 * sizeof good.data / 3];
	size_t n = (size_t)EVP_EncodeBlock(base64, good.data, (int)good.len);

	put(base64, n);
	reads(1, "one line");
	put_text("\xef\xbb\xbf\r\n");
	for (size_t i = 0; i < n; i += 64) {
		put(base64 + i, n - i < 64 ? n - i : 64);
		put_text("\r\n");
	}
	reads(1, "lines after a byte order mark");
	put(base64, n);
	put_text("!");
	calls("contains no certificate", "something after");
}

/* --- what is not ---------------------------------------------------------------------- */

static void
other_files(void **state)
{
	static const char *const files[][2] = {
		{ "", "empty" }, { "\xef\xbb\xbf\n", "empty" }, { "hello", "contains no certificate" },
		{ "<html>", "a web page" }, { "\n <?xml", "a web page" }, { "%PDF-1.7", "a PDF" },
		{ "PK\x03\x04", "unzip the/file" }, { "\x1f\x8b\x08", "gunzip the/file" },
		{ "\xff\xfe-", "-f UTF-16 -t UTF-8 the/file" }, { "\xfe\xff", "UTF-16" },
		{ "ssh-rsa AAAA", "a key of OpenSSH" }, { "ecdsa-sha2-nistp256 AAAA", "a key of OpenSSH" },
		{ "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", "openssl pkcs7 -in the/file" },
		{ "-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n", "openssl pkcs7 -in the/file" },
		{ "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "jpkictl crl import" },
		{ "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "a certificate request" },
		{ "-----BEGIN NEW CERTIFICATE REQUEST-----\nAAAA\n", "a certificate request" },
		{ "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "a private key" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "a private key" },
		{ "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "a public key" },
		{ "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "openssl pkcs7 -inform DER -in the/file" },
		{ "\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", "openssl pkcs12 -in the/file" },
		{ "MAsGCSqGSIb3DQEHAg==", "openssl pkcs7 -inform DER" },
		{ "0", "damaged" }, { "0\x82\x01", "damaged" }, { "0\x80", "damaged" },
		{ "-----BEGIN CERTIFICATE-----\nMII=*\n-----END CERTIFICATE-----\n", "damaged" },
		{ "-----BEGIN CERTIFICATE-----\n", "damaged" },
		{ "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "damaged" },
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		put_text(files[i][0]);
		calls(files[i][1], files[i][0]);
	}
}

static void
cut_anywhere(void **state)
{
	for (size_t cut = 1; cut < good.len; cut += 13) {
		put(good.data, cut);
		calls("damaged", "DER that is cut");
	}
}

/* --- answers ---------------------------------------------------------------------------- */

static void
answers_are_handed_on(void **state)
{
	static const struct tool t = { .command = "trust" };
	struct outcome o;

	answer = OUTCOME_TRUST_DB;
	put_pem(&good, "CERTIFICATE", 64, "\n");
	put_pem(&other, "CERTIFICATE", 64, "\n");
	o = read_file();
	assert_int_equal(o.status, OUTCOME_TRUST_DB);
	assert_int_equal(count, 1);	/* the first that fails ends it */
	assert_string_equal(said, "");
	assert_int_equal(certfile_finish(&t, &o), TOOL_PARTLY);
	/* If the caller finds a certificate damaged, the message has the file's name. */
	answer = OUTCOME_CERT_BAD;
	put(good.data, good.len);
	o = read_file();
	assert_int_equal(o.status, OUTCOME_CERT_BAD);
	assert_non_null(strstr(said, "the/file: damaged"));
	assert_int_equal(certfile_finish(&t, &o), TOOL_FAILED);
	answer = OUTCOME_OK;
}

/* A sentence that has no room for the name twice has the name at least. */
static void
long_name(void **state)
{
	static const struct tool t = { .command = "trust" };
	char path[4096];
	struct outcome o;

	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	o = certfile_each(&t, path, (struct view){ (const uint8_t *)"\x1f\x8b", 2 }, each, &count);
	assert_int_equal(o.status, OUTCOME_CERT_BAD);
	assert_memory_equal(said, "xxxx", 4);
}

static int
get_certificates(void **state)
{
	(void)state;
	good = pki_der("good");
	other = pki_der("ec256");
	answer = OUTCOME_OK;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(der_and_filler), cmocka_unit_test(pem_of_every_layout),
		cmocka_unit_test(several_and_text_around), cmocka_unit_test(bare_base64),
		cmocka_unit_test(other_files), cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(answers_are_handed_on), cmocka_unit_test(long_name),
	};

	return cmocka_run_group_tests(tests, get_certificates, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/crl/copy: a list as other programs write it down becomes DER; another file is called what it is. */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "nss/crl/copy.h"
#include "tests/unit/crl_fixture.h"

static struct der list, small;	/* more bytes than a piece of text or a block's beginning has; fewer */

static int
make_lists(void **state)
{
	struct der e = { .p = NULL };

	(void)state;
	for (uint64_t i = 1; i <= 500; i++)
		crlmaker_serial(&e, i << 16, pki_now(), 1);
	list_make(&(struct list){ .number = 10, .entries = &e }, &list);
	list_make(&(struct list){ .number = 10 }, &small);
	der_done(&e);
	return 0;
}

static int
lists_done(void **state)
{
	(void)state;
	der_done(&list);
	der_done(&small);
	return 0;
}

/* --- texts ---------------------------------------------------------------------- */

/* A file that grows. */
static struct der text;

static void
put(const char *format, ...)
{
	char piece[8192];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(piece, sizeof piece, format, ap);
	va_end(ap);
	assert_true(len >= 0 && (size_t)len < sizeof piece);
	der_put(&text, piece, (size_t)len);
}

/*
 * In lines of that many columns, with this behind each and that before all but the first; columns 0:
 * one line without an end.
 */
static void
put_base64(const struct der *der, size_t columns, const char *before, const char *behind)
{
	static uint8_t base64[65536];
	size_t len;

	assert_true(der->len * 4 / 3 + 8 < sizeof base64);
	len = (size_t)EVP_EncodeBlock(base64, der->p, (int)der->len);
	if (columns == 0) {
		der_put(&text, base64, len);
		return;
	}
	for (size_t i = 0; i < len; i += columns)
		put("%s%.*s%s", i > 0 ? before : "", (int)columns, base64 + i, behind);
}

static void
put_pem(const struct der *der, const char *label, size_t columns, const char *end)
{
	put("-----BEGIN %s-----%s", label, end);
	put_base64(der, columns, "", end);
	put("-----END %s-----%s", label, end);
}

/* Copies the text, from a file and from a pipe, and looks at the result, if one is wanted. */
static void
judge_file(enum crl_fault wanted, const struct der *result, const char *what)
{
	int from = list_open(list_file("from", text.p, text.len));
	int to = open(in_scratch("to"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint8_t *got = malloc(65536);
	ssize_t len;

	assert_true(to >= 0 && got != NULL);
	expect_fault(crlcopy(from, to, &test_log), wanted, what);
	len = pread(to, got, 65536, 0);
	if (wanted == CRL_OK && result == NULL)
		fail_msg("%s: no list was expected", what);
	else if (wanted == CRL_OK && (len != (ssize_t)result->len || memcmp(got, result->p, result->len) != 0))
		fail_msg("%s: %zd bytes in place of %zu", what, len, result->len);
	free(got);
	close(from);
	close(to);
	der_done(&text);
}

static void
reads(const char *what)
{
	judge_file(CRL_OK, &list, what);
}

static void
calls(enum crl_fault wanted, const char *what)
{
	judge_file(wanted, NULL, what);
}

#define CRL_LABEL "X509 CRL"

/* --- what is read ------------------------------------------------------------------ */

static void
der_and_filler(void **state)
{
	static const char *const fillers[] = { "", "\n", "\r\n", "\xff\xff\xff", "\x1a" };
	char zeros[300] = { 0 };

	for (size_t i = 0; i < COUNT(fillers); i++) {
		der_put(&text, list.p, list.len);
		put("%s", fillers[i]);
		reads("DER and filler");
		der_put(&text, small.p, small.len);
		put("%s", fillers[i]);
		judge_file(CRL_OK, &small, "small DER and filler");
	}
	der_put(&text, list.p, list.len);
	der_put(&text, zeros, sizeof zeros);
	reads("DER and zeros");
	der_put(&text, list.p, list.len);
	der_put(&text, zeros, sizeof zeros);
	put("x");
	calls(CRL_TRAILING, "DER, zeros and a letter");
	der_put(&text, list.p, list.len);
	der_put(&text, list.p, list.len);
	calls(CRL_TRAILING, "DER twice");
}

static void
every_label_of_pem(void **state)
{
	static const char *const labels[] = { CRL_LABEL, "CRL", "CERTIFICATE REVOCATION LIST",
	    "X509 CERTIFICATE REVOCATION LIST", "CERTIFICATE", "ANYTHING-ELSE" };

	for (size_t i = 0; i < COUNT(labels); i++) {
		put_pem(&list, labels[i], 64, "\n");
		reads(labels[i]);
		put_pem(&small, labels[i], 64, "\n");
		judge_file(CRL_OK, &small, labels[i]);
	}
}

static void
every_layout_of_pem(void **state)
{
	static const size_t columns[] = { 4, 61, 64, 76, 1023, 1024, 4095, 0 };
	static const char *const ends[] = { "\n", "\r\n", " \t\r\n", "\n\n" };

	for (size_t i = 0; i < COUNT(columns); i++)
		for (size_t k = 0; k < COUNT(ends); k++) {
			put_pem(&list, CRL_LABEL, columns[i], ends[k]);
			reads("lines");
		}
	put_pem(&list, CRL_LABEL, 0, "");
	reads("without any line end");
	put("\xef\xbb\xbf");
	put_pem(&list, CRL_LABEL, 64, "\r\n");
	reads("byte order mark");
	put("  -----BEGIN X509 CRL-----\n");
	put_base64(&list, 64, "  ", "\n");
	put("  -----END X509 CRL-----");
	reads("indented, no line end");
}

static void
text_around(void **state)
{
	const struct bytes certificate = pki_der("good");
	const struct der cert = { (uint8_t *)(uintptr_t)certificate.data, certificate.len, 0 };

	put("Certificate Revocation List (CRL):\n    ---- Version 2 -----\n-----BEGIN nothing\n----- -----\n");
	put_pem(&list, CRL_LABEL, 64, "\n");
	put("\nthe end-----\n--\n");
	reads("text around");
	put("subject=CN = x\n");
	put_pem(&cert, "CERTIFICATE", 64, "\n");
	put("Last Update: today\n");
	put_pem(&list, CRL_LABEL, 64, "\n");
	put_pem(&cert, "CERTIFICATE", 64, "\n");
	reads("certificates around, as of openssl pkcs7 -print_certs");
	put("<html><pre>");
	put_pem(&list, CRL_LABEL, 64, "\n");
	put("</pre></html>");
	reads("on a web page");
}

static void
bare_base64(void **state)
{
	put_base64(&list, 76, "", "\r\n");
	reads("lines");
	put_base64(&list, 0, "", "");
	reads("one line");
	put("\xef\xbb\xbf\n ");
	put_base64(&list, 64, "", "\n\n");
	reads("byte order mark and blanks");
	put_base64(&list, 64, "", "\n");
	put("# a note\n");
	calls(CRL_NOT_CRL, "something after");
}

static void
ldif(void **state)
{
	static const char *const names[] = { "certificateRevocationList;binary", "certificaterevocationlist",
	    "authorityRevocationList;binary" };

	for (size_t i = 0; i < COUNT(names); i++) {
		put("dn: cn=CRL,o=x\nobjectClass: cRLDistributionPoint\ncn:: 44GC\n%s:: ", names[i]);
		put_base64(&list, 60, " ", "\n");
		put("\n# search result\nsearch: 2\n");
		reads(names[i]);
	}
	put("version: 1\r\ndn: cn=CRL\r\ncertificateRevocationList;binary:: ");
	put_base64(&list, 60, " ", "\r\n");
	put("objectClass: top\r\n");
	reads("CRLF");
	put("DN: cn=CRL\n\tcertificateRevocationList;binary:: ");
	put_base64(&list, 0, "", "");
	reads("as curl has it, no line end");
	put("certificateRevocationList;binary:: ");
	put_base64(&list, 0, "", "");
	put("\ncertificateRevocationList;binary:: ");
	put_base64(&list, 0, "", "");
	calls(CRL_SEVERAL, "two values");
	for (int i = 0; i < 2; i++) {
		put("DN: cn=%d\n\tcertificateRevocationList;binary:: ", i);
		put_base64(&list, 0, "", "");
		put("\n\n");
	}
	calls(CRL_SEVERAL, "two entries as curl has them");
	put("DN: cn=CRL\n\tcertificateRevocationLists:: ");
	put_base64(&list, 0, "", "");
	put("\n\tcertificateRevocation:: ");
	put_base64(&list, 0, "", "");
	calls(CRL_NO_LIST, "longer and shorter names");
	put("DN: \\09certificateRevocationList;binary:: ");
	put_base64(&list, 0, "", "");
	calls(CRL_NO_LIST, "a name that has a line in it");
	put("certificateRevocationList;lang-ja:: ");
	put_base64(&list, 0, "", "");
	calls(CRL_NO_LIST, "another option");
	put("certificateRevocationList;binary: \nuserCertificate;binary:: ");
	put_base64(&list, 0, "", "");
	calls(CRL_NO_LIST, "no value, another attribute");
}

static void
from_a_pipe(void **state)
{
	int ends[2], to = open(in_scratch("to"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(pipe(ends), 0);
	put_pem(&small, CRL_LABEL, 64, "\n");
	assert_int_equal(write(ends[1], text.p, text.len), text.len);
	close(ends[1]);
	expect_fault(crlcopy(ends[0], to, &test_log), CRL_OK, "pipe");
	assert_int_equal(lseek(to, 0, SEEK_END), small.len);
	close(ends[0]);
	close(to);
	der_done(&text);
}

/* --- what is not ---------------------------------------------------------------------- */

static void
call(const char *bytes, size_t len, enum crl_fault wanted, const char *what)
{
	der_put(&text, bytes, len);
	calls(wanted, what);
}

#define CALL(bytes, wanted, what) call(bytes, sizeof (bytes) - 1, wanted, what)

static void
other_files(void **state)
{
	const struct bytes certificate = pki_der("good");

	CALL("", CRL_EMPTY, "empty");
	CALL("\xef\xbb\xbf\r\n", CRL_EMPTY, "a byte order mark");
	CALL("hello\n", CRL_NO_LIST, "a text");
	CALL("{\"error\": 404}", CRL_NO_LIST, "JSON");
	CALL("\n <!DOCTYPE html>", CRL_WEB_PAGE, "a web page");
	CALL("\xef\xbb\xbf<?xml", CRL_WEB_PAGE, "XML");
	CALL("%PDF-1.7\n", CRL_DOCUMENT, "PDF");
	CALL("\x1f\x8b\x08\x00-----", CRL_COMPRESSED, "gzip");
	CALL("BZh9", CRL_COMPRESSED, "bzip2");
	CALL("\xfd" "7zXZ\x00", CRL_COMPRESSED, "xz");
	CALL("\x28\xb5\x2f\xfd", CRL_COMPRESSED, "zstd");
	CALL("PK\x03\x04", CRL_ARCHIVE, "ZIP");
	CALL("\xff\xfe-\x00-\x00", CRL_UTF16, "UTF-16");
	CALL("\xfe\xff\x00-", CRL_UTF16, "UTF-16, the other end first");
	CALL("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
	    CRL_PRIVATE_KEY, "a private key");
	CALL("\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", CRL_BUNDLE, "PKCS#7");
	CALL("-----BEGIN PKCS7-----\nMAsGCSqGSIb3DQEHAg==\n-----END PKCS7-----\n", CRL_BUNDLE, "PKCS#7 as PEM");
	CALL("MAsGCSqGSIb3DQEHAg==", CRL_BUNDLE, "PKCS#7 as base64");
	call((const char *)certificate.data, certificate.len, CRL_CERTIFICATE, "a certificate");
	CALL("\x30\x03\x02\x01\x05", CRL_NOT_CRL, "other DER");
	CALL("\x30\x80\x30\x80", CRL_NOT_CRL, "BER");
	CALL("\x30", CRL_NOT_CRL, "one byte");
}

static void
damaged_files(void **state)
{
	for (size_t cut = 1; cut < small.len; cut += 7) {
		der_put(&text, small.p, small.len - cut);
		calls(CRL_NOT_CRL, "DER that is cut");
		put("-----BEGIN X509 CRL-----\n");
		put_base64(&(struct der){ small.p, small.len - cut, 0 }, 64, "", "\n");
		put("-----END X509 CRL-----\n");
		calls(CRL_NOT_CRL, "PEM of DER that is cut");
	}
	put_pem(&list, CRL_LABEL, 64, "\n");
	put_pem(&small, CRL_LABEL, 64, "\n");
	calls(CRL_SEVERAL, "two lists");
	put("-----BEGIN X509 CRL-----\n");
	put_base64(&list, 64, "", "\n");
	calls(CRL_NOT_CRL, "without END");
	put("-----BEGIN X509 CRL-----\n");
	put_base64(&list, 64, "", "\n");
	put("-----END CERTIFICATE-----\n");
	calls(CRL_NOT_CRL, "END of another label");
	put_base64(&list, 64, "", "\n");
	put("-----END X509 CRL-----\n");
	calls(CRL_NOT_CRL, "without BEGIN");
	put("-----BEGIN X509 CRL-----\nMII=*\n-----END X509 CRL-----\n");
	calls(CRL_NOT_CRL, "not base64");
	put("-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n");
	calls(CRL_NOT_CRL, "nothing between");
	put("-----BEGIN X509 CRL-----");
	calls(CRL_NOT_CRL, "nothing after");
}

#define T(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(der_and_filler), T(every_label_of_pem), T(every_layout_of_pem), T(text_around),
		T(bare_base64), T(ldif), T(from_a_pipe), T(other_files), T(damaged_files),
	};

	return cmocka_run_group_tests(tests, make_lists, lists_done);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/der.h"
#include "lib/i18n.h"
#include "nss/base64.h"
#include "nss/cert.h"
#include "nss/pem.h"
#include "tools/common/certfile.h"

#define OID_SIGNED_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"	/* PKCS#7, RFC 2315 */
#define OID_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"		/* in PKCS#12, RFC 7292 */
#define HEAD 64	/* bytes in which these OIDs appear */

struct reading {
	const struct tool *t;
	const char *path;
	struct outcome (*each)(void *ctx, struct view der);
	void *ctx;
};

/* Starts of files, or PEM labels, that show other contents. %s is the file's name. */
static const struct stranger {
	const char *mark;
	const char *what;	/* untranslated */
} beginnings[] = {
	{ "\xff\xfe", N_("%s: text in UTF-16; turn it into UTF-8: iconv -f UTF-16 -t UTF-8 %s > FILE") },
	{ "\xfe\xff", N_("%s: text in UTF-16; turn it into UTF-8: iconv -f UTF-16 -t UTF-8 %s > FILE") },
	{ "%PDF", N_("%s: a PDF document; the certificate is in a separate file, whose name ends in .cer") },
	{ "PK\x03\x04", N_("%s: a ZIP archive; unpack it first: unzip %s") },
	{ "\x1f\x8b", N_("%s: compressed; unpack it first: gunzip %s") },
	{ "<", N_("%s: a web page; the server has sent it instead of the certificate") },
	{ "ssh-", N_("%s: a key of OpenSSH; a certificate is needed") },
	{ "ecdsa-", N_("%s: a key of OpenSSH; a certificate is needed") },
}, labels[] = {
	{ "PKCS7-----", N_("%s: a PKCS#7 bundle; take the certificates out: openssl pkcs7 -in %s -print_certs -out FILE") },
	{ "CMS-----", N_("%s: a PKCS#7 bundle; take the certificates out: openssl pkcs7 -in %s -print_certs -out FILE") },
	{ "X509 CRL-----", N_("%s: a revocation list; import it with jpkictl crl import") },
	{ "CERTIFICATE REQUEST-----", N_("%s: a certificate request; the authority issues the certificate for it") },
	{ "PRIVATE KEY-----", N_("%s: a private key; keep it secret, a certificate is needed") },
	{ "PUBLIC KEY-----", N_("%s: a public key without a certificate") },
};

/* A sentence may contain the file's name, as %s, any number of times. */
static struct outcome
refuse(const struct reading *r, const char *what)
{
	char text[2 * LOG_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);

	for (const char *p = what; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 's') {
			writer_text(&w, r->path);
			p++;
		} else {
			writer_u8(&w, (uint8_t)*p);
		}
	}
	writer_u8(&w, '\0');
	tool_complain(r->t, "%s (%s)", writer_ok(&w) ? text : r->path, outcome_code(OUTCOME_CERT_BAD));
	return outcome_of(OUTCOME_CERT_BAD);
}

static struct outcome
refuse_damaged(const struct reading *r)
{
	return refuse(r, _("%s: damaged, or no certificate; get the file again from its source"));
}

static bool
contains(struct view text, const char *mark, size_t len)
{
	return text.len >= len && memmem(text.data, text.len, mark, len) != NULL;
}

static struct outcome
hand_over(const struct reading *r, struct view der)
{
	struct outcome o = r->each(r->ctx, der);

	return o.status == OUTCOME_CERT_BAD ? refuse_damaged(r) : o;
}

static struct outcome
read_der(const struct reading *r, struct view der)
{
	struct view head = { der.data, der.len < HEAD ? der.len : HEAD };
	size_t size;

	if (contains(head, OID_SIGNED_DATA, sizeof OID_SIGNED_DATA - 1))
		return refuse(r, _("%s: a PKCS#7 bundle in DER; take the certificates out: "
		    "openssl pkcs7 -inform DER -in %s -print_certs -out FILE"));
	if (contains(head, OID_DATA, sizeof OID_DATA - 1))
		return refuse(r, _("%s: PKCS#12; take the certificate out: openssl pkcs12 -in %s -nokeys -out FILE"));
	if (!der_sequence_size(der.data, der.len, &size) || size > der.len ||
	    !der_is_filler(der.data + size, der.len - size))
		return refuse_damaged(r);
	return hand_over(r, (struct view){ der.data, size });
}

/* After a TRUSTED CERTIFICATE OpenSSL writes its trust settings. */
static struct outcome
hand_over_first_element(const struct reading *r, struct view der)
{
	size_t size;

	if (!der_sequence_size(der.data, der.len, &size) || size > der.len)
		return refuse_damaged(r);
	return hand_over(r, (struct view){ der.data, size });
}

static struct outcome
read_pem(const struct reading *r, struct view text, size_t *ret_count)
{
	struct cursor c = cursor_of(text.data, text.len);
	uint8_t der[CERT_DER_MAX];
	struct outcome o = outcome_of(OUTCOME_OK);
	size_t len;

	while (outcome_ok(&o)) {
		switch (pem_next(&c, der, sizeof der, &len)) {
		case PEM_END:
			return o;
		case PEM_BAD:
			return refuse_damaged(r);
		case PEM_CERT:
			++*ret_count;
			o = hand_over_first_element(r, (struct view){ der, len });
			break;
		}
	}
	return o;
}

/* Whether p, a place in the text, comes right after these characters. */
static bool
is_after(const char *text, const char *p, const char *before)
{
	size_t len = strlen(before);

	return (size_t)(p - text) >= len && memcmp(p - len, before, len) == 0;
}

/* Removes a word that OpenSSL may put before CERTIFICATE in the labels. */
static void
remove_from_labels(char *text, const char *word)
{
	static const char rest[] = "CERTIFICATE-----";
	size_t len = strlen(word);
	char *p = text;

	while ((p = strstr(p, word)) != NULL)
		if ((is_after(text, p, "-----BEGIN ") || is_after(text, p, "-----END ")) &&
		    strncmp(p + len, rest, sizeof rest - 1) == 0)
			memmove(p, p + len, strlen(p + len) + 1);
		else
			p += len;
}

/* Decodes a text that is only base64 of one certificate. False: it is not. */
static bool
read_bare_base64(const struct reading *r, const char *text, struct outcome *ret)
{
	_cleanup_(freep) char *plain = malloc(strlen(text) + 1);
	uint8_t der[CERT_DER_MAX];
	size_t len = 0;

	if (plain == NULL)
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if (strchr(" \t\r\n", *p) == NULL)
			plain[len++] = *p;
	plain[len] = '\0';
	if (!base64_read(plain, der, sizeof der, &len) || len == 0 || der[0] != DER_SEQUENCE)
		return false;
	*ret = read_der(r, (struct view){ der, len });
	return true;
}

/* Reports what a text without a certificate is. */
static struct outcome
name_stranger(const struct reading *r, const char *text)
{
	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
		const char *label = strstr(text, labels[i].mark);

		if (label != NULL && strstr(text, "-----BEGIN ") != NULL)
			return refuse(r, _(labels[i].what));
	}
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (strncmp(text, beginnings[i].mark, strlen(beginnings[i].mark)) == 0)
			return refuse(r, _(beginnings[i].what));
	return refuse(r, text[strspn(text, " \t\r\n")] == '\0' ? _("%s: empty") :
	    _("%s: contains no certificate, neither DER nor PEM"));
}

static struct outcome
read_text(const struct reading *r, struct view bytes)
{
	_cleanup_(freep) char *copy = malloc(bytes.len + 1);
	char *text = copy;
	struct outcome o;
	size_t count = 0;

	if (copy == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	memcpy(copy, bytes.data, bytes.len);
	copy[bytes.len] = '\0';
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)	/* byte order mark */
		text += 3;
	remove_from_labels(text, "X509 ");
	remove_from_labels(text, "TRUSTED ");
	o = read_pem(r, (struct view){ (uint8_t *)text, strlen(text) }, &count);
	if (!outcome_ok(&o) || count > 0 || read_bare_base64(r, text, &o))
		return o;
	return name_stranger(r, text + strspn(text, " \t\r\n"));
}

struct outcome
certfile_each(const struct tool *t, const char *path, struct view text,
    struct outcome (*each)(void *ctx, struct view der), void *ctx)
{
	const struct reading r = { .t = t, .path = path, .each = each, .ctx = ctx };

	return text.len > 0 && text.data[0] == DER_SEQUENCE && !contains(text, "-----BEGIN", 10) ?
	    read_der(&r, text) : read_text(&r, text);
}

int
certfile_finish(const struct tool *t, const struct outcome *o)
{
	return o->status == OUTCOME_CERT_BAD ? TOOL_FAILED : tool_finish(t, o);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "nss/base64.h"
#include "nss/internal.h"
#include "nss/sshkey.h"

#define BLOB_MAX (SSHKEY_MAX / 4 * 3 - 64)

static void
put_bytes(struct writer *w, const void *bytes, size_t len)
{
	writer_u32(w, (uint32_t)len);
	writer_bytes(w, bytes, len);
}

static void
put_text(struct writer *w, const char *text)
{
	put_bytes(w, text, strlen(text));
}

/* RFC 4251 §5: two's complement, as short as possible. */
static void
put_mpint(struct writer *w, const SECItem *number)
{
	const uint8_t *p = number->data;
	size_t len = number->len;

	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	if (len == 0 || (*p & 0x80) == 0) {
		put_bytes(w, p, len);
		return;
	}
	writer_u32(w, (uint32_t)len + 1);
	writer_u8(w, 0);
	writer_bytes(w, p, len);
}

static const char *
put_rsa(struct writer *w, const SECKEYPublicKey *key)
{
	put_text(w, "ssh-rsa");
	put_mpint(w, &key->u.rsa.publicExponent);
	put_mpint(w, &key->u.rsa.modulus);
	return "ssh-rsa";
}

static const char *
put_ec(struct writer *w, const SECKEYPublicKey *key, const char *name, const char *curve)
{
	put_text(w, name);
	put_text(w, curve);
	put_bytes(w, key->u.ec.publicValue.data, key->u.ec.publicValue.len);
	return name;
}

/* The name of the kind; NULL: not an accepted one. */
static const char *
put_key(struct writer *w, const struct cert *cert)
{
	switch (cert_key_kind(cert)) {
	case KEY_RSA:
		return put_rsa(w, cert->key);
	case KEY_P256:
		return put_ec(w, cert->key, "ecdsa-sha2-nistp256", "nistp256");
	case KEY_P384:
		return put_ec(w, cert->key, "ecdsa-sha2-nistp384", "nistp384");
	case KEY_REFUSED:
		break;
	}
	return NULL;
}

bool
sshkey_of_cert(const struct cert *cert, char ret_text[static SSHKEY_MAX])
{
	uint8_t blob[BLOB_MAX];
	struct writer w = writer_of(blob, sizeof blob);
	const char *name = put_key(&w, cert);
	size_t len;

	if (name == NULL || !writer_ok(&w))
		return false;
	len = (size_t)snprintf(ret_text, SSHKEY_MAX, "%s ", name);
	return base64_write((struct view){ blob, w.len }, ret_text + len, SSHKEY_MAX - len);
}

/* Whether a key blob begins with its own kind, as required. */
static bool
is_blob_of(struct view blob, struct view kind)
{
	struct cursor r = cursor_of(blob.data, blob.len);
	struct view name;
	uint32_t len;

	return cursor_u32(&r, &len) && cursor_view(&r, len, &name) && view_equal(name, kind);
}

bool
sshkey_fingerprint(const char *line, char ret_text[static SSHKEY_FINGERPRINT_MAX])
{
	size_t kind = strcspn(line, " "), digits;
	uint8_t blob[BLOB_MAX], hash[32];
	char text[SSHKEY_MAX];
	size_t len;

	if (line[kind] == '\0')
		return false;
	digits = strcspn(line + kind + 1, " \t\r\n");
	if (digits >= sizeof text)
		return false;
	memcpy(text, line + kind + 1, digits);
	text[digits] = '\0';
	if (!base64_read(text, blob, sizeof blob, &len) ||
	    !is_blob_of((struct view){ blob, len }, (struct view){ (const uint8_t *)line, kind }) ||
	    !nss_sha256((struct view){ blob, len }, hash) ||
	    !base64_write((struct view){ hash, sizeof hash }, ret_text, SSHKEY_FINGERPRINT_MAX))
		return false;
	ret_text[strcspn(ret_text, "=")] = '\0';
	return true;
}

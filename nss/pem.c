/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <nssb64.h>
#include <secitem.h>

#include "nss/internal.h"
#include "nss/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* Moves the reader past the next occurrence of mark; *ret is the text before it. */
static bool
skip_to(struct cursor *r, const char *mark, struct view *ret_before)
{
	size_t len = strlen(mark);
	const uint8_t *hit = r->left > 0 ? memmem(r->p, r->left, mark, len) : NULL;

	return hit != NULL && cursor_view(r, (size_t)(hit - r->p), ret_before) &&
	    cursor_view(r, len, &(struct view){ 0 });
}

/*
 * NSS's decoder stops silently at a stray '=' and is lenient in other ways. So check its input first, so
 * that a damaged file is reported as damaged.
 */
static bool
is_base64(struct view text)
{
	size_t digits = 0, padding = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
			continue;
		if (c == '=')
			padding++;
		else if (padding > 0 || c == '\0' || strchr(BASE64_LETTERS, c) == NULL)
			return false;
		digits++;
	}
	return digits > 0 && digits % 4 == 0 && padding <= 2;
}

static bool
decode(struct view text, uint8_t *der, size_t size, size_t *ret_len)
{
	SECItem *item;
	bool fits;

	/* No useful certificate is longer; the division avoids an overflow of NSS's 32-bit lengths. */
	if (text.len / 4 > CERT_DER_MAX || !is_base64(text))
		return false;
	item = NSSBase64_DecodeBuffer(NULL, NULL, (const char *)text.data, (unsigned int)text.len);
	if (item == NULL)
		return false;
	fits = item->len > 0 && item->len <= size;
	if (fits) {
		memcpy(der, item->data, item->len);
		*ret_len = item->len;
	}
	SECITEM_FreeItem(item, PR_TRUE);
	return fits;
}

enum pem
pem_next(struct cursor *text, uint8_t *der, size_t size, size_t *ret_len)
{
	struct cursor copy = *text;
	struct view before, block;

	if (!skip_to(&copy, BEGIN, &before))
		return PEM_END;
	if (!skip_to(&copy, END, &block) || !decode(block, der, size, ret_len))
		return PEM_BAD;
	*text = copy;
	return PEM_CERT;
}

bool
pem_write(struct view der, char *text, size_t size)
{
	SECItem item = { .type = siBuffer, .data = (unsigned char *)(uintptr_t)der.data,
	    .len = (unsigned int)der.len };
	struct writer w = writer_of(text, size);
	char *base64;

	if (der.len == 0 || der.len > CERT_DER_MAX)
		return false;
	base64 = NSSBase64_EncodeItem(NULL, NULL, 0, &item);
	if (base64 == NULL)
		return false;
	writer_text(&w, BEGIN "\n");
	for (const char *p = base64; *p != '\0'; p++)	/* NSS ends lines with CR LF */
		if (*p != '\r')
			writer_u8(&w, (uint8_t)*p);
	writer_bytes(&w, "\n" END "\n", sizeof "\n" END "\n");	/* NUL included */
	PORT_Free(base64);
	return writer_ok(&w);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/pem: of any text, the next block is taken whole or not at all, NSS's lenient decoder is handed base64 alone, and
 * what it gives back is copied only where it fits. What was written is read back as one block.
 *
 * Source: lib/buf.c
 * Included: nss/pem.c
 * Bound: texts of 18 bytes with marks of 2 ("<B", "<E"), certificates of 5 bytes
 * Entry: any_text written_text
 * Unwind: 24
 * Smaller: nss/pem.c: #define BEGIN "-----BEGIN CERTIFICATE-----" -> #define BEGIN "<B"
 * Smaller: nss/pem.c: #define END "-----END CERTIFICATE-----" -> #define END "<E"
 * Smaller: lib/buf.h: #define BASE64_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" -> #define BASE64_LETTERS "ABa0+/"
 * Defect: [any_text] nss/pem.c: item->len <= size; -> item->len <= size + 1;
 * Defect: [any_text] nss/pem.c: padding > 0 || c == '\0' || -> c == '\0' ||
 * Defect: [any_text] nss/pem.c: return PEM_BAD; -> { *text = copy; return PEM_BAD; }
 * Defect: [any_text] nss/pem.c: digits % 4 == 0 && -> 
 * Defect: [written_text] nss/pem.c: if (*p != '\r') -> if (*p != '\n')
 * Defect: [written_text] nss/pem.c: writer_text(&w, BEGIN "\n"); -> writer_text(&w, BEGIN "=\n");
 */
#include <stdlib.h>
#include <string.h>

#include "nss/pem.c"
#include "tests/prove/prove.h"

#define TEXT 18
#define DECODED 5

static bool
is_blank(char c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

static char handed[TEXT + 1];	/* what the decoder was called with last, without blanks */

/* Stands in for NSS's decoder: any bytes, of which there are no more than the text can hold; or no memory. */
SECItem *
NSSBase64_DecodeBuffer(PLArenaPool *arena, SECItem *out, const char *text, PRUint32 len)
{
	static unsigned char octets[TEXT];
	SECItem *item = malloc(sizeof *item);
	size_t digits = 0, padding = 0;

	(void)arena;
	(void)out;
	promise(len > 0 && len <= TEXT && __CPROVER_r_ok(text, len));
	for (PRUint32 i = 0; i < len; i++) {
		promise(is_blank(text[i]) || text[i] == '=' || (padding == 0 && strchr(BASE64_LETTERS, text[i]) != NULL));
		padding += text[i] == '=';
		if (!is_blank(text[i]))
			handed[digits++] = text[i];
	}
	handed[digits] = '\0';
	promise(digits > 0 && digits % 4 == 0 && padding <= 2);
	if (item == NULL)
		return NULL;
	item->data = octets;
	item->len = nondet_u8();
	assume(item->len <= digits / 4 * 3);
	return item;
}

/* Stands in for NSS's encoder, for one group of four: any of them, with a line end before, within or after it. */
static char encoded[4 + 1];

char *
NSSBase64_EncodeItem(PLArenaPool *arena, char *out, PRUint32 max, SECItem *item)
{
	char *text = malloc(sizeof encoded + 2);
	size_t n = 0, at = nondet_size();

	(void)arena;
	(void)max;
	promise(out == NULL && __CPROVER_r_ok(item->data, item->len));
	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < 4; i++) {
		encoded[i] = i > 1 && nondet_bool() ? '=' : BASE64_LETTERS[nondet_u8() % (sizeof BASE64_LETTERS - 1)];
		assume(encoded[2] != '=' || i < 3 || encoded[3] == '=');
		if (i == at) {
			text[n++] = '\r';
			text[n++] = '\n';
		}
		text[n++] = encoded[i];
	}
	text[n] = '\0';
	return text;
}

void
PORT_Free(void *p)
{
	free(p);
}

void
SECITEM_FreeItem(SECItem *item, PRBool itself)
{
	promise(itself);
	free(item);
}

void
any_text(void)
{
	static uint8_t octets[TEXT];
	uint8_t der[DECODED];
	size_t len = nondet_size(), der_len = 0;
	struct cursor text, before;

	__CPROVER_havoc_object(octets);
	assume(len <= TEXT);
	before = text = cursor_of(LAST_OF(octets, len), len);
	if (pem_next(&text, der, sizeof der, &der_len) != PEM_CERT) {
		promise(text.p == before.p && text.left == before.left && der_len == 0);
		return;
	}
	promise(der_len > 0 && der_len <= sizeof der);
	promise(text.left < before.left && text.p == before.p + (before.left - text.left));
	promise(text.p[-2] == '<' && text.p[-1] == 'E');
}

void
written_text(void)
{
	const uint8_t certificate[3] = { 1, 2, 3 };
	char text[TEXT], *out;
	size_t size = nondet_size(), len = 0;
	uint8_t der[DECODED];
	struct cursor r;
	enum pem got;

	assume(size <= sizeof text);
	out = LAST_OF(text, size);
	if (!pem_write((struct view){ certificate, sizeof certificate }, out, size))
		return;
	r = cursor_of(out, strlen(out));
	got = pem_next(&r, der, sizeof der, &len);
	promise(strcmp(handed, encoded) == 0);
	promise(strchr(out, '\r') == NULL && (got != PEM_CERT || (r.left == 1 && r.p[0] == '\n')));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/base64: NSS's lenient decoder is handed base64 alone, and what it gives back is copied only where it fits.
 *
 * Source: nss/base64.c lib/buf.c
 * Bound: texts of 8 characters, buffers of 5 bytes
 * Unwind: 67
 * Define: memcpy=copy_checked
 * Defect: nss/base64.c: fits = item->len <= size; -> fits = item->len <= size + 1;
 * Defect: nss/base64.c: if (!base64_is_text(text)) -> if (text[0] == 0)
 */
#include <stdlib.h>
#include <string.h>

#include <nssb64.h>
#include <secitem.h>

#include "nss/base64.h"
#include "tests/prove/prove.h"

#define TEXT 8
#define DECODED 5

/* Stands in for NSS's decoder: any bytes, of which there are no more than the text can hold; or no memory. */
SECItem *
NSSBase64_DecodeBuffer(PLArenaPool *arena, SECItem *out, const char *text, PRUint32 len)
{
	static unsigned char octets[TEXT];
	SECItem *item = malloc(sizeof *item);
	bool padding = false;

	(void)arena;
	(void)out;
	promise(len > 0 && __CPROVER_r_ok(text, len));
	for (PRUint32 i = 0; i < len; i++) {
		bool blank = text[i] == '\n' || text[i] == '\r' || text[i] == ' ' || text[i] == '\t';

		promise(blank || text[i] == '=' || (!padding && text[i] != '\0' && strchr(BASE64_LETTERS, text[i]) != NULL));
		padding = padding || text[i] == '=';
	}
	if (item == NULL)
		return NULL;
	item->data = octets;
	item->len = nondet_u8();
	assume(item->len <= len / 4 * 3);
	return item;
}

void
SECITEM_FreeItem(SECItem *item, PRBool itself)
{
	promise(itself);
	free(item);
}

int
main(void)
{
	char letters[TEXT + 1], *text = any_string(letters, sizeof letters);
	uint8_t data[DECODED];
	size_t len;

	if (base64_read(text, data, sizeof data, &len))
		promise(len <= sizeof data && base64_is_text(text));
	return 0;
}

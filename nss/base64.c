/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include <base64.h>
#include <nssb64.h>
#include <secitem.h>

#include "nss/base64.h"
#include "nss/internal.h"

bool
base64_write(struct view bytes, char *ret_text, size_t size)
{
	char *lines = BTOA_DataToAscii(bytes.data, (unsigned int)bytes.len);
	size_t len = 0;
	bool fits = lines != NULL && size > 0;

	for (const char *p = lines; fits && *p != '\0'; p++) {
		if (*p == '\r' || *p == '\n')
			continue;
		fits = len < size - 1;
		if (fits)
			ret_text[len++] = *p;
	}
	if (fits)
		ret_text[len] = '\0';
	PORT_Free(lines);
	return fits;
}

bool
base64_read(const char *text, uint8_t *data, size_t size, size_t *ret_len)
{
	SECItem *item;
	bool fits;

	/* NSS stops silently at the first '=' and skips other characters. */
	if (!base64_is_text(text))
		return false;
	item = NSSBase64_DecodeBuffer(NULL, NULL, text, (unsigned int)strlen(text));
	if (item == NULL)
		return false;
	fits = item->len <= size;
	if (fits) {
		memcpy(data, item->data, item->len);
		*ret_len = item->len;
	}
	SECITEM_FreeItem(item, PR_TRUE);
	return fits;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/der.h"

/*
 * Does not call lib/buf.h, for speed: a list of revoked certificates has thirty million elements. Compare
 * with r->left before each read.
 */
bool
der_header(struct cursor *r, uint8_t *ret_tag, size_t *ret_len)
{
	size_t used = 2, len;

	if (r->left < 2 || (r->p[0] & 0x1f) == 0x1f)	/* or a tag of several bytes */
		return false;
	len = r->p[1];
	if (len >= 0x80) {
		size_t bytes = len & 0x7f;

		if (bytes == 0 || bytes > 4 || bytes > r->left - 2)	/* indefinite, or too long */
			return false;
		len = 0;
		while (used < 2 + bytes)
			len = len << 8 | r->p[used++];
		if (r->p[2] == 0 || len < 0x80)		/* not minimal */
			return false;
	}
	*ret_tag = r->p[0];
	*ret_len = len;
	r->p += used;
	r->left -= used;
	return true;
}

bool
der_get(struct cursor *r, uint8_t tag, struct view *ret_body)
{
	struct cursor copy = *r;
	uint8_t found;
	size_t len;

	if (!der_header(&copy, &found, &len) || found != tag || len > copy.left)
		return false;
	*ret_body = (struct view){ copy.p, len };
	r->p = copy.p + len;
	r->left = copy.left - len;
	return true;
}

bool
der_sequence_size(const uint8_t *head, size_t head_len, size_t *ret_size)
{
	struct cursor r = cursor_of(head, head_len);
	uint8_t tag;
	size_t len;

	if (!der_header(&r, &tag, &len) || tag != DER_SEQUENCE)
		return false;
	*ret_size = head_len - r.left + len;
	return true;
}

bool
der_is_filler(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0 && p[i] != 0xff && p[i] != '\n' && p[i] != '\r' && p[i] != 0x1a)
			return false;
	return true;
}

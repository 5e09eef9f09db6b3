#include "lib/der.h"

bool
der_header(struct reader *r, uint8_t *ret_tag, size_t *ret_len)
{
	struct reader copy = *r;
	uint8_t tag, first, octet;
	size_t len = 0;

	if (!reader_u8(&copy, &tag) || !reader_u8(&copy, &first))
		return false;
	if ((tag & 0x1f) == 0x1f)	/* a tag of several bytes */
		return false;
	if (first < 0x80) {
		len = first;
	} else {
		unsigned int octets = first & 0x7f;

		if (octets == 0 || octets > 4)	/* indefinite, or absurd */
			return false;
		for (unsigned int i = 0; i < octets; i++) {
			if (!reader_u8(&copy, &octet))
				return false;
			if (i == 0 && octet == 0)	/* not minimal */
				return false;
			len = len << 8 | octet;
		}
		if (len < 0x80)		/* not minimal */
			return false;
	}
	*r = copy;
	*ret_tag = tag;
	*ret_len = len;
	return true;
}

bool
der_get(struct reader *r, uint8_t tag, struct view *ret_body)
{
	struct reader copy = *r;
	uint8_t found;
	size_t len;

	if (!der_header(&copy, &found, &len) || found != tag ||
	    !reader_view(&copy, len, ret_body))
		return false;
	*r = copy;
	return true;
}

bool
der_sequence_size(const uint8_t *head, size_t head_len, size_t *ret_size)
{
	struct reader r = reader_of(head, head_len);
	uint8_t tag;
	size_t len;

	if (!der_header(&r, &tag, &len) || tag != DER_SEQUENCE)
		return false;
	*ret_size = head_len - r.left + len;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the DER that a card can send: tag and length of one element, within
 * the bounds of the reader. Definite, minimal lengths only (X.690 §10.1);
 * tags of one byte.
 */
#ifndef JPKI_LIB_DER_H
#define JPKI_LIB_DER_H

#include "lib/buf.h"

enum {
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/*
 * Reads tag and length and moves the reader to the contents. These may be longer than the rest of the
 * input: ret_len is what the length bytes say.
 */
bool der_header(struct cursor *r, uint8_t *ret_tag, size_t *ret_len) MUST_CHECK;

/* Reads one whole element of the given tag and lends its contents. */
bool der_get(struct cursor *r, uint8_t tag, struct view *ret_body) MUST_CHECK;

/*
 * The size of the element that starts with these bytes (four are enough below
 * 64 KiB): for "read the first piece, then the rest". False unless it is a
 * SEQUENCE with a well-formed length.
 */
bool der_sequence_size(const uint8_t *head, size_t head_len, size_t *ret_size) MUST_CHECK;

/* Whether the bytes after an element are only what cards, boot loaders and editors leave there: 00, FF, CR, LF, 1A. */
bool der_is_filler(const uint8_t *p, size_t len) MUST_CHECK;

#endif

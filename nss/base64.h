/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 by NSS, but strict and without line breaks. */
#ifndef JPKI_NSS_BASE64_H
#define JPKI_NSS_BASE64_H

#include "lib/buf.h"

/* With padding, NUL-terminated. False if it does not fit into size bytes, or if out of memory. */
bool base64_write(struct view bytes, char *ret_text, size_t size) MUST_CHECK;

/*
 * Reads text of the base64 alphabet with padding at its end and nothing else (RFC 4648 §4) into data[size].
 * False if it is something else, or does not fit. data may be the text itself.
 */
bool base64_read(const char *text, uint8_t *data, size_t size, size_t *ret_len) MUST_CHECK;

#endif

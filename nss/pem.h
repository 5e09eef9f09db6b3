/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates in PEM (RFC 7468). */
#ifndef JPKI_NSS_PEM_H
#define JPKI_NSS_PEM_H

#include "lib/buf.h"

/*
 * Iterates over the PEM certificates in a text ("-----BEGIN CERTIFICATE-----").
 * Removes the next block from `text`, decodes it into der[size] and stores its
 * length. Text between the blocks is skipped, as RFC 7468 allows.
 *
 * PEM_CERT: one was taken. PEM_END: none is left. PEM_BAD: a block that does not end, is not base64 or does
 * not fit; use nothing of the text then.
 */
enum pem { PEM_CERT, PEM_END, PEM_BAD };
enum pem pem_next(struct cursor *text, uint8_t *der, size_t size, size_t *ret_len) MUST_CHECK;

/*
 * Writes a certificate as PEM, lines of 64 characters, with the newline at
 * the end, NUL-terminated. False if it does not fit into text[size].
 */
bool pem_write(struct view der, char *text, size_t size) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins for functions of <string.h>. Most allow more than these do, for harnesses in which a byte-by-byte model
 * costs too much ("Define: memcpy=..." in the header). What is proved with them is proved for the real ones too:
 * each checks its memory in the same way, and what it gives back may be what the real one gives.
 */
#ifndef JPKI_TESTS_PROVE_ABSTRACT_H
#define JPKI_TESTS_PROVE_ABSTRACT_H

#include <stddef.h>

/* memcpy(3), whose destination keeps what it had: for harnesses that promise nothing of what was copied. */
void *copy_checked(void *restrict to, const void *restrict from, size_t len);

/* memcpy(3), byte by byte: CBMC's own costs more where the length is not a constant. */
void *copy_bytes(void *restrict to, const void *restrict from, size_t len);

/* memchr(3), which finds the byte anywhere or not at all. */
void *find_anywhere(const void *memory, int c, size_t len);

/* memcmp(3), with any result. */
int compare_anyhow(const void *a, const void *b, size_t len);

#endif

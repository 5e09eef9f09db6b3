/* SPDX-License-Identifier: BSD-2-Clause */
/* Line breaks, for a program that makes none itself. */
#ifndef JPKI_LIB_FOLD_H
#define JPKI_LIB_FOLD_H

#include <stddef.h>

/*
 * Copies UTF-8 text with lines of at most that many columns: a line feed replaces blanks, or comes between
 * two characters of Japanese (each two columns wide), but not before a mark that closes or after one that
 * opens. Only a word that is wider than a line makes the line wider. Text that does not fit in size bytes (1 or
 * more, the NUL included) is cut before a whole word or character, and blanks at the end are removed.
 */
void fold_text(const char *text, size_t columns, char *dst, size_t size);

#endif

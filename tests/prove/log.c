/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/log: any text becomes harmless in place, at the length it had, and harmless text stays as it was.
 *
 * Source: lib/log.c
 * Bound: texts of 5 bytes
 * Unwind: 14
 * Defect: lib/log.c: if ((p[i] & 0xc0) != 0x80) -> if (p[i] != 0 && (p[i] & 0x80) != 0x80)
 * Defect: lib/log.c: memset(p, '?', len); -> memset(p, '?', len + 1);
 * Defect: lib/log.c: c < smallest[len] || -> 
 */
#include <string.h>

#include "lib/log.h"
#include "tests/prove/prove.h"

#define LETTERS 6

int
main(void)
{
	char letters[LETTERS], before[LETTERS], *text = any_string(letters, sizeof letters);
	size_t len = strlen(text);
	bool harmless = log_is_harmless(text);

	for (size_t i = 0; i < sizeof letters; i++)
		before[i] = letters[i];
	log_defuse(text);
	promise(strlen(text) == len && log_is_harmless(text));
	for (size_t i = 0; i < sizeof letters; i++) {
		promise(!harmless || letters[i] == before[i]);
		promise(letters[i] == before[i] || letters[i] == '?');
	}
	/* Two bytes of which no character of UTF-8 is made are gone (RFC 3629 §3). */
	for (size_t i = 0; i < len; i++)
		promise((unsigned char)text[i] != 0xc0 && (unsigned char)text[i] != 0xc1 && (unsigned char)text[i] < 0xf5);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harnesses share. CBMC runs a harness over every value that an undefined nondet_ function
 * could return, so whatever is proved is proved for all inputs up to the bound.
 */
#ifndef JPKI_TESTS_PROVE_PROVE_H
#define JPKI_TESTS_PROVE_PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);
int nondet_int(void);

#define assume(condition) __CPROVER_assume(condition)
#define promise(condition) __CPROVER_assert(condition, #condition)

/*
 * The last len bytes of an array: what reads or writes one behind them is found. (Memory of a length that is
 * not known until then costs CBMC much more.)
 */
#define LAST_OF(array, len) ((array) + sizeof(array) - (len))

/* Makes the last bytes of an array a string of any length that fits, without a NUL in it, and returns it. */
static inline char *
any_string(char *array, size_t size)
{
	size_t len = nondet_size();
	char *text;

	assume(len < size);
	text = array + size - len - 1;
	for (size_t i = 0; i < size - 1; i++)
		assume(i >= len || text[i] != '\0');
	text[len] = '\0';
	return text;
}

/* Fills a field with a text of any length that fits. */
static inline void
fill_field(char *field, size_t size)
{
	size_t len = nondet_size();

	assume(len < size);
	for (size_t i = 0; i < len; i++) {
		field[i] = (char)nondet_u8();
		assume(field[i] != '\0');
	}
	field[len] = '\0';
}

#endif

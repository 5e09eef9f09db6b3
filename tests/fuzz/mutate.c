/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/mutate.h"

#define ELEMENTS_MAX 512
#define STEPS_MAX 512
#define PIECE_MAX 1024
#define DEPTH_MAX 12

size_t
mutate_bytes(uint8_t *data, size_t size, size_t max)
{
	return LLVMFuzzerMutate != NULL ? LLVMFuzzerMutate(data, size, max) : size;
}

static unsigned int
next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

/* Replaces `old` bytes at `at`. False if there is no room. */
static bool
splice(uint8_t *data, size_t *size, size_t max, size_t at, size_t old, const uint8_t *new, size_t new_len)
{
	if (*size - old + new_len > max)
		return false;
	memmove(data + at + new_len, data + at + old, *size - at - old);
	if (new_len > 0)
		memcpy(data + at, new, new_len);
	*size = *size - old + new_len;
	return true;
}

/* --- DER ---------------------------------------------------------------------------------- */

struct element {
	size_t at, header, len;		/* of the contents */
	int parent;			/* -1: none */
};

static struct element elements[ELEMENTS_MAX];
static int element_count;

static bool
read_header(const uint8_t *data, size_t at, size_t end, struct element *ret)
{
	size_t bytes;

	if (end - at < 2)
		return false;
	*ret = (struct element){ .at = at, .header = 2, .len = data[at + 1] };
	bytes = ret->len & 0x7f;
	if (ret->len >= 0x80) {
		if (bytes == 0 || bytes > 3 || end - at < 2 + bytes)
			return false;
		ret->len = 0;
		for (size_t i = 0; i < bytes; i++)
			ret->len = ret->len << 8 | data[at + 2 + i];
		ret->header = 2 + bytes;
	}
	return ret->len <= end - at - ret->header;
}

/* Notes the elements up to the first bytes that are not one, and those within constructed ones and OCTET STRINGs. */
static void
collect(const uint8_t *data, size_t at, size_t end, int parent, unsigned int depth)
{
	struct element e;

	while (at < end && element_count < ELEMENTS_MAX && read_header(data, at, end, &e)) {
		int index = element_count++;

		e.parent = parent;
		elements[index] = e;
		if ((data[at] & 0x20 || data[at] == 0x04) && depth < DEPTH_MAX)
			collect(data, at + e.header, at + e.header + e.len, index, depth + 1);
		at += e.header + e.len;
	}
}

static size_t
write_length(size_t len, uint8_t ret[static 4])
{
	if (len < 0x80) {
		ret[0] = (uint8_t)len;
		return 1;
	}
	if (len < 0x100) {
		ret[0] = 0x81;
		ret[1] = (uint8_t)len;
		return 2;
	}
	ret[0] = 0x82;
	ret[1] = (uint8_t)(len >> 8);
	ret[2] = (uint8_t)len;
	return 3;
}

/* The contents of these elements, innermost first, have become `grown` longer. */
static bool
fit_lengths(uint8_t *data, size_t *size, size_t max, int index, ptrdiff_t grown)
{
	for (; index >= 0; index = elements[index].parent) {
		struct element *e = &elements[index];
		uint8_t bytes[4];
		size_t n = write_length((size_t)((ptrdiff_t)e->len + grown), bytes);

		if (!splice(data, size, max, e->at + 1, e->header - 1, bytes, n))
			return false;
		grown += (ptrdiff_t)n - (ptrdiff_t)(e->header - 1);
	}
	return true;
}

/* New contents of an element. */
static size_t
change_contents(uint8_t *piece, size_t len, unsigned int *seed)
{
	unsigned int at;

	if (len > 0 && next_random(seed) % 4 != 0) {
		at = next_random(seed) % (unsigned int)len;
		piece[at] = (uint8_t)next_random(seed);
		return len;
	}
	if (LLVMFuzzerMutate != NULL)
		return LLVMFuzzerMutate(piece, len, PIECE_MAX);
	piece[len] = (uint8_t)next_random(seed);
	return len < PIECE_MAX - 1 ? len + 1 : len;
}

static size_t
edit_contents(uint8_t *data, size_t size, size_t max, int index, unsigned int *seed)
{
	struct element e = elements[index];
	uint8_t piece[PIECE_MAX];
	size_t old = e.len < PIECE_MAX - 1 ? e.len : PIECE_MAX - 1, new_len;

	memcpy(piece, data + e.at + e.header, old);
	new_len = change_contents(piece, old, seed);
	if (!splice(data, &size, max, e.at + e.header, old, piece, new_len) ||
	    !fit_lengths(data, &size, max, index, (ptrdiff_t)new_len - (ptrdiff_t)old))
		return 0;
	return size;
}

/* Puts a copy of another element in its place, or before it; or deletes it. */
static size_t
edit_element(uint8_t *data, size_t size, size_t max, int index, unsigned int *seed)
{
	const struct element *e = &elements[index];
	const struct element *other = &elements[next_random(seed) % (unsigned int)element_count];
	size_t whole = e->header + e->len, old = next_random(seed) % 2 ? whole : 0;
	size_t new_len = old != 0 && next_random(seed) % 3 == 0 ? 0 : other->header + other->len;
	uint8_t piece[PIECE_MAX];

	if (new_len > sizeof piece)
		return 0;
	memcpy(piece, data + other->at, new_len);
	if (!splice(data, &size, max, e->at, old, piece, new_len) ||
	    !fit_lengths(data, &size, max, e->parent, (ptrdiff_t)new_len - (ptrdiff_t)old))
		return 0;
	return size;
}

size_t
mutate_der(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t new_size;
	int index;

	element_count = 0;
	collect(data, 0, size, -1, 0);
	if (element_count == 0 || next_random(&seed) % 16 == 0)
		return mutate_bytes(data, size, max);
	index = (int)(next_random(&seed) % (unsigned int)element_count);
	switch (next_random(&seed) % 4) {
	case 0:
		data[elements[index].at] = (uint8_t)next_random(&seed);
		return size;
	case 1:
		new_size = edit_element(data, size, max, index, &seed);
		break;
	default:
		new_size = edit_contents(data, size, max, index, &seed);
	}
	return new_size != 0 ? new_size : size;
}

/* --- sequences ------------------------------------------------------------------------------ */

size_t
mutate_steps(uint8_t *data, size_t size, size_t max, unsigned int seed,
    size_t (*step_len)(const uint8_t *data, size_t size), const struct mutate_step *given, size_t given_count)
{
	size_t at[STEPS_MAX + 1], count = 0, one, other;
	const struct mutate_step *new;
	uint8_t piece[PIECE_MAX];

	for (size_t n = 0; n < size && count < STEPS_MAX; n += step_len(data + n, size - n))
		at[count++] = n;
	at[count] = size;
	if (count == 0 || next_random(&seed) % 8 == 0)
		return mutate_bytes(data, size, max);
	one = next_random(&seed) % count;
	other = next_random(&seed) % count;
	new = &given[next_random(&seed) % given_count];
	switch (next_random(&seed) % 5) {
	case 0:		/* delete */
		(void)splice(data, &size, max, at[one], at[one + 1] - at[one], NULL, 0);
		break;
	case 1:		/* another one of this input, before it */
		if (at[other + 1] - at[other] <= sizeof piece) {
			memcpy(piece, data + at[other], at[other + 1] - at[other]);
			(void)splice(data, &size, max, at[one], 0, piece, at[other + 1] - at[other]);
		}
		break;
	case 2:		/* a given one before it */
		(void)splice(data, &size, max, at[one], 0, new->data, new->len);
		break;
	case 3:		/* or in its place */
		(void)splice(data, &size, max, at[one], at[one + 1] - at[one], new->data, new->len);
		break;
	case 4:		/* a byte of it */
		data[at[one] + next_random(&seed) % (at[one + 1] - at[one])] = (uint8_t)next_random(&seed);
		break;
	}
	return size;
}

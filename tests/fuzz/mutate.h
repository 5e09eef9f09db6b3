/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations that keep the form of an input, so that a search gets past the first bytes that a parser
 * looks at. A harness calls one of them from LLVMFuzzerCustomMutator().
 */
#ifndef JPKI_TESTS_FUZZ_MUTATE_H
#define JPKI_TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own mutation; replay.c and AFL++ have none. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* libFuzzer's own mutation, which keeps no form; nothing without it. Returns the new size. */
size_t mutate_bytes(uint8_t *data, size_t size, size_t max);

/*
 * Changes one element of DER: its contents, its tag, or the element as a whole (deleted, doubled, replaced
 * by another of the same input). The lengths of all elements around it fit again. Returns the new size.
 */
size_t mutate_der(uint8_t *data, size_t size, size_t max, unsigned int seed);

/*
 * Changes one step of a sequence; step_len() says how many bytes the step at data has (at least 1, at most
 * size). Steps are deleted, doubled, exchanged, or get one of the given ones.
 */
struct mutate_step {
	const uint8_t *data;
	size_t len;
};
size_t mutate_steps(uint8_t *data, size_t size, size_t max, unsigned int seed,
    size_t (*step_len)(const uint8_t *data, size_t size), const struct mutate_step *given, size_t given_count);

#endif

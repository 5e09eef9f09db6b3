/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the harnesses share. Each has the two functions of libFuzzer and can be linked to
 * libFuzzer, to AFL++'s driver, or to replay.c, which runs files once. An input is judged
 * by what must hold of every outcome, not only by not crashing.
 */
#ifndef JPKI_TESTS_FUZZ_H
#define JPKI_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/log.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program as a crash does, whatever NDEBUG says. */
#define CHECK(what) ((what) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #what))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* The next byte of the input, 0 past its end. */
uint8_t fuzz_u8(struct cursor *in);
/* The next bytes, as many as there are. */
struct view fuzz_bytes(struct cursor *in, size_t max);
/* The same as a string: cut at a NUL and at size - 1. */
void fuzz_string(struct cursor *in, size_t max, char *ret_text, size_t size);
/* Whatever is left, NUL-terminated, on the heap, where the sanitizer sees its end; free(). */
char *fuzz_text(struct cursor *in);

/* Looks at every line that is logged: one line, printable, terminated. */
extern const struct log fuzz_log;

/* A file without a name that holds these bytes, at offset 0; the caller's. */
int fuzz_file(const void *data, size_t len);

/* A directory of this process, 0755, removed at its end. */
const char *fuzz_dir(void);
/* Writes DIR/name (0644) and returns its path, which lives until the next call. */
const char *fuzz_path(const char *name);
const char *fuzz_write(const char *name, const void *data, size_t len);
/* The same for any path. */
void fuzz_write_to(const char *path, const void *data, size_t len);

#endif

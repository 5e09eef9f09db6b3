/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of the test's own, without a symbolic link on the way to it.
 * The functions fail the test, so they return what they promise.
 */
#ifndef JPKI_TESTS_UNIT_SCRATCH_H
#define JPKI_TESTS_UNIT_SCRATCH_H

#include <stddef.h>
#include <sys/types.h>

/* cmocka group or test fixtures; scratch_dir() is valid between them. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* DIR/name; lent until the teardown. */
const char *scratch_path(const char *name);

/* Writes a file (mode 0644 whatever the umask) and returns its path. */
const char *scratch_file(const char *name, const void *data, size_t len);
const char *scratch_text(const char *name, const char *text);
const char *scratch_mkdir(const char *name, mode_t mode);

/* The number of entries of a directory. */
size_t scratch_count(const char *dir);

/* Whether this is exactly the file's content. */
int scratch_holds(const char *path, const char *text);

#endif

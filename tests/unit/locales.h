/* SPDX-License-Identifier: BSD-2-Clause */
/* A Japanese locale for a test, whatever the machine has installed. */
#ifndef JPKI_TESTS_UNIT_LOCALES_H
#define JPKI_TESTS_UNIT_LOCALES_H

#include <stdbool.h>

/*
 * Compiles ja_JP.UTF-8 into a directory of its own and makes LOCPATH point to it, where
 * glibc then looks for nothing else. Once for a process. False, with the reason printed: this machine cannot.
 */
bool locales_make(void);
void locales_remove(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* A question that is answered yes or no. */
#ifndef JPKI_TOOLS_COMMON_AGREE_H
#define JPKI_TOOLS_COMMON_AGREE_H

#include <stdbool.h>

#include "lib/outcome.h"

/*
 * Prints the question and "[Y/n]" or "[y/N]" to standard output and reads a line of standard input.
 * An empty line is what by_default says, any other is as rpmatch(3) takes it; no line (end of input) and
 * what is neither yes nor no is no.
 */
bool agree_by_line(const char *question, bool by_default) MUST_CHECK;

#endif

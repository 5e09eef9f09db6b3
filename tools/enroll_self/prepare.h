/* SPDX-License-Identifier: BSD-2-Clause */
/* Replaces what an unprivileged caller has chosen for a program of root's: streams, signals, limits, environment. */
#ifndef JPKI_TOOLS_ENROLL_SELF_PREPARE_H
#define JPKI_TOOLS_ENROLL_SELF_PREPARE_H

#include <stdbool.h>

/*
 * Memory (no core dump, no tracing), descriptors (the standard streams are open, nothing else is), signals
 * (their own effect, none blocked), limits, working directory, umask, and the environment: a PATH, and the
 * language, if its name is a name and no path. False: the process must end.
 */
bool prepare_process(void) __attribute__((warn_unused_result));

/*
 * The reader of the command line: nothing, or "--reader NAME". True with *ret, NULL for any reader. False: other
 * words, or a name that is too long, not UTF-8 or has control characters.
 */
bool prepare_reader(int argc, char *const *argv, const char **ret) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What jpki_fetch may call once a server talks to it: the half of its cage that no execve(2) may come after. */
#ifndef JPKI_TOOLS_FETCH_FILTER_H
#define JPKI_TOOLS_FETCH_FILTER_H

#include <stdbool.h>

#include "lib/log.h"

/*
 * For good: nobody may trace this process or read its memory, and a seccomp filter in which threads,
 * reading, and sockets for the network remain. Another program, another process, a signal to one, or
 * tracing one ends the process at once (SIGSYS); what is not known here does not exist (ENOSYS), such
 * as other services of this machine (AF_UNIX: pcscd) and terminals. A kernel without filters is
 * logged as a warning. False, logged: it has them, and refuses.
 */
bool fetchfilter_enter(const struct log *log) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that jpki_fetch and jpki_ldap may make while they talk to a server: the part of their cage that
 * must come after execve(2).
 */
#ifndef JPKI_TOOLS_FETCH_FILTER_H
#define JPKI_TOOLS_FETCH_FILTER_H

#include <stdbool.h>

#include "lib/log.h"

/*
 * Permanent: no other process may trace this one or read its memory, and a seccomp filter allows only
 * threads, reading, and network sockets. A call that starts a program or a process, signals one or traces
 * one kills the process (SIGSYS); any other call fails (ENOSYS), also those for local services (AF_UNIX:
 * pcscd) and terminals. A kernel without filters is logged as a warning. False, logged: the kernel has
 * filters, but refuses this one. who: the program, for the log.
 */
bool fetchfilter_enter(const char *who, const struct log *log) __attribute__((warn_unused_result));

#endif

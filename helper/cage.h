/*
 * What jpki_helper takes away from itself, so that whoever gets hold of it through a hostile
 * card, a file or a message holds a process that can read files, talk to what is connected
 * already, and nothing else. SECURITY.md says what each part is for.
 */
#ifndef JPKI_HELPER_CAGE_H
#define JPKI_HELPER_CAGE_H

#include <stdbool.h>

#include "lib/log.h"
#include "lib/outcome.h"

/*
 * Before anything is read: no core dump, nobody may trace us, no privilege comes back by an
 * exec, and limits on descriptors, memory, processor time and on what could be written
 * (setrlimit(2)). What the system refuses it goes on without.
 */
void cage_harden(void);

/*
 * Becomes this user for good, with its groups; for a process of root alone (any other stays
 * who it is: JPKI_OK). CONFIG (logged): there is no such user, or it is root. INTERNAL: the
 * system refuses, or would give root back.
 */
struct outcome cage_become(const char *user, const struct log *log) MUST_CHECK;

/*
 * A seccomp filter, for good. Reading files, time, memory, and sockets of the local machine
 * (AF_UNIX) to connect to pcscd remain. Executing a program, any other socket, opening a file to
 * write, changing names, modes or owners, signals to others, tracing and mounting end the
 * process at once (SIGSYS); what is not known here does not exist (ENOSYS).
 *
 * JPKI_OK also where the kernel has no such filters (logged as a warning). INTERNAL: it has,
 * and refuses ours.
 */
struct outcome cage_enter(const struct log *log) MUST_CHECK;

/*
 * From now on no socket at all and no connection: they end the process. After cage_enter() only,
 * once pcscd is connected and before a card has said a word. JPKI_OK, INTERNAL.
 */
struct outcome cage_seal(const struct log *log) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rights that jpki_helper gives up, so that an attacker who takes it over through a hostile
 * card, a file or a message holds a process that can read what a login reads, talk to what is
 * connected already, and nothing else. Three layers, each for what the others leave open:
 *
 *	the user	the files and processes of root and of other users
 *	Landlock	the files of this user, the processes of this user, /proc, /dev, TCP
 *	seccomp		calls: programs, processes, signals, sockets, writing, the kernel's seldom
 *			used parts
 *
 * It can still see whether a file exists and how large it is (stat(2)), where the directories
 * above it let its user see that. SECURITY.md says what each part is for.
 */
#ifndef JPKI_HELPER_CAGE_H
#define JPKI_HELPER_CAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/conf.h"
#include "lib/log.h"
#include "lib/outcome.h"

/*
 * Before anything is read: confine_detach() (lib/confine.h), keeping PROTO_FD alone, with limits on
 * descriptors, memory, processor time and on what could be written. False: the helper must end.
 */
bool cage_prepare(void) MUST_CHECK;

/*
 * Changes the user and restricts files and system calls, for good. Connect to pcscd before
 * (pcsc_connect()): it may admit root and not the user.
 *
 * A helper of root becomes conf->helper_user; "auto" is HELPER_USER (config.h), or root if there is
 * no such user, or if the right to change it is missing, which is logged. Any other process keeps
 * its user. Neither has a capability from here on.
 *
 * Files: those of helper/reach.h. A kernel without Landlock is logged as a warning.
 *
 * The filter (seccomp(2)): reading files, time, memory, and sockets of the local machine (AF_UNIX)
 * to connect to pcscd remain. Executing a program, any other socket, opening a file to write,
 * changing names, modes or owners, signals to others, by kill(2) or by owning a descriptor
 * (fcntl(2), F_SETOWN), tracing and mounting kill the process (SIGSYS); a call that is not listed
 * fails with ENOSYS. A kernel without filters is logged as a warning.
 *
 * host_keys: sshd's public host keys are read (a challenge is going to name one). OUTCOME_OK. CONFIG
 * (logged): helper_user names no user, or root. INTERNAL: the kernel supports it, and refuses.
 */
struct outcome cage_enter(const struct conf *conf, bool host_keys, const struct log *log) MUST_CHECK;

/*
 * From now on sockets and connections kill the process. Call it after cage_enter(), once pcscd is
 * connected and before a card has sent anything. OUTCOME_OK, INTERNAL. If the kernel has no filters
 * it does nothing; cage_enter() has logged that.
 */
struct outcome cage_seal(const struct log *log) MUST_CHECK;

/*
 * Writes the filter of cage_enter() as it would be on another architecture (SCMP_ARCH_…), in the
 * form of struct sock_filter, to fd: for tests. False: libseccomp failed.
 */
bool cage_export(uint32_t architecture, int fd) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of jpki-askpass between its calls within one ssh: the host key of the server, and whether its
 * challenge has been handled. One small file each, named by id and start time of the ssh process (so that a
 * later process with that id is never meant), in a directory that only the user can enter:
 * $XDG_RUNTIME_DIR/jpki-ssh, or /tmp/jpki-ssh-UID, or, if that belongs to another user, $HOME/.jpki-ssh.
 */
#ifndef JPKI_TOOLS_SSH_HOSTKEY_NOTE_H
#define JPKI_TOOLS_SSH_HOSTKEY_NOTE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "flow/possession/sshwire.h"

/*
 * The directory, created if necessary. False, with errno: it cannot be created, or is not a directory that
 * belongs to us and only we can enter (EPERM).
 */
bool hostkey_note_directory(char ret_path[static PATH_MAX]) MUST_CHECK;

/*
 * DIR/PID.START.WHAT, the name of a note about a process. False, with errno: there is no such
 * process (ESRCH), or the name is too long.
 */
bool hostkey_note_path(const char *dir, pid_t ssh, const char *what, char path[static PATH_MAX]) MUST_CHECK;

/* Stores the host key that the process `ssh` has got from its server; false with errno. */
bool hostkey_note_write(const char *dir, pid_t ssh, const char *hostkey) MUST_CHECK;

/* The last one stored; false (and "") if there is none. */
bool hostkey_note_find(const char *dir, pid_t ssh, char ret[static SSHWIRE_HOSTKEY_LEN + 1]);

/*
 * Marks this process's challenge as handled. False if it was marked already (EEXIST), or if the file cannot
 * be created.
 */
bool hostkey_note_first_challenge(const char *dir, pid_t ssh) MUST_CHECK;

/* Removes the notes of processes that are gone. */
void hostkey_note_clean(const char *dir);

#endif

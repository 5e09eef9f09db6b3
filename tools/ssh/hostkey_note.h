/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What jpki-askpass has to know from one call to the next within one ssh: the host key that this
 * ssh has met, and whether its challenge has been dealt with. One small file each, named after
 * the ssh process (id and start, so that another process with that id is never meant), in a
 * directory that is the user's alone: $XDG_RUNTIME_DIR/jpki-ssh, or /tmp/jpki-ssh-UID, or, should
 * that be somebody else's, $HOME/.jpki-ssh.
 */
#ifndef JPKI_TOOLS_SSH_HOSTKEY_NOTE_H
#define JPKI_TOOLS_SSH_HOSTKEY_NOTE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "flow/possession/sshwire.h"

/*
 * The directory, made if need be. False, with errno: it cannot be made, or is not a directory
 * that belongs to us and nobody else may enter (EPERM).
 */
bool hostkey_note_directory(char ret_path[static PATH_MAX]) MUST_CHECK;

/*
 * DIR/PID.START.WHAT, the name of a note about a process. False, with errno: there is no such
 * process (ESRCH), or the name is too long.
 */
bool hostkey_note_path(const char *dir, pid_t ssh, const char *what, char path[static PATH_MAX]) MUST_CHECK;

/* Notes the host key that the process `ssh` has met; false with errno. */
bool hostkey_note_write(const char *dir, pid_t ssh, const char *hostkey) MUST_CHECK;

/* The one it has met last; false (and "") if none was noted. */
bool hostkey_note_find(const char *dir, pid_t ssh, char ret[static SSHWIRE_HOSTKEY_LEN + 1]);

/*
 * Notes that this process's challenge has been dealt with. False if it had been before (EEXIST),
 * or if it cannot be noted.
 */
bool hostkey_note_first_challenge(const char *dir, pid_t ssh) MUST_CHECK;

/* Removes the notes of processes that are gone. */
void hostkey_note_clean(const char *dir);

#endif

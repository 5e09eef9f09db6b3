/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks the screen, ends the session or shows a text, by D-Bus calls to programs of the desktop. */
#ifndef JPKI_TOOLS_WATCH_DESKTOP_H
#define JPKI_TOOLS_WATCH_DESKTOP_H

#include <stdbool.h>

#include "lib/log.h"

/*
 * Whether the next two can work: built with libsystemd and, for a logout, in a session
 * that logind knows (its id; "" for none). False: logged.
 */
bool desktop_can_act(bool logout, const char *session, const struct log *log);

/*
 * Locks the screen by logind (LockSession) and by the owner of org.freedesktop.ScreenSaver, within ten
 * seconds. False, logged: neither accepted it.
 */
bool desktop_lock(const char *session, const struct log *log);

/* Ends the session (logind, TerminateSession). False, logged. */
bool desktop_log_out(const char *session, const struct log *log);

/* Shows a notification until the user closes it. False, logged: nothing took it within five seconds. */
bool desktop_tell(const char *title, const char *text, const struct log *log);

/* Shows a notification for a few seconds, not waiting for an answer. */
void desktop_notify(const char *title, const char *text, const struct log *log);

#endif

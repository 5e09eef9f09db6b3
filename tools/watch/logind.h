/* SPDX-License-Identifier: BSD-2-Clause */
/* The session that jpki-watch runs in, from its environment and from logind, if it runs. */
#ifndef JPKI_TOOLS_WATCH_LOGIND_H
#define JPKI_TOOLS_WATCH_LOGIND_H

#include <stdbool.h>

#define SESSION_TEXT_MAX 256

struct session {
	char id[SESSION_TEXT_MAX];	/* logind's; "" for none */
	char service[SESSION_TEXT_MAX];	/* the PAM service that opened it; "" if unknown */
	char cert[SESSION_TEXT_MAX];	/* the card that opened it, as the module left it; "" for none */
	char leader[SESSION_TEXT_MAX];	/* the process that set these two and opened the session; "" for none */
	bool known;			/* to logind */
	bool remote;			/* a remote session: its user is not at the readers of this machine */
};

/*
 * Queries logind for the session XDG_SESSION_ID, that of this process, or the user's active one (a unit of
 * the user belongs to no session). Values of the environment about an ended session, or a card that opened
 * another one, are dropped.
 */
void logind_session_find(struct session *ret);

/* Whether logind knew the session and now reports that it has ended. */
bool logind_session_is_over(const struct session *s);

#endif

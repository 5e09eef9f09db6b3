/* SPDX-License-Identifier: BSD-2-Clause */
/* The session that jpki-watch runs in: by its environment and, where there is one, logind. */
#ifndef JPKI_TOOLS_WATCH_LOGIND_H
#define JPKI_TOOLS_WATCH_LOGIND_H

#include <stdbool.h>

#define SESSION_TEXT_MAX 256

struct session {
	char id[SESSION_TEXT_MAX];	/* logind's; "" for none */
	char service[SESSION_TEXT_MAX];	/* the PAM service that opened it; "" if nobody knows */
	char cert[SESSION_TEXT_MAX];	/* the card that opened it, as the module left it; "" for none */
	char leader[SESSION_TEXT_MAX];	/* the process that left the two, and opened their session; "" for none */
	bool known;			/* to logind */
	bool remote;			/* opened from afar: the readers here are none of its person's */
};

/*
 * Logind is asked for the session XDG_SESSION_ID, that of this process, or the one that the
 * user looks at (for a unit of the user's is in none). What the environment says of a session that
 * has ended, or of a card that opened another one, is forgotten.
 */
void logind_session_find(struct session *ret);

/* Whether logind knew the session and now says that it has ended. */
bool logind_session_is_over(const struct session *s);

#endif

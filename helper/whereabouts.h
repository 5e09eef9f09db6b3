/*
 * Where the person is, when the application did not tell (pam/guard.h): su,
 * sudo and polkit say nothing of the session they run in (doc/facts/consumers.md
 * §2.3). logind knows, where there is one; after it utmp.
 */
#ifndef JPKI_HELPER_WHEREABOUTS_H
#define JPKI_HELPER_WHEREABOUTS_H

#include "lib/log.h"
#include "lib/place.h"

/*
 * What logind says of the session this process belongs to (sd_pid_get_session,
 * sd_session_is_remote). PLACE_UNDECIDED: no logind, no session, or built without libsystemd.
 */
enum place whereabouts_by_logind(const struct log *log);

/*
 * What utmp says of a terminal, "/dev/pts/1" or "pts/1". PLACE_UNDECIDED:
 * no entry; or one of a multiplexer (tmux, screen), who may be looked at from anywhere.
 */
enum place whereabouts_by_utmp(const char *terminal);

/* The two in this order; "" for no terminal. */
enum place whereabouts(const char *terminal, const struct log *log);

#endif

/*
 * Is the person who logs in at this machine, or somewhere else? Whoever is
 * somewhere else must not reach the card that lies in this machine's reader
 * (doc/facts/consumers.md §2.3): sshd would turn every password typed from afar
 * into an attempt at it.
 *
 * Here is what the application tells; where that decides nothing, the helper
 * asks the system (helper/whereabouts.h).
 */
#ifndef JPKI_PAM_GUARD_H
#define JPKI_PAM_GUARD_H

#include <stdbool.h>

#include "lib/place.h"

/* As the application left them; each may be NULL. */
struct guard_facts {
	const char *service;		/* PAM_SERVICE */
	const char *tty;		/* PAM_TTY */
	const char *rhost;		/* PAM_RHOST */
	const char *ssh_connection;	/* SSH_CONNECTION in the PAM environment */
};

/*
 * Any sign of a remote user counts; local are the machine's own virtual
 * consoles and X displays. Undecided is what sits on a pseudo-terminal, or on none.
 */
enum place guard_place(const struct guard_facts *f);

/* sshd itself, which says so in two places, and not what runs in one of its sessions. */
bool guard_is_sshd(const struct guard_facts *f);

/* "/dev/tty1" or "tty1", but not a serial line, nor a pseudo-terminal. */
bool guard_is_console(const char *tty);

#endif

/*
 * Is the person who logs in at this machine, or somewhere else? Whoever is
 * somewhere else must not reach the card that lies in this machine's reader
 * (facts/consumers.md §2.3): sshd would turn every password typed from afar
 * into an attempt at it.
 */
#ifndef JPKI_PAM_GUARD_H
#define JPKI_PAM_GUARD_H

#include <stdbool.h>

/* As the application left them; each may be NULL. */
struct guard_facts {
	const char *service;		/* PAM_SERVICE */
	const char *tty;		/* PAM_TTY */
	const char *rhost;		/* PAM_RHOST */
	const char *ssh_connection;	/* SSH_CONNECTION in the PAM environment */
};

/* Any sign of a remote user counts. */
bool guard_is_remote(const struct guard_facts *f);

#endif

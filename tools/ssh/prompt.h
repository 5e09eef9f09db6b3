/* SPDX-License-Identifier: BSD-2-Clause */
/* What ssh asks through its askpass, and whether it is a challenge that this user may sign. */
#ifndef JPKI_TOOLS_SSH_PROMPT_H
#define JPKI_TOOLS_SSH_PROMPT_H

#include "flow/possession/sshwire.h"

enum prompt {
	PROMPT_OTHER,		/* a password, a host key, somebody else's question */
	PROMPT_CHALLENGE,	/* a challenge for the very user and host that ssh connects to */
	/* Challenges that are not signed: */
	PROMPT_MALFORMED,
	PROMPT_NO_ORIGIN,	/* ssh did not say who asks: older than 8.5, or no ssh at all */
	PROMPT_OTHER_USER,
	PROMPT_OTHER_HOST,	/* somebody hands another server's challenge on */
};

struct ssh_prompt {
	char user[SSHWIRE_NAME_MAX], host[SSHWIRE_NAME_MAX];	/* as ssh itself says; "" if it did not */
	struct sshwire_challenge challenge;
};

/*
 * ssh writes "(user@host) " before everything that comes from a server, and that is the only
 * part of a prompt which the server does not write (doc/facts/consumers.md §2.1). The challenge is
 * the last line; messages of other modules may stand between. Names are those that ssh uses:
 * HostName or HostKeyAlias, without the port.
 */
enum prompt prompt_read(const char *text, struct ssh_prompt *ret);

/* Whether ssh says that a server asks: then the server has written the text. */
bool prompt_is_from_server(const char *text);

/*
 * Whether the answer is known to be for this machine: a passphrase, the PIN of another token, a
 * host key. All others may go to the server, whether it asks ("(user@host) ...") or ssh
 * does on its behalf ("user@host's password: ").
 */
bool prompt_stays_here(const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* Classifies a prompt of ssh: is it a challenge that this user may sign? */
#ifndef JPKI_TOOLS_SSH_PROMPT_H
#define JPKI_TOOLS_SSH_PROMPT_H

#include "flow/possession/sshwire.h"

enum prompt {
	PROMPT_OTHER,		/* a password, a host key, or another program's prompt */
	PROMPT_CHALLENGE,	/* a challenge for the same user and host that ssh connects to */
	/* Challenges that are not signed: */
	PROMPT_MALFORMED,
	PROMPT_NO_ORIGIN,	/* ssh did not name the server: older than 8.5, or not ssh */
	PROMPT_OTHER_USER,
	PROMPT_OTHER_HOST,	/* the challenge of another server, relayed */
};

struct ssh_prompt {
	char user[SSHWIRE_NAME_MAX], host[SSHWIRE_NAME_MAX];	/* as named by ssh; "" if it did not */
	struct sshwire_challenge challenge;
};

/*
 * ssh writes "(user@host) " before all text from a server. Only this part of a prompt is not written by the
 * server (doc/facts/consumers.md §2.1). The challenge is the last line; messages of other modules may
 * precede it. The names are those that ssh uses: HostName or HostKeyAlias, without the port.
 */
enum prompt prompt_read(const char *text, struct ssh_prompt *ret);

/* Whether ssh marks the prompt as a server's: then the server has written the text. */
bool prompt_is_from_server(const char *text);

/*
 * Whether the answer is known to stay on this machine: a passphrase, the PIN of another token, a host key.
 * Any other answer may go to the server, if the server asks ("(user@host) ...") or ssh asks for it
 * ("user@host's password: ").
 */
bool prompt_stays_here(const char *text);

#endif

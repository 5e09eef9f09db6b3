/* SPDX-License-Identifier: BSD-2-Clause */
/* Where ssh would have looked for host keys without us. */
#ifndef JPKI_TOOLS_SSH_KNOWN_H
#define JPKI_TOOLS_SSH_KNOWN_H

/*
 * The KnownHostsCommand of the user's and the site's own configuration, as ssh_config(5) takes it:
 * quotes and tokens as they were written. Asks "ssh -G", which evaluates the
 * configuration for these arguments, and so runs the commands of "Match exec" once more.
 * config: the file of -F, or NULL; words: the other arguments, up to a NULL. Allocated; NULL if there
 * is none, if ssh does not like the arguments (it will say so when it is run), or without memory.
 */
char *known_hosts_command(const char *config, char *const *words);

#endif

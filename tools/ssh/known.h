/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the KnownHostsCommand that ssh would use without us. */
#ifndef JPKI_TOOLS_SSH_KNOWN_H
#define JPKI_TOOLS_SSH_KNOWN_H

/*
 * The KnownHostsCommand of the user's and the site's own configuration, as ssh_config(5) takes it:
 * quotes and tokens as they were written. Runs "ssh -G", which evaluates the configuration for these
 * arguments, and so runs the commands of "Match exec" once more. config: the file of -F, or NULL;
 * words: the other arguments, up to a NULL. Allocated; NULL if there is none, if ssh rejects the
 * arguments (it reports that when it is run), or if out of memory.
 */
char *known_hosts_command(const char *config, char *const *words);

#endif

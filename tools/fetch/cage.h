/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is taken from jpki_fetch before it is started, so that a server that takes it over holds a
 * process that can read what everybody can about names, hosts and certificates, talk to the network,
 * and write the files it was given. The rest it takes from itself (tools/fetch/filter.h).
 */
#ifndef JPKI_TOOLS_FETCH_CAGE_H
#define JPKI_TOOLS_FETCH_CAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/confine.h"

/*
 * In the child that is to become `program` by execve(2), with the standard streams and the
 * descriptors up to `last` in place, none of them a terminal; all others are closed. No file grows
 * beyond file_max octets, no more memory than data_max; then the user, no capability, the files that
 * libcurl and the resolver read, and the end with the process `parent` (confine()). Only what is
 * below /usr, /lib, /lib64, and the program, can be executed.
 *
 * True: *ret_landlock as of confine(). False, with errno: the child must end.
 */
struct fetchcage {
	const char *program;
	const struct confine_user *user;
	int last;
	uint64_t file_max, data_max;
	pid_t parent;
};
bool fetchcage_enter(const struct fetchcage *cage, int *ret_landlock) __attribute__((warn_unused_result));

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes privileges from jpki_fetch or jpki_ldap before it is started. A server that gains control of it gets a process
 * that can only read public files about names, hosts and certificates, use the network, and write the files
 * it was given. Then the program restricts itself further (tools/fetch/filter.h).
 */
#ifndef JPKI_TOOLS_FETCH_CAGE_H
#define JPKI_TOOLS_FETCH_CAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/confine.h"

/*
 * In the child that is to become `program` by execve(2), with the standard streams and the
 * descriptors up to `last` in place, none of them a terminal; all others are closed.
 * Limits files to file_max bytes, memory to data_max and computing to cpu_max seconds. Then, by confine(): switches to
 * the user, drops all capabilities, leaves only the files that libcurl, libldap and the
 * resolver read, and makes the process end with `parent`. Only the program, and files below /usr,
 * /lib and /lib64, can be executed.
 *
 * True: *ret_landlock as of confine(). False, with errno: the child must exit.
 */
struct fetchcage {
	const char *program;
	const struct confine_user *user;
	int last;
	uint64_t file_max, data_max, cpu_max;
	pid_t parent;
};
bool fetchcage_enter(const struct fetchcage *cage, int *ret_landlock) __attribute__((warn_unused_result));

#endif

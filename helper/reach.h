/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a login reads after it has entered the cage, and nothing else: the list for confine()
 * (lib/confine.h).
 */
#ifndef JPKI_HELPER_REACH_H
#define JPKI_HELPER_REACH_H

#include <limits.h>

#include "config/conf.h"
#include "flow/remote.h"
#include "lib/confine.h"

#define REACH_PATHS_MAX 48

struct reach {
	struct confine_path paths[REACH_PATHS_MAX];
	char users_index[PATH_MAX];
	size_t count;
	char keys[REMOTE_HOST_KEYS_MAX][PATH_MAX];
};

/*
 * Fills *ret, whose paths point into itself and *conf: CONFDIR and STATEDIR, the trust database,
 * users' files, CRLs, block list and the copy of an organization's directory wherever the options say, libraries, message catalogues, the
 * time zone, what NSS wants of the system (random numbers, the policy, whether it is in FIPS
 * mode), and, with host_keys, the names in the directory of sshd's keys and the public ones
 * among them.
 *
 * CONFDIR and STATEDIR are given as a whole, since jpkictl replaces what is in them by renaming,
 * even while a user types a PIN: a file that is put there meanwhile has to be readable. Of a trust
 * database or block list that is elsewhere, only the one that is there now is within reach; a
 * login during which it is replaced is refused.
 */
void reach_of_login(const struct conf *conf, bool host_keys, struct reach *ret);

#endif

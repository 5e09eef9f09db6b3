/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>

#include "config/userindex.h"
#include "helper/reach.h"
#include "lib/cleanup.h"

#define DIRECTORY (CONFINE_READ | CONFINE_LIST)

static const struct confine_path always[] = {
	{ CONFDIR, DIRECTORY },
	{ STATEDIR, DIRECTORY },
	/* NSS loads its modules late. ld.so also looks where others than the distribution's are. */
	{ "/lib", CONFINE_READ },
	{ "/lib64", CONFINE_READ },
	{ "/usr/lib", CONFINE_READ },
	{ "/usr/lib64", CONFINE_READ },
	{ "/usr/local/lib", CONFINE_READ },
	{ LIBDIR, CONFINE_READ },
	{ "/etc/ld.so.cache", CONFINE_READ },
	/* Message catalogues and time zones. */
	{ LOCALEDIR, CONFINE_READ },
	{ "/usr/share/locale", CONFINE_READ },
	{ "/usr/share/zoneinfo", CONFINE_READ },
	{ "/etc/localtime", CONFINE_READ },
	/* NSS; without the last three it would be less strict than the machine's policy. */
	{ "/dev/urandom", CONFINE_READ },
	{ "/proc/sys/crypto/fips_enabled", CONFINE_READ },
	{ "/etc/crypto-policies", CONFINE_READ },
	{ "/usr/share/crypto-policies", CONFINE_READ },
};

static void
add_path(struct reach *r, const char *path, unsigned int access)
{
	if (r->count < REACH_PATHS_MAX)
		r->paths[r->count++] = (struct confine_path){ path, access };
}

/*
 * Adds the public host keys. The private ones beside them are never within reach, whatever user the
 * helper is.
 */
static void
add_host_keys(struct reach *r, const char *dir)
{
	_cleanup_(closedirp) DIR *d = opendir(dir);
	const struct dirent *e;
	size_t count = 0;

	add_path(r, dir, CONFINE_LIST);
	while (d != NULL && count < REMOTE_HOST_KEYS_MAX && (e = readdir(d)) != NULL)
		if (fnmatch(REMOTE_HOST_KEY_FILES, e->d_name, 0) == 0 &&
		    (size_t)snprintf(r->keys[count], sizeof r->keys[count], "%s/%s", dir, e->d_name) <
		    sizeof r->keys[count])
			add_path(r, r->keys[count++], CONFINE_READ);
}

void
reach_of_login(const struct conf *conf, bool host_keys, struct reach *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
		add_path(ret, always[i].path, always[i].access);
	add_path(ret, conf->trust_db, DIRECTORY);
	add_path(ret, conf->users_dir, DIRECTORY);
	if (userindex_path(conf->users_dir, ret->users_index))
		add_path(ret, ret->users_index, CONFINE_READ);
	add_path(ret, conf->crl_dir, DIRECTORY);
	add_path(ret, conf->block_list, CONFINE_READ);
	if (conf->fleet_dir[0] != '\0')
		add_path(ret, conf->fleet_dir, DIRECTORY);
	if (host_keys)
		add_host_keys(ret, conf->host_keys);
}

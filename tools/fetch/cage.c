/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "tools/fetch/cage.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])
#define TREE (CONFINE_READ | CONFINE_LIST)

/* Libraries and what they load later, and their data: names, hosts, certificates. */
static const struct confine_path paths[] = {
	{ "/usr", TREE | CONFINE_EXECUTE }, { "/lib", TREE | CONFINE_EXECUTE },
	{ "/lib64", TREE | CONFINE_EXECUTE }, { "/etc/ld.so.cache", CONFINE_READ },
	{ "/etc/ld.so.preload", CONFINE_READ }, { "/etc/ssl", TREE }, { "/etc/pki", TREE },
	{ "/etc/ca-certificates", TREE }, { "/etc/crypto-policies", TREE }, { "/etc/gnutls", TREE },
	{ "/etc/nsswitch.conf", CONFINE_READ }, { "/etc/resolv.conf", CONFINE_READ },
	{ "/run/systemd/resolve", TREE }, { "/etc/hosts", CONFINE_READ }, { "/etc/host.conf", CONFINE_READ },
	{ "/etc/gai.conf", CONFINE_READ }, { "/etc/services", CONFINE_READ },
	{ "/etc/protocols", CONFINE_READ }, { "/etc/networks", CONFINE_READ },
	{ "/etc/ldap", TREE }, { "/etc/openldap", TREE },
	{ "/proc/sys/crypto/fips_enabled", CONFINE_READ }, { "/dev/urandom", CONFINE_READ },
};

bool
fetchcage_enter(const struct fetchcage *cage, int *ret_landlock)
{
	const struct confine_limit limits[] = {
		{ RLIMIT_FSIZE, cage->file_max },
		{ RLIMIT_DATA, cage->data_max },
		{ RLIMIT_NPROC, 16 },		/* one thread for each name lookup */
		{ RLIMIT_NOFILE, 64 },
		{ RLIMIT_CPU, cage->cpu_max },
	};
	const struct confine_detach detach = { .streams = CONFINE_STDIN | CONFINE_STDOUT | CONFINE_STDERR,
	    .close_from = cage->last + 1, .limits = limits, .limit_count = COUNT(limits) };
	struct confine_path all[COUNT(paths) + 1];
	const struct confinement c = { .user = cage->user, .paths = all, .path_count = COUNT(all),
	    .connects = true, .parent = cage->parent };

	memcpy(all, paths, sizeof paths);
	all[COUNT(paths)] = (struct confine_path){ cage->program, CONFINE_READ | CONFINE_EXECUTE };
	return confine_detach(&detach) && confine(&c, ret_landlock);
}

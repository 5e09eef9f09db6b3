/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "nss/cert.h"
#include "nss/sshkey.h"
#include "tools/common/tool.h"

/*
 * One line for authorized_keys: options, key, comment. sshd reads expiry-time in the machine's time zone;
 * ours is the same, because clean_environment() removed TZ.
 */
static bool
print_key(const struct cert *cert)
{
	char key[SSHKEY_MAX], when[sizeof "20261123054000"];
	time_t end = (time_t)cert_not_after(cert);
	struct tm tm;

	if (!sshkey_of_cert(cert, key) || localtime_r(&end, &tm) == NULL ||
	    strftime(when, sizeof when, "%Y%m%d%H%M%S", &tm) == 0)
		return false;
	printf("expiry-time=\"%s\" %s jpki:%.16s\n", when, key, cert_fingerprint(cert));
	return true;
}

/*
 * For a user who is not enrolled the answer is: no keys. If it cannot be decided, no key is printed either,
 * but the exit status shows the error.
 */
int
cmd_ssh_keys(struct tool *t, int argc, char **argv)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct outcome o;

	if (argc != 2)
		return tool_usage(t);
	o = usercerts_load(&t->env, argv[1], &e);
	if (o.status == OUTCOME_NOT_ENROLLED)
		return TOOL_OK;
	if (!outcome_ok(&o))
		return tool_finish(t, &o);
	for (size_t i = 0; i < e.count; i++)
		if (outcome_ok(&e.at[i].verdict) && !print_key(e.at[i].cert)) {
			o = outcome_of(OUTCOME_CERT_WEAK);
			return tool_finish(t, &o);
		}
	return TOOL_OK;
}

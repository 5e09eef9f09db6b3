/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>

#include "config/userfile.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/common/tool.h"

int
cmd_revoke(struct tool *t, int argc, char **argv)
{
	_cleanup_(closep) int lock = -1;
	struct outcome o;

	if (argc != 2)
		return tool_usage(t);
	o = userfile_lock(t->conf.users_dir, t->env.trust_owner, &t->log, &lock);
	if (outcome_ok(&o))
		o = userfile_remove(t->conf.users_dir, argv[1], t->env.trust_owner, &t->log);
	if (outcome_ok(&o)) {
		tool_audit("revoke", "user", argv[1]);
		printf(_("%s: no longer enrolled; logins by card are refused from now on\n"), argv[1]);
	}
	return tool_finish(t, &o);
}

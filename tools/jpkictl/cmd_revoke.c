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
	char user[ACCOUNT_NAME_MAX];
	struct outcome o;

	if (argc != 2)
		return tool_usage(t);
	if (!account_name(argv[1], &t->log, user)) {
		tool_complain(t, "%s", _("this cannot be a user's name"));
		return TOOL_FAILED;
	}
	o = userfile_lock(t->conf.users_dir, t->env.trust_owner, &t->log, &lock);
	if (outcome_ok(&o))
		o = userfile_remove(t->conf.users_dir, user, t->env.trust_owner, &t->log);
	if (outcome_ok(&o)) {
		tool_audit("revoke", "user", user);
		printf(_("%s: no longer enrolled; logins by card are refused from now on\n"), user);
	}
	return tool_finish(t, &o);
}

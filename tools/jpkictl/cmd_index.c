/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <limits.h>
#include <stdio.h>

#include "config/fleetcopy.h"
#include "flow/enroll.h"
#include "flow/owners.h"
#include "lib/i18n.h"
#include "tools/common/tool.h"

int
cmd_index(struct tool *t, int argc, char **argv)
{
	size_t all = 0, unknown = 0, more = 0, more_unknown = 0;
	char fleet[PATH_MAX];
	struct outcome o;

	if (argc != 1)
		return tool_usage(t);
	o = enroll_index(&t->env);
	if (outcome_ok(&o))
		o = owners_count(&t->env, t->conf.users_dir, &all, &unknown);
	fleetcopy_users_dir(&t->conf, fleet);
	if (outcome_ok(&o) && fleet[0] != '\0')
		o = owners_count(&t->env, fleet, &more, &more_unknown);
	all += more - unknown - more_unknown;
	if (outcome_ok(&o))
		printf(dngettext(PACKAGE, "%zu registration is in the index\n", "%zu registrations are in the index\n",
		    (unsigned long)all), all);
	return tool_finish(t, &o);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>

#include "flow/enroll.h"
#include "flow/owners.h"
#include "lib/i18n.h"
#include "tools/common/tool.h"

int
cmd_index(struct tool *t, int argc, char **argv)
{
	size_t all = 0, unknown = 0;
	struct outcome o;

	if (argc != 1)
		return tool_usage(t);
	o = enroll_index(&t->env);
	if (outcome_ok(&o))
		o = owners_count(&t->env, &all, &unknown);
	if (outcome_ok(&o))
		printf(dngettext(PACKAGE, "%zu registration is in the index\n", "%zu registrations are in the index\n",
		    (unsigned long)(all - unknown)), all - unknown);
	return tool_finish(t, &o);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/enroll.h"
#include "lib/i18n.h"
#include "tools/common/tool.h"
#include "tools/jpkictl/cmd_unlock.h"
#include "tools/jpkictl/ldif_change.h"

/* Whether the organization's copy registers the user, too. */
static bool
fleet_registers(const struct tool *t, const char *user)
{
	char fleet[PATH_MAX];

	fleetcopy_users_dir(&t->conf, fleet);
	return fleet[0] != '\0' && userfile_exists(fleet, user);
}

static int
revoke_here(struct tool *t, const char *user)
{
	struct outcome o = enroll_end(&t->env, user);

	if (outcome_ok(&o)) {
		tool_audit("revoke", "user", user);
		printf(fleet_registers(t, user) ? _("%s: no longer registered on this machine\n") :
		    _("%s: no longer registered; logins by card are refused from now on\n"), user);
		unlock_tidy(t, user);
	}
	if (fleet_registers(t, user))
		tool_complain(t, _("%s: your organization's directory registers a card, which stays registered; block the card "
		    "to refuse it on this machine (jpkictl block)"), user);
	return tool_finish(t, &o);
}

int
cmd_revoke(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "ldif", no_argument, NULL, 'L' },
		{ NULL, 0, NULL, 0 },
	};
	char user[ACCOUNT_NAME_MAX];
	bool ldif = false;
	int c;

	while ((c = getopt_long(argc, argv, "L", options, NULL)) != -1) {
		if (c != 'L')
			return tool_usage(t);
		ldif = true;
	}
	if (optind != argc - 1)
		return tool_usage(t);
	if (ldif ? !ldif_change_is_possible(t) : !tool_is_root(t))
		return TOOL_FAILED;
	if (!account_name(argv[optind], &t->log, user)) {
		tool_complain(t, "%s", _("this cannot be a user's name"));
		return TOOL_FAILED;
	}
	return ldif ? ldif_change_unregister(t, user) : revoke_here(t, user);
}

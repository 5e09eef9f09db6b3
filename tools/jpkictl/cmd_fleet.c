/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of an organization's directory: written from what the directory has, and shown. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/common/tool.h"
#include "tools/fleet/store.h"
#include "tools/jpkictl/fleet_copy.h"
#include "tools/jpkictl/fleet_export.h"
#include "tools/jpkictl/fleet_revoke.h"
#include "tools/jpkictl/fleet_run.h"
#include "tools/jpkictl/fleet_status.h"

/* --- import -------------------------------------------------------------------------------- */

static int
run_import(struct tool *t, const char *path, bool accept)
{
	struct fleet_update update = { .ldif = tool_temporary_file(t), .accept = accept };
	struct judgement j;
	bool taken;

	if (update.ldif < 0)
		return TOOL_FAILED;
	taken = fleet_copy_source(t, path, update.ldif);
	if (!taken)
		tool_complain(t, "%s", _("the copy stays as it was"));
	taken = taken && fleet_copy_update(t, &update, &j);
	(void)close(update.ldif);
	if (!taken)
		return TOOL_FAILED;
	tool_audit("fleet-import", "result", j.end == JUDGE_TAKEN ? "taken" : "held");
	(void)fleet_copy_complain(t, path, &j);
	printf(_("registered: %ld (changed: %ld, removed: %ld); blocked: %ld; refused entries: %ld\n"), (long)j.registered,
	    (long)j.changed, (long)j.removed, (long)j.blocked, (long)j.refused);
	return j.end == JUDGE_TAKEN && j.refused == 0 ? TOOL_OK : TOOL_WARNINGS;
}

/* Leaves a note for `jpkictl fleet run` (store_accept()). */
static int
run_accept(struct tool *t)
{
	struct store store = store_of(&t->env);

	if (!store_accept(&store))
		return TOOL_FAILED;
	tool_audit("fleet-accept", "dir", t->conf.fleet_dir);
	printf("%s\n", _("jpkictl fleet run will take away what is missing, with the next whole answer of the directory"));
	return TOOL_OK;
}

/* ----------------------------------------------------------------------------------------------- */

int
cmd_fleet(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "accept", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "textfile", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	bool accept = false, json = false;
	const char *textfile = NULL;
	int c, left;

	while ((c = getopt_long(argc, argv, "ajt:", options, NULL)) != -1) {
		accept |= c == 'a';
		json |= c == 'j';
		textfile = c == 't' ? optarg : textfile;
		if (c == '?')
			return tool_usage(t);
	}
	argv += optind;
	left = argc - optind;
	if (t->conf.fleet_dir[0] == '\0') {
		tool_complain(t, _("no fleet_dir is set in %s"), t->conf_file);
		return TOOL_FAILED;
	}
	if (left == 1 && strcmp(argv[0], "status") == 0 && !accept && !(json && textfile != NULL))
		return fleet_status(t, json, textfile);
	if (textfile != NULL)
		return tool_usage(t);
	if (left == 2 && strcmp(argv[0], "import") == 0 && !json)
		return tool_is_root(t) ? run_import(t, argv[1], accept) : TOOL_FAILED;
	if (left == 2 && strcmp(argv[0], "revoke-from-crl") == 0 && !accept && !json)
		return fleet_revoke_from_crl(t, argv[1]);
	if (left == 1 && strcmp(argv[0], "export") == 0 && json && !accept)
		return fleet_export(t);
	if (left == 1 && strcmp(argv[0], "run") == 0 && !accept && !json)
		return tool_is_root(t) ? fleet_run(t) : TOOL_FAILED;
	if (left == 1 && strcmp(argv[0], "accept") == 0 && !accept && !json)
		return tool_is_root(t) ? run_accept(t) : TOOL_FAILED;
	return tool_usage(t);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of an organization's directory: written from what the directory has, and shown. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/common/json.h"
#include "tools/common/tool.h"
#include "tools/fleet/contact.h"
#include "tools/fleet/store.h"
#include "tools/jpkictl/fleet_copy.h"
#include "tools/jpkictl/fleet_revoke.h"
#include "tools/jpkictl/fleet_run.h"

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

/* --- status ----------------------------------------------------------------------------------- */

static const char *
word_of(enum fleetcopy_condition condition)
{
	switch (condition) {
	case FLEETCOPY_FRESH:
		return "fresh";
	case FLEETCOPY_STALE:
		return "stale";
	case FLEETCOPY_BROKEN:
		return "broken";
	case FLEETCOPY_NONE:
		break;
	}
	return "absent";
}

struct status {
	enum fleetcopy_condition condition;
	bool known;			/* of the copy: state */
	struct fleetcopy_state state;
	bool late;			/* as fleetcopy_is_late() */
	bool connected;			/* `jpkictl fleet run` has noted a connection, perhaps one that has ended: contact */
	struct contact contact;
	int64_t held;			/* as store_held() */
};

static void
status_read(const struct tool *t, struct status *ret)
{
	struct store store = store_of(&t->env);
	struct fleetcopy copy;
	int64_t now = clk_wall_s(t->env.clk);

	fleetcopy_open(&t->conf, t->env.trust_owner, now, &t->log, &copy);
	*ret = (struct status){ .condition = copy.condition, .state = copy.state, .held = store_held(&store) };
	ret->known = copy.condition == FLEETCOPY_FRESH || copy.condition == FLEETCOPY_STALE;
	ret->late = ret->known && fleetcopy_is_late(&t->conf, copy.state.time, now);
	ret->connected = contact_read(&store, now, &ret->contact);
	fleetcopy_close(&copy);
}

/* Servers whose last answer was not believed. */
static json_t *
refused_json(const struct status *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->contact.count; i++) {
		const struct contact_refusal *r = &s->contact.refused[i];
		json_t *object = json_object();

		json_put(object, "server", json_text(r->server));
		json_put(object, "code", json_text(r->code));
		json_put(object, "time", json_time(r->at));
		json_add(array, object);
	}
	return array;
}

static int
status_print_json(const struct tool *t, const struct status *s)
{
	json_t *object = json_object();

	json_put(object, "condition", json_text(word_of(s->condition)));
	json_put(object, "time", s->known ? json_time(s->state.time) : json_null());
	json_put(object, "late", json_boolean(s->late));
	json_put(object, "generation", s->known ? json_integer(s->state.generation) : json_null());
	json_put(object, "enrolled", s->known ? json_integer(s->state.enrolled) : json_null());
	json_put(object, "blocked", s->known ? json_integer(s->state.blocked) : json_null());
	json_put(object, "held", s->held >= 0 ? json_integer(s->held) : json_null());
	json_put(object, "server", s->connected ? json_text(s->contact.server) : json_null());
	json_put(object, "mode", s->connected ? json_text(s->contact.mode) : json_null());
	json_put(object, "heard", s->connected ? json_time(s->contact.heard) : json_null());
	json_put(object, "refused", refused_json(s));
	return json_print(t, object);
}

static void
status_print(const struct status *s)
{
	char date[CLK_UTC_MAX];

	tool_row(_("Condition:"), 14, word_of(s->condition));
	tool_row(_("As of:"), 14, s->known && clk_utc_text(s->state.time, date) ? date : "-");
	if (s->known)
		printf(_("  registered %ld, blocked %ld, generation %ld\n"), (long)s->state.enrolled, (long)s->state.blocked,
		    (long)s->state.generation);
	if (s->late)
		printf("%s\n", _("  more than three minutes ago: this server may be cut off from the others, or fleet-heartbeat has stopped"));
	if (s->connected)
		printf(_("  directory %s, mode %s\n"), s->contact.server, s->contact.mode);
	for (size_t i = 0; i < s->contact.count; i++) {
		const struct contact_refusal *r = &s->contact.refused[i];

		printf(_("  only blocks were taken from %s: %s (%s)\n"), r->server, r->code, clk_utc_text(r->at, date) ? date : "-");
	}
	if (s->held > 0)
		printf(_("  held back from removal: %ld (jpkictl fleet accept)\n"), (long)s->held);
}

static int
show_status(const struct tool *t, bool json)
{
	struct status s;
	int result = TOOL_OK;

	status_read(t, &s);
	if (json)
		result = status_print_json(t, &s);
	else
		status_print(&s);
	return result == TOOL_OK && (s.condition != FLEETCOPY_FRESH || s.late || s.held > 0 || s.contact.count > 0) ?
	    TOOL_WARNINGS : result;
}

/* ----------------------------------------------------------------------------------------------- */

int
cmd_fleet(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "accept", no_argument, NULL, 'a' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	bool accept = false, foreground = false, json = false;
	int c, left;

	while ((c = getopt_long(argc, argv, "afj", options, NULL)) != -1) {
		accept |= c == 'a';
		foreground |= c == 'f';
		json |= c == 'j';
		if (c == '?')
			return tool_usage(t);
	}
	argv += optind;
	left = argc - optind;
	if (t->conf.fleet_dir[0] == '\0') {
		tool_complain(t, _("no fleet_dir is set in %s"), t->conf_file);
		return TOOL_FAILED;
	}
	if (left == 2 && strcmp(argv[0], "import") == 0 && !json && !foreground)
		return tool_is_root(t) ? run_import(t, argv[1], accept) : TOOL_FAILED;
	if (left == 2 && strcmp(argv[0], "revoke-from-crl") == 0 && !accept && !json && !foreground)
		return fleet_revoke_from_crl(t, argv[1]);
	if (left == 1 && strcmp(argv[0], "status") == 0 && !accept && !foreground)
		return show_status(t, json);
	/* It stays in the foreground in any case. */
	if (left == 1 && strcmp(argv[0], "run") == 0 && !accept && !json)
		return tool_is_root(t) ? fleet_run(t) : TOOL_FAILED;
	if (left == 1 && strcmp(argv[0], "accept") == 0 && !accept && !json && !foreground)
		return tool_is_root(t) ? run_accept(t) : TOOL_FAILED;
	return tool_usage(t);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/fleetcopy.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/memstream.h"
#include "lib/safefile.h"
#include "tools/common/json.h"
#include "tools/fleet/contact.h"
#include "tools/jpkictl/fleet_status.h"

/* --- what there is to show ------------------------------------------------------------------ */

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

/* Servers whose last answer was taken only in part. */
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
	json_put(object, "heard", s->connected && s->contact.heard > 0 ? json_time(s->contact.heard) : json_null());
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

		printf(_("  only a part was taken from %s: %s (%s)\n"), r->server, r->code, clk_utc_text(r->at, date) ? date : "-");
	}
	if (s->held > 0)
		printf(_("  held back from removal: %ld (jpkictl fleet accept)\n"), (long)s->held);
}

/* --- for Prometheus -------------------------------------------------------------------------------- */

/* In quotes, as the text format of Prometheus wants it. */
static void
put_label(FILE *f, const char *name, const char *value)
{
	fprintf(f, "%s=\"", name);
	for (const char *p = value; *p != '\0'; p++)
		fprintf(f, *p == '\\' || *p == '"' ? "\\%c" : "%c", *p);
	fputc('"', f);
}

static void
put_head(FILE *f, const char *name, const char *help)
{
	static const char lines[] = "# HELP jpki_fleet_%s %s\n# TYPE jpki_fleet_%s gauge\n";	/* for a program: not translated */

	fprintf(f, lines, name, help, name);
}

/* A number that is not known is left out. */
static void
put_number(FILE *f, const char *name, const char *help, bool known, int64_t value)
{
	put_head(f, name, help);
	if (known && value >= 0)
		fprintf(f, "jpki_fleet_%s %" PRId64 "\n", name, value);
}

static void
put_conditions(FILE *f, enum fleetcopy_condition now)
{
	static const enum fleetcopy_condition all[] = { FLEETCOPY_FRESH, FLEETCOPY_STALE, FLEETCOPY_BROKEN, FLEETCOPY_NONE };

	put_head(f, "condition", "In what condition the copy is: 1 for one of them.");
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		fprintf(f, "jpki_fleet_condition{condition=\"%s\"} %d\n", word_of(all[i]), now == all[i]);
}

static void
put_servers(FILE *f, const struct status *s)
{
	put_head(f, "connected", "Whether a server of the directory is connected.");
	if (s->connected) {
		fputs("jpki_fleet_connected{", f);
		put_label(f, "server", s->contact.server);
		fputc(',', f);
		put_label(f, "mode", s->contact.mode);
		fprintf(f, "} %d\n", strcmp(s->contact.mode, "down") != 0);
	}
	put_head(f, "refused_timestamp_seconds", "When an answer of a server was taken only in part, such as one that is behind.");
	for (size_t i = 0; i < s->contact.count; i++) {
		fputs("jpki_fleet_refused_timestamp_seconds{", f);
		put_label(f, "server", s->contact.refused[i].server);
		fputc(',', f);
		put_label(f, "code", s->contact.refused[i].code);
		fprintf(f, "} %" PRId64 "\n", s->contact.refused[i].at);
	}
}

static char *
textfile_of(const struct status *s, size_t *ret_len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (f == NULL)
		return NULL;
	put_conditions(f, s->condition);
	put_number(f, "late", "Whether no server has confirmed the copy for more than three minutes.", s->known, s->late);
	put_number(f, "source_timestamp_seconds", "When the directory was as the copy is.", s->known, s->state.time);
	put_number(f, "generation", "Generation of the directory's state.", s->known, s->state.generation);
	put_number(f, "registrations", "Registrations in the directory.", s->known, s->state.enrolled);
	put_number(f, "blocks", "Blocks in the directory.", s->known, s->state.blocked);
	put_number(f, "held", "Registrations held back from removal (jpkictl fleet accept).", true, s->held);
	put_number(f, "last_heard_timestamp_seconds", "When something came from a server.", s->connected && s->contact.heard > 0, s->contact.heard);
	put_servers(f, s);
	return memstream_close(f, &text);
}

/* Prometheus' node exporter may read it at any time: it is the old text or the new one. */
static int
status_write_textfile(const struct tool *t, const struct status *s, const char *path)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;

	text = textfile_of(s, &len);
	return text != NULL && safefile_replace(path, 0644, text, len, &t->log) ? TOOL_OK : TOOL_FAILED;
}

int
fleet_status(const struct tool *t, bool json, const char *textfile)
{
	struct status s;
	int result = TOOL_OK;

	status_read(t, &s);
	if (json)
		result = status_print_json(t, &s);
	else if (textfile != NULL)
		result = status_write_textfile(t, &s, textfile);
	else
		status_print(&s);
	return result == TOOL_OK && (s.condition != FLEETCOPY_FRESH || s.late || s.held > 0 || s.contact.count > 0) ?
	    TOOL_WARNINGS : result;
}

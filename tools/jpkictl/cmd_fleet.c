/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of an organization's directory: written from what the directory has, and shown. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "flow/owners.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/common/caged.h"
#include "tools/common/json.h"
#include "tools/common/tool.h"
#include "tools/fleet/judge.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"

#define SOURCE_MAX ((off_t)1 << 30)	/* octets of LDIF */

/* --- import -------------------------------------------------------------------------------- */

/* What the caged process works on, under the numbers that the parent has them. */
struct import {
	int ldif, plan, memory;		/* files without a name */
	bool accept;
	char *remembered;		/* text of the memory; NULL: there is none */
};

static FILE *
stream_of(int fd, const char *mode)
{
	int copy = dup(fd);
	FILE *f = copy >= 0 ? fdopen(copy, mode) : NULL;

	if (f == NULL && copy >= 0)
		(void)close(copy);
	return f;
}

/* In the cage: judges, and leaves a plan and what is to be remembered. */
static int
judge_caged(struct tool *t, void *ctx, void *result)
{
	struct import *im = ctx;
	_cleanup_(fclosep) FILE *ldif = stream_of(im->ldif, "r");
	_cleanup_(fclosep) FILE *plan = stream_of(im->plan, "w");
	_cleanup_(memory_done) struct memory memory = { .has_source = false };
	_cleanup_(freep) char *text = NULL;
	struct judge_source source = { .ldif = ldif, .plan = plan, .accept = im->accept };
	size_t len;

	if (ldif == NULL || plan == NULL)
		return TOOL_FAILED;
	if (im->remembered != NULL && !memory_read(im->remembered, &memory)) {
		tool_complain(t, _("%s/%s: not understood; what was removed and blocked is not known any more"), t->conf.fleet_dir,
		    MEMORY_FILE);
		return TOOL_FAILED;
	}
	judge_refresh(&t->env, &source, &memory, result);
	text = memory_write(&memory, &len);
	return text != NULL && safefile_write(im->memory, text, len) ? TOOL_OK : TOOL_FAILED;
}

/* A pipe cannot be read twice, and a file may be changed meanwhile. */
static bool
copy_source(const struct tool *t, const char *path, int to)
{
	_cleanup_(closep) int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	static char buffer[65536];
	off_t size = 0;
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, buffer, sizeof buffer)) > 0) {
		size += n;
		if (size > SOURCE_MAX || !safefile_write(to, buffer, (size_t)n)) {
			tool_complain(t, "%s: %s", path, size > SOURCE_MAX ? _("too long") : strerror(errno));
			return false;
		}
	}
	if (n < 0)
		tool_complain(t, "%s: %s", path, strerror(errno));
	return n == 0;
}

static bool
read_back(int fd, char **ret_text, size_t *ret_len)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) != 0 || st.st_size <= 0 || (size_t)st.st_size > MEMORY_MAX)
		return false;
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL || pread(fd, text, (size_t)st.st_size, 0) != st.st_size) {
		free(text);
		return false;
	}
	*ret_text = text;
	*ret_len = (size_t)st.st_size;
	return true;
}

/* The child may have been taken over: what it says of the source goes into the state, which is read again. */
static bool
write_copy(const struct store *store, const struct import *im, const struct judgement *j)
{
	struct fleetcopy_state state = { .time = j->source.time, .generation = j->source.generation,
		.enrolled = j->source.enrolled, .blocked = j->source.blocked };
	_cleanup_(fclosep) FILE *plan = stream_of(im->plan, "r");
	_cleanup_(freep) char *memory = NULL;
	size_t len;

	return plan != NULL && read_back(im->memory, &memory, &len) && store_write(store, plan, memory, len) &&
	    (!j->whole || (state.time >= 0 && state.generation >= 0 && store_write_state(store, &state)));
}

static int
tell(const struct tool *t, const char *path, const struct judgement *j)
{
	switch (j->end) {
	case JUDGE_TAKEN:
		break;
	case JUDGE_HELD:
		tool_complain(t, _("JPKI-E-FLEET-SHRUNK: %s: the entries are not as many as the state entry says, or many are missing; "
		    "registrations held back from removal: %ld (--accept, once you have looked)"), path, (long)j->held);
		break;
	case JUDGE_BEHIND:
		tool_complain(t, _("JPKI-E-FLEET-BEHIND: %s: the directory is older than this copy, perhaps restored from a backup; "
		    "nothing but blocks was taken"), path);
		break;
	case JUDGE_NO_SOURCE:
		tool_complain(t, _("JPKI-E-FLEET-STATE: %s: there is not one state entry (cn=state), so nothing but blocks was taken"), path);
		break;
	case JUDGE_UNREADABLE:
		tool_complain(t, _("JPKI-E-FLEET-LDIF: %s: line %ld: not understood, so nothing but the blocks before it was taken"),
		    path, (long)j->line);
		break;
	case JUDGE_FAILED:
		return TOOL_FAILED;
	}
	printf(_("registered: %ld (changed: %ld, removed: %ld); blocked: %ld; refused entries: %ld\n"), (long)j->registered,
	    (long)j->changed, (long)j->removed, (long)j->blocked, (long)j->refused);
	return j->end == JUDGE_TAKEN && j->refused == 0 ? TOOL_OK : TOOL_WARNINGS;
}

/* Where it fails, the log has said so: the copy counts, and it is found more slowly whose a card is. */
static void
index_copy(const struct tool *t)
{
	char users[PATH_MAX];

	fleetcopy_users_dir(&t->conf, users);
	(void)!owners_index(&t->env, users, false).status;
}

static int
import(struct tool *t, const char *path, struct import *im)
{
	struct store store = { .dir = t->conf.fleet_dir, .owner = t->env.trust_owner, .log = &t->log };
	struct judgement judgement = { .end = JUDGE_FAILED };
	const int fds[] = { im->ldif, im->plan, im->memory };
	struct caged caged = { .work = judge_caged, .ctx = im, .result = &judgement, .result_size = sizeof judgement,
		.fds = fds, .fd_count = sizeof fds / sizeof fds[0], .writes = true };
	_cleanup_(closep) int lock = -1;

	if (!store_open(&store, &lock) || !store_read_memory(&store, &im->remembered) || !copy_source(t, path, im->ldif) ||
	    caged_run(t, &caged) != TOOL_OK || judgement.end == JUDGE_FAILED || !write_copy(&store, im, &judgement)) {
		tool_complain(t, "%s", _("the copy stays as it was, but for blocks"));
		return TOOL_FAILED;
	}
	index_copy(t);
	tool_audit("fleet-import", "result", judgement.end == JUDGE_TAKEN ? "taken" : "held");
	return tell(t, path, &judgement);
}

static int
run_import(struct tool *t, const char *path, bool accept)
{
	struct import im = { .accept = accept };
	int result = TOOL_FAILED;

	im.ldif = tool_temporary_file(t);
	im.plan = tool_temporary_file(t);
	im.memory = tool_temporary_file(t);
	if (im.ldif >= 0 && im.plan >= 0 && im.memory >= 0)
		result = import(t, path, &im);
	closep(&im.ldif);
	closep(&im.plan);
	closep(&im.memory);
	free(im.remembered);
	return result;
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

static int
show_status(struct tool *t, bool json)
{
	struct store store = { .dir = t->conf.fleet_dir, .owner = t->env.trust_owner, .log = &t->log };
	struct fleetcopy copy;
	char date[CLK_UTC_MAX] = "-";
	int64_t held = store_held(&store);
	int result = TOOL_OK;
	bool known;

	fleetcopy_open(&t->conf, t->env.trust_owner, clk_wall_s(t->env.clk), &t->log, &copy);
	known = copy.condition == FLEETCOPY_FRESH || copy.condition == FLEETCOPY_STALE;
	if (known && !clk_utc_text(copy.state.time, date))
		snprintf(date, sizeof date, "-");
	if (json) {
		json_t *object = json_object();

		json_put(object, "condition", json_text(word_of(copy.condition)));
		json_put(object, "time", known ? json_time(copy.state.time) : json_null());
		json_put(object, "generation", known ? json_integer(copy.state.generation) : json_null());
		json_put(object, "enrolled", known ? json_integer(copy.state.enrolled) : json_null());
		json_put(object, "blocked", known ? json_integer(copy.state.blocked) : json_null());
		json_put(object, "held", held >= 0 ? json_integer(held) : json_null());
		result = json_print(t, object);
	} else {
		tool_row(_("Condition:"), 14, word_of(copy.condition));
		tool_row(_("As of:"), 14, date);
		if (known)
			printf(_("  registered %ld, blocked %ld, generation %ld\n"), (long)copy.state.enrolled, (long)copy.state.blocked,
			    (long)copy.state.generation);
		if (held > 0)
			printf(_("  held back from removal: %ld (jpkictl fleet import --accept)\n"), (long)held);
	}
	fleetcopy_close(&copy);
	return result == TOOL_OK && (copy.condition != FLEETCOPY_FRESH || held > 0) ? TOOL_WARNINGS : result;
}

/* ----------------------------------------------------------------------------------------------- */

int
cmd_fleet(struct tool *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "accept", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	bool accept = false, json = false;
	int c;

	while ((c = getopt_long(argc, argv, "aj", options, NULL)) != -1) {
		if (c == 'a')
			accept = true;
		else if (c == 'j')
			json = true;
		else
			return tool_usage(t);
	}
	if (t->conf.fleet_dir[0] == '\0') {
		tool_complain(t, _("no fleet_dir is set in %s"), t->conf_file);
		return TOOL_FAILED;
	}
	if (argc - optind == 2 && strcmp(argv[optind], "import") == 0 && !json)
		return tool_is_root(t) ? run_import(t, argv[optind + 1], accept) : TOOL_FAILED;
	if (argc - optind == 1 && strcmp(argv[optind], "status") == 0 && !accept)
		return show_status(t, json);
	return tool_usage(t);
}

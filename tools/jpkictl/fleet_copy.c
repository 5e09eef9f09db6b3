/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/fleetcopy.h"
#include "flow/owners.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/common/caged.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"
#include "tools/jpkictl/fleet_copy.h"

/* What the caged process works on; its descriptors have the same numbers as in the parent. */
struct work {
	const struct fleet_update *update;
	int plan, memory;		/* files without a name */
	char *remembered;		/* text of the memory; NULL: the file does not exist yet */
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
	const struct work *w = ctx;
	_cleanup_(fclosep) FILE *ldif = stream_of(w->update->ldif, "r");
	_cleanup_(fclosep) FILE *plan = stream_of(w->plan, "w");
	_cleanup_(memory_done) struct memory memory = { .has_source = false };
	_cleanup_(freep) char *text = NULL;
	struct judge_source source = { .ldif = ldif, .plan = plan, .answer = w->update->answer, .there = w->update->there,
		.accept = w->update->accept };
	size_t len;

	if (ldif == NULL || plan == NULL)
		return TOOL_FAILED;
	if (w->remembered != NULL && !memory_read(w->remembered, &memory)) {
		tool_complain(t, _("%s/%s: not understood; what was removed and blocked is not known any more"), t->conf.fleet_dir,
		    MEMORY_FILE);
		return TOOL_FAILED;
	}
	judge_refresh(&t->env, &source, &memory, result);
	text = memory_write(&memory, &len);
	return text != NULL && safefile_write(w->memory, text, len) ? TOOL_OK : TOOL_FAILED;
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
write_copy(const struct store *store, const struct work *w, const struct judgement *j)
{
	struct fleetcopy_state state = { .time = j->source.time, .generation = j->source.generation,
		.enrolled = j->source.enrolled, .blocked = j->source.blocked };
	_cleanup_(fclosep) FILE *plan = stream_of(w->plan, "r");
	_cleanup_(freep) char *memory = NULL;
	size_t len;

	return plan != NULL && read_back(w->memory, &memory, &len) && store_write(store, plan, memory, len) &&
	    (!j->whole || (state.time >= 0 && state.generation >= 0 && store_write_state(store, &state)));
}

/* A failure is logged only: the copy counts, and the search for a card's accounts is slower. */
static void
index_copy(const struct tool *t)
{
	char users[PATH_MAX];

	fleetcopy_users_dir(&t->conf, users);
	(void)!owners_index(&t->env, users, false).status;
}

static bool
update_with(struct tool *t, struct work *w, struct judgement *ret)
{
	struct store store = store_of(&t->env);
	const int fds[] = { w->update->ldif, w->plan, w->memory };
	struct caged caged = { .work = judge_caged, .ctx = w, .result = ret, .result_size = sizeof *ret,
		.fds = fds, .fd_count = sizeof fds / sizeof fds[0], .writes = true };
	_cleanup_(closep) int lock = -1;

	return store_open(&store, &lock) && store_read_memory(&store, &w->remembered) && caged_run(t, &caged) == TOOL_OK &&
	    ret->end != JUDGE_FAILED && write_copy(&store, w, ret);
}

bool
fleet_copy_update(struct tool *t, const struct fleet_update *update, struct judgement *ret)
{
	struct work w = { .update = update, .plan = -1, .memory = -1 };
	bool done;

	*ret = (struct judgement){ .end = JUDGE_FAILED };
	w.plan = tool_temporary_file(t);
	w.memory = tool_temporary_file(t);
	done = w.plan >= 0 && w.memory >= 0 && update_with(t, &w, ret);
	closep(&w.plan);
	closep(&w.memory);
	free(w.remembered);
	if (!done)
		tool_complain(t, "%s", _("the copy stays as it was, but for blocks"));
	else if (ret->changed + ret->removed > 0)
		index_copy(t);
	return done;
}

bool
fleet_copy_complain(const struct tool *t, const char *from, const struct judgement *j)
{
	switch (j->end) {
	case JUDGE_TAKEN:
		return false;
	case JUDGE_HELD:
		tool_complain(t, _("JPKI-E-FLEET-SHRUNK: %s: the entries are not as many as the state entry says, or many are missing; "
		    "registrations held back from removal: %ld (--accept, once you have looked)"), from, (long)j->held);
		break;
	case JUDGE_BEHIND:
		tool_complain(t, _("JPKI-E-FLEET-BEHIND: %s: the directory is older than this copy, perhaps restored from a backup; "
		    "nothing but blocks was taken"), from);
		break;
	case JUDGE_NO_SOURCE:
		tool_complain(t, _("JPKI-E-FLEET-STATE: %s: there is not one state entry (cn=state), so nothing but blocks was taken"), from);
		break;
	case JUDGE_UNREADABLE:
		tool_complain(t, _("JPKI-E-FLEET-LDIF: %s: line %ld: not understood, so nothing but the blocks before it was taken"),
		    from, (long)j->line);
		break;
	case JUDGE_FAILED:
		break;	/* fleet_copy_update() has reported it */
	}
	return true;
}

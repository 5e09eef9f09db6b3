/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
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
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"
#include "tools/jpkictl/fleet_copy.h"

#define SOURCE_MAX ((off_t)1 << 30)	/* bytes of LDIF */

/* What the caged process works on; its descriptors have the same numbers as in the parent. */
struct work {
	const struct fleet_update *update;
	int plan, memory;		/* files without a name; memory: the text of a store_change */
	struct store_memory before;
	bool written;			/* some of it, perhaps */
};

/* What the caged process says at its end. */
struct verdict {
	struct judgement judgement;
	bool whole;			/* `memory` is to replace the old one; else it is a record for the journal */
};

FILE *
fleet_copy_stream(int fd, const char *mode)
{
	int copy = dup(fd);
	FILE *f = copy >= 0 ? fdopen(copy, mode) : NULL;

	if (f == NULL && copy >= 0)
		(void)close(copy);
	return f;
}

/* A pipe cannot be read twice, and a file may be changed meanwhile. */
bool
fleet_copy_source(const struct tool *t, const char *path, int to)
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

static int
update_failed(const struct tool *t)
{
	tool_complain(t, "%s", strerror(errno));
	return TOOL_FAILED;
}

/* In the cage: judges, and leaves a plan and what is to be remembered. */
static int
judge_caged(struct tool *t, void *ctx, void *result)
{
	struct work *w = ctx;
	struct verdict *verdict = result;
	_cleanup_(fclosep) FILE *ldif = fleet_copy_stream(w->update->ldif, "r");
	_cleanup_(fclosep) FILE *plan = fleet_copy_stream(w->plan, "w");
	_cleanup_(memory_done) struct memory memory = { .head.has_source = false };
	_cleanup_(store_change_done) struct store_change change = { .text = NULL };
	struct judge_source source = { .ldif = ldif, .plan = plan, .answer = w->update->answer, .there = w->update->there,
		.accept = w->update->accept };

	if (ldif == NULL || plan == NULL)
		return update_failed(t);
	errno = 0;
	if (!store_understand(&w->before, &memory)) {
		if (errno == ENOMEM)	/* it may be good */
			return update_failed(t);
		tool_complain(t, _("%s/%s: not understood; what was removed and blocked is not known any more"), t->conf.fleet_dir,
		    MEMORY_FILE);
		return TOOL_FAILED;
	}
	judge_refresh(&t->env, &source, &memory, &verdict->judgement);
	if (verdict->judgement.end == JUDGE_FAILED)	/* a trust database that cannot be opened has been logged */
		return errno == ENOMEM || ferror(plan) ? update_failed(t) : TOOL_FAILED;
	if (!store_make_change(&w->before, &memory, &change))
		return update_failed(t);
	verdict->whole = change.whole;
	return safefile_write(w->memory, change.text, change.len) ? TOOL_OK : update_failed(t);
}

static bool
read_back(int fd, struct store_change *ret)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size < 0 || (size_t)st.st_size > MEMORY_MAX)
		return false;
	ret->len = (size_t)st.st_size;
	ret->text = malloc(ret->len + 1);
	if (ret->text == NULL)
		return false;
	ret->text[ret->len] = '\0';
	return pread(fd, ret->text, ret->len, 0) == st.st_size;
}

/* The child may have been taken over: what it says of the source goes into the state, which is read again. */
static bool
write_copy(const struct tool *t, const struct store *store, const struct work *w, const struct verdict *v)
{
	const struct judgement *j = &v->judgement;
	struct fleetcopy_state state = { .time = j->source.time, .generation = j->source.generation,
		.enrolled = j->source.enrolled, .blocked = j->source.blocked };
	_cleanup_(fclosep) FILE *plan = fleet_copy_stream(w->plan, "r");
	_cleanup_(store_change_done) struct store_change change = { .whole = v->whole };

	if (plan == NULL || !read_back(w->memory, &change)) {
		(void)update_failed(t);
		return false;
	}
	return store_write(store, plan, &w->before, &change) &&
	    (!j->whole || (state.time >= 0 && state.generation >= 0 && store_write_state(store, &state)));
}

/*
 * The index is written as a whole, so a change that comes alone does that only where logins look for a card's accounts;
 * elsewhere the next whole answer does. A failure is logged only: the search is slower.
 */
static void
index_copy(const struct tool *t, enum judge_answer answer)
{
	char users[PATH_MAX];

	if (answer != JUDGE_WHOLE && !t->conf.user_from_card)
		return;
	fleetcopy_users_dir(&t->conf, users);
	(void)!owners_index(&t->env, users, false).status;
}

static bool
update_with(struct tool *t, struct work *w, struct judgement *ret)
{
	struct verdict verdict;
	struct store store = store_of(&t->env);
	const int fds[] = { w->update->ldif, w->plan, w->memory };
	struct caged caged = { .work = judge_caged, .ctx = w, .result = &verdict, .result_size = sizeof verdict,
		.fds = fds, .fd_count = sizeof fds / sizeof fds[0], .writes = true };
	_cleanup_(closep) int lock = -1;

	memset(&verdict, 0, sizeof verdict);
	if (!store_open(&store, &lock) || !store_read_memory(&store, &w->before) || caged_run(t, &caged) != TOOL_OK)
		return false;
	*ret = verdict.judgement;
	if (ret->end == JUDGE_FAILED)
		return false;
	w->written = true;
	return write_copy(t, &store, w, &verdict);
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
	store_memory_done(&w.before);
	if (!done)
		tool_complain(t, "%s", w.written ? _("the copy stays as it was, but for blocks") : _("the copy stays as it was"));
	else if (ret->changed + ret->removed > 0)
		index_copy(t, update->answer);
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
	case JUDGE_FULL:
		tool_complain(t, _("JPKI-E-FLEET-FULL: %s: more names than the %d that this computer can remember; what cannot be "
		    "remembered was neither registered nor removed"), from, MEMORY_ENTRIES_MAX);
		break;
	case JUDGE_BEHIND:
		tool_complain(t, _("JPKI-E-FLEET-BEHIND: %s: the directory is older than this copy, perhaps restored from a backup; "
		    "nothing but blocks was taken"), from);
		break;
	case JUDGE_NO_SOURCE:
		tool_complain(t, _("JPKI-E-FLEET-STATE: %s: there is not one state entry (cn=state), so nothing but blocks was taken"), from);
		break;
	case JUDGE_UNREADABLE:
		tool_complain(t, _("JPKI-E-FLEET-LDIF: %s: line %ld: the entry that ends here is not understood, or cut off, so only blocks before it were taken"),
		    from, (long)j->line);
		break;
	case JUDGE_FAILED:
		break;	/* fleet_copy_update() has reported it */
	}
	return true;
}

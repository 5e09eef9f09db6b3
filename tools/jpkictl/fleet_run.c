/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "tools/fleet/contact.h"
#include "tools/fleet/feed.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"
#include "tools/jpkictl/fleet_copy.h"
#include "tools/jpkictl/fleet_run.h"
#include "tools/jpkictl/fleet_start.h"

#define LDIF_MAX ((size_t)1 << 30)	/* bytes of one answer */
#define CHANGES_MAX 1000		/* entries that are judged together */
#define ENTRIES_MAX (2 * MEMORY_ENTRIES_MAX)	/* registrations, and words */
#define WRONG_COUNTS_MAX 3		/* then a whole answer is asked for */
#define CODE_INCOMPLETE "JPKI-E-FLEET-SYNC"
#define BREAKS_AGAIN_S 3600		/* two broken connections within that time are no restart of a server */
#define LOG_LINES_MAX 30		/* in LOG_LINES_S seconds */
#define LOG_LINES_S 60
#define LOOK_MS 5000			/* until the next look for an administrator who has accepted */

enum collect { COLLECT_NOTHING, COLLECT_WHOLE, COLLECT_CHANGES };

struct run {
	struct tool *t;
	struct fleet_half half;
	struct store store;
	struct contact contact;
	FILE *ldif;		/* what has been collected of an answer */
	enum collect collecting;
	size_t entries, bytes;
	uint32_t server;	/* index in half.servers: the one in use */
	uint32_t server_has;	/* registrations, as the last CHANGE says */
	int64_t broke[REQUEST_SERVERS_MAX];	/* when the connection to each broke within an answer; 0: a whole one came since */
	bool believed;		/* the last whole answer of this server was accepted, so its changes may register and remove */
	unsigned int wrong_counts;	/* state entries in a row whose number of registrations is wrong */
	int64_t state_time;	/* of the last state entry that was accepted; 0: none yet */
	bool late_logged;
	/*
	 * Whether the last whole answer had removals that are held back. The state entry that explains them may
	 * follow in a moment, so the next state entry makes us ask for one more whole answer; not for more, since
	 * an administrator may have to look.
	 */
	enum { HELD_NOTHING, HELD_AT_FIRST, HELD_AGAIN } held_back;
	unsigned int logged;	/* lines for the log since logged_since */
	int64_t logged_since;
	struct feed_frame frame;
};

static const char *
server_of(const struct run *r)
{
	return r->contact.server[0] != '\0' ? r->contact.server : "-";
}

static void
send_command(struct run *r, char which)
{
	(void)!write(r->half.commands, &which, 1);
}

/* Limits lines for the log: neither a server nor a jpki_ldap that was taken over must fill it. */
static bool
may_log(struct run *r)
{
	int64_t now = clk_wall_s(r->t->env.clk);

	if (now - r->logged_since >= LOG_LINES_S || now < r->logged_since) {
		r->logged = 0;
		r->logged_since = now;
	}
	return r->logged++ < LOG_LINES_MAX;
}

/* Leaves this server: jpki_ldap goes to the next one, which sends a whole answer first. */
static void
leave_server(struct run *r)
{
	r->believed = false;
	send_command(r, FEED_NEXT);
}

static void
write_contact(const struct run *r)
{
	(void)!contact_write(&r->store, &r->contact);
}

/* Something has come from the server. */
static void
note_contact(struct run *r)
{
	r->contact.heard = clk_wall_s(r->t->env.clk);
	write_contact(r);
}

/* --- what has been collected ------------------------------------------------------------------ */

static void
collect_from_here(struct run *r, enum collect what)
{
	rewind(r->ldif);
	if (ftruncate(fileno(r->ldif), 0) != 0)
		tool_complain(r->t, "%s", strerror(errno));
	r->collecting = what;
	r->entries = r->bytes = 0;
}

static bool
collect_frame(struct run *r)
{
	r->entries++;
	r->bytes += r->frame.len + 1;
	return r->entries <= ENTRIES_MAX && r->bytes <= LDIF_MAX && fwrite(r->frame.text, 1, r->frame.len, r->ldif) == r->frame.len &&
	    fputc('\n', r->ldif) != EOF;
}

static bool
judge_collected(struct run *r, enum judge_answer answer, bool accept, struct judgement *ret)
{
	struct fleet_update update = { .ldif = fileno(r->ldif), .answer = answer, .there = r->server_has, .accept = accept };
	bool collected = fflush(r->ldif) == 0 && !ferror(r->ldif);

	clearerr(r->ldif);
	r->collecting = COLLECT_NOTHING;
	return collected && fleet_copy_update(r->t, &update, ret);
}

static void
print_counts(const struct run *r, const struct judgement *j)
{
	if (j->changed + j->removed > 0)
		printf(_("%s: registered: %ld (changed: %ld, removed: %ld); blocked: %ld; refused entries: %ld\n"), server_of(r),
		    (long)j->registered, (long)j->changed, (long)j->removed, (long)j->blocked, (long)j->refused);
	(void)fflush(stdout);
}

/* The code of an answer that is taken only in part; NULL: all of it is. */
static const char *
refusal_for(enum judge_end end)
{
	switch (end) {
	case JUDGE_BEHIND:
		return "JPKI-E-FLEET-BEHIND";
	case JUDGE_NO_SOURCE:
		return "JPKI-E-FLEET-STATE";
	case JUDGE_UNREADABLE:
		return "JPKI-E-FLEET-LDIF";
	case JUDGE_FULL:
		return "JPKI-E-FLEET-FULL";
	case JUDGE_TAKEN:
	case JUDGE_HELD:
	case JUDGE_FAILED:	/* not the server's fault */
		break;
	}
	return NULL;
}

/*
 * Notes for people why an answer was taken only in part; NULL: it was not. Only a whole answer removes such a note: changes do not
 * bring what it left out.
 */
static void
note_answer(struct run *r, const char *refusal)
{
	if (refusal != NULL)
		contact_refuse(&r->contact, refusal, clk_wall_s(r->t->env.clk));
	note_contact(r);
}

/* The state entry of an accepted answer: the server is not cut off from the registrar's. */
static void
note_state(struct run *r, const struct judgement *j)
{
	if ((j->end == JUDGE_TAKEN || j->end == JUDGE_HELD) && j->source.time > 0)
		r->state_time = j->source.time;
}

static void
take_whole(struct run *r)
{
	bool accept = store_is_accepted(&r->store);
	struct judgement j;

	if (!judge_collected(r, JUDGE_WHOLE, accept, &j)) {
		leave_server(r);
		return;
	}
	print_counts(r, &j);
	(void)fleet_copy_complain(r->t, server_of(r), &j);
	r->believed = j.end == JUDGE_TAKEN || j.end == JUDGE_HELD || j.end == JUDGE_FULL;
	note_state(r, &j);
	r->broke[r->server] = 0;
	r->wrong_counts = 0;
	if (j.end != JUDGE_HELD)
		r->held_back = HELD_NOTHING;
	else if (r->held_back == HELD_NOTHING)
		r->held_back = HELD_AT_FIRST;
	if (accept && r->believed)
		store_forget_accepted(&r->store);
	if (!r->believed)
		leave_server(r);
	contact_believe(&r->contact);
	note_answer(r, refusal_for(j.end));
}

/* Before it listens to a directory: removes files that the memory does not know, and writes lost blocks again. */
static void
sweep_at_start(struct run *r)
{
	struct judgement j;

	collect_from_here(r, COLLECT_NOTHING);
	if (judge_collected(r, JUDGE_START, false, &j))
		print_counts(r, &j);
}

/* Takes only blocks and lifts: the answer is incomplete, or the server is not believed. */
static void
take_blocks_only(struct run *r)
{
	struct judgement j;

	if (r->entries > 0)
		(void)!judge_collected(r, JUDGE_WORDS, false, &j);
	r->collecting = COLLECT_NOTHING;
}

/* The state entry has the right number of registrations. It may explain what the last whole answer held back. */
static void
confirm_state(struct run *r)
{
	r->wrong_counts = 0;
	if (r->held_back == HELD_AT_FIRST) {
		r->held_back = HELD_AGAIN;
		send_command(r, FEED_AGAIN);
	}
}

static void
take_changes(struct run *r)
{
	struct judgement j;

	if (!r->believed) {
		take_blocks_only(r);
		return;
	}
	/* A block that could not be written must come again. */
	if (!judge_collected(r, JUDGE_CHANGES, false, &j)) {
		send_command(r, FEED_AGAIN);
		return;
	}
	print_counts(r, &j);
	note_state(r, &j);
	note_answer(r, refusal_for(j.end));
	switch (j.end) {
	case JUDGE_TAKEN:
		if (j.source.time > 0)
			confirm_state(r);
		break;
	case JUDGE_HELD:
		if (j.held == 0 && ++r->wrong_counts >= WRONG_COUNTS_MAX) {
			r->wrong_counts = 0;
			send_command(r, FEED_AGAIN);
		}
		break;
	case JUDGE_FULL:
		if (may_log(r))
			(void)fleet_copy_complain(r->t, server_of(r), &j);
		break;
	default:
		(void)fleet_copy_complain(r->t, server_of(r), &j);
		leave_server(r);
	}
}

static void
take_collected(struct run *r)
{
	if (r->collecting == COLLECT_CHANGES)
		take_changes(r);
	else if (r->collecting == COLLECT_WHOLE)
		take_blocks_only(r);
}

/* --- frames ---------------------------------------------------------------------------------------- */

static bool
take_link(struct run *r)
{
	static const char *const modes[] = { [FEED_DOWN] = "down", [FEED_PERSIST] = "persist", [FEED_POLL] = "poll" };
	uint32_t server = feed_link_server(r->frame.number), mode = feed_link_mode(r->frame.number);

	if (server >= r->half.count || mode > FEED_POLL)
		return false;
	take_collected(r);
	r->believed = false;
	r->server = server;
	snprintf(r->contact.server, sizeof r->contact.server, "%s", r->half.servers[server]);
	snprintf(r->contact.mode, sizeof r->contact.mode, "%s", modes[mode]);
	if (mode == FEED_DOWN) {
		write_contact(r);
		return true;
	}
	if (may_log(r))
		tool_complain(r->t, _("%s: connected (%s)"), r->contact.server, r->contact.mode);
	note_contact(r);
	return true;
}

static bool
take_entry(struct run *r, enum collect what)
{
	if (r->collecting != what)
		return what == COLLECT_WHOLE && r->collecting == COLLECT_NOTHING;	/* of an answer that was too long */
	if (collect_frame(r))
		return true;
	if (ferror(r->ldif)) {
		tool_complain(r->t, _("what the server sends cannot be kept in a temporary file: %s"), strerror(errno));
	} else {
		tool_complain(r->t, _("%s: an answer that is too long"), server_of(r));
		note_answer(r, CODE_INCOMPLETE);
	}
	take_blocks_only(r);
	leave_server(r);
	return true;
}

static bool
take_change(struct run *r)
{
	if (r->collecting == COLLECT_WHOLE)
		return false;
	if (r->collecting == COLLECT_NOTHING)
		collect_from_here(r, COLLECT_CHANGES);
	r->server_has = r->frame.number;
	return take_entry(r, COLLECT_CHANGES);
}

static void
complain_incomplete(struct run *r)
{
	if (!may_log(r))
		return;
	if (r->frame.number == FEED_BROKEN_OFF)
		tool_complain(r->t, _("JPKI-E-FLEET-SYNC: %s: the connection ended before the answer did, so only blocks and their lifts were taken"),
		    server_of(r));
	else
		tool_complain(r->t, _("JPKI-E-FLEET-SYNC: %s: the answer was not whole (LDAP result %u), so only blocks and their lifts were taken"),
		    server_of(r), r->frame.number);
}

/* One broken connection needs no repair: the server may have been started again. */
static bool
breaks_again(struct run *r)
{
	int64_t now = clk_wall_s(r->t->env.clk), before = r->broke[r->server];

	r->broke[r->server] = now;
	return before != 0 && now - before < BREAKS_AGAIN_S;
}

static bool
take_end(struct run *r)
{
	if (r->collecting != COLLECT_WHOLE)
		return r->collecting == COLLECT_NOTHING;
	if (r->frame.number == 0) {
		take_whole(r);
		return true;
	}
	complain_incomplete(r);
	take_blocks_only(r);
	r->believed = false;
	if (r->frame.number != FEED_BROKEN_OFF || breaks_again(r))
		note_answer(r, CODE_INCOMPLETE);
	return true;
}

static bool
take_log_line(struct run *r)
{
	if (!may_log(r))
		return true;
	log_defuse(r->frame.text);
	tool_complain(r->t, "jpki_ldap: %s", r->frame.text);
	return true;
}

/* Returns false if such a frame must not come now. */
static bool
take_frame(struct run *r)
{
	switch (r->frame.kind) {
	case FEED_LINK:
		return take_link(r);
	case FEED_BEGIN:
		take_collected(r);
		collect_from_here(r, COLLECT_WHOLE);
		return true;
	case FEED_ENTRY:
		return take_entry(r, COLLECT_WHOLE);
	case FEED_END:
		return take_end(r);
	case FEED_CHANGE:
		return take_change(r);
	case FEED_SAYS:
		return take_log_line(r);
	}
	return false;
}

/* --- the loop ----------------------------------------------------------------------------------------- */

/* Returns 1 if a frame can be read, 0 if not yet, -1 with errno. */
static int
wait_for_feed(const struct run *r, int ms)
{
	struct pollfd fd = { .fd = r->half.feed, .events = POLLIN };
	int n = poll(&fd, 1, ms);

	return n < 0 && errno == EINTR ? 0 : n;
}

/* An administrator has accepted since the last look: the next whole answer may remove what is missing. */
static void
look_for_acceptance(struct run *r, bool *accepted)
{
	bool now = store_is_accepted(&r->store);

	if (now && !*accepted)
		send_command(r, FEED_AGAIN);
	*accepted = now;
}

/* Logs once, until the time of the state goes on, that it does not. */
static void
watch_age(struct run *r)
{
	bool late = r->state_time > 0 && fleetcopy_is_late(&r->t->conf, r->state_time, clk_wall_s(r->t->env.clk));

	if (late && !r->late_logged && may_log(r))
		tool_complain(r->t, _("JPKI-W-FLEET-LATE: %s: has not confirmed the copy for more than three minutes; it may be cut off from "
		    "the other servers, or fleet-heartbeat has stopped"), server_of(r));
	r->late_logged = late;
}

/* Takes the next frame. Returns NULL, or why no more can be taken. */
static const char *
take_next(struct run *r)
{
	enum feed f = feed_take(r->half.feed, &r->frame);

	if (f == FEED_CLOSED) {
		take_collected(r);
		return _("it has ended");
	}
	return f == FEED_TAKEN && take_frame(r) ? NULL : _("it sent nonsense");
}

/* Takes frames until there can be no more. Returns why, in words. */
static const char *
follow_feed(struct run *r)
{
	bool accepted = store_is_accepted(&r->store);
	const char *over = NULL;

	while (over == NULL) {
		bool changes = r->collecting == COLLECT_CHANGES;
		int n = wait_for_feed(r, changes ? 0 : LOOK_MS);

		if (n < 0)
			over = strerror(errno);
		else if (changes && (n == 0 || r->entries >= CHANGES_MAX))
			take_changes(r);
		else if (n == 0)
			look_for_acceptance(r, &accepted);
		else
			over = take_next(r);
		watch_age(r);
	}
	return over;
}

static void
say_ready(void)
{
#ifdef HAVE_LIBSYSTEMD
	(void)sd_notify(1, "READY=1");
#endif
}

static void
end_network_half(struct run *r, const char *why)
{
	int status = 0;

	(void)kill(r->half.pid, SIGKILL);
	while (waitpid(r->half.pid, &status, 0) < 0 && errno == EINTR)
		;
	tool_complain(r->t, _("jpki_ldap, which talks to the directory: %s%s%s"), why, WIFSIGNALED(status) ? ": " : "",
	    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
	snprintf(r->contact.mode, sizeof r->contact.mode, "down");
	r->contact.ended = true;
	write_contact(r);
}

/*
 * The server at which jpki_ldap ended the last time; "": it did not. Something that this server sent may have ended it, and would
 * end it again.
 */
static const char *
last_server(const struct run *r)
{
	static struct contact before;

	return contact_read(&r->store, clk_wall_s(r->t->env.clk), &before) && before.ended ? before.server : "";
}

int
fleet_run(struct tool *t)
{
	static struct run r;	/* too big for the stack */
	int fd, lock;

	r = (struct run){ .t = t, .store = store_of(&t->env) };
	(void)signal(SIGPIPE, SIG_IGN);
	if (!store_open(&r.store, &lock))
		return TOOL_FAILED;
	store_tidy(&r.store);
	(void)close(lock);
	fd = tool_temporary_file(t);
	r.ldif = fd >= 0 ? fdopen(fd, "w+") : NULL;
	if (r.ldif == NULL || !fleet_start(t, last_server(&r), &r.half))
		return TOOL_FAILED;
	say_ready();
	if (fleet_seal(t)) {
		sweep_at_start(&r);
		end_network_half(&r, follow_feed(&r));
	}
	return TOOL_FAILED;
}

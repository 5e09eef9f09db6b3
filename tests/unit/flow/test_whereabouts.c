/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/whereabouts: what the system knows of a host, a terminal and the parents of a process. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmpx.h>

#include "flow/whereabouts.h"
#include "lib/log.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* The file that getutxline() reads: an own one. */
static void
use_utmp(const struct utmpx *entries, size_t count)
{
	assert_int_equal(utmpxname(scratch_file("utmp", entries, count * sizeof entries[0])), 0);
}

static struct utmpx
entry(short type, const char *line, const char *host)
{
	struct utmpx u;

	memset(&u, 0, sizeof u);
	u.ut_type = type;
	strncpy(u.ut_line, line, sizeof u.ut_line - 1);
	strncpy(u.ut_host, host, sizeof u.ut_host - 1);
	return u;
}

static void
terminal_is_looked_up(void **state)
{
	const struct utmpx entries[] = {
		entry(USER_PROCESS, "tty1", ""),
		entry(USER_PROCESS, "pts/1", "192.0.2.7"),
		entry(USER_PROCESS, "pts/2", ":0"),
		entry(USER_PROCESS, "pts/3", "tmux(4711).%0"),
		entry(DEAD_PROCESS, "pts/4", "192.0.2.7"),
		entry(USER_PROCESS, "pts/5", ":pts/1:S.0"),
		entry(USER_PROCESS, "pts/6", ":"),
		entry(USER_PROCESS, "pts/7", "a-host-name-that-fills-all-of-the-room-that-utmp-has-for-host-names-and-"
		    "then-some-more-which-is-cut-off-at-the-two-hundred-and-fifty-sixth-byte-so-that-no-NUL-ends-it."
		    "and-so-it-goes-on-and-on-until-all-of-its-bytes-are-used-up-and-nothing-is-left-for-a-NUL"),
	};
	const struct {
		const char *tty;
		enum place_witness says;
	} cases[] = {
		{ "/dev/tty1", PLACE_WITNESS_NONE }, { "tty1", PLACE_WITNESS_NONE },
		{ "/dev/pts/1", PLACE_WITNESS_REMOTE }, { "pts/1", PLACE_WITNESS_REMOTE },
		{ "/dev/pts/2", PLACE_WITNESS_NONE },
		{ "/dev/pts/3", PLACE_WITNESS_MULTIPLEXER },	/* who knows from where */
		{ "/dev/pts/4", PLACE_WITNESS_NONE },
		{ "/dev/pts/5", PLACE_WITNESS_MULTIPLEXER }, { "/dev/pts/6", PLACE_WITNESS_MULTIPLEXER },
		{ "/dev/pts/7", PLACE_WITNESS_REMOTE },
		{ "/dev/pts/10", PLACE_WITNESS_NONE }, { "/dev/pts/", PLACE_WITNESS_NONE },
		{ "/dev/", PLACE_WITNESS_NONE }, { "", PLACE_WITNESS_NONE },
		{ "/dev/a-terminal-with-a-name-longer-than-utmp-has-room-for", PLACE_WITNESS_NONE },
	};

	use_utmp(entries, COUNT(entries));
	for (size_t i = 0; i < COUNT(cases); i++)
		if (whereabouts_by_utmp(cases[i].tty) != cases[i].says)
			fail_msg("%s", cases[i].tty);
}

/* sshd that was killed leaves its entry, and the next terminal of that number is another user's. */
static void
what_a_dead_process_left_says_nothing(void **state)
{
	struct utmpx u = entry(USER_PROCESS, "pts/1", "192.0.2.7");
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_true(child > 0);
	u.ut_pid = child;
	assert_int_equal(waitpid(child, NULL, 0), child);
	use_utmp(&u, 1);
	assert_int_equal(whereabouts_by_utmp("/dev/pts/1"), PLACE_WITNESS_NONE);
	u.ut_pid = getpid();
	use_utmp(&u, 1);
	assert_int_equal(whereabouts_by_utmp("/dev/pts/1"), PLACE_WITNESS_REMOTE);
}

static void
this_machine(void **state)
{
	static const char *const here[] = { "localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1" };
	static const char *const elsewhere[] = { "192.0.2.7", "0.0.0.0", "2001:db8::7", "::ffff:192.0.2.7", "::", "127.0.0.1.example",
		"far.example", " ", "127.0.0", "fe80::1234%lo" };
	char own[256];

	for (size_t i = 0; i < COUNT(here); i++)
		if (!whereabouts_is_here(here[i]))
			fail_msg("%s", here[i]);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (whereabouts_is_here(elsewhere[i]))
			fail_msg("%s", elsewhere[i]);
	assert_int_equal(gethostname(own, sizeof own), 0);
	assert_true(whereabouts_is_here(own));
}

/* What a child of a process of that name learns of it, as an exit status. */
static enum place_witness
child_of(const char *name)
{
	unsigned int console;
	pid_t parent, child;
	int status;

	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		(void)prctl(PR_SET_NAME, name);
		child = fork();
		if (child == 0) {
			(void)prctl(PR_SET_NAME, "sudo");
			_exit((int)whereabouts_by_parents(getpid(), &console));
		}
		_exit(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_true(WIFEXITED(status));
	return (enum place_witness)WEXITSTATUS(status);
}

static void
parents_are_looked_at(void **state)
{
	unsigned int console;
	enum place_witness ours = whereabouts_by_parents(getpid(), &console);

	assert_int_equal(child_of("sshd-session"), PLACE_WITNESS_REMOTE);
	assert_int_equal(child_of("bash"), ours);
	assert_true(child_of("tmux: server") >= PLACE_WITNESS_MULTIPLEXER);
	assert_int_equal(child_of("a) S 1 1 1 1025"), ours);	/* a name that looks like what follows it */
	assert_int_equal(whereabouts_by_parents(-1, &console), PLACE_WITNESS_NONE);
	assert_int_equal(console, 0);
}

static void
process_that_has_ended_says_nothing(void **state)
{
	unsigned int console = 1;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(whereabouts_by_parents(child, &console), PLACE_WITNESS_NONE);
	assert_int_equal(console, 0);
}

/* --- logind, with the sessions of the test ---------------------------------------------- */

int __wrap_access(const char *path, int how);

/* It runs. */
int
__wrap_access(const char *path, int how)
{
	assert_string_equal(path, "/run/systemd/seats");
	return 0;
}

#ifdef HAVE_LIBSYSTEMD
#define OWNER 1001
#define OTHER 1002
#define CALLER 1003
#define MANY (PLACE_SESSIONS_MAX + 1)

static struct session {
	const char *id, *seat, *display;	/* NULL: logind has none */
	uid_t uid;
	int remote, active, uid_error, seat_error;	/* negative: an error */
} sessions[MANY];
static const char *own;		/* the process's, */
static int own_error, manager;	/* or why it has none; then the manager's user, or an error */

static struct session *
session_of(const char *id)
{
	for (size_t i = 0; i < COUNT(sessions); i++)
		if (sessions[i].id != NULL && strcmp(sessions[i].id, id) == 0)
			return &sessions[i];
	fail_msg("session %s", id);
	return NULL;
}

static int
give_text(const char *text, char **ret)
{
	if (text == NULL)
		return -ENODATA;
	*ret = strdup(text);
	assert_non_null(*ret);
	return 0;
}

int __wrap_sd_pid_get_session(pid_t pid, char **ret);
int __wrap_sd_pid_get_owner_uid(pid_t pid, uid_t *ret);
int __wrap_sd_get_sessions(char ***ret);
int __wrap_sd_session_is_remote(const char *id);
int __wrap_sd_session_is_active(const char *id);
int __wrap_sd_session_get_uid(const char *id, uid_t *ret);
int __wrap_sd_session_get_seat(const char *id, char **ret);
int __wrap_sd_session_get_display(const char *id, char **ret);

int
__wrap_sd_pid_get_session(pid_t pid, char **ret)
{
	return own != NULL ? give_text(own, ret) : own_error;
}

int
__wrap_sd_pid_get_owner_uid(pid_t pid, uid_t *ret)
{
	*ret = (uid_t)manager;
	return manager < 0 ? manager : 0;
}

int
__wrap_sd_get_sessions(char ***ret)
{
	size_t n = 0;

	*ret = calloc(MANY + 1, sizeof **ret);
	assert_non_null(*ret);
	for (; n < MANY && sessions[n].id != NULL; n++)
		assert_int_equal(give_text(sessions[n].id, &(*ret)[n]), 0);
	return (int)n;
}

int
__wrap_sd_session_is_remote(const char *id)
{
	return session_of(id)->remote;
}

int
__wrap_sd_session_is_active(const char *id)
{
	return session_of(id)->active;
}

int
__wrap_sd_session_get_uid(const char *id, uid_t *ret)
{
	*ret = session_of(id)->uid;
	return session_of(id)->uid_error;
}

int
__wrap_sd_session_get_seat(const char *id, char **ret)
{
	return session_of(id)->seat_error != 0 ? session_of(id)->seat_error : give_text(session_of(id)->seat, ret);
}

int
__wrap_sd_session_get_display(const char *id, char **ret)
{
	return give_text(session_of(id)->display, ret);
}

static int
no_sessions(void **state)
{
	memset(sessions, 0, sizeof sessions);
	own = NULL;
	own_error = manager = -ENODATA;
	return 0;
}

static struct place_evidence
ask(void)
{
	static const struct log no_log;
	struct place_evidence e = { .service = "test", .tty = "", .display = ":7", .rhost = "", .seat = "seat7",
		.caller = CALLER };

	whereabouts(getpid(), &no_log, &e);
	return e;
}

static void
expect_silence(const char *what)
{
	struct place_evidence e = ask();

	if (e.logind != PLACE_LOGIND_SILENT)
		fail_msg("%s: logind is %d", what, (int)e.logind);
}

/* The process's own, those of its user, its display and its seat: with all that decides; no other. */
static void
sessions_that_matter_are_told(void **state)
{
	struct place_evidence e;

	own = "1";
	sessions[0] = (struct session){ .id = "1", .uid = OWNER, .seat = "seat0", .display = ":0", .active = 1 };
	sessions[1] = (struct session){ .id = "2", .uid = OTHER, .seat = "seat1", .active = 1 };
	sessions[2] = (struct session){ .id = "3", .uid = OWNER, .remote = 1 };
	sessions[3] = (struct session){ .id = "4", .uid = OTHER, .seat = "seat7" };
	sessions[4] = (struct session){ .id = "5", .uid = OTHER, .display = ":7.0" };
	sessions[5] = (struct session){ .id = "6", .uid = CALLER };
	sessions[6] = (struct session){ .id = "7", .uid = OTHER, .remote = -ENXIO };	/* it has just ended */
	e = ask();
	assert_int_equal(e.logind, PLACE_LOGIND_ANSWERS);
	assert_false(e.managed);
	assert_int_equal(e.session_count, 5);
	assert_true(e.sessions[0].own && e.sessions[0].active && !e.sessions[0].remote);
	assert_int_equal(e.sessions[0].uid, OWNER);
	assert_string_equal(e.sessions[0].seat, "seat0");
	assert_string_equal(e.sessions[0].display, ":0");
	assert_true(!e.sessions[1].own && !e.sessions[1].active && e.sessions[1].remote);
	assert_string_equal(e.sessions[1].seat, "");
	assert_string_equal(e.sessions[2].seat, "seat7");
	assert_string_equal(e.sessions[3].display, ":7.0");
	assert_int_equal(e.sessions[4].uid, CALLER);
}

static void
process_without_a_session(void **state)
{
	struct place_evidence e;

	assert_int_equal(ask().logind, PLACE_LOGIND_ANSWERS);
	/* Of a user's service manager: that user's sessions matter. */
	manager = OTHER;
	sessions[0] = (struct session){ .id = "1", .uid = OWNER };
	sessions[1] = (struct session){ .id = "2", .uid = OTHER };
	e = ask();
	assert_int_equal(e.logind, PLACE_LOGIND_ANSWERS);
	assert_true(e.managed);
	assert_int_equal(e.manager, OTHER);
	assert_int_equal(e.session_count, 1);
	assert_int_equal(e.sessions[0].uid, OTHER);
	manager = -EIO;
	expect_silence("no manager can be asked for");
	manager = -ENODATA;
	own_error = -EIO;
	expect_silence("no session can be asked for");
}

/* A part that is missing could be the one that says "remote". */
static void
half_an_answer_is_none(void **state)
{
	char name[2 * PLACE_NAME_MAX], id[MANY][4];

	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	/* Of its own session, and of another. */
	for (size_t i = 0; i < 2; i++) {
		const struct session whole[] = { { .id = "1", .uid = OWNER, .seat = "seat0" }, { .id = "2", .uid = OTHER } };
		struct session *s = &sessions[i];

		own = "1";
		memcpy(sessions, whole, sizeof whole);
		assert_int_equal(ask().logind, PLACE_LOGIND_ANSWERS);
		s->remote = -EIO;
		expect_silence("remote");
		s->remote = 0;
		s->active = -EIO;
		expect_silence("active");
		s->active = 0;
		s->uid_error = -EIO;
		expect_silence("user");
		s->uid_error = 0;
		s->seat_error = -EIO;
		expect_silence("seat");
		s->seat_error = 0;
		s->seat = name;
		expect_silence("long seat");
		s->seat = NULL;
		s->display = name;
		expect_silence("long display");
	}
	/* Its own has ended, or is not among them. */
	(void)no_sessions(state);
	own = "1";
	sessions[0] = (struct session){ .id = "1", .uid = OWNER, .remote = -ENXIO };
	expect_silence("ended");
	sessions[0] = (struct session){ .id = "1", .uid = OWNER };
	sessions[1] = (struct session){ .id = "2", .uid = OWNER };
	own = "2";
	assert_int_equal(ask().logind, PLACE_LOGIND_ANSWERS);
	/* More than there is room for. */
	for (size_t i = 0; i < MANY; i++) {
		snprintf(id[i], sizeof id[i], "%zu", i);
		sessions[i] = (struct session){ .id = id[i], .uid = i > 0 ? OWNER : OTHER };
	}
	own = "1";
	assert_int_equal(ask().session_count, PLACE_SESSIONS_MAX);
	assert_int_equal(ask().logind, PLACE_LOGIND_ANSWERS);
	sessions[0].uid = OWNER;
	expect_silence("too many");
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_is_looked_up),
		cmocka_unit_test(what_a_dead_process_left_says_nothing),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(parents_are_looked_at),
		cmocka_unit_test(process_that_has_ended_says_nothing),
#ifdef HAVE_LIBSYSTEMD
		cmocka_unit_test_setup(sessions_that_matter_are_told, no_sessions),
		cmocka_unit_test_setup(process_without_a_session, no_sessions),
		cmocka_unit_test_setup(half_an_answer_is_none, no_sessions),
#endif
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/whereabouts: what the system knows of a host, a terminal and the parents of a process. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmpx.h>

#include "flow/whereabouts.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_is_looked_up),
		cmocka_unit_test(what_a_dead_process_left_says_nothing),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(parents_are_looked_at),
		cmocka_unit_test(process_that_has_ended_says_nothing),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

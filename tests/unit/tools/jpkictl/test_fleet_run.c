/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/jpkictl/fleet_run: what becomes of the frames that come from the network half, in whatever order they come.
 * The judge and the network half are played here.
 */
#include "config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include "lib/clk.h"
#include "tools/fleet/contact.h"
#include "tools/fleet/feed.h"
#include "tools/jpkictl/fleet_copy.h"
#include "tools/jpkictl/fleet_run.h"
#include "tools/jpkictl/fleet_start.h"

static struct tool tool = { .command = "fleet" };
static char said[65536];	/* on standard error */
static char done[4096];		/* what was judged: "whole 2;" "words 1;" "changes 3 of 20;" */
static char commanded[64];	/* to the network half */
static int feed[2], commands[2];
static struct judgement next[8];	/* what the judge finds, one after the other; the last one stays */
static size_t turn, turns;
static unsigned int started;	/* comparisons at the start */
static bool failing;		/* it finds nothing */
static bool disk_is_full;
static int64_t later;		/* seconds by which the clock is ahead */
static int64_t at_judgement;	/* what is added to them at each judgement */

static int64_t
wall_s(void *ctx)
{
	return clk_wall_s(&clk_system) + later;
}

static int64_t
mono_ms(void *ctx)
{
	return clk_mono_ms(&clk_system);
}

static const struct clk clock_ahead = { .wall_s = wall_s, .mono_ms = mono_ms };

void
tool_complain(const struct tool *t, const char *format, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said + len, sizeof said - len, format, args);
	va_end(args);
	len = strlen(said);
	snprintf(said + len, sizeof said - len, "\n");
}

int
tool_temporary_file(const struct tool *t)
{
	char path[] = "/tmp/fleet_run.XXXXXX";
	int fd;

	if (disk_is_full)
		return open("/dev/full", O_RDWR);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static char to_try_last[64];

bool
fleet_start(struct tool *t, const char *last, struct fleet_half *ret)
{
	pid_t pid = fork();

	snprintf(to_try_last, sizeof to_try_last, "%s", last);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	*ret = (struct fleet_half){ .pid = pid, .commands = commands[1], .feed = feed[0], .servers = { "ldaps://a", "ldaps://b" },
	    .count = 2 };
	return pid > 0;
}

bool
fleet_seal(const struct tool *t)
{
	return true;
}

bool
fleet_copy_update(struct tool *t, const struct fleet_update *u, struct judgement *ret)
{
	static const char *const words[] = { [JUDGE_WHOLE] = "whole", [JUDGE_CHANGES] = "changes", [JUDGE_WORDS] = "words" };
	size_t len = strlen(done), entries = 0;
	char text[4096];
	ssize_t n = pread(u->ldif, text, sizeof text, 0);

	later += at_judgement;
	if (u->answer == JUDGE_START) {
		assert_true(started++ == 0 && len == 0 && (n == 0 || disk_is_full));	/* once, before anything of the directory */
		*ret = (struct judgement){ .end = JUDGE_TAKEN };
		return !failing;
	}
	for (ssize_t i = 0; i < n; i++)
		entries += text[i] == '=';
	snprintf(done + len, sizeof done - len, u->answer == JUDGE_CHANGES ? "%s %zu of %d;" : "%s %zu;", words[u->answer], entries,
	    (int)u->there);
	*ret = next[turn < turns ? turn++ : turns > 0 ? turns - 1 : 0];
	return !failing;
}

bool
fleet_copy_complain(const struct tool *t, const char *from, const struct judgement *j)
{
	return j->end != JUDGE_TAKEN;
}

/* --- the network half ----------------------------------------------------------------------- */

static void
put(enum feed_kind kind, uint32_t number, const char *text)
{
	assert_true(feed_put(feed[1], kind, number, text, strlen(text)));
}

static void
begin(enum judge_end first, enum judge_end then)
{
	assert_int_equal(pipe(feed), 0);
	assert_int_equal(pipe(commands), 0);
	said[0] = done[0] = '\0';
	memset(commanded, 0, sizeof commanded);
	failing = false;
	turn = 0;
	turns = 2;
	next[0] = (struct judgement){ .end = first };
	next[1] = (struct judgement){ .end = then, .source.time = 1 };
	put(FEED_LINK, feed_link(0, FEED_PERSIST), "");
}

/* Until the network half has said all; then it is gone. */
static void
run(void)
{
	close(feed[1]);
	started = 0;
	assert_int_equal(fleet_run(&tool), TOOL_FAILED);
	assert_int_equal(started, 1);
	close(feed[0]);
	close(commands[1]);
	assert_true(read(commands[0], commanded, sizeof commanded - 1) >= 0);
	close(commands[0]);
}

static void
whole(uint32_t result)
{
	put(FEED_BEGIN, 0, "");
	put(FEED_ENTRY, 0, "uid=a\n");
	put(FEED_ENTRY, 0, "uid=b\n");
	put(FEED_END, result, "");
}

/* --- tests --------------------------------------------------------------------------------------- */

static void
answers_and_changes_are_handed_on(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(0);
	put(FEED_CHANGE, 19, "cn=x\n");
	put(FEED_CHANGE, 20, "cn=y\n");
	run();
	assert_string_equal(done, "whole 2;changes 2 of 20;");
	assert_string_equal(commanded, "");
	assert_non_null(strstr(said, "it has ended"));
}

/* What is not a whole answer, or comes before one, registers and removes nothing. */
static void
a_part_of_an_answer_only_blocks(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(4);
	put(FEED_CHANGE, 3, "cn=x\n");
	run();
	assert_string_equal(done, "words 2;words 1;");
	assert_non_null(strstr(said, "JPKI-E-FLEET-SYNC"));
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_BEGIN, 0, "");
	put(FEED_ENTRY, 0, "uid=a\n");
	put(FEED_BEGIN, 0, "");			/* once more, from the beginning */
	put(FEED_ENTRY, 0, "uid=b\n");
	run();					/* and it broke off */
	assert_string_equal(done, "words 1;words 1;");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(0);
	put(FEED_LINK, feed_link(1, FEED_PERSIST), "");	/* another server has given no whole answer yet */
	put(FEED_CHANGE, 3, "cn=x\n");
	run();
	assert_string_equal(done, "whole 2;words 1;");
}

/* The code that `jpkictl fleet status` shows for the first server, or "". */
static const char *
noted(void)
{
	static struct contact c;
	struct store store = { .dir = tool.conf.fleet_dir, .owner = tool.env.trust_owner, .log = &tool.log };

	assert_true(contact_read(&store, clk_wall_s(tool.env.clk), &c));
	assert_true(c.count <= 1);
	if (c.count == 1)
		assert_string_equal(c.refused[0].server, "ldaps://a");
	return c.count == 1 ? c.refused[0].code : "";
}

/* jpkictl fleet status shows a server whose last answer was not whole. A whole answer removes the note. */
static void
a_server_without_a_whole_answer_is_noted(void **state)
{
	static const uint32_t results[] = { 1, 2, 4, 10, 51, 80, FEED_BROKEN_OFF - 1 };

	for (size_t i = 0; i < COUNT(results); i++) {
		begin(JUDGE_TAKEN, JUDGE_TAKEN);
		whole(results[i]);
		run();
		assert_string_equal(noted(), "JPKI-E-FLEET-SYNC");
		begin(JUDGE_TAKEN, JUDGE_TAKEN);
		whole(results[i]);
		whole(0);
		run();
		assert_string_equal(noted(), "");
	}
}

/* The connection to it broke once, and again after that many seconds. */
static void
breaks_twice(int64_t seconds)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_BEGIN, 0, "");
	put(FEED_END, FEED_BROKEN_OFF, "");
	put(FEED_BEGIN, 0, "");
	put(FEED_ENTRY, 0, "uid=a\n");		/* here the clock moves */
	put(FEED_END, FEED_BROKEN_OFF, "");
	at_judgement = seconds;
	run();
	at_judgement = later = 0;
}

/* A server that is started again breaks the connection, too, but not twice within an hour. */
static void
a_server_that_breaks_off_again_is_noted(void **state)
{
	breaks_twice(1);
	assert_string_equal(noted(), "JPKI-E-FLEET-SYNC");
	breaks_twice(3599);
	assert_string_equal(noted(), "JPKI-E-FLEET-SYNC");
	breaks_twice(3600);
	assert_string_equal(noted(), "");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(FEED_BROKEN_OFF);
	run();
	assert_string_equal(noted(), "");
	assert_non_null(strstr(said, "the connection ended before the answer did"));
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(FEED_BROKEN_OFF);
	whole(0);
	whole(FEED_BROKEN_OFF);
	put(FEED_LINK, feed_link(1, FEED_PERSIST), "");	/* the breaks of each server are counted for it alone */
	whole(FEED_BROKEN_OFF);
	run();
	assert_string_equal(noted(), "");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(FEED_BROKEN_OFF);
	put(FEED_LINK, feed_link(1, FEED_PERSIST), "");
	whole(0);
	put(FEED_LINK, feed_link(0, FEED_PERSIST), "");
	whole(FEED_BROKEN_OFF);
	run();
	assert_string_equal(noted(), "JPKI-E-FLEET-SYNC");
}

/* After what was put before, a change: what was judged then, and the code of the note that stays. */
static void
assert_after_a_change(const char *judged, const char *code)
{
	put(FEED_CHANGE, 3, "cn=state\n");
	run();
	assert_string_equal(done, judged);
	assert_string_equal(noted(), code);
}

static void
changes_do_not_remove_the_note(void **state)
{
	begin(JUDGE_FULL, JUDGE_TAKEN);
	whole(0);
	assert_after_a_change("whole 2;changes 1 of 3;", "JPKI-E-FLEET-FULL");
}

/* What the server has is known only up to the part. */
static void
after_a_part_of_an_answer_changes_only_block(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	whole(0);
	whole(4);
	assert_after_a_change("whole 2;words 2;words 1;", "JPKI-E-FLEET-SYNC");
}

/* That is not the server's fault. */
static void
a_full_disk_is_not_noted(void **state)
{
	static char text[60000];

	memset(text, 'x', sizeof text - 1);
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	disk_is_full = true;
	put(FEED_BEGIN, 0, "");
	put(FEED_ENTRY, 0, text);
	run();
	disk_is_full = false;
	assert_string_equal(noted(), "");
	assert_string_equal(done, "");
	assert_string_equal(commanded, "n");
	assert_non_null(strstr(said, "cannot be kept in a temporary file: No space left on device"));
}

/* A server that is behind, or has no state: the next one, please. */
static void
a_bad_server_is_left_for_the_next(void **state)
{
	static const enum judge_end ends[] = { JUDGE_BEHIND, JUDGE_NO_SOURCE, JUDGE_UNREADABLE };

	for (size_t i = 0; i < COUNT(ends); i++) {
		begin(ends[i], JUDGE_TAKEN);
		whole(0);
		put(FEED_CHANGE, 3, "cn=x\n");
		run();
		assert_string_equal(done, "whole 2;words 1;");
		assert_string_equal(commanded, "n");
		begin(JUDGE_HELD, ends[i]);		/* held is not the server's fault */
		whole(0);
		put(FEED_CHANGE, 3, "cn=x\n");
		run();
		assert_string_equal(done, "whole 2;changes 1 of 3;");
		assert_string_equal(commanded, "n");
	}
}

/* More names than can be remembered: no other server has fewer, so this one is kept, for its blocks. */
static void
a_full_memory_keeps_the_server(void **state)
{
	begin(JUDGE_FULL, JUDGE_FULL);
	whole(0);
	put(FEED_CHANGE, 3, "cn=x\n");
	run();
	assert_string_equal(done, "whole 2;changes 1 of 3;");
	assert_string_equal(commanded, "");
}

static void
a_failure_asks_the_next_server(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	failing = true;
	whole(0);
	run();
	assert_string_equal(commanded, "n");
}

/* Registrations that do not add up, three times: a whole answer has to show why. */
static void
wrong_numbers_ask_for_a_whole_answer(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_HELD);
	whole(0);
	for (int i = 0; i < 3; i++) {
		put(FEED_CHANGE, 3, "cn=state\n");
		put(FEED_SAYS, 4, "a line in between");
	}
	run();
	assert_string_equal(done, "whole 2;changes 3 of 3;");	/* told together, it counts once */
	assert_string_equal(commanded, "");
}

/* A removal held until the state that counts it: one more whole answer, and not one for each state to come. */
static void
what_was_held_is_looked_at_once_more(void **state)
{
	begin(JUDGE_HELD, JUDGE_TAKEN);
	whole(0);
	put(FEED_CHANGE, 3, "cn=state\n");
	run();
	assert_string_equal(done, "whole 2;changes 1 of 3;");
	assert_string_equal(commanded, "a");
	begin(JUDGE_HELD, JUDGE_TAKEN);
	next[2] = next[0];
	next[3] = next[1];
	turns = 4;
	whole(0);
	put(FEED_CHANGE, 3, "cn=state\n");
	whole(0);
	put(FEED_CHANGE, 3, "cn=state\n");
	run();
	assert_string_equal(done, "whole 2;changes 1 of 3;whole 2;changes 1 of 3;");
	assert_string_equal(commanded, "a");
	begin(JUDGE_HELD, JUDGE_TAKEN);
	next[1].source.time = 0;	/* a change without a state explains nothing */
	whole(0);
	put(FEED_CHANGE, 3, "uid=c\n");
	run();
	assert_string_equal(commanded, "");
}

/* A frame out of place, or of an unknown server, ends the run: nothing of it is used. */
static void
a_frame_out_of_place_ends_the_run(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_BEGIN, 0, "");
	put(FEED_CHANGE, 3, "cn=x\n");
	run();
	assert_non_null(strstr(said, "it sent nonsense"));
	assert_string_equal(done, "");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_LINK, feed_link(2, FEED_PERSIST), "");
	whole(0);
	run();
	assert_non_null(strstr(said, "it sent nonsense"));
	assert_string_equal(done, "");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_LINK, feed_link(0, (enum feed_mode)9), "");
	run();
	assert_non_null(strstr(said, "it sent nonsense"));
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	assert_int_equal(write(feed[1], "\3\0\0\0\0\xff\xff\xff\xff", 9), 9);
	run();
	assert_non_null(strstr(said, "it sent nonsense"));
}

/* The next run does not begin with the server at which jpki_ldap ended. */
static void
a_server_that_ends_jpki_ldap_is_tried_last(void **state)
{
	static const char *const modes[] = { "down", "persist", "poll" };
	const struct store store = { .dir = tool.conf.fleet_dir, .owner = tool.env.trust_owner, .log = &tool.log };
	struct contact c = { .server = "ldaps://a", .heard = 1 };

	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_LINK, feed_link(1, FEED_DOWN), "");	/* while it connects */
	run();
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	run();
	assert_string_equal(to_try_last, "ldaps://b");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	put(FEED_LINK, feed_link(0, FEED_DOWN), "");
	put(FEED_LINK, feed_link(0, FEED_PERSIST), "");
	whole(0);
	run();
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	run();
	assert_string_equal(to_try_last, "ldaps://a");
	for (size_t i = 0; i < COUNT(modes); i++) {	/* stopped by an administrator, or with the machine */
		snprintf(c.mode, sizeof c.mode, "%s", modes[i]);
		assert_true(contact_write(&store, &c));
		begin(JUDGE_TAKEN, JUDGE_TAKEN);
		run();
		assert_string_equal(to_try_last, "");
	}
}

static size_t
lines_with(const char *text)
{
	size_t n = 0;

	for (const char *at = said; (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static void
lines_for_the_log(void **state)
{
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	for (int i = 0; i < 300; i++)
		put(FEED_SAYS, 4, "\033]0;owned\nMay 1 root: in");
	run();
	assert_true(lines_with("?]0;owned?May 1 root: in") == 29);	/* and one that it is connected */
	assert_null(strchr(said, '\033'));
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	for (int i = 0; i < 100; i++) {
		put(FEED_LINK, feed_link(i % 2, FEED_PERSIST), "");
		whole(51);
	}
	run();
	assert_true(lines_with("connected") + lines_with("FLEET-SYNC") == 30);
}

/* An old state is reported once, and again only after a recent one: states of 1970, of now, and of 1970. */
static void
a_state_that_stands_still(void **state)
{
	snprintf(tool.conf.fleet_uri, sizeof tool.conf.fleet_uri, "ldaps://a");
	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	next[0].source.time = 1;
	whole(0);
	whole(0);
	run();
	assert_true(lines_with("JPKI-W-FLEET-LATE: ldaps://a") == 1);
	begin(JUDGE_TAKEN, JUDGE_HELD);
	next[0].source.time = 1;
	next[1].source.time = clk_wall_s(&clk_system);
	next[2] = next[0];
	turns = 3;
	for (int i = 0; i < 3; i++)
		whole(0);
	run();
	assert_true(lines_with("JPKI-W-FLEET-LATE") == 2);
	begin(JUDGE_BEHIND, JUDGE_BEHIND);	/* a server that is not believed: its state does not count */
	next[0].source.time = 1;
	whole(0);
	run();
	assert_true(lines_with("JPKI-W-FLEET-LATE") == 0);
	tool.conf.fleet_uri[0] = '\0';
}

/* An answer that does not end: from some number on entries are dropped, and another server is wanted. */
static void
an_answer_without_end(void **state)
{
	pid_t pid;

	begin(JUDGE_TAKEN, JUDGE_TAKEN);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		put(FEED_BEGIN, 0, "");
		for (int i = 0; i < 400010; i++)
			put(FEED_ENTRY, 0, "a");
		put(FEED_END, 0, "");
		_exit(0);
	}
	run();
	assert_int_equal(lines_with("too long"), 1);
	assert_string_equal(noted(), "JPKI-E-FLEET-SYNC");
	assert_string_equal(done, "words 0;");
	assert_string_equal(commanded, "n");
}

static int
prepare(void **state)
{
	tool.env = (struct flow_env){ .conf = &tool.conf, .log = &tool.log, .clk = &clock_ahead, .trust_owner = geteuid() };
	if (scratch_setup(state) != 0)
		return -1;
	snprintf(tool.conf.fleet_dir, sizeof tool.conf.fleet_dir, "%s", scratch_path("fleet"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_changes_are_handed_on),
		cmocka_unit_test(a_part_of_an_answer_only_blocks),
		cmocka_unit_test(a_server_without_a_whole_answer_is_noted),
		cmocka_unit_test(a_server_that_breaks_off_again_is_noted),
		cmocka_unit_test(changes_do_not_remove_the_note),
		cmocka_unit_test(after_a_part_of_an_answer_changes_only_block),
		cmocka_unit_test(a_full_disk_is_not_noted),
		cmocka_unit_test(a_bad_server_is_left_for_the_next),
		cmocka_unit_test(a_full_memory_keeps_the_server),
		cmocka_unit_test(a_failure_asks_the_next_server),
		cmocka_unit_test(wrong_numbers_ask_for_a_whole_answer),
		cmocka_unit_test(what_was_held_is_looked_at_once_more),
		cmocka_unit_test(a_frame_out_of_place_ends_the_run),
		cmocka_unit_test(a_server_that_ends_jpki_ldap_is_tried_last),
		cmocka_unit_test(lines_for_the_log),
		cmocka_unit_test(a_state_that_stands_still),
		cmocka_unit_test(an_answer_without_end),
	};

	return cmocka_run_group_tests(tests, prepare, scratch_teardown);
}

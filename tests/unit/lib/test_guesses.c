/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of failed PIN entries: its rules, its text, and its files. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/guesses.h"
#include "tests/unit/capture.h"
#include "tests/unit/readings.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define CERT "0123456789abcdef"
#define TARO 2002
#define JIRO 2003
#define HANAKO 2001
#define HOUR 3600
#define DAY 86400

static int64_t now = 1764345600;

/* --- the rules ----------------------------------------------------------------------- */

static void
fails(struct guesses *g, uid_t uid, const char *service)
{
	assert_true(guesses_note_try(g, uid, service, uid != HANAKO && uid != 0, now));
}

/* The holder logs in and is told of all. */
static unsigned int
holder_logs_in(struct guesses *g)
{
	const struct guesses told = *g;
	unsigned int untold = 0;

	for (size_t i = 0; i < g->count; i++)
		untold += g->at[i].untold;
	guesses_note_told(g, &told);
	return untold;
}

static bool
asked(const struct guesses *g, uid_t uid)
{
	int64_t when;
	bool may = guesses_may_ask(g, uid, now, &when);

	assert_int_equal(may, guesses_may_ask(g, uid, now, NULL));
	/* The time that is logged is the right one. */
	if (!may && when > 0) {
		assert_false(guesses_may_ask(g, uid, when - 1, NULL));
		assert_true(guesses_may_ask(g, uid, when, NULL));
	}
	return may;
}

static void
three_and_not_before_the_holder(void **state)
{
	struct guesses g = { .count = 0 };

	assert_int_equal(GUESSES_FEW, 3);
	for (int i = 0; i < GUESSES_FEW; i++) {
		assert_true(asked(&g, TARO));
		fails(&g, TARO, i == 1 ? "polkit-1" : "su");	/* the account counts, by whatever service */
	}
	assert_false(asked(&g, TARO));
	assert_true(asked(&g, JIRO));
	now += 10 * 365 * (int64_t)DAY;
	assert_false(asked(&g, TARO));
	assert_int_equal(holder_logs_in(&g), 3);
	assert_int_equal(holder_logs_in(&g), 0);	/* once */
}

/* The card has three tries again after each login of the holder; the account has not. */
static void
one_guess_per_login_of_the_holder_ends(void **state)
{
	struct guesses g = { .count = 0 };
	unsigned int guesses = 0;

	for (int minute = 0; minute < 365 * 24 * 60; minute++, now += 60) {
		if (asked(&g, TARO)) {
			fails(&g, TARO, "su");
			guesses++;
		}
		assert_true(holder_logs_in(&g) <= 1);
		assert_true(minute > 4 || guesses == (minute < 4 ? (unsigned int)minute + 1 : 4));
	}
	print_message("%u guesses in a year\n", guesses);
	assert_uint_in_range(guesses, 20, 30);
}

static void
waits_are_an_hour_and_twice_as_much_each_time(void **state)
{
	struct guesses g = { .count = 0 };
	int64_t wait = HOUR;

	for (int i = 0; i < GUESSES_FEW; i++)
		fails(&g, TARO, "su");
	holder_logs_in(&g);
	assert_true(asked(&g, TARO));
	for (int i = 0; i < 20; i++) {
		fails(&g, TARO, "su");
		now += wait;
		assert_false(asked(&g, TARO));		/* the holder has not logged in */
		holder_logs_in(&g);
		assert_true(asked(&g, TARO));
		now--;
		assert_false(asked(&g, TARO));
		now++;
		wait = 2 * wait < 30 * (int64_t)DAY ? 2 * wait : 30 * (int64_t)DAY;
	}
	now -= 100 * (int64_t)DAY;		/* a clock that was set back is no way out */
	assert_false(asked(&g, TARO));
	now += 100 * (int64_t)DAY;
}

static void
a_year_later_it_is_forgotten(void **state)
{
	struct guesses g = { .count = 0 };

	fails(&g, TARO, "su");
	fails(&g, TARO, "su");
	fails(&g, JIRO, "su");			/* of whom the holder is not told */
	holder_logs_in(&g);
	now += DAY;
	fails(&g, JIRO, "su");
	now += GUESSES_FORGET_S - DAY;
	fails(&g, HANAKO, "sudo");
	assert_int_equal(g.count, 3);
	now++;
	assert_int_equal(holder_logs_in(&g), 2);
	fails(&g, 0, "login");
	assert_int_equal(g.count, 2);		/* jiro, whose last failure is younger than a year */
	assert_int_equal(g.at[0].uid, JIRO);
}

static void
the_holder_and_root_are_told_of_and_forgotten(void **state)
{
	struct guesses g = { .count = 0 };

	for (int i = 0; i < 10; i++) {
		fails(&g, HANAKO, "sudo");
		fails(&g, 0, "login");
	}
	assert_int_equal(g.at[0].failed, 0);
	assert_int_equal(holder_logs_in(&g), 20);
	assert_int_equal(g.count, 0);
}

static void
what_was_not_tried_is_taken_back(void **state)
{
	struct guesses g = { .count = 0 };

	fails(&g, TARO, "su");
	guesses_take_back(&g, TARO, "su");
	assert_int_equal(g.count, 0);
	guesses_take_back(&g, TARO, "su");	/* of nothing */
	assert_int_equal(g.count, 0);
	for (int i = 0; i < 3; i++)
		fails(&g, TARO, "su");
	guesses_take_back(&g, TARO, "su");
	guesses_take_back(&g, TARO, "sudo");
	assert_int_equal(g.at[0].failed, 2);
	assert_int_equal(g.at[0].untold, 2);
	/* even when the holder was told in between */
	holder_logs_in(&g);
	guesses_take_back(&g, TARO, "su");
	assert_int_equal(g.at[0].failed, 1);
	assert_int_equal(g.at[0].untold, 0);
}

static void
the_right_pin_ends_the_guessing_and_is_told(void **state)
{
	struct guesses g = { .count = 0 };
	struct guesses told;

	fails(&g, TARO, "su");
	fails(&g, TARO, "polkit-1");
	guesses_note_entered(&g, TARO, "su", now);
	assert_int_equal(g.count, 2);
	assert_int_equal(g.at[0].failed + g.at[1].failed, 0);
	assert_int_equal(g.at[0].untold + g.at[1].untold, 2);	/* nothing is hidden from the holder */
	assert_int_equal(g.at[0].entered, 1);
	told = g;
	/* what comes while the holder is being told is for the next time */
	fails(&g, TARO, "su");
	guesses_note_entered(&g, TARO, "su", now);
	guesses_note_told(&g, &told);
	assert_int_equal(g.count, 1);
	assert_int_equal(g.at[0].untold, 1);
	assert_int_equal(g.at[0].entered, 1);
}

static void
room_is_limited_and_the_oldest_guess_is_not_pushed_out(void **state)
{
	struct guesses g = { .count = 0 };

	for (uid_t uid = 3000; uid < 3000 + GUESSES_ENTRIES_MAX; uid++)
		fails(&g, uid, "su");
	assert_false(guesses_note_try(&g, TARO, "su", true, now));
	assert_int_equal(g.count, GUESSES_ENTRIES_MAX);
	fails(&g, 3000, "su");			/* there already */
	guesses_note_entered(&g, TARO, "su", now);	/* no room to tell it, no harm */
	holder_logs_in(&g);
	assert_false(guesses_note_try(&g, TARO, "su", true, now));
	now += GUESSES_FORGET_S + 1;
	fails(&g, TARO, "su");
	assert_int_equal(g.count, 1);
}

static void
counters_do_not_wrap(void **state)
{
	struct guesses g = { .count = 0 };

	for (int i = 0; i < GUESSES_COUNT_MAX + 10; i++) {
		fails(&g, TARO, "su");
		guesses_note_told(&g, &(struct guesses){ .count = 0 });
	}
	assert_int_equal(g.at[0].failed, GUESSES_COUNT_MAX);
	assert_int_equal(g.at[0].untold, GUESSES_COUNT_MAX);
	assert_false(asked(&g, TARO));
}

static void
services_are_words(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "su", "su" }, { "su-l", "su-l" }, { "", "_" }, { NULL, "_" },
		{ "a b\nc/d;\xe3\x81\x82", "a_b_c_d____" }, { "user@host.x_y", "user@host.x_y" },
		{ "0123456789012345678901234567890123456789", "01234567890123456789012345678901" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char service[GUESSES_SERVICE_MAX];

		guesses_service(rows[i].from, service);
		assert_string_equal(service, rows[i].to);
	}
}

/* --- lists for people ------------------------------------------------------------------ */

static const char *
name(void *ctx, uid_t uid)
{
	return uid == TARO ? "taro" : uid == HANAKO ? "hanako" : uid == JIRO ? "x; y\n\x1b[2J" : NULL;
}

static void
lists_name_accounts_and_services(void **state)
{
	static const struct guesses_names names = { .name = name };
	struct guesses g = { .count = 0 };
	char text[GUESSES_LIST_MAX];

	assert_int_equal(guesses_list_failed(&g, &names, text), 0);
	assert_string_equal(text, "");
	fails(&g, TARO, "su");
	assert_int_equal(guesses_list_failed(&g, &names, text), 1);
	assert_string_equal(text, "taro, su");
	fails(&g, TARO, "su");
	fails(&g, 0, "login");
	fails(&g, HANAKO, "sudo");
	fails(&g, 4711, "su-l");
	fails(&g, JIRO, "su");
	assert_int_equal(guesses_list_failed(&g, &names, text), 6);
	assert_string_equal(text, "taro, su: 2; login; hanako, sudo; uid 4711, su-l; \"x; y\\x0a\\x1b[2J\", su");
	assert_int_equal(guesses_list_entered(&g, &names, text), 0);
	assert_string_equal(text, "");
	guesses_note_entered(&g, TARO, "su", now);
	assert_int_equal(guesses_list_entered(&g, &names, text), 1);
	assert_string_equal(text, "taro, su");
}

static void
long_lists_are_cut_between_entries(void **state)
{
	static const struct guesses_names names = { .name = name };
	struct guesses g = { .count = 0 };
	char text[GUESSES_LIST_MAX];

	for (uid_t uid = 5000; uid < 5000 + GUESSES_ENTRIES_MAX; uid++) {
		fails(&g, uid, "su");
		assert_int_equal(guesses_list_failed(&g, &names, text), uid - 5000 + 1);
		assert_true(strlen(text) < sizeof text);
	}
	assert_non_null(strstr(text, ", su; …"));
	assert_string_equal(strstr(text, "…"), "…");
}

/* --- the text ---------------------------------------------------------------------------- */

#define HEADER "# pam_jpki guesses 1: uid service failed untold entered last (see pam_jpki(8))\n"

static bool
parses(const char *lines, struct guesses *g)
{
	char text[2 * GUESSES_TEXT_MAX];
	int n = snprintf(text, sizeof text, HEADER "%s", lines);
	char *exact = malloc((size_t)n + 1);	/* so that a sanitizer sees who reads on */
	bool good;

	assert_non_null(exact);
	memcpy(exact, text, (size_t)n + 1);
	good = guesses_parse(exact, (size_t)n, g);
	free(exact);
	return good;
}

static void
text_comes_back(void **state)
{
	struct guesses g = { .count = 0 }, again;
	char text[GUESSES_TEXT_MAX];

	for (uid_t uid = 0; uid < GUESSES_ENTRIES_MAX; uid++) {
		size_t len;

		g.at[g.count++] = (struct guess_entry){ .uid = UINT32_MAX - 1 - uid,
			.service = "01234567890123456789012345678901", .failed = GUESSES_COUNT_MAX,
			.untold = GUESSES_COUNT_MAX, .entered = GUESSES_COUNT_MAX, .last = (int64_t)1 << 40 };
		len = guesses_format(&g, text);

		assert_true(len < sizeof text && strlen(text) == len);
		assert_true(guesses_parse(text, len, &again));
		assert_int_equal(again.count, g.count);
		for (size_t i = 0; i < g.count; i++) {
			assert_int_equal(again.at[i].uid, g.at[i].uid);
			assert_string_equal(again.at[i].service, g.at[i].service);
			assert_int_equal(again.at[i].last, g.at[i].last);
		}
	}
	assert_true(parses("", &again));
	assert_int_equal(again.count, 0);
	assert_true(parses("2002 su 3 1 0 1764345600\n", &again));
	assert_int_equal(again.at[0].failed, 3);
	assert_int_equal(again.at[0].untold, 1);
	assert_int_equal(again.at[0].entered, 0);
	assert_int_equal(again.at[0].last, 1764345600);
}

static void
other_texts_are_refused(void **state)
{
	static const char *const rows[] = {
		"\n", " \n", "2002\n", "2002 su\n", "2002 su 1 1 0 5", "2002 su 1 1 0 \n", "2002 su 1 1 0\n",
		"2002 su 1 1 0 5 \n", "2002 su 1 1 0 5 6\n", " 2002 su 1 1 0 5\n", "2002  su 1 1 0 5\n",
		"2002 su 1 1 0 5\r\n", "-1 su 1 1 0 5\n", "+1 su 1 1 0 5\n", "4294967295 su 1 1 0 5\n",
		"99999999999999999999999999 su 1 1 0 5\n", "02002 su 1 1 0 5\n", "0x7 su 1 1 0 5\n",
		"taro su 1 1 0 5\n", "2002 s/u 1 1 0 5\n", "2002 s\xe3\x81\x82 1 1 0 5\n",
		"2002 012345678901234567890123456789012 1 1 0 5\n", "2002 su 65536 1 0 5\n",
		"2002 su 1 65536 0 5\n", "2002 su 1 1 65536 5\n", "2002 su 1 1 0 1099511627777\n",
		"2002 su 1 1 0 -5\n", "2002 su 1 1 0 5\n2002 su 1 1 0 5\n", "2002 su 1 1 0 5\n\n",
		"# comment\n", "2002 su 1 1 0 5\n2003", "2002 su - 1 0 5\n", "2002 su 1. 1 0 5\n",
	};
	struct guesses g;
	char many[2 * GUESSES_TEXT_MAX] = "";

	for (size_t i = 0; i < COUNT(rows); i++)
		if (parses(rows[i], &g))
			fail_msg("taken: %s", rows[i]);
	for (unsigned int i = 0; i <= GUESSES_ENTRIES_MAX; i++) {
		assert_int_equal(parses(many, &g), 1);
		snprintf(many + strlen(many), sizeof many - strlen(many), "%u su 1 1 0 5\n", 3000 + i);
	}
	assert_false(parses(many, &g));
	assert_false(guesses_parse("", 0, &g));
	assert_false(guesses_parse("# pam_jpki guesses 2\n", 21, &g));
	assert_false(guesses_parse(HEADER, sizeof HEADER - 2, &g));
	assert_false(guesses_parse(HEADER "2002 su 1 1 0 5\n\0", sizeof HEADER - 1 + 17, &g));
	assert_false(guesses_parse(HEADER "2002 s\0 1 1 0 5\n", sizeof HEADER - 1 + 16, &g));
}

static void
every_cut_and_every_flip_is_refused_or_says_what_it_says(void **state)
{
	static const char good[] = HEADER "2002 su 3 1 0 1764345600\n2001 sudo 0 2 0 1764345601\n";
	struct guesses g;

	for (size_t len = 0; len < sizeof good - 1; len++)
		if (guesses_parse(good, len, &g) && len != sizeof HEADER - 1)
			assert_int_equal(good[len - 1], '\n');
	for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
		char text[sizeof good];

		memcpy(text, good, sizeof good);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		if (guesses_parse(text, sizeof text - 1, &g)) {
			char again[GUESSES_TEXT_MAX];

			assert_int_equal(guesses_format(&g, again), sizeof text - 1);
			assert_string_equal(again, text);
		}
	}
}

/* --- the files ------------------------------------------------------------------------------ */

static struct capture said;
static int64_t wall(void *ctx) { return now; }
static const struct clk clk = { .wall_s = wall };

static struct guesses_store
store_of(const char *dir)
{
	capture_start(&said);
	return (struct guesses_store){ .dir = scratch_path(dir), .owner = geteuid(), .clk = &clk,
		.log = &said.log };
}

static bool
add_taro(void *ctx, struct guesses *g)
{
	return guesses_note_try(g, TARO, "su", true, now);
}

static bool
clear(void *ctx, struct guesses *g)
{
	g->count = 0;
	return true;
}

static bool
refuse(void *ctx, struct guesses *g)
{
	return false;
}

static unsigned int
failed_in(const struct guesses_store *store)
{
	struct guesses g;

	assert_int_equal(guesses_read(store, CERT, &g), GUESSES_READ);
	return g.count == 0 ? 0 : g.at[0].failed;
}

static void
files_are_made_roots_and_removed(void **state)
{
	struct guesses_store store = store_of("state1/guesses");
	const char *path = scratch_path("state1/guesses/" CERT);
	struct stat st;

	assert_int_equal(failed_in(&store), 0);		/* not even the directory is there */
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	assert_int_equal(failed_in(&store), 2);
	assert_int_equal(stat(store.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(scratch_count(store.dir), 2);	/* with the lock */
	assert_false(guesses_update(&store, CERT, refuse, NULL));
	assert_int_equal(failed_in(&store), 2);
	assert_true(guesses_update(&store, CERT, clear, NULL));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(guesses_update(&store, CERT, clear, NULL));	/* there is none */
	assert_int_equal(said.lines, 0);
}

static void
names_are_sixteen_digits(void **state)
{
	static const char *const names[] = { "", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF",
		"../../etc/passwd", "0123456789abc/ef", "0123456789abc.ef", "................" };
	struct guesses_store store = store_of("state2/guesses");
	struct guesses g;

	assert_true(guesses_is_cert(CERT));
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(guesses_is_cert(names[i]));
		assert_int_equal(guesses_read(&store, names[i], &g), GUESSES_BAD);
		assert_false(guesses_update(&store, names[i], add_taro, NULL));
	}
	assert_int_equal(access(store.dir, F_OK), -1);
}

/* Neither read nor written, and what is there stays as it is. */
static void
is_refused(const struct guesses_store *store, const char *why)
{
	struct guesses g = { .count = 5 };

	said.lines = 0;
	assert_int_equal(guesses_read(store, CERT, &g), GUESSES_BAD);
	assert_int_equal(g.count, 0);
	assert_int_equal(said.priority, LOG_ERR);
	if (strstr(said.text, why) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", said.text, why);
	assert_false(guesses_update(store, CERT, add_taro, NULL));
	assert_false(guesses_update(store, CERT, clear, NULL));
	assert_true(said.lines >= 3);
}

static void
what_cannot_be_read_is_never_replaced(void **state)
{
	struct guesses_store store = store_of("state3/guesses");
	const char *path = scratch_path("state3/guesses/" CERT), *other;
	char big[GUESSES_TEXT_MAX + 2];

	scratch_mkdir("state3", 0755);
	scratch_mkdir("state3/guesses", 0700);
	scratch_text("state3/guesses/" CERT, "");
	is_refused(&store, "damaged");
	scratch_text("state3/guesses/" CERT, HEADER "2002 su 1 1 0");
	is_refused(&store, "damaged");
	assert_true(scratch_holds(path, HEADER "2002 su 1 1 0"));
	memset(big, '\n', sizeof big);
	scratch_file("state3/guesses/" CERT, big, sizeof big);
	is_refused(&store, CERT);
	scratch_text("state3/guesses/" CERT, HEADER);
	assert_int_equal(chmod(path, 0666), 0);
	is_refused(&store, "writable for others");
	assert_int_equal(unlink(path), 0);
	other = scratch_text("other", HEADER);
	assert_int_equal(symlink(other, path), 0);
	is_refused(&store, "no symbolic link");
	assert_true(scratch_holds(other, HEADER));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	is_refused(&store, "not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(chmod(store.dir, 0777), 0);
	is_refused(&store, "writable for others");
	assert_int_equal(chmod(store.dir, 0700), 0);
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
}

static void
what_others_own_is_refused(void **state)
{
	struct guesses_store store = store_of("state4/guesses");

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	store.owner = geteuid() + 1;
	is_refused(&store, "belongs to user");
	store.owner = geteuid();
	assert_int_equal(failed_in(&store), 1);
}

/* Links where the new file and the lock go. */
static void
links_are_not_followed(void **state)
{
	struct guesses_store store = store_of("state5/guesses");
	const char *victim = scratch_text("victim", "precious");

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	assert_int_equal(symlink(victim, scratch_path("state5/guesses/" CERT ".new")), 0);
	assert_false(guesses_update(&store, CERT, add_taro, NULL));
	assert_non_null(strstr(said.text, "cannot be recorded"));
	assert_true(scratch_holds(victim, "precious"));
	assert_int_equal(unlink(scratch_path("state5/guesses/" CERT ".new")), 0);
	assert_int_equal(unlink(scratch_path("state5/guesses/" CERT ".lock")), 0);
	assert_int_equal(symlink(victim, scratch_path("state5/guesses/" CERT ".lock")), 0);
	assert_false(guesses_update(&store, CERT, add_taro, NULL));
	assert_true(scratch_holds(victim, "precious"));
	assert_int_equal(failed_in(&store), 1);
}

static void
a_full_disk_or_a_limit_leaves_the_old_record(void **state)
{
	struct guesses_store store = store_of("state6/guesses");
	struct rlimit before, none;
	sigset_t pending;

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	/* SIGXFSZ would end this program. */
	assert_false(guesses_update(&store, CERT, add_taro, NULL));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(said.text, strerror(EFBIG)));
	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGXFSZ));
	assert_int_equal(failed_in(&store), 1);
	assert_int_equal(scratch_count(store.dir), 2);	/* nothing is left beside it */
}

static void
a_lock_that_is_kept_delays_by_a_second(void **state)
{
	struct guesses_store store = store_of("state7/guesses");
	int64_t begin;
	int lock;

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	lock = open(scratch_path("state7/guesses/" CERT ".lock"), O_RDWR | O_CLOEXEC);
	assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
	begin = clk_mono_ms(&clk_system);
	assert_false(guesses_update(&store, CERT, add_taro, NULL));
	assert_uint_in_range(clk_mono_ms(&clk_system) - begin, 900, 3000);
	assert_int_equal(said.priority, LOG_ERR);
	/* Another card's record is not concerned, and this one can be read. */
	assert_true(guesses_update(&store, "fedcba9876543210", add_taro, NULL));
	assert_int_equal(failed_in(&store), 1);
	close(lock);
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
}

#define PROCESSES 8
#define EACH 25

static void
parallel_updates_all_count(void **state)
{
	struct guesses_store store = store_of("state8/guesses");
	int status;

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid > 0)
			continue;
		for (int n = 0; n < EACH;)	/* under load a lock may be busy for a second */
			n += guesses_update(&store, CERT, add_taro, NULL);
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(failed_in(&store), PROCESSES * EACH);
}

/* Killed at any moment: the record is the old one or the next, and no file is left over. */
static void
killed_at_any_moment(void **state)
{
	struct guesses_store store = store_of("state9/guesses");
	unsigned int last = 0;

	for (useconds_t us = 0; us < 6000; us += 150) {
		unsigned int found;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			for (;;)
				(void)!guesses_update(&store, CERT, add_taro, NULL);
		usleep(us);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		found = failed_in(&store);
		assert_true(found >= last);
		last = found;
		assert_true(access(store.dir, F_OK) != 0 || scratch_count(store.dir) <= 3);
	}
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	assert_int_equal(failed_in(&store), last + 1);
	assert_int_equal(scratch_count(store.dir), 2);
}

static void
records_are_limited_in_number(void **state)
{
	struct guesses_store store = store_of("state10/guesses");
	char path[4096];

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	for (unsigned int i = 0; i < 3 * GUESSES_CERTS_MAX; i++) {
		int fd;

		snprintf(path, sizeof path, "%s/%016x", store.dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0 && close(fd) == 0);
	}
	assert_false(guesses_update(&store, "fedcba9876543210", add_taro, NULL));
	assert_non_null(strstr(said.text, strerror(ENOSPC)));
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
}

static void
note_cert(void *ctx, const char *cert)
{
	assert_string_equal(cert, CERT);
	(*(unsigned int *)ctx)++;
}

static void
each_names_the_records(void **state)
{
	struct guesses_store store = store_of("state11/guesses");
	unsigned int n = 0;

	assert_true(guesses_each(&store, note_cert, &n));
	assert_int_equal(n, 0);
	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	scratch_text("state11/guesses/README", "");
	assert_true(guesses_each(&store, note_cert, &n));
	assert_int_equal(n, 1);
	assert_int_equal(chmod(store.dir, 0777), 0);
	assert_false(guesses_each(&store, note_cert, &n));
}

/* The limit of files cannot be kept, and not all records are listed. */
static void
half_a_directory_is_not_taken_for_all_of_it(void **state)
{
	struct guesses_store store = store_of("state12/guesses");
	bool failed = true;

	assert_true(guesses_update(&store, CERT, add_taro, NULL));
	for (unsigned int call = 1; failed; call++) {
		unsigned int n = 0;
		bool ok;

		readings = (struct readings){ .to_error = call };
		ok = guesses_each(&store, note_cert, &n);
		failed = readings.calls >= call;
		assert_int_equal(ok, !failed);
		assert_true(!failed || strstr(said.text, strerror(EIO)) != NULL);
	}
	readings = (struct readings){ .to_error = 1 };
	assert_false(guesses_update(&store, "fedcba9876543210", add_taro, NULL));
	assert_non_null(strstr(said.text, "failed PIN entries cannot be recorded: Input/output error"));
	readings = (struct readings){ .to_error = 0 };
	assert_true(guesses_update(&store, "fedcba9876543210", add_taro, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_and_not_before_the_holder),
		cmocka_unit_test(one_guess_per_login_of_the_holder_ends),
		cmocka_unit_test(waits_are_an_hour_and_twice_as_much_each_time),
		cmocka_unit_test(a_year_later_it_is_forgotten),
		cmocka_unit_test(the_holder_and_root_are_told_of_and_forgotten),
		cmocka_unit_test(what_was_not_tried_is_taken_back),
		cmocka_unit_test(the_right_pin_ends_the_guessing_and_is_told),
		cmocka_unit_test(room_is_limited_and_the_oldest_guess_is_not_pushed_out),
		cmocka_unit_test(counters_do_not_wrap),
		cmocka_unit_test(services_are_words),
		cmocka_unit_test(lists_name_accounts_and_services),
		cmocka_unit_test(long_lists_are_cut_between_entries),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(every_cut_and_every_flip_is_refused_or_says_what_it_says),
		cmocka_unit_test(files_are_made_roots_and_removed),
		cmocka_unit_test(names_are_sixteen_digits),
		cmocka_unit_test(what_cannot_be_read_is_never_replaced),
		cmocka_unit_test(what_others_own_is_refused),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(a_full_disk_or_a_limit_leaves_the_old_record),
		cmocka_unit_test(a_lock_that_is_kept_delays_by_a_second),
		cmocka_unit_test(parallel_updates_all_count),
		cmocka_unit_test(killed_at_any_moment),
		cmocka_unit_test(records_are_limited_in_number),
		cmocka_unit_test(each_names_the_records),
		cmocka_unit_test(half_a_directory_is_not_taken_for_all_of_it),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* config/userindex: found by a few reads, and what is wrong with it is never taken for an answer. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/userfile.h"
#include "config/userindex.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define STAMP ((struct userindex_stamp){ .s = 1700000000, .ns = 42 })

/* What is read of it: --wrap=pread. */
static size_t reads;

ssize_t __wrap_pread(int fd, void *buf, size_t n, off_t at);
ssize_t __real_pread(int fd, void *buf, size_t n, off_t at);

ssize_t
__wrap_pread(int fd, void *buf, size_t n, off_t at)
{
	reads++;
	return __real_pread(fd, buf, n, at);
}

struct hits {
	char names[1024];
};

static void
note(void *ctx, const char *user)
{
	struct hits *h = ctx;
	size_t len = strlen(h->names);

	snprintf(h->names + len, sizeof h->names - len, "%s,", user);
}

/* The names under a key, each with a comma after it. Lent until the next call. */
static const char *
find(const char *dir, const char *key, struct capture *c, bool *ret_fresh)
{
	static struct hits h;

	h.names[0] = '\0';
	capture_start(c);
	*ret_fresh = userindex_find(dir, geteuid(), &c->log, key, note, &h);
	return h.names;
}

static void
write_index(const char *dir, struct userindex_lines *lines)
{
	struct userindex_stamp now;
	struct outcome o;

	assert_true(userindex_stamp_of_dir(dir, &now));
	o = userindex_write(dir, now, lines, NULL);
	assert_int_equal(o.status, OUTCOME_OK);
	userindex_lines_done(lines);
}

static void
finds_what_was_written(void **state)
{
	const char *dir = scratch_mkdir("a", 0755);
	struct userindex_lines lines = { .count = 0 };
	struct capture c;
	struct stat st;
	bool fresh;

	userindex_add(&lines, "06f1a2b3", STAMP, "taro");
	userindex_add(&lines, "06f1a2b3", STAMP, "DOM\\hanako suzuki");
	userindex_add(&lines, "06f1a2b30", STAMP, "longer");
	userindex_add(&lines, "06f1", STAMP, "shorter");
	userindex_add(&lines, USERINDEX_NO_KEY, STAMP, "empty");
	write_index(dir, &lines);
	assert_int_equal(stat(scratch_path("a.index"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_string_equal(find(dir, "06f1a2b3", &c, &fresh), "DOM\\hanako suzuki,taro,");
	assert_true(fresh);
	assert_string_equal(find(dir, "06f1a2b30", &c, &fresh), "longer,");
	assert_string_equal(find(dir, "06f1", &c, &fresh), "shorter,");
	assert_string_equal(find(dir, "06f1a2", &c, &fresh), "");
	assert_string_equal(find(dir, "0", &c, &fresh), "");
	assert_string_equal(find(dir, "ff", &c, &fresh), "");
	assert_true(fresh);
	assert_int_equal(c.lines, 0);
}

static void
nothing_enrolled(void **state)
{
	const char *dir = scratch_mkdir("none", 0755);
	struct userindex_lines lines = { .count = 0 };
	struct userindex index;
	struct capture c;
	struct outcome o;
	bool fresh;

	assert_string_equal(find(dir, "00", &c, &fresh), "");
	assert_false(fresh);
	o = userindex_load(dir, geteuid(), &c.log, &index);
	assert_int_equal(o.status, OUTCOME_NOT_ENROLLED);
	assert_int_equal(c.lines, 0);
	write_index(dir, &lines);
	assert_string_equal(find(dir, "00", &c, &fresh), "");
	assert_true(fresh);
	o = userindex_load(dir, geteuid(), &c.log, &index);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(index.count, 0);
	userindex_done(&index);
}

/* Each of twenty thousand, and none between them, in a handful of reads. */
static void
finds_each_of_many(void **state)
{
	enum { MANY = 20000 };
	const char *dir = scratch_mkdir("many", 0755);
	struct userindex_lines lines = { .count = 0 };
	const struct userindex_entry *e;
	char key[USERINDEX_KEY_MAX], user[32], expected[33];
	struct userindex index;
	struct capture c;
	struct outcome o;
	bool fresh;

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(key, sizeof key, "%08x", (i * 2654435761U) & ~1U);
		snprintf(user, sizeof user, "user%05u", i);
		userindex_add(&lines, key, STAMP, user);
	}
	write_index(dir, &lines);
	for (unsigned int i = 0; i < MANY; i += i < 200 || i > MANY - 200 ? 1 : 37) {
		snprintf(key, sizeof key, "%08x", (i * 2654435761U) & ~1U);
		snprintf(expected, sizeof expected, "user%05u,", i);
		reads = 0;
		assert_non_null(strstr(find(dir, key, &c, &fresh), expected));
		if (reads > 32)
			fail_msg("%zu reads for one of %d", reads, MANY);
		snprintf(key, sizeof key, "%08x", ((i * 2654435761U) & ~1U) + 1);
		assert_string_equal(find(dir, key, &c, &fresh), "");
		assert_true(fresh);
	}
	o = userindex_load(dir, geteuid(), &c.log, &index);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(index.count, MANY);
	assert_int_equal(userindex_of(&index, "user12345", &e), 1);
	assert_string_equal(e->user, "user12345");
	assert_true(userindex_same_stamp(e->changed, STAMP));
	assert_int_equal(userindex_of(&index, "user20000", &e), 0);
	assert_int_equal(userindex_of(&index, "nobody", &e), 0);
	userindex_done(&index);
}

/* Many enrollments of one certificate reach over several blocks. */
static void
finds_all_of_one(void **state)
{
	const char *dir = scratch_mkdir("one", 0755);
	struct userindex_lines lines = { .count = 0 };
	char user[200], *names;
	struct capture c;
	size_t found = 0;
	bool fresh;

	for (unsigned int i = 0; i < 100; i++) {
		snprintf(user, sizeof user, "%0150u", i);
		userindex_add(&lines, i % 2 ? "0a" : "0b", STAMP, user);
	}
	userindex_add(&lines, "0b", STAMP, "z");
	write_index(dir, &lines);
	names = (char *)(uintptr_t)find(dir, "0b", &c, &fresh);
	for (const char *p = names; *p != '\0'; p++)
		found += *p == ',';
	assert_true(found >= 6);	/* as many as the test has room for */
	assert_string_equal(find(dir, "0c", &c, &fresh), "");
}

/* A file that came, or has gone. */
static void
directory_that_has_changed(void **state)
{
	static const struct timespec before[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	const char *dir = scratch_mkdir("changed", 0755);
	struct userindex_lines lines = { .count = 0 };
	struct capture c;
	bool fresh;

	assert_int_equal(utimensat(AT_FDCWD, dir, before, 0), 0);
	userindex_add(&lines, "01", STAMP, "taro");
	write_index(dir, &lines);
	assert_string_equal(find(dir, "01", &c, &fresh), "taro,");
	assert_true(fresh);
	scratch_text("changed/hanako.pem", "x");
	assert_string_equal(find(dir, "01", &c, &fresh), "taro,");
	assert_false(fresh);
}

#define HEAD "pam_jpki users 1 "
#define TIMES " 1.000000001\n"

static void
expect_damaged(const char *dir, const char *text)
{
	struct userindex index;
	struct capture c;
	struct outcome o;
	bool fresh;

	scratch_text("damaged.index", text);
	(void)find(dir, "01", &c, &fresh);
	assert_false(fresh);
	capture_start(&c);
	o = userindex_load(dir, geteuid(), &c.log, &index);
	if (o.status != OUTCOME_ENROLMENT || strstr(c.text, "run jpkictl index") == NULL)
		fail_msg("\"%s\": %s, \"%s\"", text, outcome_code(o.status), c.text);
	assert_null(index.text);
	userindex_done(&index);
}

/* Damage that only root can cause, by accident. */
static void
a_damaged_index_is_not_used(void **state)
{
	static const char *const heads[] = { "", "\n", HEAD, HEAD "29\n", HEAD "x" TIMES, HEAD "30 1\n", HEAD "45" TIMES,
		"pam_jpki users 2 0000000041" TIMES, HEAD "0000000041 1.1000000000\n" };
	static const char *const lines[] = { "\n", "01\n", "01 taro\n", "01 taro 1\n", "01 taro 1.1", "01 taro 1.1\n\n",
		"01 /etc 1.1\n", "01 .taro 1.1\n", "01  1.1\n", "01 taro 1.x\n", "01 taro 1.1 \n", "01 taro 1.-1\n",
		"0123456789012345678901234567890123456789ab taro 1.1\n" };
	const char *dir = scratch_mkdir("damaged", 0755);
	char text[512];

	for (size_t i = 0; i < COUNT(heads); i++)
		expect_damaged(dir, heads[i]);
	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(text, sizeof text, HEAD "%010zu" TIMES "%s", strlen(HEAD "0123456789" TIMES) + strlen(lines[i]),
		    lines[i]);
		expect_damaged(dir, text);
	}
}

/* One that is cut short says so, wherever it is cut. */
static void
an_index_that_is_cut_short_is_not_used(void **state)
{
	const char *dir = scratch_mkdir("cut", 0755), *path = scratch_path("cut.index");
	struct userindex_lines lines = { .count = 0 };
	struct capture c;
	struct stat st;
	bool fresh;

	userindex_add(&lines, "01", STAMP, "taro");
	userindex_add(&lines, "02", STAMP, "hanako");
	write_index(dir, &lines);
	path = scratch_path("cut.index");
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size >= 0; size--) {
		assert_int_equal(truncate(path, size), 0);
		assert_string_equal(find(dir, "01", &c, &fresh), "");
		assert_false(fresh);
		assert_non_null(strstr(c.text, "damaged"));
	}
}

/* Nor one that another user could have written. */
static void
an_index_that_others_can_write_is_not_used(void **state)
{
	const char *dir = scratch_mkdir("others", 0755);
	struct userindex_lines lines = { .count = 0 };
	char real[PATH_MAX], link[PATH_MAX];
	struct capture c;
	bool fresh;

	userindex_add(&lines, "01", STAMP, "taro");
	write_index(dir, &lines);
	snprintf(link, sizeof link, "%s", scratch_path("others.index"));
	assert_int_equal(chmod(link, 0664), 0);
	assert_string_equal(find(dir, "01", &c, &fresh), "");
	assert_false(fresh);
	assert_non_null(strstr(c.text, "chmod go-w"));
	assert_int_equal(chmod(link, 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(link, 65534, 65534), 0);
		assert_string_equal(find(dir, "01", &c, &fresh), "");
		assert_false(fresh);
		assert_int_equal(chown(link, 0, 0), 0);
	}
	snprintf(real, sizeof real, "%s", scratch_path("real"));
	assert_int_equal(rename(link, real), 0);
	assert_int_equal(symlink(real, link), 0);
	assert_string_equal(find(dir, "01", &c, &fresh), "");
	assert_false(fresh);
}

static void
cannot_be_written(void **state)
{
	struct userindex_lines lines = { .count = 0 };
	struct capture c;
	struct outcome o;

	capture_start(&c);
	o = userindex_write(scratch_path("not-there/users"), STAMP, &lines, &c.log);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
	assert_int_equal(c.lines, 1);
	lines.failed = true;
	o = userindex_write(scratch_path("users"), STAMP, &lines, &c.log);
	assert_int_equal(o.status, OUTCOME_NO_MEMORY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_written),
		cmocka_unit_test(nothing_enrolled),
		cmocka_unit_test(finds_each_of_many),
		cmocka_unit_test(finds_all_of_one),
		cmocka_unit_test(directory_that_has_changed),
		cmocka_unit_test(a_damaged_index_is_not_used),
		cmocka_unit_test(an_index_that_is_cut_short_is_not_used),
		cmocka_unit_test(an_index_that_others_can_write_is_not_used),
		cmocka_unit_test(cannot_be_written),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

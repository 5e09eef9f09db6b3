/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/safefile: each MUST of the header, and the file that must survive. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/safefile.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static enum safefile
try_open(const char *path, struct capture *c)
{
	int fd = -1;
	enum safefile r;

	capture_start(c);
	r = safefile_open(path, geteuid(), &c->log, &fd);
	if (r == SAFEFILE_OK)
		assert_int_equal(close(fd), 0);
	else
		assert_int_equal(fd, -1);
	return r;
}

/* Refused, and the one line in the log names the file and what to do. */
static void
refuses(const char *path, const char *said)
{
	size_t open_before = scratch_count("/proc/self/fd");
	struct capture c;

	assert_int_equal(try_open(path, &c), SAFEFILE_REFUSED);
	assert_int_equal(c.lines, 1);
	assert_int_equal(strncmp(c.text, path, strlen(path) < 100 ? strlen(path) : 100), 0);
	if (strstr(c.text, said) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", c.text, said);
	assert_int_equal(scratch_count("/proc/self/fd"), open_before);
}

static void
accepts(const char *path)
{
	size_t open_before = scratch_count("/proc/self/fd");
	struct capture c;

	if (try_open(path, &c) != SAFEFILE_OK)
		fail_msg("refused: %s", c.text);
	assert_int_equal(c.lines, 0);
	assert_int_equal(scratch_count("/proc/self/fd"), open_before);
}

static void
is_absent(const char *path)
{
	struct capture c;

	assert_int_equal(try_open(path, &c), SAFEFILE_ABSENT);
	assert_int_equal(c.lines, 0);
}

static void
opens_what_is_in_order(void **state)
{
	const char *path = scratch_text("good", "text\n");
	size_t open_before = scratch_count("/proc/self/fd");
	struct capture c;
	char *text = NULL;
	size_t len = 0;

	accepts(path);
	capture_start(&c);
	assert_int_equal(safefile_open(path, geteuid(), &c.log, NULL), SAFEFILE_OK);
	assert_int_equal(safefile_read(path, geteuid(), 5, &c.log, &text, &len), SAFEFILE_OK);
	assert_int_equal(len, 5);
	assert_string_equal(text, "text\n");
	free(text);
	assert_int_equal(scratch_count("/proc/self/fd"), open_before);
}

static void
program_need_not_be_readable(void **state)
{
	const char *path = scratch_text("program", "#!/bin/sh\n");
	char link[PATH_MAX];
	struct capture c;

	capture_start(&c);
	assert_int_equal(chmod(path, 0111), 0);
	assert_int_equal(safefile_check_program(path, geteuid(), &c.log), SAFEFILE_OK);
	assert_int_equal(chmod(path, 0733), 0);
	assert_int_equal(safefile_check_program(path, geteuid(), &c.log), SAFEFILE_REFUSED);
	assert_int_equal(chmod(path, 0711), 0);
	assert_int_equal(safefile_check_program(path, geteuid() + 1, &c.log), SAFEFILE_REFUSED);
	snprintf(link, sizeof link, "%s", scratch_path("program-link"));
	assert_int_equal(symlink("program", link), 0);
	assert_int_equal(safefile_check_program(link, geteuid(), &c.log), SAFEFILE_REFUSED);
	assert_int_equal(safefile_check_program(scratch_path("no-program"), geteuid(), &c.log), SAFEFILE_ABSENT);
}

static void
absent_is_for_the_caller_to_judge(void **state)
{
	is_absent(scratch_path("nothing"));
	is_absent(scratch_path("no/such/directory"));
}

static void
path_must_be_absolute_and_straight(void **state)
{
	char path[PATH_MAX + 8];

	refuses("good", "absolute");
	refuses("./good", "absolute");
	refuses("", "absolute");
	scratch_mkdir("straight", 0755);
	scratch_text("straight/file", "x");
	accepts(scratch_path("straight/./file"));
	accepts(scratch_path("straight//file"));
	refuses(scratch_path("straight/../straight/file"), "..");
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	refuses(path, "too long");
}

static void
symbolic_link_is_refused(void **state)
{
	scratch_mkdir("real", 0755);
	scratch_text("real/file", "x");
	assert_int_equal(symlink("file", scratch_path("real/link")), 0);
	assert_int_equal(symlink("real", scratch_path("way")), 0);
	assert_int_equal(symlink("/nowhere", scratch_path("real/dangling")), 0);
	accepts(scratch_path("real/file"));
	refuses(scratch_path("real/link"), "symbolic link");
	refuses(scratch_path("real/dangling"), "symbolic link");
	refuses(scratch_path("way/file"), "symbolic link");
	refuses(scratch_path("real/file/below"), "real directories");
}

static void
file_writable_for_others_is_refused(void **state)
{
	const mode_t bad[] = { 0664, 0646, 0666, 0620, 0602, 01666 };
	const mode_t good[] = { 0644, 0600, 0400, 0755, 0444 };
	const char *path = scratch_text("modes", "x");

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		refuses(path, "chmod go-w");
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(chmod(path, good[i]), 0);
		accepts(path);
	}
}

static void
directory_writable_for_others_is_refused(void **state)
{
	const mode_t bad[] = { 0775, 0757, 0777, 02775 };
	const mode_t good[] = { 0755, 0700, 01777, 01775 };
	const char *dir = scratch_mkdir("outer", 0755);

	scratch_mkdir("outer/inner", 0755);
	scratch_text("outer/inner/file", "x");
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(chmod(dir, bad[i]), 0);
		refuses(scratch_path("outer/inner/file"), "chmod go-w");
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(chmod(dir, good[i]), 0);
		accepts(scratch_path("outer/inner/file"));
	}
}

/* Only root can give things away. */
static void
others_property_is_refused(void **state)
{
	const char *dir, *path;

	if (geteuid() != 0) {
		print_message("not root: no file of another owner can be made\n");
		skip();
	}
	dir = scratch_mkdir("theirs", 0755);
	path = scratch_text("theirs/file", "x");
	accepts(path);
	assert_int_equal(chown(path, 12345, 0), 0);
	refuses(path, "chown root");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chown(dir, 12345, 0), 0);
	refuses(path, "belongs to user 12345");
	assert_int_equal(chmod(dir, 01777), 0);		/* sticky does not help its owner */
	refuses(path, "belongs to user 12345");
}

/* As when a test's owner is not root: what belongs to root is not the owner's. */
static void
owner_is_exactly_the_given_one(void **state)
{
	const char *path = scratch_text("mine", "x");
	struct capture c;

	capture_start(&c);
	assert_int_equal(safefile_open(path, geteuid() + 1, &c.log, NULL), SAFEFILE_REFUSED);
	assert_non_null(strstr(c.text, "belongs to user"));
}

static void
what_is_not_a_regular_file_is_refused(void **state)
{
	const char *fifo = scratch_path("fifo");

	assert_int_equal(mkfifo(fifo, 0644), 0);
	alarm(10);			/* should the open wait for a writer */
	refuses(fifo, "not a regular file");
	alarm(0);
	refuses(scratch_mkdir("directory", 0755), "not a regular file");
	refuses("/", "not a regular file");
	refuses(scratch_path("directory/"), "not a regular file");
}

static void
unreadable_is_refused(void **state)
{
	const char *path = scratch_text("closed", "x");
	enum safefile r;
	struct capture c;

	capture_start(&c);
	assert_int_equal(chmod(path, geteuid() == 0 ? 0600 : 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(chmod(scratch_path(""), 0755), 0);
		assert_int_equal(seteuid(65534), 0);
		r = safefile_open(path, 0, &c.log, NULL);
		assert_int_equal(seteuid(0), 0);
	} else {
		r = safefile_open(path, geteuid(), &c.log, NULL);
	}
	assert_int_equal(r, SAFEFILE_REFUSED);
	assert_non_null(strstr(c.text, strerror(EACCES)));
}

static void
read_is_bounded(void **state)
{
	const char *path = scratch_file("four", "ab\0d", 4);
	struct capture c;
	char *text = NULL;
	size_t len = 7;

	capture_start(&c);
	assert_int_equal(safefile_read(path, geteuid(), 3, &c.log, &text, &len), SAFEFILE_REFUSED);
	assert_non_null(strstr(c.text, "too long"));
	assert_null(text);
	assert_int_equal(len, 7);
	assert_int_equal(safefile_read(path, geteuid(), 4, &c.log, &text, &len), SAFEFILE_OK);
	assert_int_equal(len, 4);
	assert_memory_equal(text, "ab\0d", 5);
	free(text);
	path = scratch_file("none", "", 0);
	assert_int_equal(safefile_read(path, geteuid(), 0, &c.log, &text, &len), SAFEFILE_OK);
	assert_int_equal(len, 0);
	free(text);
}

static void
directory_is_checked_likewise(void **state)
{
	const char *dir = scratch_mkdir("store", 0755);
	uid_t me = geteuid();
	char slashed[PATH_MAX];
	struct capture c;

	capture_start(&c);
	snprintf(slashed, sizeof slashed, "%s//", dir);
	assert_int_equal(safefile_check_dir(dir, me, &c.log), SAFEFILE_OK);
	assert_int_equal(safefile_check_dir(slashed, me, &c.log), SAFEFILE_OK);
	assert_int_equal(safefile_check_dir("/", me, &c.log), SAFEFILE_OK);
	assert_int_equal(c.lines, 0);
	snprintf(slashed, sizeof slashed, "%s/..", dir);
	assert_int_equal(safefile_check_dir(slashed, me, &c.log), SAFEFILE_REFUSED);
	assert_int_equal(safefile_check_dir(scratch_path("nowhere"), me, &c.log), SAFEFILE_ABSENT);
	assert_int_equal(safefile_check_dir(scratch_text("plain", ""), me, &c.log), SAFEFILE_REFUSED);
	assert_int_equal(symlink("store", scratch_path("alias")), 0);
	assert_int_equal(safefile_check_dir(scratch_path("alias"), me, &c.log), SAFEFILE_REFUSED);
	assert_int_equal(chmod(dir, 0775), 0);
	assert_int_equal(safefile_check_dir(dir, me, &c.log), SAFEFILE_REFUSED);
	assert_int_equal(c.lines, 4);
}

/* --- replacing --------------------------------------------------------------- */

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	return st.st_mode & 07777;
}

static void
replace_makes_and_replaces(void **state)
{
	const char *dir = scratch_mkdir("new", 0755);
	const char *path = scratch_path("new/file");
	mode_t mask = umask(077);
	struct capture c;

	capture_start(&c);
	assert_true(safefile_replace(path, 0644, "one", 3, &c.log));
	assert_true(scratch_holds(path, "one"));
	assert_int_equal(mode_of(path), 0644);		/* whatever the umask */
	assert_true(safefile_replace(path, 0600, "", 0, &c.log));
	assert_true(scratch_holds(path, ""));
	assert_int_equal(mode_of(path), 0600);
	(void)umask(mask);
	assert_int_equal(scratch_count(dir), 1);
	assert_int_equal(c.lines, 0);
}

static void
replace_does_not_follow_a_link(void **state)
{
	const char *victim, *link;
	struct capture c;

	scratch_mkdir("links", 0755);
	victim = scratch_text("links/victim", "victim");
	link = scratch_path("links/link");
	capture_start(&c);
	assert_int_equal(symlink("victim", link), 0);
	assert_true(safefile_replace(link, 0644, "new", 3, &c.log));
	assert_true(scratch_holds(victim, "victim"));
	assert_true(scratch_holds(link, "new"));
	assert_int_equal(mode_of(link), 0644);
}

static void
replace_takes_the_longest_name(void **state)
{
	char name[NAME_MAX + 1] = {0};
	const char *path;
	struct capture c;

	memset(name, 'n', NAME_MAX);
	path = scratch_path(name);
	capture_start(&c);
	assert_true(safefile_replace(path, 0644, "x", 1, &c.log));
	assert_true(scratch_holds(path, "x"));
}

/* A disk that is full after four bytes. */
static void
failed_write_leaves_the_old_file(void **state)
{
	const char *dir = scratch_mkdir("full", 0755);
	const char *path = scratch_text("full/file", "old text");
	size_t open_before = scratch_count("/proc/self/fd");
	struct rlimit old, small;
	struct capture c;
	bool written;

	capture_start(&c);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 4, .rlim_max = old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	written = safefile_replace(path, 0644, "new text", 8, &c.log);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_false(written);
	assert_true(scratch_holds(path, "old text"));
	assert_int_equal(scratch_count(dir), 1);
	assert_int_equal(c.lines, 1);
	assert_non_null(strstr(c.text, path));
	assert_non_null(strstr(c.text, strerror(EFBIG)));
	assert_int_equal(scratch_count("/proc/self/fd"), open_before);
}

static void
failed_rename_leaves_no_litter(void **state)
{
	const char *dir = scratch_mkdir("taken", 0755);
	const char *path = scratch_mkdir("taken/file", 0755);
	struct capture c;

	scratch_text("taken/file/inside", "x");
	capture_start(&c);
	assert_false(safefile_replace(path, 0644, "new", 3, &c.log));
	assert_int_equal(scratch_count(dir), 1);
	assert_int_equal(c.lines, 1);
}

static void
impossible_paths_are_logged(void **state)
{
	char path[PATH_MAX + 8];
	struct capture c;

	capture_start(&c);
	assert_false(safefile_replace(scratch_path("nowhere/file"), 0644, "x", 1, &c.log));
	assert_int_equal(c.lines, 1);
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	assert_false(safefile_replace(path, 0644, "x", 1, &c.log));
	assert_int_equal(c.lines, 2);
}

static void
syncs_the_directory(void **state)
{
	char missing[PATH_MAX];

	assert_true(safefile_sync_directory_of(scratch_text("synced", "x")));
	assert_true(safefile_sync_directory_of("/etc"));
	snprintf(missing, sizeof missing, "%s/x", scratch_path("no-such-directory"));
	assert_false(safefile_sync_directory_of(missing));
	errno = 0;
	assert_false(safefile_sync_directory_of("relative"));
	assert_int_equal(errno, EINVAL);
}

/* A file of an open directory: the directory's checks are done, the file's are not. */
static void
refuses_in(int dir, const char *dir_path, const char *name, const char *said)
{
	struct capture c;
	int fd = -1;

	capture_start(&c);
	assert_int_equal(safefile_open_at(dir, dir_path, name, geteuid(), &c.log, &fd),
	    SAFEFILE_REFUSED);
	assert_int_equal(fd, -1);
	if (strstr(c.text, said) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", c.text, said);
}

static void
files_of_an_open_directory(void **state)
{
	const char *path = scratch_mkdir("many", 0755);
	struct capture c;
	int dir = -1, fd = -1;

	capture_start(&c);
	scratch_text("many/good", "x");
	assert_int_equal(symlink("good", scratch_path("many/link")), 0);
	assert_int_equal(chmod(scratch_text("many/open", "x"), 0664), 0);
	scratch_mkdir("many/directory", 0755);
	assert_int_equal(safefile_open_dir(path, geteuid(), &c.log, &dir), SAFEFILE_OK);
	assert_int_equal(safefile_open_at(dir, path, "good", geteuid(), &c.log, &fd), SAFEFILE_OK);
	assert_int_equal(close(fd), 0);
	fd = -1;
	assert_int_equal(safefile_open_at(dir, path, "none", geteuid(), &c.log, &fd), SAFEFILE_ABSENT);
	assert_int_equal(c.lines, 0);
	refuses_in(dir, path, "link", "no symbolic link");
	refuses_in(dir, path, "open", "writable for others");
	refuses_in(dir, path, "directory", "not a regular file");
	refuses_in(dir, path, "../many/good", "not the name of a file");
	assert_int_equal(close(dir), 0);
	assert_int_equal(chmod(path, 0777), 0);
	dir = -1;
	assert_int_equal(safefile_open_dir(path, geteuid(), &c.log, &dir), SAFEFILE_REFUSED);
	assert_int_equal(dir, -1);
	assert_int_equal(chmod(path, 0755), 0);
}

/* Only what was opened is a success, whatever else the caller passes. */
static void
outcome_is_the_callers(void **state)
{
	static const struct {
		int r;
		enum outcome_status status;
	} rows[] = {
		{ SAFEFILE_OK, OUTCOME_OK },
		{ SAFEFILE_ABSENT, OUTCOME_NOT_ENROLLED },
		{ SAFEFILE_REFUSED, OUTCOME_ENROLMENT },
		{ SAFEFILE_NO_MEMORY, OUTCOME_NO_MEMORY },
		{ SAFEFILE_NO_MEMORY + 1, OUTCOME_INTERNAL },
		{ -1, OUTCOME_INTERNAL },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(safefile_outcome((enum safefile)rows[i].r, OUTCOME_NOT_ENROLLED,
		    OUTCOME_ENROLMENT).status, rows[i].status);
	assert_int_equal(safefile_outcome(SAFEFILE_ABSENT, OUTCOME_OK, OUTCOME_ENROLMENT).status, OUTCOME_OK);
	assert_int_equal(safefile_outcome(SAFEFILE_REFUSED, OUTCOME_OK, OUTCOME_ENROLMENT).status,
	    OUTCOME_ENROLMENT);
}

/* --- directories that are kept open: from here on in all of the tests ------------------------- */

static bool
says(const char *path, const char *text)
{
	char *found = NULL;
	size_t len;
	bool same;

	if (safefile_read(path, geteuid(), 100, NULL, &found, &len) != SAFEFILE_OK)
		return false;
	same = strcmp(found, text) == 0;
	free(found);
	return same;
}

/* A directory is looked up by its name each time, so an exchanged one counts at once. */
static void
kept_directories_are_looked_at(void **state)
{
	char way[PATH_MAX], there[PATH_MAX], file[PATH_MAX], aside[PATH_MAX];
	struct capture c;

	safefile_keep_directories();
	snprintf(way, sizeof way, "%s", scratch_mkdir("kept", 0755));
	snprintf(there, sizeof there, "%s", scratch_mkdir("kept/there", 0755));
	snprintf(file, sizeof file, "%s", scratch_text("kept/there/file", "old"));
	snprintf(aside, sizeof aside, "%s", scratch_path("aside"));
	assert_true(says(file, "old") && says(file, "old"));
	assert_int_equal(chmod(way, 0777), 0);		/* on the way to the kept one */
	assert_int_equal(try_open(file, &c), SAFEFILE_REFUSED);
	assert_non_null(strstr(c.text, "writable for others"));
	assert_int_equal(chmod(way, 0755), 0);
	assert_int_equal(chmod(there, 0777), 0);
	assert_int_equal(try_open(file, &c), SAFEFILE_REFUSED);
	assert_int_equal(chmod(there, 0755), 0);
	assert_true(says(file, "old"));
	assert_int_equal(rename(there, aside), 0);	/* another takes its name */
	assert_int_equal(try_open(file, &c), SAFEFILE_ABSENT);
	(void)scratch_mkdir("kept/there", 0755);
	(void)scratch_text("kept/there/file", "new");
	assert_true(says(file, "new") && says(file, "new"));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(there), 0);
	assert_int_equal(symlink(aside, there), 0);
	assert_int_equal(try_open(file, &c), SAFEFILE_REFUSED);
	assert_non_null(strstr(c.text, "symbolic link"));
	assert_int_equal(unlink(there), 0);
	assert_int_equal(rename(aside, there), 0);
	assert_true(says(file, "old"));
}

/* The descriptors are bounded; beyond them, directories are opened as ever. */
static void
kept_directories_are_bounded(void **state)
{
	size_t before = scratch_count("/proc/self/fd");
	char name[64];

	for (unsigned int i = 0; i < 2 * SAFEFILE_KEPT_MAX; i++) {
		snprintf(name, sizeof name, "many%u", i);
		(void)scratch_mkdir(name, 0755);
		snprintf(name, sizeof name, "many%u/file", i);
		assert_true(says(scratch_text(name, "text"), "text"));
	}
	assert_true(scratch_count("/proc/self/fd") <= before + SAFEFILE_KEPT_MAX);
}

static void
directory_to_look_into(void **state)
{
	char dir[PATH_MAX];
	struct capture c;
	struct stat st;
	int fd = -1;

	snprintf(dir, sizeof dir, "%s", scratch_mkdir("looked", 0755));
	(void)scratch_text("looked/file", "text");
	capture_start(&c);
	assert_int_equal(safefile_find_dir(dir, geteuid(), &c.log, &fd), SAFEFILE_OK);
	assert_int_equal(fstatat(fd, "file", &st, 0), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(safefile_find_dir(dir, geteuid(), &c.log, &fd), SAFEFILE_OK);	/* what the caller closes is its own */
	assert_int_equal(close(fd), 0);
	assert_int_equal(safefile_find_dir(scratch_path("nothing"), geteuid(), &c.log, &fd), SAFEFILE_ABSENT);
	assert_int_equal(c.lines, 0);
	assert_int_equal(safefile_find_dir("looked", geteuid(), &c.log, &fd), SAFEFILE_REFUSED);
	assert_int_equal(safefile_find_dir(scratch_path("looked/file"), geteuid(), &c.log, &fd), SAFEFILE_REFUSED);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(safefile_find_dir(dir, geteuid(), &c.log, &fd), SAFEFILE_REFUSED);
	assert_int_equal(c.lines, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_is_in_order),
		cmocka_unit_test(program_need_not_be_readable),
		cmocka_unit_test(absent_is_for_the_caller_to_judge),
		cmocka_unit_test(path_must_be_absolute_and_straight),
		cmocka_unit_test(symbolic_link_is_refused),
		cmocka_unit_test(file_writable_for_others_is_refused),
		cmocka_unit_test(directory_writable_for_others_is_refused),
		cmocka_unit_test(others_property_is_refused),
		cmocka_unit_test(owner_is_exactly_the_given_one),
		cmocka_unit_test(what_is_not_a_regular_file_is_refused),
		cmocka_unit_test(unreadable_is_refused),
		cmocka_unit_test(read_is_bounded),
		cmocka_unit_test(directory_is_checked_likewise),
		cmocka_unit_test(files_of_an_open_directory),
		cmocka_unit_test(replace_makes_and_replaces),
		cmocka_unit_test(replace_does_not_follow_a_link),
		cmocka_unit_test(replace_takes_the_longest_name),
		cmocka_unit_test(failed_write_leaves_the_old_file),
		cmocka_unit_test(failed_rename_leaves_no_litter),
		cmocka_unit_test(impossible_paths_are_logged),
		cmocka_unit_test(syncs_the_directory),
		cmocka_unit_test(outcome_is_the_callers),
		cmocka_unit_test(kept_directories_are_looked_at),
		cmocka_unit_test(directory_to_look_into),
		cmocka_unit_test(kept_directories_are_bounded),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>

#include "nss/internal.h"
#include "tests/unit/nss_fixture.h"

static void
expect_refused(const char *dir, const char *in_log)
{
	struct certdb *db = NULL;

	log_clear();
	expect_status(certdb_open(dir, geteuid(), &test_log, &db), OUTCOME_TRUST_DB, in_log);
	assert_null(db);
	if (strstr(logged(), in_log) == NULL)
		fail_msg("the log says '%s' and not '%s'", logged(), in_log);
	assert_false(NSS_IsInitialized());
}

static void
opens_and_closes(void **state)
{
	const char *dir = make_db("ca1", "ca2", NULL);

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct certdb *db = open_db(dir);

		assert_int_equal(db->anchor_count, 2);
		close_db(db);
	}
	assert_true(certdb_close(NULL));
	assert_int_equal(count_entries(dir), 2);	/* reading leaves nothing behind */
}

/* A good database can be opened afterwards: the failure has left NSS usable. */
static void
a_missing_file_is_named(void **state)
{
	(void)state;
	expect_refused(in_scratch("db"), "jpkictl trust add");
	make_db("ca1", NULL);
	assert_int_equal(rename(in_scratch("db/key4.db"), in_scratch("key4.db")), 0);
	expect_refused(in_scratch("db"), "key4.db");
	assert_int_equal(rename(in_scratch("key4.db"), in_scratch("db/key4.db")), 0);
	close_db(open_db(in_scratch("db")));
	assert_int_equal(unlink(in_scratch("db/cert9.db")), 0);
	expect_refused(in_scratch("db"), "cert9.db");
	expect_refused("tmp/db", "absolute");
}

static void
a_broken_database_is_refused(void **state)
{
	static const char garbage[5000] = "this is no database";

	(void)state;
	make_db("ca1", NULL);
	write_bytes(in_scratch("db/cert9.db"), garbage, sizeof garbage);
	expect_refused(in_scratch("db"), "cannot be opened");
	write_bytes(in_scratch("db/cert9.db"), "", 0);
	expect_refused(in_scratch("db"), "cannot be opened");
}

static void
broken_key_db(void **state)
{
	static const char garbage[5000] = "this is no database";

	(void)state;
	make_db("ca1", NULL);
	write_bytes(in_scratch("db/key4.db"), garbage, sizeof garbage);
	expect_refused(in_scratch("db"), "cannot be opened");
}

/* However much of it is left: refused, or every trusted certificate is whole. */
static void
a_truncated_database_is_refused_or_whole(void **state)
{
	struct bytes ca1 = pki_der("ca1");
	struct stat st;

	(void)state;
	make_db("ca1", NULL);
	assert_int_equal(stat(in_scratch("db/cert9.db"), &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size -= 3001) {
		struct certdb *db = NULL;
		struct outcome o;

		assert_int_equal(truncate(in_scratch("db/cert9.db"), size), 0);
		o = certdb_open(in_scratch("db"), geteuid(), &test_log, &db);
		if (!outcome_ok(&o))
			expect_status(o, OUTCOME_TRUST_DB, "truncated");
		else if (db->anchor_count > 0)
			assert_true(view_equal(cert_der(db->anchors[0]), view_of(&ca1)));
		close_db(db);
	}
}

static void
an_unsafe_database_is_refused(void **state)
{
	struct certdb *db = NULL;

	(void)state;
	make_db("ca1", NULL);
	assert_int_equal(chmod(in_scratch("db/cert9.db"), 0664), 0);
	expect_refused(in_scratch("db"), "writable");
	assert_int_equal(chmod(in_scratch("db/cert9.db"), 0644), 0);
	assert_int_equal(chmod(in_scratch("db/key4.db"), 0646), 0);
	expect_refused(in_scratch("db"), "writable");
	assert_int_equal(chmod(in_scratch("db/key4.db"), 0644), 0);
	assert_int_equal(chmod(in_scratch("db"), 0775), 0);
	expect_refused(in_scratch("db"), "writable");
	assert_int_equal(chmod(in_scratch("db"), 0755), 0);
	assert_int_equal(symlink("db", in_scratch("link")), 0);
	expect_refused(in_scratch("link"), "symbolic link");
	expect_status(certdb_open(in_scratch("db"), geteuid() + 1, &test_log, &db),
	    OUTCOME_TRUST_DB, "other owner");
	assert_int_equal(rename(in_scratch("db/cert9.db"), in_scratch("cert9.db")), 0);
	assert_int_equal(symlink("../cert9.db", in_scratch("db/cert9.db")), 0);
	expect_refused(in_scratch("db"), "symbolic link");
}

static void
unreadable(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		print_message("skipped: root can read everything\n");
		skip();
	}
	make_db("ca1", NULL);
	assert_int_equal(chmod(in_scratch("db/key4.db"), 0200), 0);
	expect_refused(in_scratch("db"), "key4.db");
	assert_int_equal(chmod(in_scratch("db/key4.db"), 0644), 0);
	assert_int_equal(chmod(in_scratch("db/cert9.db"), 0200), 0);
	expect_refused(in_scratch("db"), "cert9.db");
}

/* A writer with an exclusive lock, as sqlite takes it: an error, and soon. */
static void
a_locked_database_fails_soon(void **state)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = 0x40000002, .l_len = 510 };
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	make_db("ca1", NULL);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(in_scratch("db/cert9.db"), O_RDWR);

		if (fcntl(fd, F_SETLK, &lock) == 0)
			(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	expect_refused(in_scratch("db"), "cannot be opened");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close_db(open_db(in_scratch("db")));
}

/* Two databases would be trusted as one. */
static void
one_at_a_time(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL)), *second = NULL;

	(void)state;
	expect_status(certdb_open(in_scratch("db"), geteuid(), &test_log, &second),
	    OUTCOME_INTERNAL, "second");
	assert_null(second);
	close_db(db);
	close_db(open_db(in_scratch("db")));
}

/* T for clients makes an anchor, nothing else does. */
static void
trust_flags(void **state)
{
	struct certdb *db;

	(void)state;
	need_certutil();
	db = open_db(certutil_db("ca1", ",,", "ca2", "C,C,C", "good", "P,P,P", "ca-other",
	    "p,p,p", "ca-expired", ",T,", NULL));
	assert_int_equal(db->anchor_count, 0);
	close_db(db);
	db = open_db(certutil_db("sign-ca", "CT,C,C", "ca-ec", "T,,", NULL));
	assert_int_equal(db->anchor_count, 2);
	close_db(db);
}

static void
plant_module(const char *dir)
{
	char path[200], text[1200];

	snprintf(path, sizeof path, "%s/pkcs11.txt", dir);
	snprintf(text, sizeof text, "library=%s\nname=planted\nNSS=trustOrder=100\n\n",
	    getenv("JPKI_PLANTED"));
	write_bytes(path, text, strlen(text));
}

/* The same directory opened with its modules, in a process that ends with it. */
static bool
loads_without_our_flag(const char *dir)
{
	char config[200];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(config, sizeof config, "sql:%s", dir);
		(void)NSS_InitContext(config, "", "", "", NULL, NSS_INIT_READONLY);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return exists(in_scratch("mark"));
}

static void
planted_module_is_not_loaded(void **state)
{
	const char *dir = make_db("ca1", NULL);

	(void)state;
	assert_non_null(getenv("JPKI_PLANTED"));
	assert_int_equal(setenv("JPKI_PLANTED_MARK", in_scratch("mark"), 1), 0);
	plant_module(dir);
	close_db(open_db(dir));
	assert_false(exists(in_scratch("mark")));
	assert_true(loads_without_our_flag(dir));	/* or the test proves nothing */
}

static void
environment_does_not_matter(void **state)
{
	const char *dir = make_db("ca1", NULL);

	(void)state;
	setenv("NSS_DEFAULT_DB_TYPE", "dbm", 1);
	close_db(open_db(dir));
	unsetenv("NSS_DEFAULT_DB_TYPE");
}

/* In a process of its own: there is no coming back from a leaked reference. */
static void
close_tells_of_a_leak(void **state)
{
	const char *dir = make_db("ca1", NULL);
	struct bytes good = pki_der("good");
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct certdb *db = NULL;
		struct cert *cert = NULL;
		struct outcome o = certdb_open(dir, geteuid(), NULL, &db);

		if (outcome_ok(&o))
			o = cert_from_der(db, view_of(&good), &cert);
		_exit(outcome_ok(&o) && !certdb_close(db) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Opening the database reports what is missing; just then another takes its place. */
struct exchange {
	char dir[160];		/* in_scratch() lends a path for a few calls only */
	unsigned int complaints;
	const char *other[2];	/* directories that come by turns; the second NULL: once only */
};

static void
exchange(void *ctx, int priority, const char *text)
{
	struct exchange *e = ctx;

	(void)text;
	if (priority > LOG_ERR)
		return;
	e->complaints++;
	if (e->other[1] == NULL && e->complaints > 1)
		return;
	assert_int_equal(rename(e->dir, in_scratch("was")), 0);
	assert_int_equal(rename(in_scratch(e->other[0]), e->dir), 0);
	assert_int_equal(rename(in_scratch("was"), in_scratch(e->other[0])), 0);
}

static void
make_half(const char *name)
{
	make_db("ca1", NULL);
	assert_int_equal(unlink(in_scratch("db/key4.db")), 0);
	assert_int_equal(rename(in_scratch("db"), in_scratch(name)), 0);
}

static void
exchanged_meanwhile(void **state)
{
	struct exchange e = { .other = { "new" } };
	struct log log = { .sink = exchange, .ctx = &e };
	struct certdb *db = NULL;

	(void)state;
	make_half("half");
	make_db("ca1", "ca2", NULL);
	assert_int_equal(rename(in_scratch("db"), in_scratch("new")), 0);
	assert_int_equal(rename(in_scratch("half"), in_scratch("db")), 0);
	snprintf(e.dir, sizeof e.dir, "%s", in_scratch("db"));
	expect_status(certdb_open(e.dir, geteuid(), &log, &db), OUTCOME_OK, "the new one");
	assert_int_equal(db->anchor_count, 2);
	assert_int_equal(e.complaints, 1);
	close_db(db);
}

static void
a_database_that_keeps_changing_is_refused(void **state)
{
	struct exchange e = { .other = { "half", "half" } };
	struct log log = { .sink = exchange, .ctx = &e };
	struct certdb *db = NULL;

	(void)state;
	make_half("half");
	make_half("db");
	snprintf(e.dir, sizeof e.dir, "%s", in_scratch("db"));
	expect_status(certdb_open(e.dir, geteuid(), &log, &db), OUTCOME_TRUST_DB, "neither");
	assert_null(db);
	assert_int_equal(e.complaints, 10);
	assert_false(NSS_IsInitialized());
}

/* --- whether it is still what was opened ------------------------------------------------ */

static void
rewrite(const char *path, const char *to)
{
	static char bytes[256 * 1024];
	FILE *f = fopen(path, "re");
	size_t len;

	assert_non_null(f);
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_true(len > 0 && len < sizeof bytes);
	write_bytes(to, bytes, len);
}

/* As an attacker would who can set the one of the two times that can be set. */
static void
set_back(const char *path, const struct stat *to)
{
	const struct timespec times[] = { to->st_atim, to->st_mtim };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
change_nothing(const char *dir)
{
	(void)dir;
}

static void
change_bytes(const char *dir)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof path, "%s/cert9.db", dir);
	assert_int_equal(stat(path, &st), 0);
	rewrite(path, path);
	set_back(path, &st);
}

static void
change_file(const char *dir)
{
	char path[200], other[200];
	struct stat st;

	snprintf(path, sizeof path, "%s/key4.db", dir);
	snprintf(other, sizeof other, "%s/../other", dir);
	assert_int_equal(stat(path, &st), 0);
	rewrite(path, other);
	set_back(other, &st);
	assert_int_equal(rename(other, path), 0);
}

static void
change_mode(const char *dir)
{
	char path[200];

	snprintf(path, sizeof path, "%s/cert9.db", dir);
	assert_int_equal(chmod(path, 0600), 0);
}

static void
change_directory(const char *dir)
{
	char before[200], from[220], to[220];
	struct stat st;

	snprintf(before, sizeof before, "%s-before", dir);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(rename(dir, before), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	for (int i = 0; i < 2; i++) {	/* the very files, in another directory */
		snprintf(from, sizeof from, "%s/%s", before, i == 0 ? "cert9.db" : "key4.db");
		snprintf(to, sizeof to, "%s/%s", dir, i == 0 ? "cert9.db" : "key4.db");
		assert_int_equal(rename(from, to), 0);
	}
	set_back(dir, &st);
}

static void
change_by_sqlite(const char *dir)
{
	char path[200];

	snprintf(path, sizeof path, "%s/cert9.db-wal", dir);
	write_bytes(path, "x", 1);
}

static void
remove_file(const char *dir)
{
	char path[200];

	snprintf(path, sizeof path, "%s/key4.db", dir);
	assert_int_equal(unlink(path), 0);
}

static const struct {
	void (*change)(const char *dir);
	bool current;
} changes[] = {
	{ change_nothing, true },
	{ change_bytes, false },
	{ change_file, false },
	{ change_mode, false },
	{ change_directory, false },
	{ change_by_sqlite, false },
	{ remove_file, false },
};

#define CHANGES (sizeof changes / sizeof changes[0])

/* The journal was there before; the directory and the files have not changed since. */
static void
journal_that_was_there(char dirs[static 1][160])
{
	char path[200];

	snprintf(path, sizeof path, "%s/key4.db-journal", dirs[0]);
	write_bytes(path, "", 0);
}

static void
current_only_if_nothing_changed(void **state)
{
	char dirs[CHANGES + 1][160];
	struct certdb *db;

	(void)state;
	for (size_t i = 0; i <= CHANGES; i++) {
		make_db("ca1", NULL);
		snprintf(dirs[i], sizeof dirs[i], "%s-%zu", in_scratch("db"), i);
		assert_int_equal(rename(in_scratch("db"), dirs[i]), 0);
	}
	journal_that_was_there(dirs + CHANGES);
	sleep(4);	/* what is younger is never taken for unchanged */
	for (size_t i = 0; i < CHANGES; i++) {
		db = open_db(dirs[i]);
		assert_true(certdb_is_current(db, dirs[i]));
		changes[i].change(dirs[i]);
		if (certdb_is_current(db, dirs[i]) != changes[i].current)
			fail_msg("change %zu", i);
		close_db(db);
	}
	db = open_db(dirs[CHANGES]);
	assert_false(certdb_is_current(db, dirs[CHANGES]));
	close_db(db);
}

/* A change within the step in which the file system keeps times shows in none of them. */
static void
not_current_if_too_young(void **state)
{
	struct certdb *db = open_db(make_db("ca1", NULL)), *none;

	(void)state;
	assert_false(certdb_is_current(db, in_scratch("db")));
	db->seen.at += 1000;	/* old enough, but the clock has been set back since */
	assert_false(certdb_is_current(db, in_scratch("db")));
	close_db(db);
	expect_status(certdb_open_none(&test_log, &none), OUTCOME_OK, "none");
	assert_false(certdb_is_current(none, in_scratch("db")));
	close_db(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_done)
		T(opens_and_closes), T(a_missing_file_is_named), T(a_broken_database_is_refused), T(broken_key_db), T(a_truncated_database_is_refused_or_whole),
		T(an_unsafe_database_is_refused), T(unreadable), T(a_locked_database_fails_soon), T(one_at_a_time), T(trust_flags),
		T(planted_module_is_not_loaded), T(environment_does_not_matter),
		T(close_tells_of_a_leak), T(exchanged_meanwhile), T(a_database_that_keeps_changing_is_refused),
		T(current_only_if_nothing_changed), T(not_current_if_too_young),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

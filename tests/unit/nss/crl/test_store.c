/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss/crl/store: what is installed, what is refused, and that an import which
 * ends at any moment, or fails at any call, leaves the old list or the new one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/crl_fixture.h"
#include "tests/unit/readings.h"

/* --- calls that change files, counted ------------------------------------------------ */

static int calls_left = -1;	/* before the one that does not return, or fails; -1: none */
static int fail_with;		/* errno for it; 0: the process ends there, as if killed */

static bool
strikes(void)
{
	if (calls_left < 0 || calls_left-- > 0)
		return false;
	if (fail_with == 0)
		_exit(99);
	errno = fail_with;
	calls_left = 0;		/* and every one after it: a disk that is full stays full */
	return true;
}

#define WRAP(type, name, parameters, arguments) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		return strikes() ? -1 : __real_##name arguments; \
	}

WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))

/* To remove something is possible on a full disk. */
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);
int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	return fail_with == 0 && strikes() ? -1 : __real_unlinkat(dir, name, flags);
}

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	if ((flags & O_CREAT) != 0)
		return strikes() ? -1 : __real_openat(dir, name, flags, 0600);
	return __real_openat(dir, name, flags);
}

/* Those who wait for the lock do not take the time of the tests. */
static unsigned int pauses;

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int
__wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
	pauses++;
	sched_yield();
	return 0;
}

/* --- what is installed ------------------------------------------------------------------ */

static const struct list old_list = { .number = 10 };

static int
setup(void **state)
{
	calls_left = -1;
	fail_with = 0;
	readings = (struct readings){ .calls = 0 };
	return scratch_make(state);
}

static const char *
file_of(const char *suffix)
{
	char name[CRLSTORE_NAME_MAX + 16];

	snprintf(name, sizeof name, "crl/%s%s", list_name, suffix);
	return in_scratch(name);
}

/* The thisUpdate that logins see, as an offset from pki_now(); the login works. */
static int64_t seen_update;
static enum crl_fault seen_fault;
static size_t seen_count;

static void
see(void *ctx, const struct crlstore_item *item)
{
	seen_count++;
	seen_fault = item->fault;
	seen_update = item->facts != NULL ? item->facts->this_update - pki_now() : 0;
}

static void
look(bool all)
{
	struct crlstore s = list_store();

	seen_count = 0;
	seen_update = 0;
	seen_fault = CRL_INTERNAL;
	expect_fault(all ? crlstore_verify(&s, see, NULL) : crlstore_list(&s, see, NULL), CRL_OK, "list");
}

static void
expect_installed(int64_t from, const char *what)
{
	look(true);
	if (seen_count != 1 || seen_update != from)
		fail_msg("%s: %zu lists, from %lld", what, seen_count, (long long)seen_update);
	expect_fault(seen_fault, CRL_OK, what);
}

static void
list_is_installed(void **state)
{
	struct stat st;

	make_db("ca1", NULL);
	umask(077);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	umask(022);
	expect_installed(-HOUR, "installed");
	assert_int_equal(stat(in_scratch("crl"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(file_of(".crl"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(file_of(".idx"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(in_scratch("crl/.lock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_entries(in_scratch("crl")), 3);
	assert_true(list_facts.has_number);
}

static void
lists_of_other_scope_and_key_are_others(void **state)
{
	struct der one = { .p = NULL }, two = { .p = NULL };

	make_db("ca1", "ca2", NULL);
	der_uri(&one, "http://crl.invalid/1");
	der_uri(&two, "http://crl.invalid/2");
	expect_fault(list_import(&(struct list){ .number = 9 }), CRL_OK, "all");
	expect_fault(list_import(&(struct list){ .number = 1, .names = &one }), CRL_OK, "one");
	expect_fault(list_import(&(struct list){ .number = 2, .names = &two }), CRL_OK, "two");
	expect_fault(list_import(&(struct list){ .ca = "ca2", .number = 3 }), CRL_OK, "ca2");
	look(true);
	assert_int_equal(seen_count, 4);
	der_done(&one);
	der_done(&two);
}

static void
expect_unchanged(const struct list *list, enum crl_fault fault, const char *what)
{
	size_t entries = count_entries(in_scratch("crl"));

	log_clear();
	expect_fault(list_import(list), fault, what);
	expect_installed(-HOUR, what);
	assert_int_equal(count_entries(in_scratch("crl")), entries);
}

static void
bad_list_changes_nothing(void **state)
{
	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	expect_unchanged(&(struct list){ .key_of = "ca2" }, CRL_SIGNATURE, "signature");
	assert_non_null(strstr(logged(), "(signature)"));
	expect_unchanged(&(struct list){ .from = DAY }, CRL_NOT_YET, "future");
	expect_unchanged(&(struct list){ .until = NEVER }, CRL_NO_NEXT_UPDATE, "endless");
	expect_unchanged(&(struct list){ .until = -60 }, CRL_EXPIRED, "past");
	expect_unchanged(&(struct list){ .flags = POINT_INDIRECT }, CRL_INDIRECT, "indirect");
}

static void
older_list_is_refused(void **state)
{
	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	expect_unchanged(&(struct list){ .from = -HOUR - 1, .number = 11 }, CRL_ROLLBACK, "thisUpdate");
	expect_unchanged(&(struct list){ .from = -60, .number = 9 }, CRL_ROLLBACK, "number");
	expect_unchanged(&(struct list){ .from = -60 }, CRL_ROLLBACK, "no number");
	expect_fault(list_import(&(struct list){ .from = -60, .number = 256 }), CRL_OK, "newer");
	expect_installed(-60, "newer");
}

/* The old one is past its use; that makes no older one welcome. */
static void
older_than_damaged_is_refused(void **state)
{
	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	write_bytes(file_of(".idx"), "JPKI", 4);
	expect_fault(list_import(&(struct list){ .from = -2 * HOUR, .number = 5 }), CRL_ROLLBACK, "damaged");
	unlink(file_of(".idx"));
	expect_fault(list_import(&(struct list){ .from = -2 * HOUR, .number = 5 }), CRL_ROLLBACK, "gone");
	/* The same again repairs it. */
	expect_fault(list_import(&old_list), CRL_OK, "repaired");
	expect_installed(-HOUR, "repaired");
}

static void
same_list_is_known(void **state)
{
	struct crlstore s = list_store();
	struct stat before, after;
	struct der der;
	int fd;

	make_db("ca1", NULL);
	list_make(&old_list, &der);
	for (int i = 0; i < 2; i++) {
		fd = list_open(list_file("import", der.p, der.len));
		expect_fault(crlstore_import(&s, fd, pki_now(), &list_facts, list_name),
		    i == 0 ? CRL_OK : CRL_SAME, "again");
		close(fd);
		assert_int_equal(stat(file_of(".idx"), i == 0 ? &before : &after), 0);
	}
	assert_int_equal(before.st_ino, after.st_ino);
	/* A damaged half of it is not the same. */
	write_bytes(file_of(".crl"), der.p, der.len - 1);
	fd = list_open(in_scratch("import"));
	expect_fault(crlstore_import(&s, fd, pki_now(), &list_facts, list_name), CRL_OK, "repair");
	close(fd);
	expect_installed(-HOUR, "repaired");
	der_done(&der);
}

/* --- PEM ------------------------------------------------------------------------------------ */

static enum crl_fault
import_text(const char *before, const struct der *der, size_t columns, const char *after)
{
	static uint8_t base64[32768];
	struct crlstore s = list_store();
	FILE *f = fopen(in_scratch("pem"), "w");
	int len = EVP_EncodeBlock(base64, der->p, (int)der->len), fd;
	enum crl_fault fault;

	assert_non_null(f);
	fputs(before, f);
	for (int i = 0; i < len; i += (int)columns)
		fprintf(f, "%.*s\n", (int)columns, base64 + i);
	fputs(after, f);
	fclose(f);
	fd = list_open(in_scratch("pem"));
	fault = crlstore_import(&s, fd, pki_now(), &list_facts, list_name);
	close(fd);
	return fault;
}

#define BEGIN "-----BEGIN X509 CRL-----\n"
#define END "-----END X509 CRL-----\n"

static void
pem_is_taken(void **state)
{
	struct der der, e = { .p = NULL };

	make_db("ca1", NULL);
	for (uint64_t i = 0; i < 200; i++)	/* more than one piece of base64 */
		crlmaker_serial(&e, i + 1, pki_now(), 1);
	list_make(&(struct list){ .number = 10, .entries = &e }, &der);
	expect_fault(import_text(BEGIN, &der, 64, END), CRL_OK, "PEM");
	expect_fault(import_text("text\r\n" BEGIN, &der, 76, END "\n"), CRL_SAME, "with text before");
	expect_fault(import_text(BEGIN, &der, 64, END "more\n"), CRL_SAME, "with text after");
	expect_fault(import_text(BEGIN, &der, 64, END BEGIN), CRL_NOT_CRL, "half a second one");
	expect_fault(import_text(BEGIN, &der, 64, ""), CRL_NOT_CRL, "without end");
	expect_fault(import_text("", &der, 64, END), CRL_NOT_CRL, "without begin");
	expect_fault(import_text("-----BEGIN CERTIFICATE-----\n", &der, 64, END), CRL_NOT_CRL, "other");
	expect_fault(import_text(BEGIN, &der, 20000, END), CRL_SAME, "endless line");
	der.p[der.len / 2] ^= 1;	/* in an entry */
	expect_fault(import_text(BEGIN, &der, 64, END), CRL_SIGNATURE, "damaged");
	expect_installed(-HOUR, "as it was");
	der_done(&der);
	der_done(&e);
}

static void
empty_and_unreadable_sources(void **state)
{
	struct crlstore s = list_store();
	int fd;

	make_db("ca1", NULL);
	fd = list_open(list_file("nothing", "", 0));
	expect_fault(crlstore_import(&s, fd, pki_now(), &list_facts, list_name), CRL_EMPTY, "empty");
	close(fd);
	fd = list_open(scratch);
	expect_fault(crlstore_import(&s, fd, pki_now(), &list_facts, list_name), CRL_UNREADABLE, "directory");
	close(fd);
	assert_int_equal(count_entries(in_scratch("crl")), 1);	/* the lock */
}

/* --- killed, out of space ----------------------------------------------------------------------- */

/* What logins read: the old list or the new one, whole. */
static void
expect_answers(const char *what, int step)
{
	look(false);
	if (seen_count != 1 || seen_fault != CRL_OK || (seen_update != -HOUR && seen_update != -60))
		fail_msg("%s %d: %zu lists, %s, from %lld", what, step, seen_count,
		    crl_fault_code(seen_fault), (long long)seen_update);
}

/* The import in a process of its own, struck at that call. Whether it was. */
static bool
import_struck(const struct list *list, int step, int error)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		calls_left = step;
		fail_with = error;
		_exit(list_import(list) == CRL_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (error == 0)
		assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 99);
	return WEXITSTATUS(status) != 0;
}

static void
strike_everywhere(int error)
{
	const struct list new_list = { .from = -60, .number = 11 };
	const char *what = error == 0 ? "killed at call" : strerror(error);
	int step = 0;

	for (;; step++) {
		bool struck;

		make_db("ca1", NULL);
		expect_fault(list_import(&old_list), CRL_OK, "old list");
		struck = import_struck(&new_list, step, error);
		expect_answers(what, step);
		if (error != 0 && exists(in_scratch("crl/.new.crl")))
			fail_msg("%s %d: something is left over", what, step);
		if (!struck)
			break;
		/* The next import finds its way, whatever is there, and leaves nothing. */
		expect_fault(list_import(&(struct list){ .from = -30, .number = 12 }), CRL_OK, what);
		expect_installed(-30, what);
		assert_int_equal(count_entries(in_scratch("crl")), 3);
		assert_true(run("rm", "-rf", in_scratch("crl"), NULL));
	}
	expect_installed(-60, "not struck");
	/* Less would mean that the calls are not the ones that are made. */
	if (step < 8)
		fail_msg("only %d calls", step);
}

static void
killed_anywhere_leaves_old_or_new(void **state)
{
	strike_everywhere(0);
}

static void
full_disk_leaves_old_or_new(void **state)
{
	strike_everywhere(ENOSPC);
}

static void
broken_disk_leaves_old_or_new(void **state)
{
	strike_everywhere(EIO);
}

/* A first import that is cut off: no list, rather than half of one. */
static void
killed_first_import_leaves_none(void **state)
{
	for (int step = 0;; step++) {
		bool struck;

		make_db("ca1", NULL);
		struck = import_struck(&old_list, step, 0);
		if (!struck)
			break;
		look(false);
		if (seen_count > 0 && seen_fault != CRL_OK && seen_fault != CRL_INDEX_MISSING)
			fail_msg("step %d: %s", step, crl_fault_code(seen_fault));
		if (list_import(&old_list) != CRL_SAME)	/* only the last sync was missing */
			expect_fault(list_import(&old_list), CRL_SAME, "again");
		expect_installed(-HOUR, "again");
		assert_true(run("rm", "-rf", in_scratch("crl"), NULL));
	}
	expect_installed(-HOUR, "first");
}

/* --- the directory --------------------------------------------------------------------------------- */

static void
unsafe_directory_is_refused(void **state)
{
	struct crlstore s = list_store();

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	assert_int_equal(chmod(in_scratch("crl"), 0777), 0);
	expect_fault(list_import(&(struct list){ .from = -60, .number = 11 }), CRL_STORE, "writable");
	expect_fault(crlstore_list(&s, see, NULL), CRL_STORE, "list");
	assert_int_equal(chmod(in_scratch("crl"), 0755), 0);
	assert_int_equal(rename(in_scratch("crl"), in_scratch("real")), 0);
	assert_int_equal(symlink(in_scratch("real"), in_scratch("crl")), 0);
	expect_fault(list_import(&(struct list){ .from = -60, .number = 11 }), CRL_STORE, "link");
}

static void
absent_directory_has_no_lists(void **state)
{
	make_db("ca1", NULL);
	look(true);
	assert_int_equal(seen_count, 0);
}

static void
half_a_directory_is_reported(void **state)
{
	struct crlstore s = list_store();
	bool failed = true;

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	for (unsigned int call = 1; failed; call++) {
		enum crl_fault f;

		readings = (struct readings){ .to_error = call };
		f = crlstore_verify(&s, see, NULL);
		failed = readings.calls >= call;
		readings.to_error = 0;
		expect_fault(f, failed ? CRL_STORE : CRL_OK, "verify");
	}
}

static void
import_needs_trust(void **state)
{
	expect_fault(list_import(&old_list), CRL_TRUST_DB, "no database");
}

static void
one_import_at_a_time(void **state)
{
	enum crl_fault f;
	pid_t pid;
	int status, lock;

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	lock = open(in_scratch("crl/.lock"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) {
		while ((f = list_import(&(struct list){ .from = -60, .number = 11 })) == CRL_BUSY)
			;
		_exit(f == CRL_OK ? 0 : 1);
	}
	/* It is waiting: lists are read meanwhile, and nothing has changed. */
	expect_installed(-HOUR, "while another waits");
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(flock(lock, LOCK_UN), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_installed(-60, "after it");
	close(lock);
}

/* No import waits for ever, and nothing is changed without the lock. */
static void
lock_is_not_waited_for_forever(void **state)
{
	int lock;

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	lock = open(in_scratch("crl/.lock"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	pauses = 0;
	expect_fault(list_import(&(struct list){ .from = -60, .number = 11 }), CRL_BUSY, "busy");
	assert_int_equal(pauses, 200);	/* of a tenth of a second */
	expect_installed(-HOUR, "unchanged");
	close(lock);
	assert_int_equal(unlink(in_scratch("crl/.lock")), 0);
	assert_int_equal(symlink("/dev/null", in_scratch("crl/.lock")), 0);
	expect_fault(list_import(&(struct list){ .from = -60, .number = 11 }), CRL_STORE, "link");
}

/* --- proving it again ----------------------------------------------------------------------------------- */

static void
expect_proof(enum crl_fault wanted, const char *what)
{
	look(true);
	assert_int_equal(seen_count, 1);
	expect_fault(seen_fault, wanted, what);
}

static void
verify_finds_every_difference(void **state)
{
	struct bytes der, idx;

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	der = read_bytes(file_of(".crl"));
	idx = read_bytes(file_of(".idx"));
	for (size_t i = 0; i < idx.len; i += 7) {
		idx.data[i] ^= 4;
		write_bytes(file_of(".idx"), idx.data, idx.len);
		look(true);
		assert_true(seen_fault == CRL_INDEX || seen_fault == CRL_INDEX_DIFFERS);
		idx.data[i] ^= 4;
	}
	write_bytes(file_of(".idx"), idx.data, idx.len);
	for (size_t i = 0; i < der.len; i += 7) {
		der.data[i] ^= 4;
		write_bytes(file_of(".crl"), der.data, der.len);
		look(true);
		assert_int_not_equal(seen_fault, CRL_OK);
		der.data[i] ^= 4;
	}
	unlink(file_of(".crl"));
	expect_proof(CRL_CRL_MISSING, "without CRL");
	write_bytes(file_of(".crl"), der.data, der.len);
	expect_proof(CRL_OK, "as it was");
	unlink(file_of(".idx"));
	expect_proof(CRL_INDEX_MISSING, "without index");
}

/* A good list under the name of another one would be in force for that. */
static void
verify_finds_the_wrong_name(void **state)
{
	char wrong[512];

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	snprintf(wrong, sizeof wrong, "%s/%.33s%032d.crl", in_scratch("crl"), list_name, 0);
	assert_int_equal(rename(file_of(".crl"), wrong), 0);
	snprintf(wrong, sizeof wrong, "%s/%.33s%032d.idx", in_scratch("crl"), list_name, 0);
	assert_int_equal(rename(file_of(".idx"), wrong), 0);
	expect_proof(CRL_INDEX_DIFFERS, "wrong name");
}

static void
der_can_be_opened(void **state)
{
	struct crlstore s = list_store();
	struct bytes der;
	int fd = -1;

	make_db("ca1", NULL);
	expect_fault(list_import(&old_list), CRL_OK, "import");
	expect_fault(crlstore_open(&s, list_name, &fd), CRL_OK, "open");
	der = read_bytes(file_of(".crl"));
	assert_int_equal(lseek(fd, 0, SEEK_END), der.len);
	close(fd);
	expect_fault(crlstore_open(&s, "nothing", &fd), CRL_CRL_MISSING, "absent");
	expect_fault(crlstore_open(&s, "../db/key4", &fd), CRL_STORE, "elsewhere");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, scratch_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(list_is_installed), T(lists_of_other_scope_and_key_are_others),
		T(bad_list_changes_nothing), T(older_list_is_refused),
		T(older_than_damaged_is_refused), T(same_list_is_known),
		T(pem_is_taken), T(empty_and_unreadable_sources),
		T(killed_anywhere_leaves_old_or_new), T(full_disk_leaves_old_or_new),
		T(broken_disk_leaves_old_or_new), T(killed_first_import_leaves_none),
		T(unsafe_directory_is_refused), T(absent_directory_has_no_lists),
		T(half_a_directory_is_reported),
		T(import_needs_trust), T(one_import_at_a_time), T(lock_is_not_waited_for_forever),
		T(verify_finds_every_difference), T(verify_finds_the_wrong_name),
		T(der_can_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

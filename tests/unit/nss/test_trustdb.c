/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "nss/chain.h"
#include "nss/internal.h"
#include "nss/trustdb.h"
#include "tests/unit/nss_fixture.h"

/* What renameat2() shall fail with; 0: it is the real one. */
static int exchange_error;
/* The signal that arrives right before it; 0: none. */
static int exchange_signal;

int __wrap_renameat2(int, const char *, int, const char *, unsigned int);
int __real_renameat2(int, const char *, int, const char *, unsigned int);

int
__wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	if (exchange_error != 0) {
		errno = exchange_error;
		return -1;
	}
	if (exchange_signal != 0) {
		(void)signal(exchange_signal, SIG_DFL);	/* a shell's "&" ignores SIGINT */
		(void)raise(exchange_signal);
	}
	return __real_renameat2(from_fd, from, to_fd, to, flags);
}

static struct outcome
add(const char *name)
{
	struct bytes der = pki_der(name);

	log_clear();
	return trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log);
}

static struct outcome
remove_ca(const char *fingerprint)
{
	log_clear();
	return trustdb_remove(in_scratch("db"), geteuid(), fingerprint, &test_log);
}

struct listing {
	size_t count;
	char fingerprints[8][CERT_FINGERPRINT_LEN + 1];
};

static void
note(void *ctx, const struct cert *cert)
{
	struct listing *l = ctx;

	assert_true(l->count < COUNT(l->fingerprints));
	strcpy(l->fingerprints[l->count++], cert_fingerprint(cert));
}

static struct listing
list(void)
{
	struct listing l = { .count = 0 };

	expect_status(trustdb_list(in_scratch("db"), geteuid(), &test_log, note, &l), OUTCOME_OK,
	    "list");
	return l;
}

static void
fingerprint_of(const char *name, char *text)
{
	struct bytes der = pki_der(name);
	unsigned char hash[EVP_MAX_MD_SIZE];

	assert_true(EVP_Digest(der.data, der.len, hash, NULL, EVP_sha256(), NULL));
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

/* The names of the CAs the database has, and no others. */
static void
expect_listed(const char *first, ...)
{
	struct listing l = list();
	size_t wanted = 0;
	va_list ap;

	va_start(ap, first);
	for (const char *name = first; name != NULL; name = va_arg(ap, const char *), wanted++) {
		char text[CERT_FINGERPRINT_LEN + 1];
		bool found = false;

		fingerprint_of(name, text);
		for (size_t i = 0; i < l.count; i++)
			found = found || strcmp(l.fingerprints[i], text) == 0;
		if (!found)
			fail_msg("%s is not listed", name);
	}
	va_end(ap);
	assert_int_equal(l.count, wanted);
}

/* Nothing is left beside the database, but the lock. */
static void
expect_tidy(size_t entries)
{
	assert_int_equal(count_entries(scratch), entries + exists(in_scratch("db.lock")));
}

static ino_t
inode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static mode_t
mode(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* --- adding --------------------------------------------------------------------- */

static void
made_from_nothing(void **state)
{
	mode_t old = umask(077);

	(void)state;
	expect_status(add("ca1"), OUTCOME_OK, "ca1");
	umask(old);
	assert_int_equal(mode(in_scratch("db")), 0755);
	assert_int_equal(mode(in_scratch("db/cert9.db")), 0644);
	assert_int_equal(mode(in_scratch("db/key4.db")), 0644);
	assert_int_equal(count_entries(in_scratch("db")), 2);
	expect_listed("ca1", NULL);
	expect_tidy(1);
}

static void
made_in_an_empty_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_scratch("db"), 0755), 0);
	expect_status(add("ca1"), OUTCOME_OK, "ca1");
	expect_listed("ca1", NULL);
	expect_tidy(1);
}

static void
generations_side_by_side(void **state)
{
	(void)state;
	make_db("ca1", "ca2", "ca-ec", "ca-expired", "sign-ca", NULL);
	expect_listed("ca1", "ca2", "ca-ec", "ca-expired", "sign-ca", NULL);
	assert_int_equal(count_entries(in_scratch("db")), 2);
	expect_tidy(1);
}

static void
twice_changes_nothing(void **state)
{
	ino_t before;

	(void)state;
	before = inode(make_db("ca1", "ca2", NULL));
	expect_status(add("ca1"), OUTCOME_OK, "again");
	assert_int_equal(inode(in_scratch("db")), before);
	expect_listed("ca1", "ca2", NULL);
}

/* T,, and nothing more: C would let our CA vouch for web servers, too. */
static void
an_authority_vouches_for_clients_alone(void **state)
{
	struct certdb *db;
	CERTCertTrust trust;

	(void)state;
	db = open_db(make_db("ca1", NULL));
	assert_int_equal(CERT_GetCertTrust(db->anchors[0]->nss, &trust), SECSuccess);
	assert_int_equal(trust.sslFlags & (CERTDB_TRUSTED_CLIENT_CA | CERTDB_TRUSTED_CA |
	    CERTDB_TERMINAL_RECORD | CERTDB_TRUSTED), CERTDB_TRUSTED_CLIENT_CA);
	assert_int_equal(trust.emailFlags & ~CERTDB_USER, 0);
	assert_int_equal(trust.objectSigningFlags & ~CERTDB_USER, 0);
	close_db(db);
}

static void
only_sound_authorities_are_added(void **state)
{
	static const struct { const char *name; enum outcome_status status; } rows[] = {
		{ "good", OUTCOME_CERT_KIND }, { "sign", OUTCOME_CERT_KIND },
		{ "ca-nosign", OUTCOME_CERT_KIND },
	};
	EVP_PKEY *weak = pki_key("rsa1024"), *key = pki_key("good"), *p521 = pki_key("ec521");
	struct order order = { .subject_cn = "CA", .key = weak, .signer = weak, .serial = 1,
	    .from = pki_now() - DAY, .until = pki_now() + DAY, .ku = "critical,keyCertSign",
	    .constraints = "critical,CA:TRUE" };
	struct bytes der;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_status(add(rows[i].name), rows[i].status, rows[i].name);
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_WEAK, "RSA-1024");
	order.key = order.signer = p521;
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_WEAK, "P-521");
	order.key = key, order.signer = weak;
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_BAD, "not self-signed");
	order.signer = key, order.ku = NULL, order.broken_ku = true;
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_KIND, "broken keyUsage");
	order.broken_ku = false, order.ku = "digitalSignature,cRLSign";
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_KIND, "no keyCertSign");
	order.ku = "critical,keyCertSign", order.constraints = "critical,CA:FALSE";
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_KIND, "CA:FALSE");
	order.constraints = NULL;
	der = issue(&order);
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_KIND, "no basicConstraints");
	der = pki_der("ca1");
	der.len--;
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_BAD, "cut");
	der.len++;
	der.data[der.len - 1] ^= 1;
	expect_status(trustdb_add(in_scratch("db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_CERT_BAD, "damaged");
	expect_tidy(0);
	EVP_PKEY_free(weak);
	EVP_PKEY_free(key);
	EVP_PKEY_free(p521);
}

/* --- removing ------------------------------------------------------------------- */

static void
an_authority_is_removed_by_its_fingerprint(void **state)
{
	char text[CERT_FINGERPRINT_LEN + 1], colons[64] = "";

	(void)state;
	make_db("ca1", "ca2", "ca-ec", NULL);
	fingerprint_of("ca2", text);
	expect_status(remove_ca(text), OUTCOME_OK, "whole fingerprint");
	expect_listed("ca1", "ca-ec", NULL);
	expect_status(remove_ca(text), OUTCOME_UNTRUSTED, "gone");
	fingerprint_of("ca1", text);
	for (int i = 0; i < 8; i += 2)
		sprintf(colons + strlen(colons), "%c%c:", text[i] & ~(text[i] >= 'a' ? 0x20 : 0),
		    text[i + 1]);
	expect_status(remove_ca(colons), OUTCOME_OK, colons);
	expect_listed("ca-ec", NULL);
	fingerprint_of("ca-ec", text);
	expect_status(remove_ca(text), OUTCOME_OK, "the last");
	expect_listed(NULL, NULL);
	expect_tidy(1);
	expect_status(add("ca1"), OUTCOME_OK, "again");
	expect_listed("ca1", NULL);
}

static void
removing_what_is_not_there(void **state)
{
	char text[2 * CERT_FINGERPRINT_LEN];
	ino_t before;

	(void)state;
	before = inode(make_db("ca1", NULL));
	fingerprint_of("ca1", text);
	text[7] = '\0';
	expect_status(remove_ca(text), OUTCOME_UNTRUSTED, "seven digits");
	expect_status(remove_ca(""), OUTCOME_UNTRUSTED, "empty");
	expect_status(remove_ca("::::::::"), OUTCOME_UNTRUSTED, "colons");
	expect_status(remove_ca("zzzzzzzzzz"), OUTCOME_UNTRUSTED, "no hex");
	fingerprint_of("ca1", text);
	strcat(text, "00");
	expect_status(remove_ca(text), OUTCOME_UNTRUSTED, "too long");
	fingerprint_of("ca2", text);
	expect_status(remove_ca(text), OUTCOME_UNTRUSTED, "another");
	assert_int_equal(inode(in_scratch("db")), before);
	expect_listed("ca1", NULL);
}

static void
without_a_database_nothing_is_removed_or_listed(void **state)
{
	(void)state;
	expect_status(remove_ca("0123456789"), OUTCOME_TRUST_DB, "remove");
	expect_status(trustdb_list(in_scratch("db"), geteuid(), &test_log, note, NULL),
	    OUTCOME_TRUST_DB, "list");
	assert_non_null(strstr(logged(), "jpkictl trust add"));
	expect_tidy(0);
}

/* --- what certutil made ------------------------------------------------------------ */

static void
certutil_made_it(void **state)
{
	struct bytes der = pki_der("good");
	struct chain_rules rules = { .now = pki_now() };
	struct certdb *db;
	struct cert *cert;

	(void)state;
	need_certutil();
	certutil_db("ca1", "T,,", "ca2", "CT,C,C", "ca-other", "C,,", "other-ca", "P,,", NULL);
	expect_listed("ca1", "ca2", NULL);
	expect_status(add("ca-ec"), OUTCOME_OK, "ca-ec");
	expect_listed("ca1", "ca2", "ca-ec", NULL);
	expect_tidy(1);
	db = open_db(in_scratch("db"));
	cert = get_cert(db, view_of(&der));
	expect_status(chain_check(db, cert, &rules, &test_log), OUTCOME_OK, "good");
	cert_free(cert);
	close_db(db);
}

/*
 * The MACs of the trust records are in key4.db: with that of another database
 * no authority is trusted. This is why both files are replaced in one step.
 */
static void
mixed_pair_trusts_no_authority(void **state)
{
	(void)state;
	make_db("ca1", NULL);
	assert_int_equal(rename(in_scratch("db"), in_scratch("first")), 0);
	make_db("ca1", NULL);
	assert_int_equal(rename(in_scratch("first/key4.db"), in_scratch("db/key4.db")), 0);
	expect_listed(NULL, NULL);
}

/* --- failures: the old one stays ----------------------------------------------------- */

static void
broken_database_is_not_replaced(void **state)
{
	static const char garbage[] = "garbage";
	struct bytes after;

	(void)state;
	make_db("ca1", NULL);
	write_bytes(in_scratch("db/cert9.db"), garbage, sizeof garbage);
	expect_status(add("ca2"), OUTCOME_TRUST_DB, "add");
	expect_status(remove_ca("0123456789"), OUTCOME_TRUST_DB, "remove");
	after = read_bytes(in_scratch("db/cert9.db"));
	assert_int_equal(after.len, sizeof garbage);
	expect_tidy(1);
}

static void
unsafe_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_scratch("db"), 0755), 0);
	assert_int_equal(chmod(in_scratch("db"), 0777), 0);
	expect_status(add("ca1"), OUTCOME_TRUST_DB, "writable");
	assert_int_equal(rmdir(in_scratch("db")), 0);
	assert_int_equal(mkdir(in_scratch("real"), 0755), 0);
	assert_int_equal(symlink("real", in_scratch("db")), 0);
	expect_status(add("ca1"), OUTCOME_TRUST_DB, "symlink");
	expect_tidy(2);
}

static void
no_database_is_made_where_there_is_no_directory(void **state)
{
	struct bytes der = pki_der("ca1");

	(void)state;
	expect_status(trustdb_add(in_scratch("no/db"), geteuid(), view_of(&der), &test_log),
	    OUTCOME_TRUST_DB, "no parent");
	expect_status(trustdb_add("db", geteuid(), view_of(&der), &test_log), OUTCOME_TRUST_DB,
	    "relative");
	assert_false(exists("db"));
	expect_tidy(0);
}

static void
parent_not_writable(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		print_message("skipped: root can write everywhere\n");
		skip();
	}
	make_db("ca1", NULL);
	assert_int_equal(chmod(scratch, 0555), 0);
	expect_status(add("ca2"), OUTCOME_TRUST_DB, "read-only");
	assert_int_equal(chmod(scratch, 0755), 0);
	expect_listed("ca1", NULL);
}

/* A disk that fills up after `limit` bytes of a file, in a process of its own. */
static int
add_with_limit(const char *name, rlim_t limit)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit r = { limit, limit };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &r);
		_exit((int)add(name).status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
disk_full(void **state)
{
	ino_t before;

	(void)state;
	before = inode(make_db("ca1", NULL));
	for (rlim_t limit = 0; limit < 45000; limit += 1500) {
		int status = add_with_limit("ca2", limit);

		if (status == OUTCOME_OK)		/* enough, by now */
			break;
		assert_int_equal(status, OUTCOME_TRUST_DB);
		assert_int_equal(inode(in_scratch("db")), before);
		expect_listed("ca1", NULL);
		expect_tidy(1);
	}
	assert_int_equal(add_with_limit("ca2", 1 << 20), OUTCOME_OK);
	expect_listed("ca1", "ca2", NULL);
}

static void
exchange_fails(void **state)
{
	ino_t before;

	(void)state;
	before = inode(make_db("ca1", NULL));
	exchange_error = EACCES;
	expect_status(add("ca2"), OUTCOME_TRUST_DB, "EACCES");
	exchange_error = 0;
	assert_int_equal(inode(in_scratch("db")), before);
	expect_listed("ca1", NULL);
	expect_tidy(1);
}

/* As on NFS or an overlay: file by file then. */
static void
exchange_not_supported(void **state)
{
	static const int errors[] = { EINVAL, ENOSYS, EXDEV };

	(void)state;
	make_db("ca1", NULL);
	for (size_t i = 0; i < COUNT(errors); i++) {
		char text[CERT_FINGERPRINT_LEN + 1];

		exchange_error = errors[i];
		expect_status(add("ca2"), OUTCOME_OK, "add");
		expect_listed("ca1", "ca2", NULL);
		fingerprint_of("ca2", text);
		expect_status(remove_ca(text), OUTCOME_OK, "remove");
		exchange_error = 0;
		expect_listed("ca1", NULL);
		expect_tidy(1);
	}
}

/* The administrator's notes are not ours to delete; the log says where they are. */
static void
strangers_files_stay(void **state)
{
	(void)state;
	make_db("ca1", NULL);
	write_bytes(in_scratch("db/NOTES"), "x", 1);
	expect_status(add("ca2"), OUTCOME_OK, "add");
	expect_listed("ca1", "ca2", NULL);
	assert_non_null(strstr(logged(), "db.new-"));
	expect_tidy(2);
}

/* A login beside the administrator sees the old one or the new one, never none. */
static void
readers_see_the_old_or_the_new_database(void **state)
{
	char text[CERT_FINGERPRINT_LEN + 1];
	int status = -1;
	pid_t pid;

	(void)state;
	make_db("ca1", NULL);
	fingerprint_of("ca2", text);
	pid = fork();
	if (pid == 0) {
		for (int round = 0; round < 30; round++) {
			struct outcome o = add("ca2");

			if (outcome_ok(&o))
				o = remove_ca(text);
			if (!outcome_ok(&o))
				_exit(1);
		}
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct certdb *db = NULL;
		struct outcome o = certdb_open(in_scratch("db"), geteuid(), &test_log, &db);

		expect_status(o, OUTCOME_OK, "reader");
		close_db(db);
	}
	assert_int_equal(status, 0);
	expect_listed("ca1", NULL);
}

/* In a process of its own; its exit status is the outcome. */
static pid_t
start_adding(const char *name)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)add(name).status);
	assert_true(pid > 0);
	return pid;
}

static int
ended(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Each reads, adds its own and writes all: none may start from what another replaces. */
static void
writers_beside(void **state)
{
	static const char *const names[] = { "ca1", "ca2", "ca-ec", "ca-other" };
	pid_t pids[COUNT(names)], remover;
	char text[CERT_FINGERPRINT_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		pids[i] = start_adding(names[i]);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(ended(pids[i]), OUTCOME_OK);
	expect_listed("ca1", "ca2", "ca-ec", "ca-other", NULL);
	expect_tidy(1);
	assert_int_equal(mode(in_scratch("db.lock")), 0600);

	fingerprint_of("ca1", text);
	expect_status(remove_ca(text), OUTCOME_OK, "remove");
	fingerprint_of("ca2", text);
	pids[0] = start_adding("ca1");
	remover = fork();
	if (remover == 0)
		_exit((int)remove_ca(text).status);
	assert_int_equal(ended(pids[0]), OUTCOME_OK);
	assert_int_equal(ended(remover), OUTCOME_OK);
	expect_listed("ca1", "ca-ec", "ca-other", NULL);
}

static void
lock_is_no_link(void **state)
{
	(void)state;
	make_db("ca1", NULL);
	assert_int_equal(unlink(in_scratch("db.lock")), 0);
	assert_int_equal(symlink("elsewhere", in_scratch("db.lock")), 0);
	expect_status(add("ca2"), OUTCOME_TRUST_DB, "a link");
	assert_false(exists(in_scratch("elsewhere")));
	assert_int_equal(unlink(in_scratch("db.lock")), 0);
	assert_int_equal(mkfifo(in_scratch("db.lock"), 0600), 0);
	expect_status(add("ca2"), OUTCOME_TRUST_DB, "a FIFO");
	assert_non_null(strstr(logged(), "lock"));
	expect_listed("ca1", NULL);	/* readers do not ask for it */
}

/* ^C and the like while the new one is made: not before it is in its place. */
static void
signals_wait_until_the_database_is_in_place(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	char text[CERT_FINGERPRINT_LEN + 1];

	(void)state;
	make_db("ca1", NULL);
	for (size_t i = 0; i < COUNT(signals); i++) {
		int status;
		pid_t pid;

		exchange_signal = signals[i];
		pid = start_adding("ca2");
		exchange_signal = 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		expect_listed("ca1", "ca2", NULL);
		expect_tidy(1);
		fingerprint_of("ca2", text);
		expect_status(remove_ca(text), OUTCOME_OK, "remove");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_done)
		T(made_from_nothing), T(made_in_an_empty_directory), T(generations_side_by_side),
		T(twice_changes_nothing), T(an_authority_vouches_for_clients_alone), T(only_sound_authorities_are_added), T(an_authority_is_removed_by_its_fingerprint),
		T(removing_what_is_not_there), T(without_a_database_nothing_is_removed_or_listed), T(certutil_made_it),
		T(mixed_pair_trusts_no_authority), T(broken_database_is_not_replaced),
		T(unsafe_directory), T(no_database_is_made_where_there_is_no_directory), T(parent_not_writable), T(disk_full),
		T(exchange_fails), T(exchange_not_supported), T(strangers_files_stay),
		T(readers_see_the_old_or_the_new_database), T(writers_beside), T(lock_is_no_link), T(signals_wait_until_the_database_is_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

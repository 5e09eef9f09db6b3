/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/crl/check: what a login is told, by the lists that are installed. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "nss/chain.h"
#include "nss/crl/check.h"
#include "nss/crl/der.h"
#include "nss/crl/index.h"
#include "nss/internal.h"
#include "tests/unit/crl_fixture.h"
#include "tests/unit/readings.h"

#define REVOKED 0x06f1d001
#define SUSPENDED 0x06f1d002
#define UNLISTED 0x06f1d003

/* What the checks run with; reset for every test. */
static enum crl_policy policy;
static int64_t grace, at;
static struct crlcheck_found found;

/* Every list of these tests has these entries, unless it says otherwise. */
static struct der usual, place, elsewhere;

static unsigned int opens, no_memory_at;	/* of indexes; 0: there is memory for all */

enum crl_fault __wrap_crlindex_open(int fd, struct crlindex **ret_index);
enum crl_fault __real_crlindex_open(int fd, struct crlindex **ret_index);

enum crl_fault
__wrap_crlindex_open(int fd, struct crlindex **ret_index)
{
	return ++opens == no_memory_at ? CRL_NO_MEMORY : __real_crlindex_open(fd, ret_index);
}

static int
setup(void **state)
{
	no_memory_at = 0;
	policy = CRL_REQUIRE;
	grace = 0;
	readings = (struct readings){ .calls = 0 };
	if (scratch_make(state) != 0)
		return -1;
	at = pki_now();
	crlmaker_serial(&usual, 17, pki_now() - DAY, NO_REASON);
	crlmaker_serial(&usual, REVOKED, pki_now() - DAY, 1);
	crlmaker_serial(&usual, SUSPENDED, pki_now() - DAY, 6);
	crlmaker_serial(&usual, UNLISTED, pki_now() - DAY, 8);
	point_of_leaf("good", &place);
	der_uri(&elsewhere, "http://crl.invalid/elsewhere.crl");
	make_db("ca1", "ca2", "ca-ec", NULL);
	return 0;
}

static int
teardown(void **state)
{
	der_done(&usual);
	der_done(&place);
	der_done(&elsewhere);
	return scratch_done(state);
}

static void
install(struct list list)
{
	if (list.entries == NULL)
		list.entries = &usual;
	/* In force at its own time, even if that is past. */
	expect_fault(list_import_at(&list, pki_now() + (list.from != 0 ? list.from : -HOUR) + 1),
	    CRL_OK, "install");
}

static struct outcome
ask(const char *leaf)
{
	struct crlstore s = list_store();
	struct crlcheck c = { .dir = s.dir, .owner = s.owner, .policy = policy, .grace = grace,
		.log = &test_log, .found = &found };
	struct revocation revocation = { .check = crlcheck, .ctx = &c };
	struct chain_rules rules = { .now = at, .revocation = &revocation };
	struct certdb *db = open_db(in_scratch("db"));
	struct bytes der = pki_der(leaf);
	struct cert *cert = get_cert(db, view_of(&der));
	struct outcome o;

	log_clear();
	found = (struct crlcheck_found){ .reason = 99, .this_update = -1 };
	o = chain_check(db, cert, &rules, &test_log);
	cert_free(cert);
	close_db(db);	/* nothing is leaked on any way */
	return o;
}

static void
expect(const char *leaf, enum outcome_status status)
{
	expect_status(ask(leaf), status, leaf);
}

static void
partition_answers_for_its_certificates(void **state)
{
	install((struct list){ .names = &place, .number = 1 });
	expect("good", OUTCOME_OK);
	expect("unlisted", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
	expect("suspended", OUTCOME_SUSPENDED);
	expect("bare", OUTCOME_CRL_MISSING);	/* it names no distribution point */
}

/* The clock of the lists goes on: within a minute. */
static void
expect_found(const char *leaf, enum outcome_status status, uint8_t reason, int64_t this_update)
{
	expect(leaf, status);
	if (found.reason != reason || found.this_update < this_update || found.this_update > this_update + 60)
		fail_msg("%s: found %u, %lld", leaf, found.reason, (long long)found.this_update);
}

/* Which list has decided, and why: later lists can end a suspension. */
static void
says_what_has_decided(void **state)
{
	int64_t now = pki_now();

	expect_found("good", OUTCOME_CRL_MISSING, 99, -1);
	install((struct list){ .names = &elsewhere, .number = 9, .from = -HOUR });
	expect_found("good", OUTCOME_CRL_MISSING, 99, -1);	/* newer than the other, and not for it */
	install((struct list){ .names = &place, .number = 1, .from = -3 * HOUR });
	expect_found("good", OUTCOME_OK, 99, now - 3 * HOUR);
	expect_found("revoked", OUTCOME_REVOKED, 1, now - HOUR);	/* by the other */
	expect_found("suspended", OUTCOME_SUSPENDED, 6, now - HOUR);
	install((struct list){ .number = 2, .from = -2 * HOUR });
	expect_found("good", OUTCOME_OK, 99, now - 2 * HOUR);
	at += 365 * DAY;
	expect_found("good", OUTCOME_CRL_STALE, 99, -1);
}

static void
whole_list_answers_for_all(void **state)
{
	install((struct list){ .number = 1 });
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
	expect("bare", OUTCOME_OK);
	install((struct list){ .ca = "ca-ec", .digest = "SHA384" });
	expect("ec384", OUTCOME_OK);
}

static void
only_user_certificates_are_ours(void **state)
{
	install((struct list){ .number = 1, .flags = POINT_USER });
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

static void
log_says_when_why_and_where(void **state)
{
	struct outcome o;

	install((struct list){ .names = &place });
	o = ask("revoked");
	expect_status(o, OUTCOME_REVOKED, "revoked");
	assert_int_equal(o.when, pki_now() - DAY);
	assert_non_null(strstr(logged(), "keyCompromise"));
	assert_non_null(strstr(logged(), list_name));
	assert_non_null(strstr(logged(), "since 20"));
	o = ask("suspended");
	assert_non_null(strstr(logged(), "certificateHold"));
}

/* A list for other distribution points proves nothing, but what it lists is revoked. */
static void
other_partition_proves_nothing(void **state)
{
	install((struct list){ .names = &elsewhere });
	expect("good", OUTCOME_CRL_MISSING);
	expect("revoked", OUTCOME_REVOKED);
	policy = CRL_IF_PRESENT;
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

static void
other_partition_beside_the_right_one(void **state)
{
	struct der none = { .p = NULL };

	crlmaker_serial(&none, 1, pki_now(), 1);
	install((struct list){ .names = &place, .entries = &none });
	expect("revoked", OUTCOME_OK);
	install((struct list){ .names = &elsewhere });
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
	der_done(&none);
}

static bool
is_it(void *ctx, struct view general_name)
{
	const struct der *wanted = ctx;

	return general_name.len == wanted->len && memcmp(general_name.data, wanted->p, wanted->len) == 0;
}

/* A distribution point of this name, and what else is in it; whether it counts. */
static bool
point_counts(uint8_t form, const char *more, size_t len, size_t cut)
{
	struct der d = { .p = NULL };
	bool counts;

	der_element(&d, form, elsewhere.p, elsewhere.len);
	der_wrap(&d, 0, 0xa0);
	der_put(&d, more, len);
	der_wrap(&d, 0, 0x30);	/* the point */
	der_wrap(&d, 0, 0x30);	/* all points */
	counts = crlder_point_matches((struct view){ d.p, d.len - cut }, is_it, &elsewhere);
	der_done(&d);
	return counts;
}

/* Limited to some reasons, or left to another issuer, our list is not all there is to know. */
static void
points_that_prove_nothing(void **state)
{
	assert_true(point_counts(0xa0, "", 0, 0));
	assert_false(point_counts(0xa0, "\x81\x02\x06\x40", 4, 0));	/* reasons */
	assert_false(point_counts(0xa0, "\xa2\x03\x82\x01x", 5, 0));	/* cRLIssuer */
	assert_false(point_counts(0xa1, "", 0, 0));	/* relative to the issuer */
	assert_false(point_counts(0xa0, "", 0, 1));	/* cut short */
}

/* One list under several names is found, though its file has the name of none of them. */
static void
list_with_several_names(void **state)
{
	struct der both = { .p = NULL };

	der_put(&both, elsewhere.p, elsewhere.len);
	der_put(&both, place.p, place.len);
	install((struct list){ .names = &both });
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
	der_done(&both);
}

/* A generation of the CA with the same name has its own lists. */
static void
lists_of_other_generations_say_nothing(void **state)
{
	struct der e = { .p = NULL };

	crlmaker_serial(&e, 0x06f1a2b3, pki_now(), 1);	/* good, and good2 of ca2 */
	install((struct list){ .ca = "ca2", .entries = &e });
	expect("good", OUTCOME_CRL_MISSING);
	expect("good2", OUTCOME_REVOKED);
	install((struct list){ .ca = "ca1" });
	expect("good", OUTCOME_OK);
	der_done(&e);
}

static void
missing_list(void **state)
{
	expect("good", OUTCOME_CRL_MISSING);
	assert_non_null(strstr(logged(), "jpkictl crl import"));
	policy = CRL_IF_PRESENT;
	expect("good", OUTCOME_OK);
	assert_non_null(strstr(logged(), "none is required"));
	policy = CRL_OFF;
	expect("good", OUTCOME_OK);
	assert_string_equal(logged(), "");
}

static void
off_asks_nothing(void **state)
{
	install((struct list){ 0 });
	policy = CRL_OFF;
	expect("revoked", OUTCOME_OK);
}

static void
stale_list(void **state)
{
	struct outcome o;

	install((struct list){ .from = -9 * DAY, .until = -DAY });
	o = ask("good");
	expect_status(o, OUTCOME_CRL_STALE, "stale");
	assert_int_equal(o.when, pki_now() - DAY);
	expect("revoked", OUTCOME_REVOKED);
	policy = CRL_IF_PRESENT;
	expect("good", OUTCOME_CRL_STALE);
	expect("revoked", OUTCOME_REVOKED);
	grace = DAY - 1;
	expect("good", OUTCOME_CRL_STALE);
	grace = DAY;
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

/* nextUpdate itself is still in force. */
static void
a_list_is_in_force_to_the_second(void **state)
{
	install((struct list){ .until = 100 });
	at = pki_now() + 100;
	expect("good", OUTCOME_OK);
	at = pki_now() + 101;
	expect("good", OUTCOME_CRL_STALE);
	at = pki_now() - HOUR;
	expect("good", OUTCOME_OK);
	at = pki_now() - HOUR - 1;
	expect("good", OUTCOME_CRL_NOT_YET);
}

static void
fresh_beside_stale(void **state)
{
	install((struct list){ .from = -9 * DAY, .until = -DAY });
	install((struct list){ .names = &place });
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

static void
clock_before_the_list(void **state)
{
	struct outcome o;

	install((struct list){ .from = DAY, .until = 9 * DAY });
	o = ask("good");
	expect_status(o, OUTCOME_CRL_NOT_YET, "not yet");
	assert_int_equal(o.when, pki_now() + DAY);
	expect("revoked", OUTCOME_REVOKED);
	/* The clock is wrong, then; another list does not help. */
	install((struct list){ .names = &place });
	expect("good", OUTCOME_CRL_NOT_YET);
	policy = CRL_IF_PRESENT;
	expect("good", OUTCOME_CRL_NOT_YET);
}

/* --- damage ---------------------------------------------------------------------------- */

static const char *
index_file(void)
{
	char name[CRLSTORE_NAME_MAX + 16];

	snprintf(name, sizeof name, "crl/%s.idx", list_name);
	return in_scratch(name);
}

static void
expect_invalid(const char *what)
{
	expect_status(ask("good"), OUTCOME_CRL_INVALID, what);
	policy = CRL_IF_PRESENT;
	expect_status(ask("good"), OUTCOME_CRL_INVALID, what);
	policy = CRL_REQUIRE;
}

static void
what_cannot_be_read_refuses(void **state)
{
	struct bytes idx;

	install((struct list){ .names = &place });
	idx = read_bytes(index_file());
	for (size_t i = 0; i < idx.len; i += 5) {
		struct outcome o;

		idx.data[i] ^= 0x10;
		write_bytes(index_file(), idx.data, idx.len);
		o = ask("good");
		if (o.status != OUTCOME_CRL_INVALID && o.status != OUTCOME_OK)
			fail_msg("byte %zu: %s", i, outcome_code(o.status));
		/* Never a wrong date, either. */
		o = ask("revoked");
		if (o.status != OUTCOME_CRL_INVALID &&
		    (o.status != OUTCOME_REVOKED || o.when != pki_now() - DAY))
			fail_msg("byte %zu: %s", i, outcome_code(o.status));
		idx.data[i] ^= 0x10;
	}
	write_bytes(index_file(), idx.data, idx.len - 1);
	expect_invalid("cut");
	write_bytes(index_file(), "", 0);
	expect_invalid("empty");
	write_bytes(index_file(), idx.data, idx.len);
	expect("good", OUTCOME_OK);
}

static void
unsafe_files_refuse(void **state)
{
	install((struct list){ .names = &place });
	assert_int_equal(chmod(index_file(), 0666), 0);
	expect_invalid("writable by others");
	assert_int_equal(chmod(index_file(), 0644), 0);
	assert_int_equal(rename(index_file(), in_scratch("elsewhere")), 0);
	assert_int_equal(symlink(in_scratch("elsewhere"), index_file()), 0);
	expect_invalid("symbolic link");
	assert_int_equal(unlink(index_file()), 0);
	assert_int_equal(mkdir(index_file(), 0755), 0);
	expect_invalid("directory");
	assert_int_equal(rmdir(index_file()), 0);
	expect("good", OUTCOME_CRL_MISSING);
	assert_int_equal(chmod(in_scratch("crl"), 0777), 0);
	expect_invalid("directory writable by others");
	assert_int_equal(chmod(in_scratch("crl"), 0755), 0);
}

/* An attacker puts another issuer's index under the name of ours. */
static void
index_under_a_wrong_name(void **state)
{
	char right[CRLSTORE_NAME_MAX];

	install((struct list){ .number = 1 });
	memcpy(right, list_name, sizeof right);
	install((struct list){ .ca = "ca2" });
	assert_int_equal(rename(index_file(), in_scratch("taken")), 0);
	memcpy(list_name, right, sizeof right);
	assert_int_equal(rename(in_scratch("taken"), index_file()), 0);
	expect_invalid("index of ca2 under the name of ca1");
}

/* --- beside an import --------------------------------------------------------------------- */

static void
lock_delays_no_login(void **state)
{
	int lock;

	install((struct list){ .names = &place });
	lock = open(in_scratch("crl/.lock"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	/* A minute is not the limit here: a process that waits for the lock would wait for ever. */
	alarm(60);
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
	alarm(0);
	close(lock);
}

/*
 * A directory may show neither the old nor the new file of a rename: then a
 * list would be missing, and a revoked certificate good where none is required.
 */
static void
rename_hides_nothing(void **state)
{
	struct der both = { .p = NULL };

	policy = CRL_IF_PRESENT;
	install((struct list){ .names = &place });
	readings.blind = 9;
	expect("revoked", OUTCOME_REVOKED);
	assert_true(run("rm", "-rf", in_scratch("crl"), NULL));
	/* One whose file is not found by a name of the certificate is looked for twice. */
	der_put(&both, elsewhere.p, elsewhere.len);
	der_put(&both, place.p, place.len);
	install((struct list){ .names = &both });
	readings.blind = 1;
	expect("revoked", OUTCOME_REVOKED);
	der_done(&both);
}

static void
half_a_directory_refuses(void **state)
{
	struct der both = { .p = NULL };

	policy = CRL_IF_PRESENT;
	der_put(&both, elsewhere.p, elsewhere.len);
	der_put(&both, place.p, place.len);
	install((struct list){ .names = &both });
	readings.to_error = 1;
	expect("good", OUTCOME_CRL_INVALID);
	expect("revoked", OUTCOME_CRL_INVALID);
	readings = (struct readings){ .calls = 0 };
	der_done(&both);
}

static void
half_an_import_is_not_seen(void **state)
{
	install((struct list){ .names = &place });
	write_bytes(in_scratch("crl/.new.idx"), "JPKI-CRL", 8);
	write_bytes(in_scratch("crl/.new.crl"), "0", 1);
	expect("good", OUTCOME_OK);
}

static void
the_index_is_enough_without_the_der(void **state)
{
	char name[CRLSTORE_NAME_MAX + 16];

	install((struct list){ .names = &place });
	snprintf(name, sizeof name, "crl/%s.crl", list_name);
	assert_int_equal(unlink(in_scratch(name)), 0);
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

/* --- many lists ------------------------------------------------------------------------- */

#define MERGED "crl/" CRLSTORE_MERGED_DIR

/* A list of the authority for another place, the n-th, in force after `from` seconds, with these entries. */
static void
install_elsewhere(unsigned int n, int64_t from, const struct der *entries)
{
	struct der uri = { .p = NULL };
	char text[64];

	snprintf(text, sizeof text, "http://crl.invalid/%u.crl", n);
	der_uri(&uri, text);
	install((struct list){ .names = &uri, .from = from, .entries = entries });
	der_done(&uri);
}

static void
merge(void)
{
	struct crlstore s = list_store();

	crlstore_merge(&s);
}

/* The list of the leaf's own place, without its number, and so many others, of which the first has all numbers. */
static void
install_many(unsigned int others)
{
	struct der none = { .p = NULL };

	crlmaker_serial(&none, 1, pki_now(), 1);
	install((struct list){ .names = &place, .entries = &none });
	install_elsewhere(0, 0, &usual);
	for (unsigned int n = 1; n < others; n++)
		install_elsewhere(n, 0, &none);
	der_done(&none);
	merge();
}

/* The merged index's path; "" if there is none. */
static const char *
merged_path(void)
{
	static char path[PATH_MAX];
	DIR *d = opendir(in_scratch(MERGED));
	const struct dirent *e;

	path[0] = '\0';
	while (d != NULL && (e = __real_readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			snprintf(path, sizeof path, "%s/%s", in_scratch(MERGED), e->d_name);
	if (d != NULL)
		closedir(d);
	return path;
}

static void
many_lists_are_read_at_once(void **state)
{
	install_many(CRLSTORE_MERGE_FROM);
	assert_string_not_equal(merged_path(), "");
	readings.calls = 0;
	expect("good", OUTCOME_OK);
	assert_string_equal(logged(), "");
	assert_int_equal(readings.calls, 0);
	expect("revoked", OUTCOME_REVOKED);
	assert_non_null(strstr(logged(), "keyCompromise"));
	expect("suspended", OUTCOME_SUSPENDED);
	expect("unlisted", OUTCOME_OK);
	/* One of the others is of the future. */
	install_elsewhere(99, DAY, NULL);
	merge();
	expect("good", OUTCOME_CRL_NOT_YET);
}

static void
few_lists_are_not_merged(void **state)
{
	install_many(CRLSTORE_MERGE_FROM - 1);
	assert_string_equal(merged_path(), "");
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

/* The merged index says that no list has the number; then one gets it, by an import. */
static void
later_list_counts_at_once(void **state)
{
	struct der own = { .p = NULL };

	install_many(CRLSTORE_MERGE_FROM);
	crlmaker_serial(&own, 0x06f1a2b3, pki_now(), 1);	/* good's */
	install_elsewhere(99, 0, &own);
	assert_string_equal(merged_path(), "");
	expect("good", OUTCOME_REVOKED);
	merge();
	assert_string_not_equal(merged_path(), "");
	expect("good", OUTCOME_REVOKED);
	der_done(&own);
}

/* The same by hand, so that the merged index stays. */
static void
list_put_there_by_hand_counts(void **state)
{
	char name[CRLSTORE_NAME_MAX + 16], from[PATH_MAX];
	struct der own = { .p = NULL };

	install_many(CRLSTORE_MERGE_FROM);
	crlmaker_serial(&own, 0x06f1a2b3, pki_now(), 1);
	install_elsewhere(99, 0, &own);
	snprintf(name, sizeof name, "crl/%s.idx", list_name);
	snprintf(from, sizeof from, "%s", in_scratch("aside.idx"));
	assert_int_equal(rename(in_scratch(name), from), 0);
	snprintf(name, sizeof name, "crl/%s.crl", list_name);
	assert_int_equal(unlink(in_scratch(name)), 0);
	merge();
	expect("good", OUTCOME_OK);
	snprintf(name, sizeof name, "crl/%s.idx", list_name);
	usleep(20000);		/* the times of a file system are as coarse as its clock tick */
	assert_int_equal(rename(from, in_scratch(name)), 0);
	expect("good", OUTCOME_REVOKED);
	assert_non_null(strstr(logged(), "older than the directory"));
	der_done(&own);
}

/* One byte after the other is turned; no answer becomes another by that. */
static void
damaged_merged_index_is_noticed(void **state)
{
	struct stat st;
	uint8_t byte, turned;
	int fd;

	install_many(CRLSTORE_MERGE_FROM);
	fd = open(merged_path(), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t i = 0; i < st.st_size; i += i < 64 ? 1 : 7) {
		assert_int_equal(pread(fd, &byte, 1, i), 1);
		turned = byte ^ 0x40;
		assert_int_equal(pwrite(fd, &turned, 1, i), 1);
		expect("revoked", OUTCOME_REVOKED);
		expect("good", OUTCOME_OK);
		assert_true(i >= 300 || strstr(logged(), "damaged") != NULL);	/* after it, a block may not be read */
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
	}
	assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
	expect("revoked", OUTCOME_REVOKED);
	close(fd);
}

static void
unsafe_merged_index_is_not_believed(void **state)
{
	install_many(CRLSTORE_MERGE_FROM);
	assert_int_equal(chmod(merged_path(), 0666), 0);
	readings.calls = 0;
	expect("good", OUTCOME_OK);
	assert_true(readings.calls > CRLSTORE_MERGE_FROM);
	expect("revoked", OUTCOME_REVOKED);
	assert_int_equal(chmod(merged_path(), 0644), 0);
	assert_int_equal(chmod(in_scratch(MERGED), 0777), 0);
	readings.calls = 0;
	expect("good", OUTCOME_OK);
	assert_true(readings.calls > CRLSTORE_MERGE_FROM);
}

/* An index that cannot be read is not merged, so it goes on refusing. */
static void
damaged_list_is_not_merged(void **state)
{
	char name[CRLSTORE_NAME_MAX + 16];

	install_many(CRLSTORE_MERGE_FROM);
	snprintf(name, sizeof name, "crl/%s.idx", list_name);
	write_bytes(in_scratch(name), "JPKI-CRL", 8);
	assert_int_equal(unlink(merged_path()), 0);
	merge();
	assert_string_equal(merged_path(), "");
	expect("good", OUTCOME_CRL_INVALID);
}

/* A merged index of some of the lists would clear what the others revoke. */
static void
half_a_directory_is_not_merged(void **state)
{
	bool failed = true;

	install_many(CRLSTORE_MERGE_FROM);
	assert_int_equal(unlink(merged_path()), 0);
	for (unsigned int call = 1; failed; call++) {
		readings = (struct readings){ .to_error = call };
		merge();
		failed = readings.calls >= call;
		readings.to_error = 0;
		expect("revoked", OUTCOME_REVOKED);
		expect("suspended", OUTCOME_SUSPENDED);
		if (failed && merged_path()[0] != '\0')
			fail_msg("merged although call %u of readdir failed", call);
	}
	assert_string_not_equal(merged_path(), "");
}

/* Numbers of more than 8 bytes are hashed in the same way in all lists of an issuer. */
static void
long_numbers_are_merged(void **state)
{
	static const uint8_t serial[20] = { 0x11, 0x22 };
	struct der own = { .p = NULL };

	install_many(CRLSTORE_MERGE_FROM);
	crlmaker_entry(&own, serial, sizeof serial, pki_now(), 1, NULL);
	install_elsewhere(98, 0, &own);
	install_elsewhere(99, 0, &own);
	merge();
	assert_string_not_equal(merged_path(), "");
	readings.calls = 0;
	expect("good", OUTCOME_OK);
	assert_int_equal(readings.calls, 0);
	expect("revoked", OUTCOME_REVOKED);
	der_done(&own);
}

/* An index that an older version made has other keys of the hash: with it, there is no merged one. */
static void
other_keys_are_not_merged(void **state)
{
	char name[CRLSTORE_NAME_MAX + 16];
	uint8_t head[1024], hash[32];
	struct certdb *db;
	uint32_t len;
	int fd;

	install_many(CRLSTORE_MERGE_FROM);
	snprintf(name, sizeof name, "crl/%s.idx", list_name);
	fd = open(in_scratch(name), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && pread(fd, head, sizeof head, 0) > 308);
	len = (uint32_t)be_get(head + 12, 4);
	assert_uint_in_range(len, 308, sizeof head);
	head[247] ^= 1;		/* of the first key */
	db = open_db(in_scratch("db"));
	assert_true(nss_sha256((struct view){ head, len - 8 }, hash));
	close_db(db);
	memcpy(head + len - 8, hash, 8);
	assert_int_equal(pwrite(fd, head, len, 0), len);
	close(fd);
	assert_int_equal(unlink(merged_path()), 0);
	merge();
	assert_string_equal(merged_path(), "");
	expect("good", OUTCOME_OK);
	expect("revoked", OUTCOME_REVOKED);
}

/* Of another issuer, under this one's name: as a list would be refused, it is passed over. */
static void
merged_index_of_another_issuer(void **state)
{
	char of_ca1[PATH_MAX];

	install_many(CRLSTORE_MERGE_FROM);
	snprintf(of_ca1, sizeof of_ca1, "%s", merged_path());
	for (unsigned int n = 0; n <= CRLSTORE_MERGE_FROM; n++) {
		struct der uri = { .p = NULL };
		char text[64];

		snprintf(text, sizeof text, "http://crl.invalid/ca2-%u.crl", n);
		der_uri(&uri, text);
		install((struct list){ .ca = "ca2", .names = &uri });
		der_done(&uri);
	}
	assert_int_equal(unlink(of_ca1), 0);
	merge();
	assert_int_equal(unlink(of_ca1), 0);
	assert_int_equal(rename(merged_path(), of_ca1), 0);
	expect("good", OUTCOME_OK);
	assert_non_null(strstr(logged(), "damaged"));
}

/* A list for which there was no memory may have the certificate, also beside one that covers it. */
static void
list_that_has_no_room_refuses(void **state)
{
	install((struct list){ .number = 1 });
	install((struct list){ .names = &elsewhere, .number = 2 });
	opens = 0;
	expect("good", OUTCOME_OK);
	assert_int_equal(opens, 2);
	for (no_memory_at = 1; no_memory_at <= 2; no_memory_at++) {
		opens = 0;
		expect("good", OUTCOME_NO_MEMORY);
		assert_int_equal(opens, no_memory_at == 1 ? 3 : 2);	/* once more, if none covers it */
		assert_int_equal(found.this_update, -1);
		opens = 0;
		expect("revoked", OUTCOME_REVOKED);	/* by the other */
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(partition_answers_for_its_certificates), T(says_what_has_decided), T(whole_list_answers_for_all),
		T(only_user_certificates_are_ours), T(log_says_when_why_and_where),
		T(other_partition_proves_nothing), T(other_partition_beside_the_right_one),
		T(points_that_prove_nothing), T(list_with_several_names), T(lists_of_other_generations_say_nothing),
		T(missing_list), T(off_asks_nothing), T(stale_list), T(a_list_is_in_force_to_the_second),
		T(fresh_beside_stale), T(clock_before_the_list),
		T(what_cannot_be_read_refuses), T(list_that_has_no_room_refuses), T(unsafe_files_refuse), T(index_under_a_wrong_name),
		T(lock_delays_no_login), T(rename_hides_nothing), T(half_a_directory_refuses), T(half_an_import_is_not_seen), T(the_index_is_enough_without_the_der),
		T(many_lists_are_read_at_once), T(few_lists_are_not_merged), T(later_list_counts_at_once),
		T(list_put_there_by_hand_counts), T(damaged_merged_index_is_noticed),
		T(unsafe_merged_index_is_not_believed), T(damaged_list_is_not_merged), T(half_a_directory_is_not_merged), T(long_numbers_are_merged),
		T(other_keys_are_not_merged),
		T(merged_index_of_another_issuer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/owners: whose card it is. The index is only where the search begins: the enrollments decide. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/fleetcopy.h"
#include "config/userindex.h"
#include "flow/enroll.h"
#include "flow/owners.h"
#include "nss/cert.h"

/* Enrollments that are read: --wrap=userfile_read. */
static size_t reads;

struct outcome __wrap_userfile_read(const char *users_dir, const char *user, uid_t owner, const struct log *log,
    char **ret_text, size_t *ret_len);
struct outcome __real_userfile_read(const char *users_dir, const char *user, uid_t owner, const struct log *log,
    char **ret_text, size_t *ret_len);

struct outcome
__wrap_userfile_read(const char *users_dir, const char *user, uid_t owner, const struct log *log, char **ret_text,
    size_t *ret_len)
{
	reads++;
	return __real_userfile_read(users_dir, user, owner, log, ret_text, ret_len);
}

static struct view
der_of(const struct kit *k, const char *leaf)
{
	static uint8_t der[CERT_DER_MAX];
	char path[PATH_MAX];
	size_t len;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", k->pki, leaf);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	assert_true(len > 500);
	return (struct view){ der, len };
}

/* The owners of a card with this certificate, by its first 256 bytes: "hanako,taro". */
static const char *
owners_of(struct kit *k, const char *leaf, size_t most)
{
	static char names[1024];
	struct view head = der_of(k, leaf);
	struct owners owners;
	struct outcome o;

	head.len = JPKI_HEAD_MAX;
	reads = 0;
	k->last_log[0] = names[0] = '\0';
	o = owners_find(&k->env, head, most, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	for (size_t i = 0; i < owners.count; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i > 0 ? "," : "", owners.names[i]);
	return names;
}

static void
make_index(struct kit *k, bool whole)
{
	struct outcome o = owners_index(&k->env, k->conf.users_dir, whole);

	assert_int_equal(o.status, OUTCOME_OK);
}

static void
expect_unknown(struct kit *k, size_t all, size_t unknown)
{
	size_t n, m;
	struct outcome o = owners_count(&k->env, k->conf.users_dir, &n, &m);

	assert_int_equal(n, all);
	assert_int_equal(m, unknown);
	(void)o;
}

/* A change of a file within one tick of the clock would leave its time as it was. */
static void
let_time_pass(void)
{
	static const struct timespec tick = { .tv_nsec = 20000000 };

	(void)nanosleep(&tick, NULL);
}

static void
test_found_by_the_index(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "hanako", "other-person", NULL);
	kit_enroll(k, "jiro", "soon", "renewed", NULL);
	kit_enroll(k, "saburo", "ec256", NULL);
	make_index(k, false);
	expect_unknown(k, 4, 0);
	assert_string_equal(owners_of(k, "good", 0), "taro");
	assert_int_equal(reads, 1);
	assert_string_equal(owners_of(k, "renewed", 0), "jiro");
	assert_int_equal(reads, 1);
	assert_string_equal(owners_of(k, "soon", 0), "jiro");
	assert_string_equal(owners_of(k, "ec256", 0), "saburo");
	assert_string_equal(owners_of(k, "stay", 0), "");
	assert_int_equal(reads, 0);
	assert_string_equal(k->last_log, "");
}

/* Authorities number by themselves: one serial number, three certificates. */
static void
test_one_serial_number_of_several(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "hanako", "good2", NULL);
	kit_enroll(k, "jiro", "other-ca", NULL);
	make_index(k, false);
	assert_string_equal(owners_of(k, "good", 0), "taro");
	assert_string_equal(owners_of(k, "good2", 0), "hanako");
	assert_string_equal(owners_of(k, "other-ca", 0), "jiro");
	assert_int_equal(reads, 3);
}

static void
test_several_accounts(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "admin", "other-person", "good", "good", NULL);
	kit_enroll(k, "hanako", "other-person", NULL);
	make_index(k, false);
	assert_string_equal(owners_of(k, "good", 0), "admin,taro");
	assert_string_equal(owners_of(k, "other-person", 0), "admin,hanako");
}

/* More than are told of: said, and cut. */
static void
test_too_many_accounts(void **state)
{
	struct kit *k = *state;
	struct owners owners;
	char user[16];
	struct outcome o;

	for (unsigned int i = 0; i <= OWNERS_MAX; i++) {
		snprintf(user, sizeof user, "u%02u", i);
		kit_enroll(k, user, "good", NULL);
	}
	make_index(k, false);
	o = owners_find(&k->env, der_of(k, "good"), 0, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, OWNERS_MAX);
	assert_non_null(strstr(k->last_log, "more than 32 accounts"));
}

/* Without an index, and with one that cannot be used, the enrollments are read, and the log names the remedy. */
static void
test_without_an_index(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX];

	assert_string_equal(owners_of(k, "good", SIZE_MAX), "");	/* no user is enrolled at all */
	make_index(k, false);
	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "hanako", "other-person", NULL);
	expect_unknown(k, 2, 2);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "taro");
	assert_int_equal(reads, 2);
	assert_non_null(strstr(k->last_log, "2 registrations are not in the index; run jpkictl index"));
	assert_string_equal(owners_of(k, "good", 1), "");
	assert_non_null(strstr(k->last_log, "1 of them were not looked at; run jpkictl index"));
	make_index(k, false);
	snprintf(path, sizeof path, "%.4000s.index", k->conf.users_dir);
	assert_int_equal(truncate(path, 40), 0);
	expect_unknown(k, 2, 2);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "taro");
	make_index(k, false);
	assert_int_equal(chmod(path, 0666), 0);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "taro");
	assert_int_equal(reads, 2);
}

/* Ansible's way: a file of that name comes, is replaced, or goes. */
static void
test_files_that_come_and_go(void **state)
{
	struct kit *k = *state;
	char path[PATH_MAX], other[PATH_MAX];

	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "hanako", "other-person", NULL);
	make_index(k, false);
	let_time_pass();
	kit_enroll(k, "jiro", "good", NULL);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "jiro,taro");
	assert_int_equal(reads, 2);		/* hanako's is known */
	assert_non_null(strstr(k->last_log, "1 registrations are not in the index"));
	kit_enroll(k, "taro", "stay", NULL);	/* another card of theirs */
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "jiro");
	assert_string_equal(owners_of(k, "stay", SIZE_MAX), "taro");
	snprintf(path, sizeof path, "%.4000s/jiro.pem", k->conf.users_dir);
	snprintf(other, sizeof other, "%.4000s/shiro.pem", k->conf.users_dir);
	assert_int_equal(rename(path, other), 0);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "shiro");
	assert_int_equal(unlink(other), 0);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "");
	make_index(k, false);
	expect_unknown(k, 2, 0);
	assert_string_equal(owners_of(k, "stay", 0), "taro");
}

static void
write_in_place(const struct kit *k, const char *user, const char *leaf)
{
	char from[PATH_MAX], to[PATH_MAX], text[8192];
	size_t len;
	FILE *f;

	snprintf(from, sizeof from, "%s/%s.crt", k->pki, leaf);
	snprintf(to, sizeof to, "%.4000s/%s.pem", k->conf.users_dir, user);
	f = fopen(from, "re");
	assert_non_null(f);
	len = fread(text, 1, sizeof text, f);
	fclose(f);
	f = fopen(to, "r+e");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), 0), 0);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* An editor that writes into the file: the directory stays as it was. */
static void
test_files_edited_in_place(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "hanako", "other-person", NULL);
	make_index(k, false);
	let_time_pass();
	write_in_place(k, "taro", "stay");
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "");
	assert_string_equal(owners_of(k, "stay", SIZE_MAX), "taro");
	expect_unknown(k, 2, 1);
	make_index(k, false);
	expect_unknown(k, 2, 0);
	assert_string_equal(owners_of(k, "stay", 0), "taro");
}

/* An entry of the index is ignored if the user has no such certificate, or no registration. */
static void
test_index_that_lies(void **state)
{
	struct kit *k = *state;
	struct userindex_lines lines = { .count = 0 };
	struct userindex_stamp dir, changed;
	struct outcome o;

	kit_enroll(k, "root", "stay", NULL);
	kit_enroll(k, "taro", "other-person", NULL);
	assert_true(userindex_stamp_of_dir(k->conf.users_dir, &dir));
	assert_true(userindex_stamp_of(k->conf.users_dir, "root", &changed));
	userindex_add(&lines, "06f1a2b3", changed, "root");
	userindex_add(&lines, "06f1a2b3", changed, "ghost");
	assert_true(userindex_stamp_of(k->conf.users_dir, "taro", &changed));
	userindex_add(&lines, "06f1a2b3", changed, "taro");
	o = userindex_write(k->conf.users_dir, dir, &lines, k->env.log);
	assert_int_equal(o.status, OUTCOME_OK);
	userindex_lines_done(&lines);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "");
	/* And jpkictl index, unlike enroll, takes nothing over from it. */
	make_index(k, false);
	assert_string_equal(owners_of(k, "other-person", 0), "");
	make_index(k, true);
	assert_string_equal(owners_of(k, "other-person", 0), "taro");
}

/* A damaged enrollment is passed over, and the others are found. */
static void
test_enrollments_that_cannot_be_read(void **state)
{
	struct kit *k = *state;
	struct outcome o;
	char path[PATH_MAX];

	kit_enroll(k, "taro", "good", NULL);
	o = userfile_write(k->conf.users_dir, "odd", k->env.trust_owner, "no certificate\n", NULL);
	assert_int_equal(o.status, OUTCOME_OK);
	o = userfile_write(k->conf.users_dir, "broken", k->env.trust_owner, "-----BEGIN CERTIFICATE-----\nMII\n", NULL);
	assert_int_equal(o.status, OUTCOME_OK);
	kit_enroll(k, "writable", "good", NULL);
	snprintf(path, sizeof path, "%.4000s/writable.pem", k->conf.users_dir);
	assert_int_equal(chmod(path, 0666), 0);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "taro");
	make_index(k, false);
	expect_unknown(k, 4, 0);
	assert_string_equal(owners_of(k, "good", 0), "taro");
}

/* Registrations that other users could have written name no account, of either directory. */
static void
test_directories_that_cannot_be_read(void **state)
{
	struct kit *k = *state;
	struct owners owners;
	struct view head;
	struct outcome o;
	char fleet[PATH_MAX];

	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.4000s/fleet", k->dir);
	fleetcopy_users_dir(&k->conf, fleet);
	assert_int_equal(mkdir(k->conf.fleet_dir, 0755), 0);
	assert_int_equal(mkdir(fleet, 0755), 0);
	kit_enroll(k, "taro", "good", NULL);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "taro");
	head = der_of(k, "good");
	assert_int_equal(chmod(fleet, 0777), 0);
	o = owners_find(&k->env, head, SIZE_MAX, &owners);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
	assert_int_equal(chmod(fleet, 0755), 0);
	assert_int_equal(chmod(k->conf.users_dir, 0777), 0);
	o = owners_find(&k->env, head, SIZE_MAX, &owners);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
}

/* Too little of a certificate, or something else, matches no user. */
static void
test_heads_that_are_none(void **state)
{
	struct kit *k = *state;
	struct owners owners;
	struct view head;
	struct outcome o;
	uint8_t zeros[JPKI_HEAD_MAX] = {0};

	kit_enroll(k, "taro", "good", NULL);
	make_index(k, false);
	head = der_of(k, "good");
	for (head.len = 0; head.len < 224; head.len++) {
		o = owners_find(&k->env, head, SIZE_MAX, &owners);
		assert_int_equal(o.status, OUTCOME_OK);
		assert_int_equal(owners.count, 0);
	}
	o = owners_find(&k->env, (struct view){ zeros, sizeof zeros }, SIZE_MAX, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, 0);
	head.len = 224;
	o = owners_find(&k->env, head, SIZE_MAX, &owners);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(owners.count, 1);
}

/* enroll and revoke keep it in step. */
static void
test_enroll_and_revoke(void **state)
{
	static const struct enroll_how how = { .source = "from a file", .by = "root" }, add = { .add = true,
		.source = "from a file", .by = "root" };
	struct kit *k = *state;
	struct outcome o;

	assert_int_equal(mkdir(k->conf.users_dir, 0755), 0);
	o = enroll_write(&k->env, "taro", der_of(k, "good"), &how);
	assert_int_equal(o.status, OUTCOME_OK);
	o = enroll_write(&k->env, "taro", der_of(k, "soon"), &add);
	assert_int_equal(o.status, OUTCOME_OK);
	o = enroll_write(&k->env, "hanako", der_of(k, "good"), &how);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(owners_of(k, "good", 0), "hanako,taro");
	assert_string_equal(owners_of(k, "soon", 0), "taro");
	o = enroll_end(&k->env, "taro");
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(owners_of(k, "good", 0), "hanako");
	assert_string_equal(owners_of(k, "soon", 0), "");
	o = enroll_end(&k->env, "taro");
	assert_int_equal(o.status, OUTCOME_NOT_ENROLLED);
	o = enroll_index(&k->env);
	assert_int_equal(o.status, OUTCOME_OK);
	expect_unknown(k, 1, 0);
}

/* An organization registers cards too: both directories are searched, each with an index of its own. */
static void
test_of_an_organization(void **state)
{
	struct kit *k = *state;
	char own[PATH_MAX], fleet[PATH_MAX];
	struct outcome o;

	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.4000s/fleet", k->dir);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "");	/* not there yet */
	assert_int_equal(mkdir(k->conf.fleet_dir, 0755), 0);
	fleetcopy_users_dir(&k->conf, fleet);
	memcpy(own, k->conf.users_dir, sizeof own);
	kit_enroll(k, "taro", "good", NULL);
	memcpy(k->conf.users_dir, fleet, sizeof fleet);
	kit_enroll(k, "hanako", "good", NULL);
	kit_enroll(k, "taro", "good", NULL);
	kit_enroll(k, "jiro", "other-person", NULL);
	memcpy(k->conf.users_dir, own, sizeof own);
	assert_string_equal(owners_of(k, "good", SIZE_MAX), "hanako,taro");
	assert_string_equal(owners_of(k, "other-person", SIZE_MAX), "jiro");
	make_index(k, false);
	o = owners_index(&k->env, fleet, false);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(owners_of(k, "good", 0), "hanako,taro");
	assert_int_equal(reads, 2);
	assert_string_equal(owners_of(k, "other-person", 0), "jiro");
	assert_int_equal(reads, 1);
	assert_string_equal(k->last_log, "");
	o = enroll_index(&k->env);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(owners_of(k, "other-person", 0), "jiro");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, kit_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_found_by_the_index),
		TEST(test_one_serial_number_of_several),
		TEST(test_several_accounts),
		TEST(test_too_many_accounts),
		TEST(test_without_an_index),
		TEST(test_files_that_come_and_go),
		TEST(test_files_edited_in_place),
		TEST(test_index_that_lies),
		TEST(test_enrollments_that_cannot_be_read),
		TEST(test_directories_that_cannot_be_read),
		TEST(test_heads_that_are_none),
		TEST(test_enroll_and_revoke),
		TEST(test_of_an_organization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

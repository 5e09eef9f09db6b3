/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/usercerts: what an organization registers and blocks beside what root of the machine does. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/userfile.h"
#include "flow/login.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "lib/safefile.h"
#include "nss/blocklist.h"
#include "nss/cert.h"

static uid_t account_uid_said;
static bool account_there;

static bool
uid_of(void *ctx, const char *user, uid_t *ret_uid)
{
	*ret_uid = account_uid_said;
	return account_there;
}

static const char *
fleet_path(const struct kit *k, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%.3000s/%s", k->conf.fleet_dir, name);
	return path;
}

static void
fleet_file(const struct kit *k, const char *name, const char *text)
{
	FILE *f = fopen(fleet_path(k, name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
fleet_confirmed(const struct kit *k, int64_t time)
{
	char text[64];

	snprintf(text, sizeof text, "time %lld\n", (long long)time);
	fleet_file(k, "state", text);
}

/* The leaves are enrolled in the copy instead. */
#define FLEET_ENROLL(k, user, ...) do { \
	char own[PATH_MAX]; \
	memcpy(own, (k)->conf.users_dir, sizeof own); \
	snprintf((k)->conf.users_dir, PATH_MAX, "%s", fleet_path(k, "users")); \
	kit_enroll(k, user, __VA_ARGS__, NULL); \
	memcpy((k)->conf.users_dir, own, sizeof own); \
} while (0)

static enum outcome_status
load(const struct kit *k, struct usercerts *e)
{
	struct outcome o;

	*e = (struct usercerts){ .count = 0 };
	o = usercerts_load(&k->env, "hanako", e);
	return o.status;
}

static void
unroll(const struct kit *k)
{
	struct outcome o = userfile_remove(k->conf.users_dir, "hanako", geteuid(), NULL);

	assert_int_equal(o.status, OUTCOME_OK);
}

/* The outcome of the load or, if that is good, of the first certificate. */
static enum outcome_status
verdict(const struct kit *k)
{
	_cleanup_(usercerts_done) struct usercerts e;
	enum outcome_status status = load(k, &e);
	struct outcome o = outcome_of(status);

	if (outcome_ok(&o))
		o = usercerts_verdict(&e);
	return o.status;
}

/* The name of the entry that blocks the certificate: by itself, or by its number. */
static void
name_of_block(const struct kit *k, const char *leaf, const char *ca, char name[static 128])
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	uint8_t der[4096];
	char path[PATH_MAX];
	struct outcome o;
	size_t len;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", k->pki, ca != NULL ? ca : leaf);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	o = usercerts_of(&k->env, (struct view){ der, len }, &e);
	assert_int_equal(o.status, OUTCOME_OK);
	snprintf(name, 128, "blocked/%s", cert_fingerprint(e.at[0].cert));
	if (ca == NULL)
		return;
	assert_true(cert_key_sha256(e.at[0].cert, name + strlen("blocked/")));
	strcat(name, "-06f1a2b3");
}

/* --- who registers what --------------------------------------------------------------- */

static void
registered_by_the_fleet(void **state)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct kit *k = *state;

	assert_int_equal(verdict(k), OUTCOME_NOT_ENROLLED);
	assert_false(usercerts_exist(&k->conf, "hanako"));
	FLEET_ENROLL(k, "hanako", "good");
	assert_true(usercerts_exist(&k->conf, "hanako"));
	assert_int_equal(load(k, &e), OUTCOME_OK);
	assert_int_equal(e.count, 1);
	assert_true(e.at[0].fleet);
	assert_int_equal(e.at[0].verdict.status, OUTCOME_OK);
}

static void
both_register(void **state)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", "other-person", NULL);
	FLEET_ENROLL(k, "hanako", "other-person", "ec256");
	assert_int_equal(load(k, &e), OUTCOME_OK);
	assert_int_equal(e.count, 3);
	assert_false(e.at[0].fleet);
	assert_false(e.at[1].fleet);	/* root has registered it as well */
	assert_true(e.at[2].fleet);
}

/* Eight of both: one more in the copy costs the copy's, and never root's. */
static void
too_many(void **state)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", "good", "good", "good", "good", "good", "good", NULL);
	FLEET_ENROLL(k, "hanako", "ec256");
	assert_int_equal(load(k, &e), OUTCOME_OK);
	assert_int_equal(e.count, USERCERTS_MAX);
	usercerts_done(&e);
	FLEET_ENROLL(k, "hanako", "ec256", "other-person");
	assert_int_equal(load(k, &e), OUTCOME_OK);
	assert_int_equal(e.count, 7);
	assert_non_null(strstr(k->last_log, "more certificates"));
}

static void
accounts_it_may_not_register(void **state)
{
	static const struct {
		uid_t uid;
		bool there;
		const char *never;
		enum outcome_status status;
	} rows[] = {
		{ 1000, true, "", OUTCOME_OK },
		{ 0, true, "", OUTCOME_NOT_ENROLLED },
		{ 1, true, "", OUTCOME_NOT_ENROLLED },
		{ 33, true, "", OUTCOME_NOT_ENROLLED },
		{ 999, true, "", OUTCOME_NOT_ENROLLED },
		{ 1000, false, "", OUTCOME_NOT_ENROLLED },
		{ 5000, true, "hanako", OUTCOME_NOT_ENROLLED },
		{ 5000, true, "taro,hanako", OUTCOME_NOT_ENROLLED },
		{ 5000, true, "hanak,hanakoo", OUTCOME_OK },
	};
	struct kit *k = *state;

	FLEET_ENROLL(k, "hanako", "good");
	for (size_t i = 0; i < COUNT(rows); i++) {
		account_uid_said = rows[i].uid;
		account_there = rows[i].there;
		snprintf(k->conf.fleet_never, sizeof k->conf.fleet_never, "%s", rows[i].never);
		if (verdict(k) != rows[i].status)
			fail_msg("row %zu", i);
	}
	k->env.uid_of = NULL;
	assert_int_equal(verdict(k), OUTCOME_NOT_ENROLLED);
	/* Root may register whom it likes. */
	kit_enroll(k, "hanako", "good", NULL);
	assert_int_equal(verdict(k), OUTCOME_OK);
}

/* --- what it blocks ------------------------------------------------------------------- */

static void
blocked_by_the_fleet(void **state)
{
	static const char *const ca_of[] = { NULL, "ca1" };
	struct kit *k = *state;
	char name[128];

	for (size_t i = 0; i < COUNT(ca_of); i++) {
		kit_enroll(k, "hanako", "good", NULL);
		FLEET_ENROLL(k, "hanako", "good");
		name_of_block(k, "good", ca_of[i], name);
		fleet_file(k, name, "");
		assert_int_equal(verdict(k), OUTCOME_FLEET_BLOCKED);	/* root's own as well */
		unroll(k);
		assert_int_equal(verdict(k), OUTCOME_FLEET_BLOCKED);
		kit_enroll(k, "hanako", "other-person", NULL);
		assert_int_equal(verdict(k), OUTCOME_OK);
		assert_int_equal(unlink(fleet_path(k, name)), 0);
		unroll(k);
		assert_int_equal(verdict(k), OUTCOME_OK);
	}
	/* The same number of another authority's. */
	name_of_block(k, "good", "ca2", name);
	fleet_file(k, name, "");
	assert_int_equal(verdict(k), OUTCOME_OK);
}

/* An open session is watched by these names, whatever a login would say. */
static void
names_that_would_block_a_certificate(void **state)
{
	static const struct {
		const char *leaf, *ca;	/* NULL: no authority that is trusted */
	} rows[] = { { "good", "ca1" }, { "expired", "ca1" }, { "ec384", "ca-ec" }, { "other-ca", NULL } };
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	char whole[COUNT(rows)][128], number[COUNT(rows)][128], got[160];
	struct block_entry by_certificate, by_serial;
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		name_of_block(k, rows[i].leaf, NULL, whole[i]);
		name_of_block(k, rows[i].leaf, rows[i].ca, number[i]);
	}
	kit_enroll(k, "hanako", "good", "expired", "ec384", "other-ca", NULL);
	assert_int_equal(load(k, &e), OUTCOME_OK);
	assert_int_equal(e.count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(usercerts_block_entries(e.db, e.at[i].cert, &by_certificate, &by_serial));
		assert_string_equal(by_certificate.certificate, whole[i] + strlen("blocked/"));
		snprintf(got, sizeof got, "blocked/%s-%s", by_serial.issuer_key, by_serial.serial);
		if (i == 0)
			assert_string_equal(got, number[i]);	/* the number of this one alone is in name_of_block() */
		if (rows[i].ca == NULL)
			assert_string_equal(got, "blocked/-");
		else
			assert_memory_equal(got, number[i], strlen("blocked/") + CERT_FINGERPRINT_LEN + 1);
	}
}

/* Root's block applies to cards that the copy registers, too. */
static void
blocked_by_root(void **state)
{
	struct kit *k = *state;
	char name[128], text[160];
	FILE *f;

	FLEET_ENROLL(k, "hanako", "good");
	name_of_block(k, "good", NULL, name);
	snprintf(text, sizeof text, "certificate %s\n", name + strlen("blocked/"));
	f = fopen(k->conf.block_list, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(verdict(k), OUTCOME_BLOCKED);
}

/* A certificate that would be registered is judged by the copy, too. */
static void
blocked_before_it_is_registered(void **state)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct kit *k = *state;
	uint8_t der[4096];
	char name[128], path[PATH_MAX];
	struct outcome o;
	size_t len;
	FILE *f;

	name_of_block(k, "good", NULL, name);
	fleet_file(k, name, "");
	snprintf(path, sizeof path, "%s/good.der", k->pki);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	o = usercerts_of(&k->env, (struct view){ der, len }, &e);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(e.at[0].verdict.status, OUTCOME_FLEET_BLOCKED);
}

/* --- how old it is -------------------------------------------------------------------- */

static void
a_stale_copy_refuses_if_configured(void **state)
{
	static const struct {
		unsigned int max_age_h, stale;
		int64_t age;
		enum outcome_status status;
	} rows[] = {
		{ 0, CONF_FLEET_STALE_REFUSE, (int64_t)400 * 86400, OUTCOME_OK },
		{ 24, CONF_FLEET_STALE_REFUSE, (int64_t)24 * 3600, OUTCOME_OK },
		{ 24, CONF_FLEET_STALE_REFUSE, (int64_t)24 * 3600 + 1, OUTCOME_FLEET_STALE },
		{ 24, CONF_FLEET_STALE_ALLOW, (int64_t)24 * 3600 + 1, OUTCOME_OK },
		{ 24, CONF_FLEET_STALE_REFUSE, -86400, OUTCOME_FLEET_STALE },
		{ 24, CONF_FLEET_STALE_ALLOW, -86400, OUTCOME_OK },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		FLEET_ENROLL(k, "hanako", "good");
		k->conf.fleet_max_age = rows[i].max_age_h * 60;
		k->conf.fleet_stale = rows[i].stale;
		fleet_confirmed(k, k->wall_s - rows[i].age);
		if (verdict(k) != rows[i].status)
			fail_msg("row %zu", i);
		kit_enroll(k, "hanako", "good", NULL);
		assert_int_equal(verdict(k), OUTCOME_OK);	/* what root has registered has no age */
		assert_int_equal(unlink(fleet_path(k, "users/hanako.pem")), 0);
		unroll(k);
	}
}

/* Of no certificate there is no verdict that would let a user in. */
static void
no_certificate_is_no_success(void **state)
{
	struct usercerts none;

	memset(&none, 0, sizeof none);
	assert_int_equal(usercerts_verdict(&none).status, OUTCOME_NOT_ENROLLED);
}

/* Worse than old comes first: the person should hear that the card is blocked. */
static void
blocked_comes_before_stale(void **state)
{
	struct kit *k = *state;
	char name[128];

	FLEET_ENROLL(k, "hanako", "good");
	name_of_block(k, "good", NULL, name);
	fleet_file(k, name, "");
	k->conf.fleet_max_age = 60;
	k->conf.fleet_stale = CONF_FLEET_STALE_REFUSE;
	fleet_confirmed(k, k->wall_s - 86400);
	assert_int_equal(verdict(k), OUTCOME_FLEET_BLOCKED);
}

/* A root's and an organization's card of one person: what is wrong with the copy refuses the latter alone. */
static void
card_of_a_stale_copy_beside_roots(void **state)
{
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "test", .login_name = "hanako",
		.host = "pc", .place = PLACE_LOCAL };
	struct login_result result = { .card_clean = false };
	struct kit *k = *state;
	struct secret *pin = secret_new();

	assert_non_null(pin);
	kit_enroll(k, "hanako", "other-person", NULL);
	FLEET_ENROLL(k, "hanako", "good");
	k->conf.fleet_max_age = 60;
	k->conf.fleet_stale = CONF_FLEET_STALE_REFUSE;
	fleet_confirmed(k, k->wall_s - 86400);
	kit_insert(k, 0, "good", NULL);
	flow_login(&k->env, &k->ui, &request, pin, &result);
	assert_int_equal(result.outcome.status, OUTCOME_FLEET_STALE);
	assert_int_equal(k->prompts, 0);
	kit_insert(k, 0, "other-person", NULL);
	flow_login(&k->env, &k->ui, &request, pin, &result);
	assert_int_equal(result.outcome.status, OUTCOME_OK);
	secret_free(pin);
}

static char block_at_the_prompt[128];	/* found before: NSS is the login's while it runs */

static void
blocks_at_the_prompt(struct kit *k)
{
	fleet_file(k, block_at_the_prompt, "");
}

static void
leaves_at_the_prompt(struct kit *k)
{
	assert_int_equal(unlink(fleet_path(k, "users/hanako.pem")), 0);
}

/* A block that arrives while the user types counts. */
static void
changed_while_the_person_types(void **state)
{
	static const struct {
		void (*change)(struct kit *k);
		enum outcome_status status;
	} rows[] = {
		{ NULL, OUTCOME_OK },
		{ leaves_at_the_prompt, OUTCOME_NOT_ENROLLED },
		{ blocks_at_the_prompt, OUTCOME_FLEET_BLOCKED },
	};
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "test", .login_name = "hanako",
		.host = "pc", .place = PLACE_LOCAL };
	struct kit *k = *state;
	struct secret *pin = secret_new();

	assert_non_null(pin);
	name_of_block(k, "good", NULL, block_at_the_prompt);
	kit_insert(k, 0, "good", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct login_result result = { .card_clean = false };

		FLEET_ENROLL(k, "hanako", "good");
		k->on_prompt = rows[i].change;
		flow_login(&k->env, &k->ui, &request, pin, &result);
		assert_int_equal(result.outcome.status, rows[i].status);
		assert_int_equal(kit_stats(k).verifies, 1);	/* the first alone */
	}
	secret_free(pin);
}

/* --- what is wrong with it ------------------------------------------------------------ */

static void
break_state(struct kit *k)
{
	fleet_file(k, "state", "yesterday\n");
}

static void
remove_state(struct kit *k)
{
	assert_int_equal(unlink(fleet_path(k, "state")), 0);
}

static void
remove_blocked(struct kit *k)
{
	assert_int_equal(rmdir(fleet_path(k, "blocked")), 0);
}

static void
damage_user(struct kit *k)
{
	fleet_file(k, "users/hanako.pem", "-----BEGIN CERTIFICATE-----\nMII=\n");
}

static void
empty_user(struct kit *k)
{
	fleet_file(k, "users/hanako.pem", "");
}

static void
no_certificate(struct kit *k)
{
	fleet_file(k, "users/hanako.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
}

static void
open_to_others(struct kit *k)
{
	assert_int_equal(chmod(k->conf.fleet_dir, 0777), 0);
}

static void
user_open_to_others(struct kit *k)
{
	assert_int_equal(chmod(fleet_path(k, "users/hanako.pem"), 0666), 0);
}

/* Any damage refuses the cards that the copy registers, and leaves root's own registrations in force. */
static void
a_broken_copy_refuses_what_it_registers(void **state)
{
	static void (*const damages[])(struct kit *k) = { break_state, remove_state, remove_blocked, damage_user,
		empty_user, no_certificate, open_to_others, user_open_to_others };

	for (size_t i = 0; i < COUNT(damages); i++) {
		struct kit *k = *state;

		FLEET_ENROLL(k, "hanako", "good");
		assert_int_equal(verdict(k), OUTCOME_OK);
		damages[i](k);
		if (verdict(k) != OUTCOME_FLEET)
			fail_msg("damage %zu lets in", i);
		kit_enroll(k, "hanako", "good", NULL);
		if (verdict(k) != OUTCOME_OK)
			fail_msg("damage %zu takes from root's", i);
		unroll(k);
		(void)mkdir(fleet_path(k, "blocked"), 0755);
		assert_int_equal(chmod(k->conf.fleet_dir, 0755), 0);
		(void)unlink(fleet_path(k, "users/hanako.pem"));
		fleet_confirmed(k, k->wall_s);
	}
}

/* Root's own file that is damaged is refused as ever, also where the fleet has the user. */
static void
damaged_file_of_root(void **state)
{
	struct kit *k = *state;
	struct outcome o;

	FLEET_ENROLL(k, "hanako", "good");
	o = userfile_write(k->conf.users_dir, "hanako", geteuid(), "-----BEGIN CERTIFICATE-----\nMII=\n", NULL);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(verdict(k), OUTCOME_ENROLMENT);
}

static void
copy_that_is_off_or_not_there(void **state)
{
	struct kit *k = *state;

	FLEET_ENROLL(k, "hanako", "good");
	k->conf.fleet_dir[0] = '\0';
	assert_int_equal(verdict(k), OUTCOME_NOT_ENROLLED);
	assert_false(usercerts_exist(&k->conf, "hanako"));
	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.3000s/elsewhere", k->dir);
	assert_int_equal(verdict(k), OUTCOME_NOT_ENROLLED);
	kit_enroll(k, "hanako", "good", NULL);
	assert_int_equal(verdict(k), OUTCOME_OK);
}

/* The prompt is open; the database of authorities is the one that was opened, and stays open. */
static void
judge_again(const struct kit *k, struct usercerts *e, enum outcome_status status)
{
	const struct certdb *db = e->db;
	struct outcome o = usercerts_load_again(&k->env, "hanako", e);

	assert_ptr_equal(e->db, db);
	if (outcome_ok(&o))
		o = usercerts_verdict(e);
	if (o.status != status)
		fail_msg("%s instead of %s", outcome_code(o.status), outcome_code(status));
}

static void
judged_again_with_the_same_authorities(void **state)
{
	struct kit *k = *state;
	struct usercerts e;
	char fingerprint[CERT_FINGERPRINT_LEN + 1], blocked[CERT_FINGERPRINT_LEN + 16], crls[PATH_MAX];
	FILE *f;

	kit_enroll(k, "hanako", "good", NULL);
	kit_trust(k, "nssdb", "ca1");
	memcpy(crls, k->conf.crl_dir, sizeof crls);
	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.3000s/newer", k->dir);
	kit_import(k, "ca1-good-revoked");
	memcpy(k->conf.crl_dir, crls, sizeof crls);
	sleep(4);	/* a younger database is opened again, whether it has changed or not */
	assert_int_equal(load(k, &e), OUTCOME_OK);
	snprintf(fingerprint, sizeof fingerprint, "%s", cert_fingerprint(e.at[0].cert));
	judge_again(k, &e, OUTCOME_OK);

	f = fopen(k->conf.block_list, "we");	/* within the same tick of the clock */
	assert_non_null(f);
	fprintf(f, "certificate %s\n", fingerprint);
	fclose(f);
	judge_again(k, &e, OUTCOME_BLOCKED);
	assert_int_equal(unlink(k->conf.block_list), 0);
	judge_again(k, &e, OUTCOME_OK);

	snprintf(blocked, sizeof blocked, "blocked/%s", fingerprint);
	fleet_file(k, blocked, "");
	judge_again(k, &e, OUTCOME_FLEET_BLOCKED);
	assert_int_equal(unlink(fleet_path(k, blocked)), 0);

	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.3000s/newer", k->dir);
	judge_again(k, &e, OUTCOME_REVOKED);
	memcpy(k->conf.crl_dir, crls, sizeof crls);
	unroll(k);
	judge_again(k, &e, OUTCOME_NOT_ENROLLED);
	kit_enroll(k, "hanako", "good", NULL);
	k->wall_s += 20LL * 365 * 86400;
	judge_again(k, &e, OUTCOME_CERT_EXPIRED);
	usercerts_done(&e);
}

static int
prepare(void **state)
{
	struct kit *k;

	if (kit_new(state) != 0)
		return -1;
	k = *state;
	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.3000s/fleet", k->dir);
	if (mkdir(k->conf.fleet_dir, 0755) != 0 || mkdir(fleet_path(k, "blocked"), 0755) != 0)
		return -1;
	fleet_confirmed(k, k->wall_s);
	account_uid_said = 1000;
	account_there = true;
	k->env.uid_of = uid_of;
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, prepare, kit_done)

/* --- what a login opens ------------------------------------------------------------------- */

static unsigned int opened;

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	opened++;
	return __real_openat(dir, path, flags);
}

/* What openat() becomes with _FORTIFY_SOURCE where the flags are no constant. */
int __wrap___openat_2(int dir, const char *path, int flags);

int
__wrap___openat_2(int dir, const char *path, int flags)
{
	opened++;
	return __real_openat(dir, path, flags);
}

/* Of the two readings of a login, by a process of its own as the helper is. */
static unsigned int
opens(const struct kit *k)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		opened = 0;
		safefile_keep_directories();
		for (int i = 0; i < 2; i++) {
			_cleanup_(usercerts_done) struct usercerts e;

			if (load(k, &e) != OUTCOME_OK || e.count != 1)
				_exit(0);
		}
		_exit((int)opened);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 0);
	return (unsigned int)WEXITSTATUS(status);
}

static void
a_copy_costs_few_opens(void **state)
{
	struct kit *k = *state;
	char fleet[PATH_MAX];
	unsigned int without, beside, by_fleet;

	kit_enroll(k, "hanako", "good", NULL);
	memcpy(fleet, k->conf.fleet_dir, sizeof fleet);
	k->conf.fleet_dir[0] = '\0';
	without = opens(k);
	memcpy(k->conf.fleet_dir, fleet, sizeof fleet);
	beside = opens(k);
	unroll(k);
	FLEET_ENROLL(k, "hanako", "good");
	by_fleet = opens(k);
	print_message("opens: %u without a copy, %u beside one, %u by one\n", without, beside, by_fleet);
	assert_uint_in_range(beside, without, without + 4);
	/* three more: the copy's directory of registrations, and root's file of the user, which does not exist, in both readings */
	assert_uint_in_range(by_fleet, without, without + 4 + 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(registered_by_the_fleet),
		TEST(both_register),
		TEST(too_many),
		TEST(accounts_it_may_not_register),
		TEST(blocked_by_the_fleet),
		TEST(names_that_would_block_a_certificate),
		TEST(blocked_by_root),
		TEST(blocked_before_it_is_registered),
		TEST(a_stale_copy_refuses_if_configured),
		TEST(no_certificate_is_no_success), TEST(blocked_comes_before_stale),
		TEST(card_of_a_stale_copy_beside_roots),
		TEST(changed_while_the_person_types),
		TEST(a_broken_copy_refuses_what_it_registers),
		TEST(damaged_file_of_root),
		TEST(copy_that_is_off_or_not_there),
		TEST(judged_again_with_the_same_authorities),
		TEST(a_copy_costs_few_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

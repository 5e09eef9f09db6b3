/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/unlock on simulated cards: a password comes out of the right file, card and login, and of no other. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "flow/login.h"
#include "flow/possession/challenge.h"
#include "flow/unlock_prove.h"

#define MACHINE "0123456789abcdef0123456789abcdef"
#define SECOND_SIGN "ins 2A:2 "
/* The parts of a file, by their first byte (flow/unlock.c). */
enum { AT_MAGIC = 0, AT_VERSION = 11, AT_SALT = 12, AT_CERT = 44, AT_STORED = 108, AT_NONCE = 116, AT_SEALED = 128,
	AT_END = 128 + 512 + 16 };

/* --- the two halves: jpkictl unlock set, and a login ----------------------------------- */

static struct outcome
prove(struct kit *k, const struct unlock_facts *facts, struct unlock_signature *ret)
{
	char reader[TRANSPORT_NAME_MAX];
	bool clean;

	return unlock_prove(&k->env, &k->ui, "hanako", MACHINE, facts->salt, ret, reader, &clean);
}

static struct outcome
seal(struct kit *k, struct unlock_facts *facts, const struct unlock_signature *signature, const char *password,
    struct unlockfile *file)
{
	struct secret *secret = secret_new_long();
	struct outcome o;

	assert_non_null(secret);
	assert_true(secret_set(secret, password, strlen(password)));
	snprintf(facts->cert, sizeof facts->cert, "%s", signature->cert);
	snprintf(file->machine, sizeof file->machine, "%s", MACHINE);
	o = unlock_make(&k->env, "hanako", facts, signature, secret, file);
	secret_free(secret);
	return o;
}

/* hanako's file with this password, by the card in the first reader. */
static struct unlockfile
store(struct kit *k, const char *password)
{
	struct unlock_facts facts = { .salt = "thirty-two bytes that are salt", .stored = 1700000000 };
	struct unlock_signature signature;
	struct unlockfile file = { .len = 0 };
	struct outcome o = prove(k, &facts, &signature);

	if (!outcome_ok(&o))
		fail_msg("%s; %s", outcome_code(o.status), k->last_log);
	o = seal(k, &facts, &signature, password, &file);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(file.len, AT_END);
	sim_card_stats_reset(k->card[0]);
	k->prompts = 0;
	return file;
}

struct attempt {
	struct login_result result;
	char password[SECRET_LONG_MAX + 1];	/* "" for none */
	bool failed;
};

static struct attempt
login(struct kit *k, const char *user, const struct unlockfile *file)
{
	static const uint8_t none[SIGNATURE_MAX];
	struct unlock unlock = { .file = *file, .password = secret_new_long() };
	struct login_request request = { .purpose = "login", .user = user, .service = "test",
		.host = "azumino", .place = PLACE_LOCAL, .unlock = &unlock };
	struct secret *pin = secret_new();
	struct attempt a;

	assert_true(pin != NULL && unlock.password != NULL);
	flow_login(&k->env, &k->ui, &request, pin, &a.result);
	assert_int_equal(secret_view(pin).len, 0);
	assert_int_equal(k->open_reader, -1);
	if (k->card[0] != NULL)
		assert_string_equal(kit_get(k, "verified"), "none");
	snprintf(a.password, sizeof a.password, "%s", (const char *)secret_view(unlock.password).data);
	a.failed = unlock.failed;
	if (outcome_ok(&a.result.outcome))
		assert_memory_equal(unlock.signature, none, sizeof none);	/* wiped */
	secret_free(unlock.password);
	secret_free(pin);
	return a;
}

/* Let in as ever, and no password. */
static void
expect_locked(struct kit *k, const char *user, const struct unlockfile *file, const char *what)
{
	struct attempt a = login(k, user, file);

	if (a.result.outcome.status != OUTCOME_OK)
		fail_msg("%s: %s; %s", what, outcome_code(a.result.outcome.status), k->last_log);
	if (a.password[0] != '\0' || !a.failed)
		fail_msg("%s: the password came out", what);
	assert_non_null(strstr(k->last_log, "no password is unlocked"));
}

static void
good_card(struct kit *k)
{
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "good", NULL);
}

/* --- what works ---------------------------------------------------------------------- */

static void
one_pin_opens_it(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;
	struct attempt a;

	good_card(k);
	file = store(k, "correct horse battery staple");
	a = login(k, "hanako", &file);
	assert_int_equal(a.result.outcome.status, OUTCOME_OK);
	assert_string_equal(a.password, "correct horse battery staple");
	assert_false(a.failed);
	assert_int_equal(k->prompts, 1);
	assert_int_equal(kit_stats(k).verifies, 1);
	/* One command more than a login without (test_login), one signature of it. */
	assert_int_equal(kit_stats(k).signs, 2);
	assert_int_equal(kit_stats(k).apdus, 10);
	assert_int_equal(k->power_cycles, 2);	/* one of them when it was stored */
}

static void
opens_it_again_and_again(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	file = store(k, "パスワード");
	for (int i = 0; i < 3; i++)
		assert_string_equal(login(k, "hanako", &file).password, "パスワード");
	/* Another PIN is another PIN of the same key. */
	kit_set(k, "auth-pin", "8642");
	k->answer = "8642";
	assert_string_equal(login(k, "hanako", &file).password, "パスワード");
}

static void
passwords_of_any_length_come_back(void **state)
{
	struct kit *k = *state;
	char longest[SECRET_LONG_MAX + 1];
	struct unlockfile file;

	good_card(k);
	memset(longest, 'x', SECRET_LONG_MAX);
	longest[SECRET_LONG_MAX] = '\0';
	file = store(k, longest);
	assert_string_equal(login(k, "hanako", &file).password, longest);
	file = store(k, "y");
	assert_string_equal(login(k, "hanako", &file).password, "y");
}

/* Two files have only the certificate in common: neither shows the other's password, or that it is the same. */
static void
two_files_differ(void **state)
{
	struct kit *k = *state;
	struct unlockfile one, other;

	good_card(k);
	one = store(k, "same");
	other = store(k, "same");
	assert_memory_not_equal(one.bytes + AT_NONCE, other.bytes + AT_NONCE, 12);
	assert_memory_not_equal(one.bytes + AT_SEALED, other.bytes + AT_SEALED, 16);
}

static void
without_a_file_nothing_is_asked(void **state)
{
	struct kit *k = *state;
	struct unlockfile none = { .len = 0 };
	struct attempt a;

	good_card(k);
	a = login(k, "hanako", &none);
	assert_int_equal(a.result.outcome.status, OUTCOME_OK);
	assert_string_equal(a.password, "");
	assert_false(a.failed);
	assert_int_equal(kit_stats(k).apdus, 9);
	assert_int_equal(kit_stats(k).signs, 1);
}

/* --- what does not -------------------------------------------------------------------- */

static void
tampered_files(void **state)
{
	static const struct { size_t at; const char *what; bool asked; } parts[] = {
		{ AT_MAGIC, "magic", false }, { AT_VERSION, "version", false }, { AT_SALT, "salt", true },
		{ AT_SALT + 31, "end of the salt", true }, { AT_CERT, "certificate", false },
		{ AT_CERT + 63, "end of the certificate", false }, { AT_STORED, "time", false },
		{ AT_STORED + 7, "end of the time", true }, { AT_NONCE, "nonce", true },
		{ AT_NONCE + 11, "end of the nonce", true }, { AT_SEALED, "length of the password", true },
		{ AT_SEALED + 2, "password", true }, { AT_SEALED + 511, "filling", true },
		{ AT_SEALED + 512, "tag", true }, { AT_END - 1, "end of the tag", true },
	};
	struct kit *k = *state;
	struct unlockfile file, changed;

	good_card(k);
	file = store(k, "password");
	for (size_t i = 0; i < COUNT(parts); i++) {
		changed = file;
		changed.bytes[parts[i].at] ^= 0x80;
		sim_card_stats_reset(k->card[0]);
		expect_locked(k, "hanako", &changed, parts[i].what);
		assert_int_equal(kit_stats(k).signs, parts[i].asked ? 2 : 1);
	}
	for (size_t len = 1; len < file.len; len += 73) {
		changed = file;
		changed.len = len;
		expect_locked(k, "hanako", &changed, "cut");
	}
	changed = file;
	changed.len++;
	expect_locked(k, "hanako", &changed, "one byte more");
}

/* The salts, and so all else, are exchanged with another file of the same user's. */
static void
a_file_mixed_of_two_opens_nothing(void **state)
{
	struct kit *k = *state;
	struct unlockfile one, other, mixed;

	good_card(k);
	one = store(k, "one");
	other = store(k, "other");
	mixed = one;
	memcpy(mixed.bytes + AT_NONCE, other.bytes + AT_NONCE, AT_END - AT_NONCE);
	mixed.bytes[AT_SALT] ^= 1;
	expect_locked(k, "hanako", &mixed, "mixed");
}

static void
a_file_of_another_machine_opens_nothing(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	file = store(k, "password");
	file.machine[0] = 'f';
	expect_locked(k, "hanako", &file, "machine");
}

/* The same card, enrolled for two. */
static void
a_file_of_another_user_opens_nothing(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	kit_enroll(k, "taro", "good", NULL);
	file = store(k, "password");
	expect_locked(k, "taro", &file, "user");
}

static void
with_another_card_of_the_user(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	kit_enroll(k, "hanako", "good", "renewed", NULL);
	kit_insert(k, 0, "good", NULL);
	file = store(k, "password");
	kit_insert(k, 0, "renewed", NULL);
	expect_locked(k, "hanako", &file, "card");
	assert_int_equal(kit_stats(k).signs, 1);	/* it is known before */
}

static void
expect_refused(struct kit *k, const struct unlockfile *file, enum outcome_status status)
{
	struct attempt a = login(k, "hanako", file);

	assert_int_equal(a.result.outcome.status, status);
	assert_string_equal(a.password, "");
}

static void
a_refused_login_opens_nothing(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	file = store(k, "password");
	k->answer = "9999";
	expect_refused(k, &file, OUTCOME_PIN_WRONG);
	assert_int_equal(kit_stats(k).signs, 0);
	k->answer = "1234";
	/* The second signature is right: it is worth nothing without the first. */
	kit_fault(k, "ins 2A:1 wrongsig");
	expect_refused(k, &file, OUTCOME_BAD_SIGNATURE);
	assert_int_equal(kit_stats(k).signs, 2);
	k->answer = NULL;
	expect_refused(k, &file, OUTCOME_CANCELLED);
}

/* The login is decided by the first signature, whatever becomes of the second. */
static void
second_signature_that_fails(void **state)
{
	static const char *const faults[] = { "sw 6982", "sw 6F00", "wrongsig", "sign-other-challenge", "truncate 2",
		"garbage 17", "drop", "drop-after" };
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	file = store(k, "password");
	for (size_t i = 0; i < COUNT(faults); i++) {
		char fault[64];

		snprintf(fault, sizeof fault, SECOND_SIGN "%s", faults[i]);
		kit_fault(k, fault);
		expect_locked(k, "hanako", &file, faults[i]);
		kit_clear_faults(k);
		kit_insert(k, 0, "good", NULL);
	}
}

static void
no_time_for_a_second_signature(void **state)
{
	struct kit *k = *state;
	struct unlockfile file;

	good_card(k);
	file = store(k, "password");
	k->env.budget = &k->budget;
	budget_start(&k->budget, &k->clk, 999);
	expect_locked(k, "hanako", &file, "time");
	assert_int_equal(kit_stats(k).signs, 1);
	budget_start(&k->budget, &k->clk, 1000);
	assert_string_equal(login(k, "hanako", &file).password, "password");
}

/* --- what is stored ------------------------------------------------------------------- */

static void
ecdsa_is_said_before_a_pin(void **state)
{
	static const char *const leaves[] = { "ec256", "ec384" };
	struct kit *k = *state;
	struct unlock_facts facts = { .stored = 0 };
	struct unlock_signature signature;

	for (size_t i = 0; i < COUNT(leaves); i++) {
		kit_enroll(k, "hanako", leaves[i], NULL);
		kit_insert(k, 0, leaves[i], NULL);
		assert_int_equal(prove(k, &facts, &signature).status, OUTCOME_CERT_WEAK);
		assert_int_equal(k->prompts, 0);
	}
}

/* A registration that is of no use is said at once: there is no wait for a card, and no prompt. */
static void
useless_registration_is_said_before_a_card(void **state)
{
	static const struct { const char *leaf; enum outcome_status wanted; } rows[] = {
		{ "expired", OUTCOME_CERT_EXPIRED },
		{ "revoked", OUTCOME_REVOKED },
		{ NULL, OUTCOME_TRUST_DB },
	};
	struct kit *k = *state;
	struct unlock_facts facts = { .stored = 0 };
	struct unlock_signature signature;

	k->conf.wait = 10;
	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_enroll(k, "hanako", rows[i].leaf != NULL ? rows[i].leaf : "good", NULL);
		if (rows[i].leaf == NULL)
			snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "/nonexistent/nssdb");
		assert_int_equal(prove(k, &facts, &signature).status, rows[i].wanted);
		assert_int_equal(k->waits, 0);
		assert_int_equal(k->prompts, 0);
	}
}

static void
stored_by_the_registered_card_alone(void **state)
{
	struct kit *k = *state;
	struct unlock_facts facts = { .stored = 0 };
	struct unlock_signature signature;
	struct unlockfile file = { .len = 0 };

	good_card(k);
	k->answer = "9999";
	assert_int_equal(prove(k, &facts, &signature).status, OUTCOME_PIN_WRONG);
	k->answer = "1234";
	kit_insert(k, 0, "other-person", NULL);
	assert_int_equal(prove(k, &facts, &signature).status, OUTCOME_OTHER_CARD);
	kit_insert(k, 0, "good", NULL);
	assert_int_equal(prove(k, &facts, &signature).status, OUTCOME_OK);
	/* The process that asked the card may have been taken over: what it gives is judged again. */
	signature.bytes[100] ^= 1;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_BAD_SIGNATURE);
	signature.bytes[100] ^= 1;
	signature.len--;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_BAD_SIGNATURE);
	signature.len++;
	signature.cert[0] ^= 1;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_NOT_ENROLLED);
	signature.cert[0] ^= 1;
	facts.salt[0] ^= 1;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_BAD_SIGNATURE);
	facts.salt[0] ^= 1;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_OK);
}

static bool no_random;

/* In place of libc's. */
ssize_t
getrandom(void *buf, size_t len, unsigned int flags)
{
	if (!no_random)
		return syscall(SYS_getrandom, buf, len, flags);
	errno = ENOSYS;
	return -1;
}

/* Nothing is sealed with a nonce that is not random. */
static void
without_random_numbers_nothing_is_sealed(void **state)
{
	struct kit *k = *state;
	struct unlock_facts facts = { .salt = "thirty-two bytes that are salt", .stored = 1700000000 };
	struct unlock_signature signature;
	struct unlockfile file = { .len = 0 };

	good_card(k);
	assert_int_equal(prove(k, &facts, &signature).status, OUTCOME_OK);
	no_random = true;
	assert_int_equal(seal(k, &facts, &signature, "x", &file).status, OUTCOME_INTERNAL);
	no_random = false;
	assert_int_equal(file.len, 0);
}

static void
facts_of_a_file(void **state)
{
	struct kit *k = *state;
	struct unlock_facts facts;
	struct unlockfile file;

	good_card(k);
	file = store(k, "password");
	assert_true(unlock_facts(&file, &facts));
	assert_int_equal(facts.stored, 1700000000);
	assert_memory_equal(facts.cert, file.bytes + AT_CERT, CERT_FINGERPRINT_LEN);
	file.bytes[AT_VERSION]++;
	assert_false(unlock_facts(&file, &facts));
	file.len = 0;
	assert_false(unlock_facts(&file, &facts));
}

/* No challenge begins like the text that unlocks, not even one of hostile parts. */
static void
no_challenge_begins_like_the_text_that_unlocks(void **state)
{
	static const char hostile[] = "unlock\nmachine=" MACHINE "\nJPKI-UNLOCK-1\n";
	static const char first[] = "JPKI-CHALLENGE-1\npurpose=";
	const struct challenge c = { .purpose = hostile, .host = hostile, .user = hostile, .service = hostile,
		.hostkey = hostile };
	uint8_t text[CHALLENGE_MAX];
	size_t len;

	assert_true(challenge_write(&c, text, &len));
	assert_memory_equal(text, first, sizeof first - 1);
	text[len < sizeof text ? len : sizeof text - 1] = '\0';
	assert_null(strstr((const char *)text, "\nJPKI-UNLOCK-1"));
	assert_null(strstr((const char *)text, "\nmachine="));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, kit_new, kit_done)
	const struct CMUnitTest tests[] = {
		TEST(one_pin_opens_it),
		TEST(opens_it_again_and_again),
		TEST(passwords_of_any_length_come_back),
		TEST(two_files_differ),
		TEST(without_a_file_nothing_is_asked),
		TEST(tampered_files),
		TEST(a_file_mixed_of_two_opens_nothing),
		TEST(a_file_of_another_machine_opens_nothing),
		TEST(a_file_of_another_user_opens_nothing),
		TEST(with_another_card_of_the_user),
		TEST(a_refused_login_opens_nothing),
		TEST(second_signature_that_fails),
		TEST(no_time_for_a_second_signature),
		TEST(useless_registration_is_said_before_a_card), TEST(ecdsa_is_said_before_a_pin),
		TEST(stored_by_the_registered_card_alone),
		TEST(without_random_numbers_nothing_is_sealed),
		TEST(facts_of_a_file),
		TEST(no_challenge_begins_like_the_text_that_unlocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

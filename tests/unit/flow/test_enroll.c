/* SPDX-License-Identifier: BSD-2-Clause */
/* flow/possession/survey and flow/enroll: what status shows, and what an enrollment asks for. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "config/fleetcopy.h"
#include "config/userfile.h"
#include "flow/enroll.h"
#include "flow/possession/search.h"
#include "flow/possession/survey.h"
#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "nss/cert.h"

static struct survey
survey(struct kit *k)
{
	struct survey s;
	struct outcome o;

	sim_card_stats_reset(k->card[0]);
	o = survey_card(&k->env, "Reader 0", &s);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(kit_stats(k).verifies, 0);
	return s;
}

static void
test_survey_of_a_good_card(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "good", NULL);
	kit_set(k, "auth-tries", "2");
	kit_set(k, "sign-tries", "4");
	s = survey(k);
	assert_int_equal(s.kind, JPKI_KIND_MY_NUMBER);
	assert_int_equal(s.auth_tries, 2);
	assert_int_equal(s.sign_tries, 4);
	assert_true(s.der_len > 1000);
	assert_string_equal(s.card_expiry, "20331103");
	assert_string_equal(kit_get(k, "auth-tries"), "2");
	assert_string_equal(kit_get(k, "sign-tries"), "4");
}

/* The authority's certificate, for `jpkictl trust add --card`: read without the PIN, or not at all. */
static void
test_authority_on_the_card(void **state)
{
	static uint8_t der[JPKI_CERT_MAX];
	struct kit *k = *state;
	struct outcome o;
	size_t len = 0;

	kit_insert(k, 0, "good", NULL);
	o = survey_read_ca(&k->env, "Reader 0", der, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_true(len > 500 && der[0] == 0x30);
	assert_int_equal(k->open_reader, -1);
	assert_int_equal(kit_stats(k).verifies, 0);
	kit_fault(k, "ins b0:* sw 6a82");
	o = survey_read_ca(&k->env, "Reader 0", der, &len);
	assert_int_not_equal(o.status, OUTCOME_OK);
	assert_int_equal(k->open_reader, -1);
	kit_insert(k, 0, "good", "profile=nojpki");
	o = survey_read_ca(&k->env, "Reader 0", der, &len);
	assert_int_equal(o.status, OUTCOME_NOT_JPKI);
	assert_int_equal(k->open_reader, -1);
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	o = survey_read_ca(&k->env, "Reader 0", der, &len);
	assert_int_equal(o.status, OUTCOME_CARD_BUSY);
}

static void
test_survey_of_other_cards(void **state)
{
	struct kit *k = *state;
	struct outcome o;
	struct survey s;

	kit_insert(k, 0, "good", "profile=locked");
	assert_int_equal(survey(k).auth_tries, 0);
	kit_insert(k, 0, "good", "profile=juki");
	s = survey(k);
	assert_int_equal(s.kind, JPKI_KIND_JUKI);
	assert_int_equal(s.der_len, 0);
	kit_insert(k, 0, "good", "expiry=none");
	assert_string_equal(survey(k).card_expiry, "");
	kit_insert(k, 0, "good", "profile=nojpki");
	o = survey_card(&k->env, "Reader 0", &s);
	assert_int_equal(o.status, OUTCOME_NOT_JPKI);
}

/* A part that a card lacks is no reason to stop; a card that has gone is, and so is one that cannot be opened. */
static void
test_survey_of_a_card_that_fails(void **state)
{
	static const struct {
		const char *fault;
		enum outcome_status wanted;
		bool has_certificate;
	} rows[] = {
		{ "ins b0:* sw 6a82", OUTCOME_OK, false },
		{ "ins ca:* sw 6a82", OUTCOME_OK, true },
		{ "ins ca:* truncate 1", OUTCOME_OK, true },
		{ "ins ca drop", OUTCOME_CARD_REMOVED, false },
		{ "ins b0:2 drop", OUTCOME_CARD_REMOVED, false },
	};
	struct kit *k = *state;
	struct survey s;
	struct outcome o;

	for (size_t i = 0; i < COUNT(rows); i++) {
		kit_insert(k, 0, "good", NULL);
		kit_fault(k, rows[i].fault);
		o = survey_card(&k->env, "Reader 0", &s);
		if (o.status != rows[i].wanted)
			fail_msg("%s: %s", rows[i].fault, outcome_code(o.status));
		if (outcome_ok(&o))
			assert_int_equal(s.der_len > 0, rows[i].has_certificate);
		assert_int_equal(k->open_reader, -1);
	}
	kit_insert(k, 0, "good", NULL);
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	o = survey_card(&k->env, "Reader 0", &s);
	assert_int_equal(o.status, OUTCOME_CARD_BUSY);
}

static void
test_choice_of_reader(void **state)
{
	char reader[TRANSPORT_NAME_MAX];
	struct kit *k = *state;
	struct outcome o;

	k->reader_count = 2;
	o = survey_choose_reader(&k->env, NULL, reader);
	assert_int_equal(o.status, OUTCOME_NO_CARD);
	kit_insert(k, 1, "good", NULL);
	o = survey_choose_reader(&k->env, NULL, reader);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(reader, "Reader 1");
	o = survey_choose_reader(&k->env, "Reader 0", reader);
	assert_int_equal(o.status, OUTCOME_NO_CARD);
	o = survey_choose_reader(&k->env, "ACME", reader);
	assert_int_equal(o.status, OUTCOME_NO_READER);
	kit_insert(k, 0, "other-person", NULL);
	o = survey_choose_reader(&k->env, NULL, reader);
	assert_int_equal(o.status, OUTCOME_SEVERAL_CARDS);
	assert_non_null(strstr(k->last_log, "Reader 0"));
	assert_non_null(strstr(k->last_log, "Reader 1"));
	o = survey_choose_reader(&k->env, "Reader 1", reader);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(reader, "Reader 1");
	o = survey_choose_reader(&k->env, "", reader);
	assert_int_equal(o.status, OUTCOME_SEVERAL_CARDS);
	assert_int_equal(k->waits, 0);
}

static void
expect_choice(struct kit *k, enum outcome_status status, const char *wanted, const char *reader)
{
	char name[TRANSPORT_NAME_MAX];
	struct outcome o;

	k->mono_ms = 0;
	o = survey_choose_reader(&k->env, wanted, name);
	assert_int_equal(o.status, status);
	assert_string_equal(name, reader);
	assert_int_equal(k->open_reader, -1);
	if (k->card[0] != NULL)
		assert_int_equal(kit_stats(k).verifies, 0);
}

/* A badge, a SIM, the card of a television tuner, a Juki card, a telephone: whichever reader they are in. */
static void
test_other_cards_are_passed_over(void **state)
{
	static const char *const others[] = { "profile=nojpki", "profile=juki", "profile=phone-android",
		"profile=phone-iphone" };
	struct kit *k = *state;

	k->reader_count = 2;
	for (size_t i = 0; i < COUNT(others); i++)
		for (unsigned int ours = 0; ours < 2; ours++) {
			kit_insert(k, 1 - ours, "other-person", others[i]);
			kit_insert(k, ours, "good", NULL);
			expect_choice(k, OUTCOME_OK, NULL, ours == 0 ? "Reader 0" : "Reader 1");
			assert_int_equal(k->mono_ms, 0);
			kit_remove(k, 0);
			kit_remove(k, 1);
		}
	/* A card that does not come up. */
	kit_insert(k, 0, "other-person", NULL);
	kit_insert(k, 1, "good", NULL);
	k->open_fail = outcome_of(OUTCOME_CARD_MUTE);
	k->open_fail_reader = 0;
	expect_choice(k, OUTCOME_OK, NULL, "Reader 1");
	k->open_fail = outcome_of(OUTCOME_OK);
	kit_remove(k, 0);
	/* A single card gives the reason, or is shown. */
	kit_insert(k, 1, "good", "profile=nojpki");
	expect_choice(k, OUTCOME_NOT_JPKI, NULL, "Reader 1");
	kit_insert(k, 1, "good", "profile=juki");
	expect_choice(k, OUTCOME_OK, NULL, "Reader 1");
	/* With a reader's name, only that reader counts. */
	kit_insert(k, 0, "good", "profile=nojpki");
	expect_choice(k, OUTCOME_NOT_JPKI, "Reader 0", "Reader 0");
	expect_choice(k, OUTCOME_NO_READER, "Reader 2", "");
	assert_non_null(strstr(k->last_log, "Reader 2"));
	assert_non_null(strstr(k->last_log, "Reader 0"));
}

/* A reader of two interfaces shows one card in both of its slots; two cards of one person are two. */
static void
test_one_card_in_two_slots(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	kit_insert(k, 0, "good", NULL);
	kit_insert(k, 1, "good", NULL);
	expect_choice(k, OUTCOME_OK, NULL, "Reader 0");
	kit_insert(k, 1, "renewed", NULL);
	expect_choice(k, OUTCOME_SEVERAL_CARDS, NULL, "Reader 0");
	/* Without a certificate nothing says that they are one. */
	kit_insert(k, 0, "good", "no-auth=yes");
	kit_insert(k, 1, "good", "no-auth=yes");
	expect_choice(k, OUTCOME_SEVERAL_CARDS, NULL, "Reader 0");
}

/* gpg's scdaemon has a card to itself for hours: it costs nothing beside ours, else two seconds and its reader's name. */
static void
test_card_that_another_program_holds(void **state)
{
	struct kit *k = *state;

	k->reader_count = 2;
	kit_insert(k, 0, "other-person", NULL);
	k->exclusive[0] = true;
	expect_choice(k, OUTCOME_CARD_BUSY, NULL, "Reader 0");
	assert_int_equal(k->mono_ms, 2000);
	assert_int_equal(k->opens, 0);
	kit_insert(k, 1, "good", NULL);
	expect_choice(k, OUTCOME_OK, NULL, "Reader 1");
	assert_int_equal(k->mono_ms, 0);
	expect_choice(k, OUTCOME_CARD_BUSY, "Reader 0", "Reader 0");
	k->exclusive[0] = false;
	k->open_fail = outcome_of(OUTCOME_CARD_BUSY);
	k->open_fail_reader = 0;
	expect_choice(k, OUTCOME_OK, NULL, "Reader 1");
	assert_int_equal(k->mono_ms, 0);
}

static void
test_name_of_a_reader(void **state)
{
	static const struct transport_readers readers = { .count = 3, .at = {
		{ .name = "ACME 1" }, { .name = "ACME 10" }, { .name = "Other" } } };

	assert_true(search_wants(NULL, &readers, "Other"));
	assert_true(search_wants("", &readers, "Other"));
	assert_true(search_wants("ACME", &readers, "ACME 1"));
	assert_true(search_wants("ACME", &readers, "ACME 10"));
	assert_false(search_wants("ACME", &readers, "Other"));
	assert_true(search_wants("ACME 1", &readers, "ACME 1"));
	assert_false(search_wants("ACME 1", &readers, "ACME 10"));
	assert_true(search_wants("ACME 10", &readers, "ACME 10"));
	assert_false(search_wants("acme", &readers, "ACME 1"));
}

static enum outcome_status
prove_it(struct kit *k, const struct survey *s)
{
	struct secret *pin = secret_new();
	struct outcome o;
	bool clean;

	o = enroll_prove(&k->env, &k->ui, "hanako", "Reader 0", s, pin, &clean);
	assert_true(clean);
	assert_int_equal(secret_view(pin).len, 0);
	secret_free(pin);
	assert_string_equal(kit_get(k, "verified"), "none");
	return o.status;
}

static void
test_proof(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "good", NULL);
	s = survey(k);
	assert_int_equal(prove_it(k, &s), OUTCOME_OK);
	k->answer = "9999";
	assert_int_equal(prove_it(k, &s), OUTCOME_PIN_WRONG);
	s = survey(k);
	assert_int_equal(prove_it(k, &s), OUTCOME_PIN_WRONG);
	s = survey(k);
	assert_int_equal(prove_it(k, &s), OUTCOME_LAST_TRY);
	assert_string_equal(kit_get(k, "auth-tries"), "1");
	kit_set(k, "auth-tries", "3");
	s = survey(k);
	k->answer = "1234";
	kit_fault(k, "ins 2A wrongsig");
	assert_int_equal(prove_it(k, &s), OUTCOME_BAD_SIGNATURE);
}

static void
swap_for_other(struct kit *k)
{
	kit_insert(k, 0, "other-person", NULL);
}

static void
test_proof_by_another_card(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "good", NULL);
	s = survey(k);
	k->on_prompt = swap_for_other;
	assert_int_equal(prove_it(k, &s), OUTCOME_OTHER_CARD);
	assert_int_equal(kit_stats(k).verifies, 0);
}

/* Without a PIN nothing more is done. */
static void
test_proof_without_a_pin(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "good", NULL);
	s = survey(k);
	k->opens = 0;
	k->answer = NULL;
	assert_int_equal(prove_it(k, &s), OUTCOME_CANCELLED);
	assert_int_equal(k->prompts, 1);
	assert_int_equal(k->opens, 0);
}

/* What is wrong is said, before any prompt. */
static void
test_proof_of_what_cannot_be_judged(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "good", NULL);
	s = survey(k);
	s.der_len = 20;
	assert_int_equal(prove_it(k, &s), OUTCOME_CERT_BAD);
	s = survey(k);
	snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "/nonexistent/nssdb");
	assert_int_equal(prove_it(k, &s), OUTCOME_TRUST_DB);
	assert_int_equal(k->prompts, 0);
}

/* No prompt for a certificate that could not log in. */
static void
test_proof_of_a_dead_certificate(void **state)
{
	struct kit *k = *state;
	struct survey s;

	kit_insert(k, 0, "expired", NULL);
	s = survey(k);
	assert_int_equal(prove_it(k, &s), OUTCOME_CERT_EXPIRED);
	assert_int_equal(k->prompts, 0);
}

static enum outcome_status
verify_pin(struct jpki *card, const char *digits)
{
	struct secret *pin = secret_new();
	struct outcome o;

	assert_true(secret_set(pin, digits, strlen(digits)));
	o = jpki_verify(card, JPKI_PIN_AUTH, pin);
	secret_free(pin);
	return o.status;
}

static enum outcome_status
change_pin(struct jpki *card, const char *digits)
{
	struct secret *pin = secret_new();
	struct outcome o;

	assert_true(secret_set(pin, digits, strlen(digits)));
	o = jpki_change_pin(card, JPKI_PIN_AUTH, pin);
	secret_free(pin);
	return o.status;
}

/* By the card's own rules: only after VERIFY, and the new one is valid at once. */
static void
test_change_of_the_pin(void **state)
{
	struct kit *k = *state;
	struct jpki card = { .transport = &k->transport };
	struct outcome o;

	kit_insert(k, 0, "good", NULL);
	o = k->transport.ops->open(k, "Reader 0", 0);
	assert_int_equal(o.status, OUTCOME_OK);
	o = jpki_select(&card);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(change_pin(&card, "4321"), OUTCOME_NEW_PIN_REFUSED);	/* not verified */
	assert_int_equal(verify_pin(&card, "1234"), OUTCOME_OK);
	assert_int_equal(change_pin(&card, "43210"), OUTCOME_PIN_FORMAT);
	assert_int_equal(change_pin(&card, "4321"), OUTCOME_OK);
	assert_int_equal(verify_pin(&card, "1234"), OUTCOME_PIN_WRONG);
	assert_int_equal(verify_pin(&card, "4321"), OUTCOME_OK);
	o = jpki_leave(&card);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_true(k->transport.ops->close(k, TRANSPORT_POWER_DOWN));
	assert_string_equal(kit_get(k, "verified"), "none");
}

static struct outcome
first_verdict(struct kit *k)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	struct outcome o = usercerts_load(&k->env, "hanako", &e);

	return outcome_ok(&o) ? usercerts_verdict(&e) : o;
}

static enum outcome_status
write_leaf(struct kit *k, const char *user, const char *leaf, bool add)
{
	struct enroll_how how = { .add = add, .source = "by a test", .by = "root (uid 0)" };
	struct outcome o;
	struct survey s;

	kit_insert(k, 0, leaf, NULL);
	s = survey(k);
	if (add) {
		o = enroll_room(&k->env, user, (struct view){ s.der, s.der_len });
		if (!outcome_ok(&o))
			return o.status;
	}
	o = enroll_write(&k->env, user, (struct view){ s.der, s.der_len }, &how);
	return o.status;
}

static size_t
count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

/* How many certificates there are, and each with its line. */
static void
expect_enrolled(struct kit *k, const char *user, size_t wanted)
{
	_cleanup_(usercerts_done) struct usercerts e = { .count = 0 };
	_cleanup_(freep) char *text = NULL;
	struct outcome o = usercerts_load(&k->env, user, &e);
	size_t len;

	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(e.count, wanted);
	o = userfile_read(k->conf.users_dir, user, k->env.trust_owner, &k->log, &text, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(count_of(text, "enrolled 20"), wanted);
	assert_int_equal(count_of(text, "Z by a test, by root (uid 0)\n-----BEGIN"), wanted);
	assert_int_equal(count_of(text, "BEGIN CERTIFICATE"), wanted);
	assert_int_equal(count_of(text, "\n\n"), 0);
}

static void
test_writing(void **state)
{
	struct kit *k = *state;
	struct outcome o;

	assert_int_equal(write_leaf(k, "hanako", "good", false), OUTCOME_OK);
	o = first_verdict(k);
	assert_int_equal(o.status, OUTCOME_OK);
	expect_enrolled(k, "hanako", 1);
	assert_int_equal(write_leaf(k, "hanako", "renewed", false), OUTCOME_OK);
	expect_enrolled(k, "hanako", 1);
	assert_int_equal(write_leaf(k, "../hanako", "good", false), OUTCOME_NOT_ENROLLED);
	assert_int_equal(write_leaf(k, "../hanako", "good", true), OUTCOME_NOT_ENROLLED);
}

/* More bytes than a certificate has: none is written. */
static void
test_writing_what_is_too_long(void **state)
{
	static const struct enroll_how how = { .source = "by a test", .by = "root (uid 0)" };
	static const uint8_t bytes[2 * CERT_DER_MAX];
	struct kit *k = *state;
	struct outcome o;

	assert_int_equal(write_leaf(k, "taro", "good", false), OUTCOME_OK);
	o = enroll_write(&k->env, "hanako", (struct view){ bytes, sizeof bytes }, &how);
	assert_int_equal(o.status, OUTCOME_CERT_BAD);
	assert_false(userfile_exists(k->conf.users_dir, "hanako"));
}

/* --- what people may register for themselves ------------------------------------------- */

static enum enroll_claim
claim_of(struct kit *k, const char *user, const char *leaf)
{
	enum enroll_claim claim = ENROLL_FREE;
	struct outcome o;
	struct survey s = { .der_len = 0 };

	if (leaf != NULL) {
		kit_insert(k, 0, leaf, NULL);
		s = survey(k);
	}
	o = enroll_may_claim(&k->env, user, (struct view){ s.der, s.der_len }, &claim);
	assert_int_equal(o.status, OUTCOME_OK);
	return claim;
}

static enum outcome_status
claim_leaf(struct kit *k, const char *user, const char *leaf)
{
	struct enroll_how how = { .claim = true, .source = "by a test", .by = "root (uid 0)" };
	struct outcome o;
	struct survey s;

	kit_insert(k, 0, leaf, NULL);
	s = survey(k);
	o = enroll_write(&k->env, user, (struct view){ s.der, s.der_len }, &how);
	return o.status;
}

static void
test_claiming(void **state)
{
	struct kit *k = *state;

	assert_int_equal(claim_of(k, "hanako", NULL), ENROLL_FREE);
	assert_int_equal(claim_of(k, "hanako", "good"), ENROLL_FREE);
	assert_int_equal(claim_leaf(k, "hanako", "good"), OUTCOME_OK);
	expect_enrolled(k, "hanako", 1);
	assert_int_equal(claim_of(k, "hanako", NULL), ENROLL_PRESENT);
	assert_int_equal(claim_of(k, "hanako", "good"), ENROLL_PRESENT);
	assert_int_equal(claim_leaf(k, "hanako", "good"), OUTCOME_ENROLMENT);
	assert_int_equal(claim_leaf(k, "hanako", "other-person"), OUTCOME_ENROLMENT);
	assert_non_null(strstr(k->last_log, "registered for this account already"));
	expect_enrolled(k, "hanako", 1);
	/* The same card for another account. */
	assert_int_equal(claim_of(k, "taro", "good"), ENROLL_TAKEN);
	assert_int_equal(claim_leaf(k, "taro", "good"), OUTCOME_ENROLMENT);
	assert_non_null(strstr(k->last_log, "registered for another account"));
	assert_false(userfile_exists(k->conf.users_dir, "taro"));
	assert_int_equal(claim_leaf(k, "taro", "other-person"), OUTCOME_OK);
}

/* An expired registration is replaced; one that was ended, or cannot be judged now, is not. */
static void
test_claiming_after_another(void **state)
{
	static const struct {
		const char *first, *second;
		enum enroll_claim claim;
	} rows[] = {
		{ "expired", NULL, ENROLL_FREE },
		{ "revoked", NULL, ENROLL_FREE },
		{ "expired", "revoked", ENROLL_FREE },
		{ "expired", "good", ENROLL_PRESENT },
		{ "good", "expired", ENROLL_PRESENT },
		{ "suspended", NULL, ENROLL_PRESENT },
		{ "not-yet", NULL, ENROLL_PRESENT },
		{ "other-ca", NULL, ENROLL_PRESENT },
		{ "wrong-ku", NULL, ENROLL_PRESENT },
		{ "expired", "suspended", ENROLL_PRESENT },
	};
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(write_leaf(k, "hanako", rows[i].first, false), OUTCOME_OK);
		if (rows[i].second != NULL)
			assert_int_equal(write_leaf(k, "hanako", rows[i].second, true), OUTCOME_OK);
		assert_int_equal(claim_of(k, "hanako", "other-person"), rows[i].claim);
		assert_int_equal(claim_leaf(k, "hanako", "other-person"),
		    rows[i].claim == ENROLL_FREE ? OUTCOME_OK : OUTCOME_ENROLMENT);
		expect_enrolled(k, "hanako", rows[i].claim == ENROLL_FREE || rows[i].second == NULL ? 1 : 2);
	}
}

static bool
uid_of_person(void *ctx, const char *user, uid_t *ret_uid)
{
	*ret_uid = 2001;
	return true;
}

/* An organization's registrations are other accounts' as well. */
static void
test_claiming_what_an_organization_registered(void **state)
{
	struct kit *k = *state;
	char fleet[PATH_MAX];

	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.4000s-fleet", k->conf.users_dir);
	assert_int_equal(mkdir(k->conf.fleet_dir, 0755), 0);
	k->env.uid_of = uid_of_person;
	assert_int_equal(claim_of(k, "hanako", "good"), ENROLL_FREE);
	snprintf(fleet, sizeof fleet, "%.4000s", k->conf.users_dir);
	fleetcopy_users_dir(&k->conf, k->conf.users_dir);
	assert_int_equal(write_leaf(k, "taro", "good", false), OUTCOME_OK);
	snprintf(k->conf.users_dir, sizeof k->conf.users_dir, "%.4000s", fleet);
	assert_int_equal(claim_of(k, "hanako", "good"), ENROLL_TAKEN);
	assert_int_equal(claim_leaf(k, "hanako", "good"), OUTCOME_ENROLMENT);
	assert_int_equal(claim_of(k, "hanako", "other-person"), ENROLL_FREE);
	/* Even if the organization's copy is stale or broken, the account is not without a card. */
	assert_int_equal(claim_of(k, "taro", "other-person"), ENROLL_PRESENT);
}

/* If the organization's registrations cannot be read, nothing is claimed, and the reason is said. */
static void
test_claiming_beside_what_cannot_be_read(void **state)
{
	enum enroll_claim claim = ENROLL_FREE;
	char fleet[PATH_MAX];
	struct kit *k = *state;
	struct outcome o;
	struct survey s;

	snprintf(k->conf.fleet_dir, sizeof k->conf.fleet_dir, "%.4000s-fleet", k->conf.users_dir);
	fleetcopy_users_dir(&k->conf, fleet);
	assert_int_equal(mkdir(k->conf.fleet_dir, 0755), 0);
	assert_int_equal(mkdir(fleet, 0755), 0);
	assert_int_equal(claim_of(k, "hanako", "good"), ENROLL_FREE);
	assert_int_equal(chmod(fleet, 0777), 0);
	s = survey(k);
	o = enroll_may_claim(&k->env, "hanako", (struct view){ s.der, s.der_len }, &claim);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
	assert_int_equal(claim, ENROLL_TAKEN);
}

static void
test_claiming_what_cannot_be_read(void **state)
{
	enum enroll_claim claim = ENROLL_FREE;
	struct kit *k = *state;
	struct outcome o;

	assert_int_equal(write_leaf(k, "hanako", "expired", false), OUTCOME_OK);
	o = userfile_write(k->conf.users_dir, "hanako", k->env.trust_owner, "garbage", &k->log);
	assert_int_equal(o.status, OUTCOME_OK);
	o = enroll_may_claim(&k->env, "hanako", (struct view){ .len = 0 }, &claim);
	assert_int_equal(o.status, OUTCOME_ENROLMENT);
	assert_int_equal(claim, ENROLL_PRESENT);
	assert_int_equal(claim_leaf(k, "hanako", "good"), OUTCOME_ENROLMENT);
	o = enroll_may_claim(&k->env, "../hanako", (struct view){ .len = 0 }, &claim);
	assert_int_equal(o.status, OUTCOME_NOT_ENROLLED);
	assert_int_equal(claim, ENROLL_PRESENT);
}

static void
test_adding(void **state)
{
	struct kit *k = *state;

	assert_int_equal(write_leaf(k, "hanako", "good", true), OUTCOME_OK);	/* the first one */
	expect_enrolled(k, "hanako", 1);
	assert_int_equal(write_leaf(k, "hanako", "renewed", true), OUTCOME_OK);
	expect_enrolled(k, "hanako", 2);
	assert_int_equal(write_leaf(k, "hanako", "good", true), OUTCOME_OK);	/* again */
	assert_int_equal(write_leaf(k, "hanako", "renewed", true), OUTCOME_OK);
	expect_enrolled(k, "hanako", 2);
}

/* Asked before the PIN is: so there is no prompt for what cannot be written. */
static enum outcome_status
room_for(struct kit *k, const char *user)
{
	struct survey s = survey(k);
	struct outcome o = enroll_room(&k->env, user, (struct view){ s.der, s.der_len });

	return o.status;
}

static void
test_adding_to_too_many(void **state)
{
	struct kit *k = *state;

	kit_enroll(k, "hanako", "good", "renewed", "soon", "expired", "not-yet", "other-person",
	    "eku-client", "no-ku", NULL);
	assert_int_equal(write_leaf(k, "hanako", "good", true), OUTCOME_OK);	/* it is among them */
	kit_insert(k, 0, "rsa4096", NULL);
	assert_int_equal(room_for(k, "hanako"), OUTCOME_ENROLMENT);
	assert_non_null(strstr(k->last_log, "as many as a user can have"));
	assert_int_equal(write_leaf(k, "hanako", "rsa4096", false), OUTCOME_OK);
	expect_enrolled(k, "hanako", 1);
}

/* A file that cannot be read is not replaced. */
static void
test_adding_to_a_damaged_file(void **state)
{
	static const char damaged[] = "-----BEGIN CERTIFICATE-----\nMIIx\n";
	struct kit *k = *state;
	_cleanup_(freep) char *text = NULL;
	struct outcome o;
	size_t len;

	o = userfile_write(k->conf.users_dir, "hanako", k->env.trust_owner, damaged, &k->log);
	assert_int_equal(o.status, OUTCOME_OK);
	kit_insert(k, 0, "good", NULL);
	assert_int_equal(room_for(k, "hanako"), OUTCOME_ENROLMENT);
	assert_int_equal(write_leaf(k, "hanako", "good", true), OUTCOME_ENROLMENT);
	o = userfile_read(k->conf.users_dir, "hanako", k->env.trust_owner, &k->log, &text, &len);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_string_equal(text, damaged);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, kit_done)
	const struct CMUnitTest tests[] = {
		TEST(test_survey_of_a_good_card),
		TEST(test_survey_of_other_cards), TEST(test_survey_of_a_card_that_fails),
		TEST(test_authority_on_the_card),
		TEST(test_choice_of_reader), TEST(test_other_cards_are_passed_over), TEST(test_one_card_in_two_slots),
		TEST(test_card_that_another_program_holds), TEST(test_name_of_a_reader),
		TEST(test_proof),
		TEST(test_proof_by_another_card),
		TEST(test_proof_without_a_pin),
		TEST(test_proof_of_what_cannot_be_judged),
		TEST(test_proof_of_a_dead_certificate),
		TEST(test_change_of_the_pin),
		TEST(test_writing), TEST(test_writing_what_is_too_long),
		TEST(test_claiming),
		TEST(test_claiming_after_another),
		TEST(test_claiming_what_an_organization_registered),
		TEST(test_claiming_beside_what_cannot_be_read),
		TEST(test_claiming_what_cannot_be_read),
		TEST(test_adding),
		TEST(test_adding_to_too_many),
		TEST(test_adding_to_a_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

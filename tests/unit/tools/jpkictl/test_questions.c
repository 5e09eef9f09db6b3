/* SPDX-License-Identifier: BSD-2-Clause */
/* jpkictl survey on simulated cards: what each answers, and that neither a PIN goes to a card nor its words come out. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/flowkit.h"
#include "tests/unit/test.h"
#include "tools/jpkictl/questions.h"

static struct answers answers;
static char *trace;
static size_t trace_len;

/* The survey of the card in the first reader; its commands are in trace until the next. */
static struct outcome
ask(struct kit *k)
{
	FILE *f;
	struct outcome o;

	free(trace);
	trace = NULL;
	f = open_memstream(&trace, &trace_len);
	assert_non_null(f);
	sim_card_trace(k->card[0], f);
	memset(&answers, 0, sizeof answers);
	snprintf(answers.reader, sizeof answers.reader, "Reader 0");
	o = questions_ask(&k->env, &answers);
	sim_card_trace(k->card[0], NULL);
	if (f != NULL)
		assert_int_equal(fclose(f), 0);
	return o;
}

static const char *
answer_to(const char *question)
{
	for (size_t i = 0; question_name(i) != NULL; i++)
		if (strcmp(question_name(i), question) == 0)
			return answer_word(answers.words[i]);
	fail_msg("no question %s", question);
	return "";
}

/* By the card's own log: VERIFY comes in four bytes, CHANGE and signature never. */
static void
expect_no_pin(struct kit *k)
{
	static const char *const never[] = { "-> 0024", "-> 802A", "-> 0032" };

	for (const char *p = trace; p != NULL && (p = strstr(p, "-> ")) != NULL; p += 3)
		if (strncmp(p + 3, "0020", 4) == 0 && strcspn(p + 3, "\n") != 8)
			fail_msg("VERIFY with more than four bytes: %.40s", p);
	for (size_t i = 0; i < COUNT(never); i++)
		assert_null(trace != NULL ? strstr(trace, never[i]) : NULL);
	assert_int_equal(kit_stats(k).verifies, 0);
	assert_int_equal(kit_stats(k).signs, 0);
	assert_string_equal(kit_get(k, "verified"), "none");
}

static void
my_number_card(void **state)
{
	static const struct { const char *question, *word; } rows[] = {
		{ "first-command", "9000" }, { "manager", "9000" }, { "card-expiry", "9000-eight-digits" },
		{ "select-with-data", "9000" }, { "label", "JPKIAPICCTOKEN2" }, { "short-id", "9000" },
		{ "authentication-tries", "63Cx" }, { "signature-tries", "63Cx" }, { "read-key", "6981" },
		{ "read-pin", "6981" }, { "read-certificate", "9000" }, { "file-size", "3808" },
		{ "reading-time", "up-to-250ms" }, { "key", "RSA-2048" },
	};
	struct kit *k = *state;
	struct outcome o;

	kit_insert(k, 0, "good", NULL);
	o = ask(k);
	assert_int_equal(o.status, OUTCOME_OK);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(answer_to(rows[i].question), rows[i].word);
	assert_null(question_name(COUNT(rows)));
	assert_true(answers.has_certificate);
	assert_int_equal(strlen(answers.ca), CERT_FINGERPRINT_LEN);
	expect_no_pin(k);
}

static const struct {
	const char *leaf, *option, *question, *word;
} cards[] = {
	{ "good", "first-6f00=yes", "first-command", "6F00" },
	{ "good", "first-6f00=yes", "key", "RSA-2048" },
	{ "good", "fci=6A86", "select-with-data", "6A86" },
	{ "good", "fci-data=6F00", "select-with-data", "9000-with-data" },
	{ "good", "expiry=none", "card-expiry", "6A88" },
	{ "good", "expiry=large", "card-expiry", "6700" },
	{ "good", "expiry=203311", "card-expiry", "9000-other-data" },
	{ "good", "no-sfi=yes", "short-id", "6A86" },
	{ "good", "no-sfi=yes", "authentication-tries", "63Cx" },
	{ "good", "profile=locked", "authentication-tries", "63C0" },
	{ "good", "auth-tries=1", "authentication-tries", "63Cx" },
	{ "good", "sign-tries=0", "signature-tries", "63C0" },
	{ "good", "ief-read=6982", "read-pin", "6982" },
	{ "good", "ef-size=2048", "file-size", "less-than-3808" },
	{ "good", "ef-size=4000", "file-size", "3809-to-4031" },
	{ "good", "ef-size=4096", "file-size", "4032-or-more" },
	{ "good", "auth-ef=absent", "read-certificate", "no-answer" },
	{ "good", "auth-ef=absent", "file-size", "not-asked" },
	{ "good", "auth-ef=ff", "key", "not-asked" },
	{ "good", "auth-ef=empty", "read-certificate", "6B00" },
	{ "good", "profile=faceauth", "authentication-tries", "63C0" },
	{ "good", "profile=juki", "label", "JPKIAPICCTOKEN" },
	{ "good", "profile=juki", "key", "not-asked" },
	{ "phone", "profile=phone-android", "label", "JPKIAPGPSETOKEN" },
	{ "phone", "profile=phone-android", "read-certificate", "6982" },
	{ "phone", "profile=phone-android", "manager", "6A82" },
	{ "phone", "profile=phone-iphone", "label", "JPKIAPIOSTOKEN" },
	{ "phone", "profile=phone-iphone", "key", "not-asked" },
	{ "ec384", NULL, "key", "EC-P384" },
	{ "rsa4096", NULL, "key", "other" },
	{ "good", "latency=300", "key", "RSA-2048" },
};

static void
each_card(void **state)
{
	struct kit *k = *state;

	for (size_t i = 0; i < COUNT(cards); i++) {
		struct outcome o;

		kit_insert(k, 0, cards[i].leaf, cards[i].option);
		o = ask(k);
		if (o.status != OUTCOME_OK)
			fail_msg("%s %s: %s", cards[i].leaf, cards[i].option, outcome_code(o.status));
		if (strcmp(answer_to(cards[i].question), cards[i].word) != 0)
			fail_msg("%s %s: %s is %s", cards[i].leaf, cards[i].option, cards[i].question,
			    answer_to(cards[i].question));
		expect_no_pin(k);
	}
}

static void
what_is_no_card_of_ours(void **state)
{
	struct kit *k = *state;
	struct outcome o;

	kit_insert(k, 0, "good", "profile=nojpki");
	o = ask(k);
	assert_int_equal(o.status, OUTCOME_NOT_JPKI);
	expect_no_pin(k);
	kit_insert(k, 0, "good", NULL);
	kit_fault(k, "at 9 drop");
	o = ask(k);
	assert_int_equal(o.status, OUTCOME_CARD_REMOVED);
	expect_no_pin(k);
}

/* --- an attacker's card ------------------------------------------------------------- */

static size_t
word_count(void)
{
	size_t n = 1;

	while (strcmp(answer_word(n), "other") != 0)
		n++;
	return n;
}

/* Numbers of words and bits that have a meaning, and nothing else. */
static void
expect_numbers_only(void)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		assert_true(answers.words[i] < word_count());
	for (size_t kind = 0; kind < CERTFORM_KINDS; kind++)
		for (unsigned int trait = 0; trait < CERTFORM_TRAITS; trait++)
			if ((answers.form.of[kind].traits >> trait & 1) != 0)
				assert_non_null(certform_trait(kind, trait));
}

/* It says in every place where a card may say something who its holder is. */
static void
make_it_tell(struct kit *k, const char *name, const char *hex, const char *status)
{
	kit_set(k, "label", name);
	kit_set(k, "tail", name);
	kit_set(k, "fci-data", hex);
	kit_set(k, "expiry", "19800101");
	kit_set(k, "locked-query", status);
	kit_set(k, "ief-read", status);
	kit_set(k, "auth-tries", "0");
	kit_set(k, "sign-tries", "0");
}

static void
two_people_give_the_same_answers(void **state)
{
	struct kit *k = *state;
	struct answers first;
	struct outcome o;

	kit_insert(k, 0, "chatty", NULL);
	make_it_tell(k, "TARO YAMADA", "5461726F2059616D616461", "1980");
	o = ask(k);
	assert_int_equal(o.status, OUTCOME_OK);
	expect_numbers_only();
	expect_no_pin(k);
	assert_string_equal(answer_to("label"), "other");
	assert_string_equal(answer_to("authentication-tries"), "other");
	assert_string_equal(answer_to("read-pin"), "other");
	assert_string_equal(answer_to("select-with-data"), "9000-with-data");
	first = answers;

	kit_insert(k, 0, "chatty2", NULL);
	make_it_tell(k, "JPKIAPHANAKO", "48616E616B6F", "2001");
	o = ask(k);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_memory_equal(&first, &answers, sizeof first);
}

/* The number of a word comes out of the cage. */
static void
numbers_that_are_none(void **state)
{
	(void)state;
	for (size_t n = word_count(); n < 300; n++)
		assert_string_equal(answer_word(n), "other");
	assert_null(question_name(QUESTIONS_MAX));
	for (size_t kind = 0; kind < 300; kind++)
		for (unsigned int trait = 0; trait < 300; trait += CERTFORM_TRAITS)
			assert_true(certform_trait(kind, CERTFORM_TRAITS + trait) == NULL &&
			    (kind < CERTFORM_KINDS) == (certform_name(kind) != NULL));
}

static void
names_of_readers(void **state)
{
	static const struct { const char *name, *wanted; } rows[] = {
		{ "ACS ACR122U PICC Interface 00 00", "ACS ACR122U PICC Interface" },
		{ "SONY FeliCa RC-S300/S (1234567) 00 00", "SONY FeliCa RC-S300/S" },
		{ "Identiv uTrust 3700 F CL Reader [Taro Yamada] (55041812200145) 01 00", "Identiv uTrust 3700 F CL Reader" },
		{ "Virtual PCD 00 01", "Virtual PCD" }, { "(4711)", "" }, { "", "" }, { "00 00", "" },
	};
	char text[TRANSPORT_NAME_MAX], long_name[2 * TRANSPORT_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answers_reader_name(rows[i].name, text);
		assert_string_equal(text, rows[i].wanted);
	}
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	answers_reader_name(long_name, text);
	assert_int_equal(strlen(text), TRANSPORT_NAME_MAX - 1);
}

/* Whatever bytes come, from the first command to the last. */
static void
nonsense_from_every_command(void **state)
{
	static const char *const kinds[] = { "garbage", "garbage 300", "overlong", "truncate 0", "truncate 1",
		"truncate 2", "sw 9000", "sw 61FF", "sw 6C10", "sw 1980", "wrongdata", "drop", "drop-after" };
	struct kit *k = *state;
	char fault[64];

	kit_insert(k, 0, "good", NULL);
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (int at = 0; at < 45; at++) {
			struct outcome o;

			kit_clear_faults(k);
			sim_card_power(k->card[0], true);	/* where it was taken away */
			if (at > 0)
				snprintf(fault, sizeof fault, "at %d %s", at, kinds[kind]);
			else
				snprintf(fault, sizeof fault, "at * %s", kinds[kind]);
			kit_fault(k, fault);
			o = ask(k);
			assert_true(o.status == OUTCOME_OK || o.status == OUTCOME_CARD_REMOVED ||
			    o.status == OUTCOME_BAD_REPLY || o.status == OUTCOME_NOT_JPKI);
			expect_numbers_only();
			expect_no_pin(k);
		}
}

static int
done(void **state)
{
	free(trace);
	trace = NULL;
	return kit_done(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_new, done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(my_number_card), TEST(each_card), TEST(what_is_no_card_of_ours),
		TEST(numbers_that_are_none), TEST(names_of_readers),
		TEST(two_people_give_the_same_answers), TEST(nonsense_from_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

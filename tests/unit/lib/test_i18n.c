/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/i18n and the Japanese catalogue of the build tree: what a Japanese person reads. */
#include "config.h"

#include <dlfcn.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "tests/unit/locales.h"
#include "tests/unit/test.h"

#define DAY 86400
#define END 1767193199	/* 2025-12-31 14:59:59 UTC, the last second of the year in Japan */

#define PIN_NAME "利用者証明用電子証明書の暗証番号"
#define OFFICE "住民票のある市区町村の窓口"

static bool have_japanese;
static bool c_utf8_fails;

/* In place of libc's: as on a machine where C.UTF-8 is of no use to gettext (glibc 2.39). */
char *
setlocale(int category, const char *locale)
{
	char *(*real)(int, const char *);

	if (c_utf8_fails && locale != NULL && strcmp(locale, "C.UTF-8") == 0)
		return NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "setlocale");
	return real(category, locale);
}

/* A minimal machine has no locale but C.UTF-8. */
static int
make_japanese(void **state)
{
	have_japanese = locales_make();
	return 0;
}

static int
remove_japanese(void **state)
{
	if (have_japanese)
		locales_remove();
	return 0;
}

static void
speak(const char *language)
{
	if (!i18n_use_language(language)) {
		printf("left out: no locale here lets gettext heed LANGUAGE\n");
		skip();
	}
}

/* Well-formed UTF-8 that was not cut. */
static void
is_whole(const char *text)
{
	wchar_t wide[MESSAGE_MAX];

	assert_true(text[0] != '\0');
	assert_true(strlen(text) < MESSAGE_MAX - 1);
	assert_true(mbstowcs(wide, text, MESSAGE_MAX) != (size_t)-1);
}

static void
says(const char *text, const char *term)
{
	if (strstr(text, term) == NULL)
		fail_msg("\"%s\" does not say %s", text, term);
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void
every_outcome_is_said_in_japanese(void **state)
{
	speak("ja");
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		for (int tries = TRIES_UNKNOWN; tries < 4; tries++) {
			struct outcome o = { .status = i, .tries_left = tries };
			char english[MESSAGE_MAX], text[MESSAGE_MAX];

			message_outcome(&o, text);
			message_outcome_english(&o, english);
			is_whole(text);
			assert_string_not_equal(text, english);
			assert_null(strchr(text, '%'));
			/* a dialog breaks the line at the blank, or cuts off the remedy */
			assert_int_equal(strstr(text, "。 ") != NULL, outcome_remedy(i) != NULL);
			if (!ends_with(text, "。"))
				fail_msg("\"%s\" is no sentence", text);
		}
		assert_string_not_equal(_(outcome_state(i)), outcome_state(i));
		if (outcome_remedy(i) != NULL)
			assert_string_not_equal(_(outcome_remedy(i)), outcome_remedy(i));
	}
}

static void
official_terms_are_used(void **state)
{
	static const struct {
		enum outcome_status status;
		int tries;
		const char *terms[6];
	} cases[] = {
		{ OUTCOME_PIN_WRONG, 2, { "暗証番号が違います", "残り2回", PIN_NAME } },
		{ OUTCOME_PIN_WRONG, 1, { "残り1回" } },
		{ OUTCOME_PIN_WRONG, TRIES_UNKNOWN, { "暗証番号が違います" } },
		{ OUTCOME_PIN_FORMAT, TRIES_UNKNOWN, { "暗証番号", "半角数字4桁" } },
		{ OUTCOME_LAST_TRY, 1, { "暗証番号", "残り1回", "ロック", OFFICE } },
		/* which PIN, that there is another one, who resets it, and where else */
		{ OUTCOME_PIN_LOCKED, 0,
		    { PIN_NAME, "ロック", OFFICE, "署名用電子証明書の暗証番号", "キオスク端末" } },
		{ OUTCOME_SIGN_WRONG, 4, { "署名用電子証明書の暗証番号が違います", "残り4回" } },
		{ OUTCOME_SIGN_LOCKED, 0, { "署名用電子証明書の暗証番号", "ロック", OFFICE, "キオスク端末" } },
		{ OUTCOME_NEW_PIN_FORMAT, TRIES_UNKNOWN, { "新しい暗証番号", "半角数字4桁", "変わっていません" } },
		{ OUTCOME_PIN_UNCERTAIN, TRIES_UNKNOWN, { "通信が切れました", "分かりません", "新しい暗証番号" } },
		{ OUTCOME_CERT_EXPIRED, TRIES_UNKNOWN, { "利用者証明用電子証明書", "有効期限が切れています", OFFICE, "再登録" } },
		{ OUTCOME_NO_CERT, TRIES_UNKNOWN, { "利用者証明用電子証明書" } },
		{ OUTCOME_CERT_KIND, TRIES_UNKNOWN, { "署名用電子証明書", "利用者証明用電子証明書" } },
		{ OUTCOME_JUKI_CARD, TRIES_UNKNOWN, { "住民基本台帳カード", "マイナンバーカード" } },
		{ OUTCOME_NO_READER, TRIES_UNKNOWN, { "ICカードリーダライタ" } },
		{ OUTCOME_NO_CARD, TRIES_UNKNOWN, { "マイナンバーカード" } },
		{ OUTCOME_RENEWED, TRIES_UNKNOWN, { "更新", "再登録" } },
	};

	speak("ja");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o = { .status = cases[i].status, .tries_left = cases[i].tries };
		char text[MESSAGE_MAX];

		message_outcome(&o, text);
		for (size_t j = 0; cases[i].terms[j] != NULL; j++)
			says(text, cases[i].terms[j]);
	}
}

static void
prompt_tells_which_pin_and_the_tries(void **state)
{
	speak("ja");
	for (int tries = 1; tries <= 3; tries++) {
		for (int or_password = 0; or_password < 2; or_password++) {
			char text[MESSAGE_MAX], left[64];

			message_pin_prompt(tries, or_password, text);
			is_whole(text);
			snprintf(left, sizeof left, "数字4桁、残り%d回", tries);
			/* Dialogs break lines at blanks only, and cut off what is too long. */
			says(text, PIN_NAME " （");
			says(text, left);
			assert_int_equal(strstr(text, "ロック") != NULL, tries == 1);
			assert_int_equal(strstr(text, "パスワード") != NULL, or_password);
			assert_true(ends_with(text, "）: "));
		}
	}
}

static void
expiry_tells_all_of_it(void **state)
{
	static const struct {
		int64_t left;
		const char *days;
	} cases[] = { { 89 * DAY, "あと89日" }, { DAY, "あと1日" }, { DAY - 1, "本日（2025年12月31日）" } };

	speak("ja");
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[MESSAGE_MAX];

		assert_true(message_expiry(END, END - cases[i].left, 90, "", text));
		is_whole(text);
		says(text, "利用者証明用電子証明書");
		says(text, cases[i].days);
		says(text, "2025年12月31日");
		says(text, OFFICE "で更新");
		says(text, "3か月前から");
		says(text, "券面に記載された有効期限は、カード自体のもの");
		says(text, "再登録");
		assert_true(message_expiry(END, END - cases[i].left, 90, "20310506", text));
		is_whole(text);
		says(text, "券面に記載された2031年5月6日");
		assert_true(message_expiry(END, END - cases[i].left, 90, "20251231", text));
		is_whole(text);
		says(text, "カード自体も同じ日に");
	}
}

/* Without the tries left: those the English for a console leaves out. */
static void
is_english(void)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		struct outcome o = outcome_of(i);
		char english[MESSAGE_MAX], text[MESSAGE_MAX];

		message_outcome(&o, text);
		message_outcome_english(&o, english);
		assert_string_equal(text, english);
	}
}

static void
english_is_left_alone(void **state)
{
	assert_true(i18n_use_language("en"));
	is_english();
	/* a program in the C locale hears English whatever LANGUAGE is */
	assert_int_equal(setenv("LANGUAGE", "ja", 1), 0);
	assert_non_null(setlocale(LC_ALL, "C"));
	is_english();
}

static void
one_language_follows_the_other(void **state)
{
	struct outcome o = outcome_of(OUTCOME_NO_CARD);
	char text[MESSAGE_MAX];

	for (int i = 0; i < 2; i++) {
		speak("ja");
		message_outcome(&o, text);
		says(text, "カード");
		assert_true(i18n_use_language("en"));
		message_outcome(&o, text);
		says(text, "card");
	}
}

static void
unknown_language_is_english(void **state)
{
	assert_false(i18n_use_language("xx"));
	is_english();
}

/* Where C.UTF-8 will not do, another does; and where there is none, it is said. */
static void
japanese_locale_will_do(void **state)
{
	struct outcome o = outcome_of(OUTCOME_NO_CARD);
	_cleanup_(freep) char *locpath = NULL;
	char text[MESSAGE_MAX];

	if (!have_japanese)
		skip();
	locpath = strdup(getenv("LOCPATH"));
	assert_non_null(locpath);
	c_utf8_fails = true;
	assert_true(i18n_use_language("ja"));
	message_outcome(&o, text);
	says(text, "カード");
	assert_string_equal(setlocale(LC_MESSAGES, NULL), "ja_JP.UTF-8");
	(void)setlocale(LC_ALL, "C");
	assert_int_equal(setenv("LOCPATH", "/nonexistent", 1), 0);
	assert_false(i18n_use_language("ja"));
	is_english();
	assert_int_equal(setenv("LOCPATH", locpath, 1), 0);
	c_utf8_fails = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_is_said_in_japanese),
		cmocka_unit_test(official_terms_are_used),
		cmocka_unit_test(prompt_tells_which_pin_and_the_tries),
		cmocka_unit_test(expiry_tells_all_of_it),
		cmocka_unit_test(english_is_left_alone),
		cmocka_unit_test(one_language_follows_the_other),
		cmocka_unit_test(unknown_language_is_english),
		cmocka_unit_test(japanese_locale_will_do),
	};

	(void)bindtextdomain(PACKAGE, CATALOGUES);
	(void)bind_textdomain_codeset(PACKAGE, "UTF-8");
	return cmocka_run_group_tests(tests, make_japanese, remove_japanese);
}

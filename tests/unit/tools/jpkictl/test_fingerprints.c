/* SPDX-License-Identifier: BSD-2-Clause */
/* What the list of known authorities may say, and that nothing of it counts if a line says something else. */
#include "config.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tools/jpkictl/fingerprints.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ONE " source=https://forge.example/taro/cards"
#define TWO " source=https://forge.example/hanako/cards"

/* The line that ends the search; 0: none, and `grade` is what it finds of A. */
static const struct {
	const char *text;
	unsigned int line;
	enum fingerprint grade;
} rows[] = {
	{ "", 0, FINGERPRINT_NOT },
	{ "# " A " published x\n\n \n", 0, FINGERPRINT_NOT },
	{ B " published x\n", 0, FINGERPRINT_NOT },
	{ A " published x\n" B " unconfirmed y", 0, FINGERPRINT_PUBLISHED },
	{ B " unconfirmed y\n" A "\tunconfirmed\tx at=https://a.example/x" ONE "\n", 0, FINGERPRINT_UNCONFIRMED },
	{ "AA:" "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA published x", 0, FINGERPRINT_PUBLISHED },
	/* grades that do not exist */
	{ A " sure x", 1, FINGERPRINT_NOT },
	{ A " Published x", 1, FINGERPRINT_NOT },
	{ A " corroborate x" ONE TWO, 1, FINGERPRINT_NOT },
	{ A " published x\n" B " certain y", 2, FINGERPRINT_NOT },
	/* independent copies, or not */
	{ A " corroborated x" ONE TWO, 0, FINGERPRINT_CORROBORATED },
	{ A " corroborated x source=https://one.example source=https://two.example/", 0, FINGERPRINT_CORROBORATED },
	{ A " corroborated x" ONE ONE TWO, 0, FINGERPRINT_CORROBORATED },
	{ A " corroborated x", 1, FINGERPRINT_NOT },
	{ A " corroborated x" ONE, 1, FINGERPRINT_NOT },
	{ A " corroborated x at=https://forge.example/hanako/cards" ONE, 1, FINGERPRINT_NOT },
	{ A " corroborated x" ONE " source=https://forge.example/taro/other", 1, FINGERPRINT_NOT },
	{ A " corroborated x" ONE " source=https://FORGE.example/Taro", 1, FINGERPRINT_NOT },
	{ A " corroborated x source=https://one.example source=https://one.example", 1, FINGERPRINT_NOT },
	/* addresses */
	{ A " published x at=http://a.example/x", 1, FINGERPRINT_NOT },
	{ A " published x at=https://", 1, FINGERPRINT_NOT },
	{ A " published x at=", 1, FINGERPRINT_NOT },
	{ A " published x at=https://a.example/x at=https://b.example/x", 1, FINGERPRINT_NOT },
	{ A " published x source=https://a.example/\033[2J", 1, FINGERPRINT_NOT },
	{ A " published x source=https://a.example/\xe3\x81\x82", 1, FINGERPRINT_NOT },
	{ A " unconfirmed x" ONE ONE ONE ONE ONE, 1, FINGERPRINT_NOT },
	{ A " published x seen=https://a.example/x", 1, FINGERPRINT_NOT },
	/* what is missing, and what is too much */
	{ A " published", 1, FINGERPRINT_NOT },
	{ A, 1, FINGERPRINT_NOT },
	{ "\n" "aaaa published x", 2, FINGERPRINT_NOT },
	{ A " published x more", 1, FINGERPRINT_NOT },
	{ A " published x\n" A " unconfirmed y", 2, FINGERPRINT_NOT },
	{ A " published 0123456789012345678901234567890123456789012345678901234567890123", 1, FINGERPRINT_NOT },
};

static void
test_grades_of_a_file(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fingerprint_known known;
		char *text = strdup(rows[i].text);
		unsigned int line;
		bool ok;

		assert_non_null(text);
		ok = fingerprint_search(text, strlen(text), A, &known, &line);
		if (ok != (rows[i].line == 0) || (!ok && line != rows[i].line) || (ok && known.grade != rows[i].grade))
			fail_msg("row %zu: %s, line %u, grade %d", i, ok ? "understood" : "refused", line, (int)known.grade);
		free(text);
	}
}

static void
test_what_is_told(void **state)
{
	char text[] = A " corroborated authca99 source=https://one.example/a at=https://j.example/authca99.cer "
	    "source=https://two.example/b\n";
	struct fingerprint_known known;
	unsigned int line;

	assert_true(fingerprint_search(text, strlen(text), A, &known, &line));
	assert_string_equal(known.name, "authca99");
	assert_string_equal(known.published_at, "https://j.example/authca99.cer");
	assert_int_equal(known.count, 2);
	assert_string_equal(known.source[0], "https://one.example/a");
	assert_string_equal(known.source[1], "https://two.example/b");
}

static void
test_no_byte_zero(void **state)
{
	char text[] = A " published x\n\0" B " published y\n";
	struct fingerprint_known known;
	unsigned int line;

	assert_false(fingerprint_search(text, sizeof text - 1, A, &known, &line));
}

/* The installed one, and that none of its copies of one owner are called independent. */
static void
test_grades_of_the_installed_file(void **state)
{
	static const struct {
		const char *fingerprint;
		enum fingerprint grade;
	} ours[] = {
		{ "4dcfc4ca0aaf9fb2a3081b3f0c991c320b3acc008667a341eeaec5af1d58ca7d", FINGERPRINT_CORROBORATED },
		{ "0d98de47fc11b7f67126874b7028b6026a803d2638d6edfe53176953961fade6", FINGERPRINT_UNCONFIRMED },
		{ "64114f29620c24ed2631d46476a040e7ee740d956089c00b036a6a8118c322b5", FINGERPRINT_UNCONFIRMED },
	};
	const char *top = getenv("srcdir");
	char path[PATH_MAX], text[16384];

	snprintf(path, sizeof path, "%s/config/jpki-ca.fingerprints", top != NULL ? top : ".");
	for (size_t i = 0; i < COUNT(ours); i++) {
		FILE *f = fopen(path, "re");
		struct fingerprint_known known;
		unsigned int line;
		size_t len;

		assert_non_null(f);
		len = fread(text, 1, sizeof text - 1, f);
		fclose(f);
		text[len] = '\0';
		assert_true(fingerprint_search(text, len, ours[i].fingerprint, &known, &line));
		assert_int_equal(known.grade, ours[i].grade);
		assert_int_equal(strncmp(known.published_at, "https://www.jpki.go.jp/ca/pdf/", 30), 0);
	}
}

/* fingerprint_find() is not called here. */
void
tool_complain(const struct tool *t, const char *format, ...)
{
	fail_msg("complained: %s", format);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grades_of_a_file),
		cmocka_unit_test(test_what_is_told),
		cmocka_unit_test(test_no_byte_zero),
		cmocka_unit_test(test_grades_of_the_installed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

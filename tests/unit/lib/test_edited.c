/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "lib/edited.h"
#include "tests/unit/test.h"

#define WIDE "\xe3\x80\x80"
#define MARK "\xef\xbb\xbf"

static void
blanks_and_byte_order_marks_are_tidied(void **state)
{
	static const char *const texts[][2] = {
		{ "", "" }, { "a\nb\n", "a\nb\n" }, { "a\nb", "a\nb" },
		{ MARK, "" }, { MARK "a = b\r\n", "a = b\n" }, { MARK MARK "a", MARK "a" },
		{ "a" MARK "\n", "a" MARK "\n" },
		{ "a \t\r\n \r\n\r\nb  ", "a\n\n\nb" }, { " \t ", "" },
		{ "a" WIDE "=" WIDE "b" WIDE "\n" WIDE "\n", "a = b\n\n" },
		{ "a\xc2\xa0" "b\xc2\xa0\n", "a b\n" },
		{ "# a" WIDE "b \r\nc" WIDE "d # e" WIDE "f\n" WIDE "g", "# a" WIDE "b\nc d # e" WIDE "f\n g" },
		{ "\xe3\x80", "\xe3\x80" }, { "\xe3\x80\xe3\x80\x80x", "\xe3\x80 x" }, { "\xc2", "\xc2" },
		{ "a\rb\n", "a\rb\n" }, { "\xef\xbb", "\xef\xbb" },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char text[128];
		size_t len = strlen(texts[i][0]);

		memcpy(text, texts[i][0], len + 1);
		edited_tidy(text, &len);
		assert_string_equal(text, texts[i][1]);
		assert_int_equal(len, strlen(texts[i][1]));
	}
}

/* The NUL stays, so the readers refuse the file. */
static void
a_nul_is_kept(void **state)
{
	char text[] = "a\0 b \n\0 ";
	size_t len = sizeof text - 1;

	edited_tidy(text, &len);
	assert_int_equal(len, 6);
	assert_memory_equal(text, "a\0 b\n\0", 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(blanks_and_byte_order_marks_are_tidied), cmocka_unit_test(a_nul_is_kept) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

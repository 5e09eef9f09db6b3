/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/fold: line breaks in what the user reads. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fold.h"
#include "lib/message.h"
#include "tests/unit/test.h"

static void
breaks_where_a_line_is_full(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {
		{ "", "" },
		{ "ten and 10", "ten and 10" },	/* as wide as the line */
		{ "ten and 110", "ten and\n110" },
		{ "one two three four", "one two\nthree four" },
		{ "a  b", "a  b" },
		{ "123456789   b", "123456789\nb" },
		{ " a", " a" },
		{ "a ", "a" },
		{ "   ", "" },
		{ "unbreakable-word", "unbreakable-word" },
		{ "a unbreakable-word b", "a\nunbreakable-word\nb" },
		{ "カードがない", "カードがな\nい" },
		{ "カードがない。", "カードがな\nい。" },
		{ "あいうえお。", "あいうえ\nお。" },		/* a full stop begins no line */
		{ "あいうえー", "あいうえー" },
		{ "あいうえおー", "あいうえ\nおー" },
		{ "あいうえ「お」", "あいうえ\n「お」" },	/* a bracket ends none */
		{ "PINは4桁です", "PINは4桁で\nす" },
		{ "あいうえPIN", "あいうえ\nPIN" },
		{ "\xff\xfe\x80", "\xff\xfe\x80" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char folded[64];

		fold_text(cases[i].text, 10, folded, sizeof folded);
		assert_string_equal(folded, cases[i].folded);
	}
}

static void
what_does_not_fit_is_left_out_whole(void **state)
{
	static const char text[] = "a bc カード。";
	char whole[64];

	fold_text(text, 4, whole, sizeof whole);
	assert_string_equal(whole, "a bc\nカー\nド。");
	for (size_t size = 1; size <= sizeof whole; size++) {
		char *cut = malloc(size);	/* a byte too much would be noticed by valgrind and the sanitizers */

		assert_non_null(cut);
		fold_text(text, 4, cut, size);
		assert_memory_equal(cut, whole, strlen(cut));
		assert_true(strlen(cut) < size);
		assert_true(((unsigned char)whole[strlen(cut)] & 0xc0) != 0x80);
		assert_true(size <= strlen(whole) || strcmp(cut, whole) == 0);
		free(cut);
	}
}

/* All that a login can say, with its words in their order. */
static void
sentences_keep_their_words(void **state)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++) {
		struct outcome o = outcome_of(i);
		char text[MESSAGE_MAX], folded[2 * MESSAGE_MAX];

		message_outcome(&o, text);
		fold_text(text, 40, folded, sizeof folded);
		assert_int_equal(strlen(folded), strlen(text));
		for (size_t at = 0, column = 0; folded[at] != '\0'; at++) {
			column = folded[at] == '\n' ? 0 : column + 1;
			assert_true(column <= 40);
			if (folded[at] == '\n')
				folded[at] = ' ';
		}
		assert_string_equal(folded, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(breaks_where_a_line_is_full),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(sentences_keep_their_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/log: one call, one line, whatever the text brings. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "lib/log.h"
#include "tests/unit/capture.h"
#include "tests/unit/test.h"

static void
passes_text_and_priority(void **state)
{
	struct capture c;

	capture_start(&c);
	log_msg(&c.log, LOG_WARNING, "%s:%d: カード", "file", 7);
	assert_int_equal(c.lines, 1);
	assert_int_equal(c.priority, LOG_WARNING);
	assert_string_equal(c.text, "file:7: カード");
}

static void
no_control_character_gets_through(void **state)
{
	for (int ch = 1; ch < 256; ch++) {
		char text[] = { 'a', (char)ch, 'b', '\0' };
		struct capture c;

		capture_start(&c);
		log_msg(&c.log, LOG_ERR, "%s", text);
		assert_int_equal(c.lines, 1);
		if (ch < 0x20 || ch >= 0x7f)	/* no byte above is a character by itself */
			assert_string_equal(c.text, "a?b");
		else
			assert_string_equal(c.text, text);
	}
}

/* U+0080 to U+009F: a terminal takes U+009B for the escape and the bracket. */
static void
no_c1_gets_through(void **state)
{
	for (int ch = 0x80; ch < 0xc0; ch++) {
		char text[] = { 'a', (char)0xc2, (char)ch, 'b', '\0' };
		struct capture c;

		capture_start(&c);
		log_msg(&c.log, LOG_ERR, "%s", text);
		if (ch < 0xa0 || ch == 0xad)	/* the hyphen that is not seen */
			assert_string_equal(c.text, "a??b");
		else
			assert_string_equal(c.text, text);
	}
}

static void
defused_in_place(void **state)
{
	char text[] = "Reader\033[2J\r\nroot\302\2331m カ\302";

	log_defuse(text);
	assert_string_equal(text, "Reader?[2J??root??1m カ?");
}

static void
what_is_no_text_is_defused(void **state)
{
	static const struct {
		const char *text;
		size_t marks;	/* 0: it stays */
	} rows[] = {
		{ "山田 Ω é € 𠮷 葛\363\240\204\200", 0 },	/* the last selects a variant of 葛 */
		{ "\302\240\343\200\200", 0 }, { "\357\277\275", 0 },	/* wide blanks; U+FFFD */
		{ "\364\217\277\275", 0 },			/* U+10FFFD */
		/* controls, directions, lines, no width, tags. NOLINTBEGIN(misc-misleading-bidirectional) */
		{ "\302\200", 2 }, { "\302\237", 2 }, { "\302\255", 2 }, { "\330\234", 2 },
		{ "\342\200\213", 3 }, { "\342\200\216", 3 }, { "\342\200\217", 3 }, { "\342\200\250", 3 },
		{ "\342\200\251", 3 }, { "\342\200\252", 3 }, { "\342\200\256", 3 }, { "\342\201\240", 3 },
		{ "\342\201\246", 3 }, { "\342\201\251", 3 }, { "\357\273\277", 3 }, { "\357\277\271", 3 },
		{ "\363\240\200\201", 4 }, { "\363\240\201\277", 4 },
		/* NOLINTEND(misc-misleading-bidirectional) */
		/* no UTF-8: alone, cut, overlong, surrogates, too large */
		{ "\200", 1 }, { "\277", 1 }, { "\302", 1 }, { "\343\202", 2 }, { "\360\240\256", 3 },
		{ "\300\233", 2 }, { "\301\277", 2 }, { "\301\201", 2 }, { "\340\201\201", 3 }, { "\360\200\201\201", 4 },
		{ "\340\202\233", 3 }, { "\360\200\202\233", 4 },
		{ "\355\240\200", 3 }, { "\355\277\277", 3 }, { "\364\220\200\200", 4 }, { "\370\210\200\200\200", 5 },
		{ "\376", 1 }, { "\377", 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64], wanted[64];

		snprintf(text, sizeof text, "a%sb", rows[i].text);
		snprintf(wanted, sizeof wanted, "a%.*sb", (int)rows[i].marks, "?????");
		log_defuse(text);
		if (strcmp(text, rows[i].marks > 0 ? wanted : text) != 0)
			fail_msg("row %zu: %s", i, text);
		if (rows[i].marks == 0)
			assert_memory_equal(text + 1, rows[i].text, strlen(rows[i].text));
	}
}

static void
long_text_is_cut(void **state)
{
	char text[3 * LOG_TEXT_MAX];
	struct capture c;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	capture_start(&c);
	log_msg(&c.log, LOG_ERR, "%s", text);
	assert_int_equal(strlen(c.text), LOG_TEXT_MAX - 1);
	assert_int_equal(strspn(c.text, "x"), LOG_TEXT_MAX - 1);
}

static void
a_value_cannot_look_like_another_field(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{ NULL, "-" },
		{ "", "-" },
		{ "-", "\"-\"" },		/* not the sign for nothing */
		{ "hanako", "hanako" },
		{ "DOM-1/h.a_n:a@k+o", "DOM-1/h.a_n:a@k+o" },
		{ "two words", "\"two words\"" },
		{ "x tries=3", "\"x tries=3\"" },
		{ "x=3", "\"x=3\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nJPKI-OK user=root", "\"a\\x0aJPKI-OK user=root\"" },
		{ "\t\033[2J\177", "\"\\x09\\x1b[2J\\x7f\"" },
		{ "山", "\"\\xe5\\xb1\\xb1\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];

		log_field(rows[i].value, text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
names_stay_until_the_block_ends(void **state)
{
	static char endless[4096];
	struct capture c;

	memset(endless, '\n', sizeof endless - 1);
	capture_start(&c);
	log_msg(&c.log, LOG_ERR, "%s %s %s", LOG_NAME("hanako"), LOG_NAME("x user=root"), LOG_NAME(NULL));
	assert_string_equal(c.text, "hanako \"x user=root\" -");
	log_msg(&c.log, LOG_ERR, "%s, outcome", LOG_NAME(endless));
	assert_non_null(strstr(c.text, "\\x0a\", outcome"));
	assert_true(strlen(c.text) < LOG_NAME_MAX + 10);
}

/* Wherever a value is cut, its quote is closed, and no escape is halved. */
static void
fields_are_cut(void **state)
{
	char text[10];

	log_field("012345678", text, sizeof text);
	assert_string_equal(text, "012345678");
	log_field("0123456789", text, sizeof text);
	assert_string_equal(text, "\"0123456\"");
	log_field("\n\n", text, sizeof text);
	assert_string_equal(text, "\"\\x0a\"");
	log_field("\"\"\"\"", text, sizeof text);
	assert_string_equal(text, "\"\\\"\\\"\\\"\"");
}

static void
a_log_without_a_sink_drops_lines(void **state)
{
	const struct log silent = { .sink = NULL };

	log_msg(NULL, LOG_ERR, "%s", "x");
	log_msg(&silent, LOG_ERR, "%s", "x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_text_and_priority),
		cmocka_unit_test(no_control_character_gets_through),
		cmocka_unit_test(no_c1_gets_through),
		cmocka_unit_test(defused_in_place),
		cmocka_unit_test(what_is_no_text_is_defused),
		cmocka_unit_test(names_stay_until_the_block_ends),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(a_value_cannot_look_like_another_field),
		cmocka_unit_test(fields_are_cut),
		cmocka_unit_test(a_log_without_a_sink_drops_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

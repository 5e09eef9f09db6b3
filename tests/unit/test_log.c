/* lib/log: one call, one line, whatever the text brings. */
#include "config.h"

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
		if (ch < 0x20 || ch == 0x7f)
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
		if (ch < 0xa0)
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
	assert_string_equal(text, "Reader?[2J??root??1m カ\302");
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
fields(void **state)
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

/* Whatever is cut: a quote is closed, and nothing is half escaped. */
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
no_sink_no_harm(void **state)
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
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(fields),
		cmocka_unit_test(fields_are_cut),
		cmocka_unit_test(no_sink_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

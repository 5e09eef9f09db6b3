/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/fleet/ldif: how lines of a file become the values of an entry. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#include "tools/fleet/ldif.h"

/* Reads the first entry of a text, and requires two values in it: "uid", and this one of "cn". */
static void
reads_as(const char *text, const char *cn)
{
	struct ldif_entry entry = { .text = NULL };
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(f);
	assert_int_equal(ldif_next(f, &entry), LDIF_ENTRY);
	assert_int_equal(entry.count, 2);
	assert_string_equal(ldif_text(&entry, "uid"), "hanako");
	assert_string_equal(ldif_text(&entry, "cn"), cn);
	ldif_done(&entry);
	fclose(f);
}

static void
ends_of_lines(void **state)
{
	(void)state;
	reads_as("uid: hanako\ncn: Hanako\n\n", "Hanako");
	reads_as("uid: hanako\r\ncn: Hanako\r\n\r\n", "Hanako");
	reads_as("uid: hanako\ncn: Hanako\n", "Hanako");
}

static void
folds(void **state)
{
	(void)state;
	reads_as("uid: han\n ako\ncn: Hana\n \n ko\n", "Hanako");
	reads_as("uid: han\r\n ako\r\ncn: Hana\r\n ko\r\n", "Hanako");
	reads_as("# a comment\n  goes on\nuid: hanako\ncn: Hanako\n", "Hanako");
}

/* Only before a newline is a carriage return a part of the line's end. */
static void
carriage_returns_in_a_value(void **state)
{
	(void)state;
	reads_as("uid: hanako\ncn: Ha\rna\n", "Ha\rna");
	reads_as("uid: hanako\ncn: Hana\ra\n", "Hana\ra");
}

/* What is left of a value could be another user's name. */
static void
cut_off(void **state)
{
	static const char whole[] = "cn: Hanako\nuid: hanako\n";

	(void)state;
	for (size_t len = 1; len < sizeof whole; len++) {
		struct ldif_entry entry = { .text = NULL };
		FILE *f = fmemopen((void *)(uintptr_t)whole, len, "r");

		assert_non_null(f);
		assert_int_equal(ldif_next(f, &entry), whole[len - 1] == '\n' ? LDIF_ENTRY : LDIF_BAD);
		assert_int_equal(entry.line, len <= strlen("cn: Hanako\n") ? 1 : 2);
		ldif_done(&entry);
		fclose(f);
	}
}

static void
a_nul(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = { { "uid: han\0ako\n\n", 14 }, { "uid: han\0ako", 12 }, { "\0uid: hanako\n\n", 15 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ldif_entry entry = { .text = NULL };
		FILE *f = fmemopen((void *)(uintptr_t)rows[i].text, rows[i].len, "r");

		assert_non_null(f);
		assert_int_equal(ldif_next(f, &entry), LDIF_BAD);
		ldif_done(&entry);
		fclose(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_of_lines),
		cmocka_unit_test(folds),
		cmocka_unit_test(carriage_returns_in_a_value),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(a_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

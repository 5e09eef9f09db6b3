/* SPDX-License-Identifier: BSD-2-Clause */
/* nss/blocklist: the file. What it means to a login is test_login's. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nss/blocklist.h"
#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct block_entry a_certificate = { .certificate = HASH };
static const struct block_entry a_serial = { .issuer_key = OTHER, .serial = "06f1a2b3" };

static void
serial_numbers_have_one_form(void **state)
{
	static const struct {
		const char *text, *serial;	/* NULL: refused */
	} rows[] = {
		{ "1", "01" },
		{ "06F1a2B3", "06f1a2b3" },
		{ "6:F1:a2:B3", "06f1a2b3" },
		{ "0006f1a2b3", "06f1a2b3" },
		{ "ffffffffffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffffffffffffffffffff" },
		{ "fffffffffffffffffffffffffffffffffffffff", "0fffffffffffffffffffffffffffffffffffffff" },
		{ "fffffffffffffffffffffffffffffffffffffffff", NULL },
		{ "", NULL }, { "0", NULL }, { "00:00", NULL }, { "0x12", NULL }, { "-1", NULL },
		{ "12 ", NULL }, { "1g", NULL }, { "../x", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char serial[BLOCKLIST_SERIAL_LEN + 1] = "unchanged";
		bool ok = blocklist_read_serial(rows[i].text, serial);

		if (ok != (rows[i].serial != NULL))
			fail_msg("\"%s\"", rows[i].text);
		assert_string_equal(serial, ok ? rows[i].serial : "unchanged");
	}
}

static void
name_of_an_entry(void **state)
{
	char name[BLOCKLIST_NAME_MAX];
	struct block_entry longest = { .issuer_key = OTHER };

	blocklist_name(&a_certificate, name);
	assert_string_equal(name, HASH);
	blocklist_name(&a_serial, name);
	assert_string_equal(name, OTHER "-06f1a2b3");
	memset(longest.serial, 'f', BLOCKLIST_SERIAL_LEN);
	blocklist_name(&longest, name);
	assert_int_equal(strlen(name), BLOCKLIST_NAME_MAX - 1);
}

struct seen {
	size_t count;
	struct block_entry last;
	char note[BLOCKLIST_NOTE_MAX];
};

static void
see(void *ctx, const struct block_entry *entry, const char *note)
{
	struct seen *s = ctx;

	s->count++;
	s->last = *entry;
	snprintf(s->note, sizeof s->note, "%s", note);
}

static enum outcome_status
read_all(const struct blocklist *list, struct seen *s)
{
	struct outcome o;

	*s = (struct seen){ .count = 0 };
	o = blocklist_each(list, see, s);
	return o.status;
}

static void
add_and_remove(void **state)
{
	const char *path = scratch_path("added");
	struct block_entry both[] = { a_certificate, a_serial, a_certificate };
	struct capture c;
	struct blocklist list = { .path = path, .owner = geteuid(), .log = &c.log };
	struct outcome o;
	struct seen s;
	struct stat st;
	size_t n;

	capture_start(&c);
	assert_int_equal(read_all(&list, &s), OUTCOME_OK);		/* none is none */
	assert_int_equal(s.count, 0);
	o = blocklist_remove(&list, both, 3, &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(n, 0);
	assert_int_equal(access(path, F_OK), -1);
	o = blocklist_add(&list, both, 3, "blocked by a test", &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(n, 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(read_all(&list, &s), OUTCOME_OK);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.last.serial, "06f1a2b3");
	assert_string_equal(s.last.issuer_key, OTHER);
	assert_string_equal(s.last.certificate, "");
	assert_string_equal(s.note, "blocked by a test");
	o = blocklist_add(&list, &a_serial, 1, "again", &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(n, 0);
	o = blocklist_remove(&list, &a_serial, 1, &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(n, 1);
	assert_int_equal(read_all(&list, &s), OUTCOME_OK);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.last.certificate, HASH);
	assert_int_equal(c.lines, 0);
}

/* The administrator's comments, blanks and a last line without newline stay what they are. */
static void
comments_and_blanks_of_the_administrator_stay(void **state)
{
	const char *path = scratch_text("by-hand", "# mine\n\n  certificate\t" HASH "  # lost\n"
	    "serial " OTHER " 00:06:F1:A2:B3");
	struct capture c;
	struct blocklist list = { .path = path, .owner = geteuid(), .log = &c.log };
	struct outcome o;
	struct seen s;
	size_t n;

	capture_start(&c);
	assert_int_equal(read_all(&list, &s), OUTCOME_OK);
	assert_int_equal(s.count, 2);
	o = blocklist_remove(&list, &a_serial, 1, &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_int_equal(n, 1);
	assert_true(scratch_holds(path, "# mine\n\n  certificate\t" HASH "  # lost\n"));
	o = blocklist_add(&list, &a_serial, 1, "x", &n);
	assert_int_equal(o.status, OUTCOME_OK);
	assert_true(scratch_holds(path, "# mine\n\n  certificate\t" HASH "  # lost\n"
	    "serial " OTHER " 06f1a2b3 # x\n"));
}

static void
a_damaged_list_is_refused(void **state)
{
	static const char *const texts[] = {
		"certificate\n", "certificate 0123\n", "certificate " HASH "0\n", "certificate " HASH " x\n",
		"serial " HASH "\n", "serial " HASH " 0\n", "serial " HASH " 12 13\n", "serial 12\n",
		"Certificate " HASH "\n", HASH "\n", "certificate " HASH "\njunk\n", "junk # x\n",
		"certificate " HASH "\rx\n", "certificate\xe3\x80" HASH "\n",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *path = scratch_text("damaged", texts[i]);
		struct capture c;
		struct blocklist list = { .path = path, .owner = geteuid(), .log = &c.log };
		struct outcome o;
		struct seen s;
		size_t n;

		capture_start(&c);
		if (read_all(&list, &s) != OUTCOME_BLOCK_LIST)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(c.lines, 1);
		o = blocklist_add(&list, &a_serial, 1, "x", &n);
		assert_int_equal(o.status, OUTCOME_BLOCK_LIST);
		o = blocklist_remove(&list, &a_certificate, 1, &n);
		assert_int_equal(o.status, OUTCOME_BLOCK_LIST);
		assert_true(scratch_holds(path, texts[i]));
	}
}

static void
an_unsafe_list_is_refused(void **state)
{
	struct capture c;
	struct blocklist list = { .owner = geteuid(), .log = &c.log };
	struct seen s;

	capture_start(&c);
	list.path = scratch_file("nul", "certificate " HASH "\n\0x\n", sizeof "certificate " HASH "\n\0x");
	assert_int_equal(read_all(&list, &s), OUTCOME_BLOCK_LIST);
	list.path = scratch_text("writable", "certificate " HASH "\n");
	assert_int_equal(chmod(list.path, 0666), 0);
	assert_int_equal(read_all(&list, &s), OUTCOME_BLOCK_LIST);
	list.path = scratch_mkdir("directory", 0755);
	assert_int_equal(read_all(&list, &s), OUTCOME_BLOCK_LIST);
	assert_int_equal(symlink("by-hand", scratch_path("link")), 0);
	list.path = scratch_path("link");
	assert_int_equal(read_all(&list, &s), OUTCOME_BLOCK_LIST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serial_numbers_have_one_form),
		cmocka_unit_test(name_of_an_entry),
		cmocka_unit_test(add_and_remove),
		cmocka_unit_test(comments_and_blanks_of_the_administrator_stay),
		cmocka_unit_test(a_damaged_list_is_refused),
		cmocka_unit_test(an_unsafe_list_is_refused),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}

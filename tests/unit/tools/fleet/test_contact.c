/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/fleet/contact: what is noted of the servers is read again, and nothing else is. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#include "tools/fleet/contact.h"

#define NOW INT64_C(1795000000)
#define BEHIND "JPKI-E-FLEET-BEHIND"

static struct capture capture;
static struct store store;

static struct contact
contact_with(const char *server)
{
	struct contact c = { .mode = "persist", .heard = NOW };

	snprintf(c.server, sizeof c.server, "%s", server);
	return c;
}

static void
what_is_written_is_read(void **state)
{
	struct contact c = contact_with("ldaps://a.example:636"), again;

	assert_false(contact_read(&store, NOW, &again));	/* nothing is there */
	contact_refuse(&c, BEHIND, NOW - 5);
	snprintf(c.server, sizeof c.server, "ldap://[::1]");
	contact_refuse(&c, "JPKI-E-FLEET-STATE", NOW - 3);
	contact_refuse(&c, "JPKI-E-FLEET-LDIF", NOW - 2);	/* in place of the one before */
	assert_true(contact_write(&store, &c));
	assert_true(contact_read(&store, NOW, &again));
	assert_string_equal(again.server, "ldap://[::1]");
	assert_string_equal(again.mode, "persist");
	assert_int_equal(again.heard, NOW);
	assert_false(again.ended);
	assert_int_equal(again.count, 2);
	assert_string_equal(again.refused[0].server, "ldaps://a.example:636");
	assert_string_equal(again.refused[0].code, BEHIND);
	assert_int_equal(again.refused[0].at, NOW - 5);
	assert_string_equal(again.refused[1].code, "JPKI-E-FLEET-LDIF");
	assert_int_equal(again.refused[1].at, NOW - 2);
	c.ended = true;
	assert_true(contact_write(&store, &c));
	assert_true(contact_read(&store, NOW, &again));
	assert_true(again.ended);
	assert_int_equal(again.count, 2);
}

/* A server that is believed again is no longer noted; the others are. */
static void
a_server_believed_again_is_no_longer_noted(void **state)
{
	struct contact c = contact_with("ldaps://a");

	contact_refuse(&c, BEHIND, NOW);
	snprintf(c.server, sizeof c.server, "ldaps://b");
	contact_believe(&c);	/* which was not refused */
	assert_int_equal(c.count, 1);
	contact_refuse(&c, BEHIND, NOW);
	snprintf(c.server, sizeof c.server, "ldaps://a");
	contact_believe(&c);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.refused[0].server, "ldaps://b");
	snprintf(c.server, sizeof c.server, "ldaps://b");
	contact_believe(&c);
	assert_int_equal(c.count, 0);
}

static void
refusals_are_forgotten_after_a_day(void **state)
{
	struct contact c = contact_with("ldaps://a"), again;

	contact_refuse(&c, BEHIND, NOW);
	assert_true(contact_write(&store, &c));
	assert_true(contact_read(&store, NOW + CONTACT_KEPT_S, &again));
	assert_int_equal(again.count, 1);
	assert_true(contact_read(&store, NOW + CONTACT_KEPT_S + 1, &again));
	assert_int_equal(again.count, 0);
}

/* As many servers as fleet_uri can have, with the longest names, and not one more. */
static void
as_many_refusals_as_servers(void **state)
{
	struct contact c = contact_with(""), again;

	contact_refuse(&c, BEHIND, NOW);	/* of no server */
	assert_int_equal(c.count, 0);
	for (int i = 0; i < CONTACT_REFUSALS_MAX + 2; i++) {
		memset(c.server, 'a' + i, sizeof c.server - 1);
		contact_refuse(&c, "JPKI-E-0123456789012345678901", NOW);
	}
	assert_int_equal(c.count, CONTACT_REFUSALS_MAX);
	assert_true(contact_write(&store, &c));
	assert_true(contact_read(&store, NOW, &again));
	assert_int_equal(again.count, CONTACT_REFUSALS_MAX);
	assert_int_equal(strlen(again.refused[CONTACT_REFUSALS_MAX - 1].server), CONTACT_SERVER_MAX - 1);
}

static void
malformed_files_are_refused(void **state)
{
	static const char *const texts[] = { "", "\n", "ldaps://a\n", "ldaps://a persist\n", "ldaps://a persist x\n", " persist 1\n",
		"ldaps://a persistent 1\n", "ldaps://a persist 1 2\n", "ldaps://a persist -1\n", "ldaps://a persist 1\nrefused\n",
		"ldaps://a persist 1\nrefused ldaps://a\n", "ldaps://a persist 1\nrefused ldaps://a X\n",
		"ldaps://a persist 1\nrefused ldaps://a X 1 2\n", "ldaps://a persist 1\nrefused  X 1\n", "ldaps://a persist 1\nother a X 1\n",
		"ldaps://a persist 1234567890123456789\n",
		"ldaps://a persist 1\nrefused ldaps://a 01234567890123456789012345678901 1\n" };
	struct contact c;

	for (size_t i = 0; i < COUNT(texts); i++) {
		scratch_text("fleet/" CONTACT_FILE, texts[i]);
		if (contact_read(&store, 1, &c))
			fail_msg("text %zu", i);
	}
	scratch_text("fleet/" CONTACT_FILE, "ldaps://a persist 1\n");
	assert_true(contact_read(&store, 1, &c));
	assert_int_equal(chmod(scratch_path("fleet/" CONTACT_FILE), 0666), 0);	/* any user may have written it */
	assert_false(contact_read(&store, 1, &c));
}

static int
prepare(void **state)
{
	if (scratch_setup(state) != 0)
		return -1;
	capture_start(&capture);
	store = (struct store){ .dir = scratch_mkdir("fleet", 0755), .owner = geteuid(), .log = &capture.log };
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, prepare, scratch_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_server_believed_again_is_no_longer_noted),
		TEST(refusals_are_forgotten_after_a_day),
		TEST(as_many_refusals_as_servers),
		TEST(malformed_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper as a whole (tests/unit/helperkit.h), in which one allocation or system call of its own code
 * fails: from the first message to the exit. A helper that gives no verdict, or dies, is a refusal.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/helperkit.h"
#include "tests/unit/test.h"

#include "tests/faults/failing.h"

/* Of the helper's process. */
static struct notes {
	unsigned long seen;
	char failed[32];
} *notes;
static struct failing wanted;

static void
note_name(void)
{
	snprintf(notes->failed, sizeof notes->failed, "%s", failing.failed);
}

static void
note_count(struct helperkit *h)
{
	failing_paused = true;
	notes->seen = failing.seen;
}

static void
arm(struct helperkit *h)
{
	failing = wanted;
	simscard_works = &failing_paused;
	failing_notice = note_name;
}

/*
 * Calls whose failure may leave a login a success, and why:
 *   mlock		a PIN may be swapped out until it is wiped (lib/secret.h)
 *   clock_gettime	without a time every deadline has passed, which ends what waits
 *   poll		an error of the socket shows at the next recv()
 *   openat, fstat, __openat_2, open	of a merged index of CRLs: then each list is searched (nss/crl/check.h)
 *   stat		of the database of authorities: then it is read a second time (nss/certdb.h)
 *   fstatat		of a directory that is kept open: then its path is judged again (lib/safefile.c)
 */
static const char *const harmless[] = { "mlock", "clock_gettime", "poll", "openat", "fstat", "__openat_2", "open", "stat",
	"fstatat" };

static bool
is_harmless(const char *name)
{
	for (size_t i = 0; i < COUNT(harmless); i++)
		if (strcmp(name, harmless[i]) == 0)
			return true;
	return false;
}

/* A login; the status of its verdict, OUTCOME_HELPER if there is none. */
static enum outcome_status
log_in(struct helperkit *h)
{
	enum outcome_status status = OUTCOME_HELPER;
	bool is_clean = true;
	struct heard m;

	memset(notes, 0, sizeof *notes);
	h->readers->try_count = h->readers->signatures = 0;
	helperkit_start(h);
	do {
		helperkit_hear(h, &m);
		if (m.type == PROTO_PROMPT)
			helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
		if (m.type == PROTO_RESULT) {
			status = m.result.outcome.status;
			is_clean = m.result.card_clean;
		}
	} while (m.type != 0 && m.type != PROTO_RESULT);
	(void)helperkit_end(h);		/* nothing is left on the card */
	assert_true(h->readers->try_count <= 1);
	if (!is_clean)
		fail_msg("call %lu, %s: not clean, %d", wanted.at, notes->failed, (int)status);
	if (status == OUTCOME_OK) {
		assert_int_equal(h->readers->try_count, 1);
		assert_int_equal(h->readers->signatures, 1);
	}
	return status;
}

static void
sweep(struct helperkit *h, enum failing_kind kind)
{
	unsigned long calls, refused = 0;

	h->before = arm;
	h->after = note_count;
	wanted = (struct failing){ .kind = kind, .own = true };
	assert_int_equal(log_in(h), OUTCOME_OK);
	calls = notes->seen;
	assert_true(calls > 10);
	for (unsigned long at = 1; at <= calls; at++) {
		wanted.at = at;
		if (log_in(h) != OUTCOME_OK)
			refused++;
		else if (notes->failed[0] == '\0' && notes->seen < at)
			continue;	/* how often it waits depends on the time: this login made fewer calls */
		else if (!is_harmless(notes->failed))
			fail_msg("call %lu of %lu, %s: logged in all the same", at, calls, notes->failed);
	}
	print_message("%lu calls, %lu logins refused\n", calls, refused);
	assert_true(refused > 0);
	wanted.kind = FAILING_NOTHING;
	assert_int_equal(log_in(h), OUTCOME_OK);
}

static void
memory(void **state)
{
	sweep(*state, FAILING_MEMORY);
}

static void
system_calls(void **state)
{
	sweep(*state, FAILING_SYSTEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, helperkit_new, helperkit_done)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory),
		TEST(system_calls),
	};

	/* The helper trusts root's files alone. */
	if (geteuid() != 0)
		return 77;
	notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return notes == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

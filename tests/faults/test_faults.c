/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A login on the simulated card, in-process, in which one allocation or one system call fails:
 * each of the project's own, and a selection of the libraries' (NSS makes thousands; with
 * JPKI_FAULTS=all each of them). Every login has a process of its own, so nothing is left of the
 * one before, and a library that dies of it is seen.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/flowkit.h"
#include "tests/unit/footprint.h"
#include "tests/unit/test.h"

#include "flow/login.h"
#include "tests/faults/failing.h"

#define HANGS_S 20	/* the helper's watchdog would end it so */
#define ENOUGH 40	/* of the libraries' calls, where not all are wanted */

/* What the process of a login leaves. */
struct trial {
	bool done;
	struct outcome outcome, next;
	bool card_clean, verified_left, pin_left, card_held;
	int descriptors;	/* more than before */
	int blocks;		/* of the program's own memory more than before */
	unsigned long seen;
	char failed[32];
	uint64_t verifies, signs;
};

static struct trial *trial;
static const struct transport_ops *real;

/* The card's own doing does not fail. */
static struct outcome
transmit(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap, size_t *ret_len)
{
	struct outcome o;

	failing_paused = true;
	o = real->transmit(ctx, cmd, cmd_len, resp, cap, ret_len);
	failing_paused = false;
	return o;
}

static void
run_flow(struct kit *k, struct secret *pin, struct login_result *ret)
{
	struct login_request request = { .purpose = "login", .user = "hanako", .service = "test",
		.host = "azumino", .place = PLACE_LOCAL };

	*ret = (struct login_result){ .outcome = outcome_of(OUTCOME_OK) };
	flow_login(&k->env, &k->ui, &request, pin, ret);
}

static void
login(struct kit *k, const struct failing *how)
{
	struct login_result result;
	struct secret *pin = secret_new();
	int descriptors;
	size_t blocks;

	assert_non_null(pin);
	/* What libraries keep for good they have after this. */
	run_flow(k, pin, &result);
	assert_int_equal(result.outcome.status, OUTCOME_OK);
	sim_card_stats_reset(k->card[0]);
	descriptors = footprint_descriptors();
	failing = *how;
	blocks = failing_blocks();
	run_flow(k, pin, &result);
	failing.kind = FAILING_NOTHING;
	trial->blocks = (int)(failing_blocks() - blocks);
	trial->outcome = result.outcome;
	trial->card_clean = result.card_clean;
	trial->card_held = k->open_reader != -1;
	trial->verified_left = strcmp(kit_get(k, "verified"), "none") != 0;
	trial->pin_left = secret_view(pin).len != 0;
	trial->descriptors = footprint_descriptors() - descriptors;
	trial->seen = failing.seen;
	snprintf(trial->failed, sizeof trial->failed, "%s", failing.failed != NULL ? failing.failed : "");
	trial->verifies = kit_stats(k).verifies;
	trial->signs = kit_stats(k).signs;
	if (how->own) {
		/* Nothing of NSS or of the card is left in use. */
		run_flow(k, pin, &result);
		trial->next = result.outcome;
	}
	trial->done = true;
}

/* cmocka would go on with the next test, in a process that is not its own. */
static void
die_as_others_do(void)
{
	static const int deadly[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < COUNT(deadly); i++)
		(void)signal(deadly[i], SIG_DFL);
	(void)alarm(HANGS_S);
}

/* In a process of its own. Whether it lived. */
static bool
try(struct kit *k, const struct failing *how)
{
	int status = -1;
	pid_t pid;

	memset(trial, 0, sizeof *trial);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		die_as_others_do();
		login(k, how);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && trial->done;
}

/* Checks after each failure. */
static void
judge(const struct failing *how)
{
	const struct trial *t = trial;

	if (t->verifies > 1 || t->verified_left || t->pin_left || t->card_held ||
	    (t->verifies > 0 && !t->card_clean) ||
	    /* NSS itself leaks where its memory ends; the helper's process ends anyway. */
	    (how->own && (t->descriptors > 0 || t->blocks > 0 || t->next.status != OUTCOME_OK)) ||
	    (outcome_ok(&t->outcome) && (t->verifies != 1 || t->signs != 1)))
		fail_msg("%s of the %s, the %luth call fails: %s, %s; VERIFY %lu, signatures %lu, clean %d, "
		    "verified %d, PIN left %d, held %d, descriptors %+d, blocks %+d, the next one %s",
		    how->kind == FAILING_MEMORY ? "memory" : "system calls",
		    how->own ? "program" : "libraries too", how->at, t->failed, outcome_code(t->outcome.status),
		    (unsigned long)t->verifies, (unsigned long)t->signs, t->card_clean, t->verified_left,
		    t->pin_left, t->card_held, t->descriptors,
		    t->blocks, outcome_code(t->next.status));
}

static unsigned long
count_calls(struct kit *k, enum failing_kind kind, bool own)
{
	struct failing counting = { .kind = kind, .own = own };

	assert_true(try(k, &counting));
	assert_int_equal(trial->outcome.status, OUTCOME_OK);
	judge(&counting);
	return trial->seen;
}

static bool
all_wanted(void)
{
	const char *wanted = getenv("JPKI_FAULTS");

	return wanted != NULL && strcmp(wanted, "all") == 0;
}

static void
sweep(struct kit *k, enum failing_kind kind, bool own)
{
	unsigned long calls = count_calls(k, kind, own), refused = 0, tried = 0, died = 0;
	unsigned long step = own || all_wanted() || calls < ENOUGH ? 1 : calls / ENOUGH;

	assert_true(calls > 10);
	for (unsigned long at = 1; at <= calls; at += step, tried++) {
		struct failing how = { .kind = kind, .own = own, .at = at };

		if (!try(k, &how)) {
			/* A dead helper is a refused login (test_module), but none of ours may die. */
			if (own)
				fail_msg("call %lu: the process died", at);
			if (trial->verifies > 0)
				print_message("died with the PIN verified at call %lu\n", at);
			died++;
			continue;
		}
		judge(&how);
		refused += !outcome_ok(&trial->outcome);
	}
	print_message("%lu of %lu calls failed: %lu logins refused, %lu processes died\n", tried, calls,
	    refused, died);
	assert_true(refused > 0);
}

static void
own_memory(void **state)
{
	sweep(*state, FAILING_MEMORY, true);
}

static void
own_system_calls(void **state)
{
	sweep(*state, FAILING_SYSTEM, true);
}

static void
memory_of_libraries(void **state)
{
	sweep(*state, FAILING_MEMORY, false);
}

static void
system_calls_of_libraries(void **state)
{
	sweep(*state, FAILING_SYSTEM, false);
}

static int
setup(void **state)
{
	static struct transport_ops ops;
	struct kit *k;

	if (kit_new(state) != 0)
		return -1;
	k = *state;
	kit_enroll(k, "hanako", "good", NULL);
	kit_insert(k, 0, "good", NULL);
	real = k->transport.ops;
	ops = *real;
	ops.transmit = transmit;
	k->transport.ops = &ops;
	trial = mmap(NULL, sizeof *trial, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return trial != MAP_FAILED ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)munmap(trial, sizeof *trial);
	return kit_done(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_memory),
		TEST(own_system_calls),
		TEST(memory_of_libraries),
		TEST(system_calls_of_libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

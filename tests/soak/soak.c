/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper for a long time and for many at once, on simulated readers (tests/unit/helperkit.h): 200
 * logins at the same time on one reader and on eight; thousands one after the other; a day of a desktop,
 * whose clock is ours. Each VERIFY that a card sees has been typed by the person of that
 * login, no card is handed on with a PIN verified, no placed or removed card is overlooked, and nothing is
 * left behind. make soak; tests/soak/README.md has results.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/footprint.h"
#include "tests/unit/helperkit.h"
#include "tests/unit/test.h"

#include "tools/watch/watch.h"

#define AT_ONCE 200
#define LOGINS 10000
#define DAY_S 86400
#define GRACE_MS 2000
#define WRONG_PIN "9999"

static struct helperkit *kit;	/* whose clock it is */

/* --- the clock ------------------------------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);

static bool
clock_is_ours(void)
{
	return kit != NULL && kit->readers->clock_is_ours;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int64_t ms;

	if (!clock_is_ours())
		return __real_clock_gettime(clock, ret);
	ms = __atomic_load_n(&kit->readers->mono_ms, __ATOMIC_SEQ_CST);
	*ret = (struct timespec){ .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) };
	return 0;
}

time_t
__wrap_time(time_t *ret)
{
	return clock_is_ours() ? (time_t)(kit->readers->wall_s + kit->readers->mono_ms / 1000) : __real_time(ret);
}

static unsigned int
number_from_environment(const char *name, unsigned int usual)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned int)strtoul(text, NULL, 10) : usual;
}

/* --- many at once -------------------------------------------------------------------------------- */

struct tallies {
	unsigned int outcomes[OUTCOME_COUNT];
	unsigned int typed;	/* PINs */
	unsigned int died;
};

/* A person with a program and a helper of their own, in a process of their own. */
static _Noreturn void
be_person(struct helperkit *h, struct tallies *sum, unsigned int number)
{
	enum outcome_status status = OUTCOME_HELPER;
	struct heard m;

	snprintf(h->request.user, sizeof h->request.user, "user%u", number % h->readers->reader_count);
	snprintf(h->request.login_name, sizeof h->request.login_name, "%s", h->request.user);
	memcpy(h->id.bytes, &number, sizeof number);
	helperkit_start(h);
	do {
		helperkit_hear(h, &m);
		if (m.type == PROTO_PROMPT) {
			__atomic_add_fetch(&sum->typed, 1, __ATOMIC_SEQ_CST);
			helperkit_answer(h, PROTO_ANSWER_PIN, HELPERKIT_PIN);
		}
		if (m.type == PROTO_RESULT)
			status = m.result.outcome.status;
	} while (m.type != 0 && m.type != PROTO_RESULT);
	if (m.type == 0)
		__atomic_add_fetch(&sum->died, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&sum->outcomes[status], 1, __ATOMIC_SEQ_CST);
	(void)waitpid(h->pid, NULL, 0);
	_exit(0);
}

static void
print_outcomes(const struct tallies *sum)
{
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++)
		if (sum->outcomes[i] > 0)
			print_message("%6u %s\n", sum->outcomes[i], outcome_code(i));
}

static void
at_once(struct helperkit *h, unsigned int readers)
{
	static const char *const leaves[SIMSCARD_READERS] = { "good", "good2", "other-person", "renewed", "soon", "good",
		"good2", "other-person" };
	struct tallies *sum = mmap(NULL, sizeof *sum, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int answered = 0;
	char name[16];

	assert_true(sum != MAP_FAILED);
	h->readers->reader_count = readers;
	helperkit_word(h, "timeout=120");
	for (unsigned int i = 0; i < readers; i++) {
		snprintf(name, sizeof name, "user%u", i);
		kit_enroll(h->kit, name, leaves[i], NULL);
		helperkit_card(h, name, leaves[i], NULL);
		simscard_place(h->readers, i, name);
	}
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			be_person(h, sum, i);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	for (unsigned int i = 0; i < OUTCOME_COUNT; i++)
		answered += sum->outcomes[i];
	print_message("%u logins at once on %u readers: %u PINs typed, %u VERIFY, %u signatures\n", AT_ONCE, readers,
	    sum->typed, h->readers->try_count, h->readers->signatures);
	print_outcomes(sum);
	assert_int_equal(answered, AT_ONCE);
	assert_int_equal(sum->died, 0);
	assert_true(h->readers->try_count <= sum->typed);
	assert_int_equal(h->readers->signatures, sum->outcomes[OUTCOME_OK]);
	assert_true(sum->outcomes[OUTCOME_OK] > 0);
	assert_int_equal(h->readers->left_verified, 0);
	for (unsigned int i = 0; i < readers; i++)
		assert_false(h->readers->reader[i].verified);
	(void)munmap(sum, sizeof *sum);
}

static void
on_one_reader(void **state)
{
	at_once(*state, 1);
}

static void
on_eight_readers(void **state)
{
	at_once(*state, SIMSCARD_READERS);
}

/* --- one after the other --------------------------------------------------------------------------- */

static void
thousands(void **state)
{
	unsigned int count = number_from_environment("SOAK_LOGINS", LOGINS);
	struct helperkit *h = *state;
	int descriptors = footprint_descriptors();
	long pages = 0;
	struct heard m;

	for (unsigned int i = 0; i < count; i++) {
		if (i == 100)
			pages = footprint_pages();
		h->readers->try_count = 0;
		assert_int_equal(helperkit_login(h, HELPERKIT_PIN, &m), OUTCOME_OK);
		assert_int_equal(h->readers->try_count, 1);
	}
	print_message("%u logins, %ld pages more than after 100\n", count, count > 100 ? footprint_pages() - pages : 0);
	assert_int_equal(h->readers->signatures, count);
	assert_int_equal(footprint_descriptors(), descriptors);
	assert_true(count <= 100 || footprint_pages() - pages <= 64);
}

/* --- a day ---------------------------------------------------------------------------------------------- */

static struct day {
	struct watch watch;
	unsigned int seed;
	const char *typed;	/* in this login; NULL: nothing */
	unsigned int news[WATCH_RENEWED + 1];
	unsigned int removals;	/* longer than the grace */
	unsigned int logins, entered, wrong, waits, in_vain, gone, swapped, restarts, upgrades;
	bool no_service;
} day;

static unsigned int
any(unsigned int below)
{
	day.seed = day.seed * 1103515245u + 12345u;
	return (day.seed >> 8) % below;
}

static struct outcome
day_readers(void *ctx, struct transport_readers *ret)
{
	if (day.no_service)
		return outcome_of(OUTCOME_NO_SERVICE);
	*ret = (struct transport_readers){ .count = 1 };
	snprintf(ret->at[0].name, sizeof ret->at[0].name, "Simulated Reader 00 00");
	ret->at[0].has_card = kit->readers->reader[0].card[0] != '\0';
	ret->at[0].generation = kit->readers->reader[0].generation;
	return outcome_of(OUTCOME_OK);
}

static int
day_look(void *ctx, const char *reader, int64_t ms)
{
	return strcmp(kit->readers->reader[0].card, "good") == 0 ? 0 : LOOK_OTHER;
}

static void
day_tell(void *ctx, enum watch_news news, const char *reader)
{
	day.news[news]++;
}

static bool
day_renewed(void *ctx, int *certificate)
{
	return false;
}

static int64_t
day_woke(void *ctx)
{
	return WAKING_NEVER;
}

/* Time goes by; jpki-watch looks each half second. */
static void
pass(int64_t ms)
{
	struct outcome o;
	int64_t next;

	for (int64_t gone = 0; gone < ms; gone += 500) {
		__atomic_add_fetch(&kit->readers->mono_ms, 500, __ATOMIC_SEQ_CST);
		o = watch_step(&day.watch, &next);
		assert_true(outcome_ok(&o) || day.no_service);
	}
}

/* So that a helper that waits has looked. */
static void
pass_for_helper(int64_t ms)
{
	for (int64_t gone = 0; gone < ms; gone += 1000) {
		pass(1000);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
	}
}

static void
take_card(int64_t away_ms)
{
	simscard_place(kit->readers, 0, NULL);
	pass(away_ms);
	day.removals += away_ms > GRACE_MS + 1000;
}

static void
put_card(void)
{
	simscard_place(kit->readers, 0, "good");
	pass(1000);
}

/* Each VERIFY of this login was typed in it, and there was one at most. */
static void
expect_owed(void)
{
	assert_true(kit->readers->try_count <= (day.typed != NULL ? 1 : 0));
	if (kit->readers->try_count == 1)
		assert_string_equal(kit->readers->tries[0], day.typed);
	kit->readers->try_count = 0;
	day.typed = NULL;
}

static void
begin_login(void)
{
	struct heard m;

	day.logins++;
	helperkit_start(kit);
	helperkit_expect(kit, PROTO_READY, &m);
}

static enum outcome_status
end_login(void)
{
	struct heard m;

	helperkit_expect(kit, PROTO_RESULT, &m);
	assert_true(m.result.card_clean);
	assert_int_equal(helperkit_end(kit), 0);
	expect_owed();
	return m.result.outcome.status;
}

static void
type(const char *pin)
{
	day.typed = pin;
	helperkit_answer(kit, PROTO_ANSWER_PIN, pin);
}

static void
prompted_login(const char *pin, enum outcome_status expected)
{
	struct heard m;

	begin_login();
	helperkit_expect(kit, PROTO_PROMPT, &m);
	pass(2000 + any(8000));
	type(pin);
	assert_int_equal(end_login(), expected);
}

static void
right_pin(void)
{
	prompted_login(HELPERKIT_PIN, OUTCOME_OK);
	day.entered++;
}

static void
wrong_pin(void)
{
	prompted_login(WRONG_PIN, OUTCOME_PIN_WRONG);
	day.wrong++;
	right_pin();	/* the counter is full again */
}

/* The screen was locked by taking the card; the person comes back while the helper waits. */
static void
wait_for_card(void)
{
	struct heard m;

	take_card(10000);
	begin_login();
	helperkit_expect(kit, PROTO_CUE, &m);
	pass_for_helper(1000 + any(50) * 1000);
	put_card();
	helperkit_expect(kit, PROTO_PROMPT, &m);	/* the event is not lost */
	type(HELPERKIT_PIN);
	assert_int_equal(end_login(), OUTCOME_OK);
	day.waits++;
}

static void
wait_in_vain(void)
{
	struct heard m;

	take_card(20000);
	begin_login();
	helperkit_expect(kit, PROTO_CUE, &m);
	pass_for_helper(62000);
	assert_int_equal(end_login(), OUTCOME_NO_CARD);
	put_card();
	day.in_vain++;
}

static void
program_goes(void)
{
	struct heard m;

	begin_login();
	helperkit_expect(kit, PROTO_PROMPT, &m);
	pass(5000);
	helperkit_leave(kit);
	assert_int_not_equal(helperkit_end(kit), 0);
	expect_owed();
	day.gone++;
}

/* Another card is on the reader when the PIN has been typed. */
static void
swap_at_prompt(void)
{
	struct heard m;

	begin_login();
	helperkit_expect(kit, PROTO_PROMPT, &m);
	simscard_place(kit->readers, 0, "other");
	pass(10000);
	type(HELPERKIT_PIN);
	assert_int_not_equal(end_login(), OUTCOME_OK);
	day.removals++;
	put_card();
	day.swapped++;
}

/* pcscd is restarted at a prompt; what is then typed is tried once, or not at all. */
static void
restart_at_prompt(void)
{
	enum outcome_status status;
	struct heard m;

	begin_login();
	helperkit_expect(kit, PROTO_PROMPT, &m);
	day.no_service = true;
	pass(3000);
	simscard_restart(kit->readers);
	day.no_service = false;
	pass(10000);
	type(HELPERKIT_PIN);
	status = end_login();
	assert_true(status == OUTCOME_OK || status == OUTCOME_NO_SERVICE);
	day.restarts++;
}

/* The helper has been replaced; a program has the module of before. */
static void
upgrade(void)
{
	uint8_t packet[PROTO_PACKET_MAX];
	size_t len;

	helperkit_start_other_version(kit, packet, &len);
	assert_int_not_equal(helperkit_end(kit), 0);
	expect_owed();
	day.upgrades++;
}

static void
short_absence(void)
{
	take_card(1000);
	put_card();
}

static void
begin_day(struct helperkit *h)
{
	static const struct transport_ops ops = { .readers = day_readers };
	static const struct transport transport = { .ops = &ops };
	static const struct watch_ops watch_ops = { .look = day_look, .tell = day_tell, .renewed = day_renewed,
		.woke_ms = day_woke };

	kit = h;
	day = (struct day){ .seed = number_from_environment("SOAK_SEED", 1) };
	h->readers->wall_s = __real_time(NULL);
	h->readers->mono_ms = 1000;
	h->readers->clock_is_ours = true;
	helperkit_word(h, "wait=60");
	helperkit_card(h, "other", "other-person", NULL);
	watch_init(&day.watch, &transport, &clk_system, &watch_ops, GRACE_MS, -1);
	pass(2 * WATCH_SETTLE_MS);
}

static void
a_day(void **state)
{
	/* Right PINs are the most frequent. */
	static void (*const events[])(void) = { right_pin, right_pin, right_pin, right_pin, wrong_pin, wait_for_card,
		wait_for_card, wait_in_vain, program_goes, swap_at_prompt, restart_at_prompt, upgrade, short_absence };
	unsigned int until = number_from_environment("SOAK_DAY_S", DAY_S);
	struct helperkit *h = *state;
	int descriptors;
	long pages = 0;

	begin_day(h);
	descriptors = footprint_descriptors();
	for (unsigned int n = 0; h->readers->mono_ms / 1000 < until; n++) {
		if (n == 20)
			pages = footprint_pages();
		events[any(COUNT(events))]();
		pass(30000 + any(150) * 1000);
	}
	h->readers->clock_is_ours = false;
	print_message("%ld simulated hours: %u logins, %u successes, %u wrong PINs, %u waits, %u in vain, %u programs gone, "
	    "%u cards swapped, %u restarts of pcscd, %u upgrades; %u removals, %u locks; %ld pages more\n",
	    (long)(h->readers->mono_ms / 3600000), day.logins, day.entered, day.wrong, day.waits, day.in_vain, day.gone,
	    day.swapped, day.restarts, day.upgrades, day.removals, day.news[WATCH_REMOVED], footprint_pages() - pages);
	assert_int_equal(day.news[WATCH_REMOVED], day.removals);
	assert_int_equal(day.news[WATCH_SERVICE_GONE], day.restarts);
	assert_int_equal(footprint_descriptors(), descriptors);
	assert_true(footprint_pages() - pages <= 64);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	kit = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, helperkit_new, helperkit_done)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(on_one_reader),
		TEST(on_eight_readers),
		TEST(a_day),
		TEST(thousands),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "the helper trusts root's files alone: run this as root\n");
		return 77;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

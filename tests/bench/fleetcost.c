/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fleetcost [USERS]: what an organization of that many users (20000) costs a machine: the first fill of the copy,
 * a change, and what a login reads, beside one that knows its own registrations alone. JPKI_PKI names the
 * throw-away certificates; all users have the same one. Prints medians, for tests/bench/FLEET.md.
 */
#include "config.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/flowkit.h"

#include "flow/usercerts.h"
#include "lib/cleanup.h"
#include "nss/base64.h"
#include "tests/bench/stats.h"
#include "tools/fleet/judge.h"
#include "tools/fleet/memory.h"
#include "tools/fleet/store.h"

#define ROUNDS 101

static struct kit *kit;
static long users = 20000;
#define LINE_SIZE 16384
static char certificate[LINE_SIZE], another[LINE_SIZE];	/* "userCertificate;binary:: …" */

static bool
uid_of(void *ctx, const char *user, uid_t *ret_uid)
{
	*ret_uid = 1000;
	return true;
}

static void
read_certificate(const char *leaf, char line[static LINE_SIZE])
{
	char path[PATH_MAX];
	uint8_t der[8192];
	size_t len, n;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", kit->pki, leaf);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	n = (size_t)snprintf(line, LINE_SIZE, "userCertificate;binary:: ");
	assert_true(base64_write((struct view){ der, len }, line + n, LINE_SIZE - n));
}

static void
put_word_and_state(FILE *f, int generation)
{
	fprintf(f, "dn: cn=x\nobjectClass: device\ncn: %064d\ndescription: block\n\n", generation);
	fprintf(f, "dn: cn=state\nobjectClass: applicationProcess\ncn: state\ndescription: generation=%d time=%" PRId64
	    " enrolled=%ld blocked=%d\n", generation, kit->wall_s, users, generation);
}

/* All entries; the first user's is of another second, each time. */
static FILE *
directory(int generation)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	for (long i = 0; i < users; i++)
		fprintf(f, "dn: uid=u%ld,ou=jpki\nobjectClass: pkiUser\nuid: u%ld\nentryCSN: 202611290300%02d.000000Z#000000#001#000000\n%s\n\n",
		    i, i, i == 0 ? generation : 0, certificate);
	put_word_and_state(f, generation);
	assert_int_equal(fflush(f), 0);
	return f;
}

/* One card changed, one block more, and the state: what a server that keeps the connection says. */
static FILE *
change(int generation)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	fprintf(f, "dn: uid=u1,ou=jpki\nobjectClass: pkiUser\nuid: u1\nentryCSN: 202611290300%02d.000000Z#000000#001#000000\n%s\n\n",
	    generation, generation % 2 == 0 ? another : certificate);
	put_word_and_state(f, generation);
	assert_int_equal(fflush(f), 0);
	return f;
}

/* What this process has given to write(2), in bytes. */
static long
written(void)
{
	long bytes = 0;
	char line[128];
	FILE *f = fopen("/proc/self/io", "re");

	assert_non_null(f);
	while (bytes == 0 && fgets(line, sizeof line, f) != NULL)
		(void)sscanf(line, "wchar: %ld", &bytes);
	fclose(f);
	return bytes;
}

struct cost {
	double ms, cpu_ms;
	long bytes;
};

static double
cpu_ms(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* Judged and written as jpkictl does, but in one process. */
static struct cost
update(FILE *ldif, enum judge_answer answer, int generation)
{
	struct store store = store_of(&kit->env);
	struct judge_source source = { .ldif = ldif, .plan = tmpfile(), .answer = answer, .there = users };
	_cleanup_(memory_done) struct memory memory = { .head.has_source = false };
	_cleanup_(store_memory_done) struct store_memory before;
	_cleanup_(store_change_done) struct store_change text = { .text = NULL };
	_cleanup_(closep) int lock = -1;
	struct cost cost = { .ms = now_ms(), .cpu_ms = cpu_ms(), .bytes = written() };
	struct judgement j;

	assert_true(store_open(&store, &lock) && store_read_memory(&store, &before) && store_understand(&before, &memory));
	judge_refresh(&kit->env, &source, &memory, &j);
	assert_int_equal(j.end, JUDGE_TAKEN);
	fclose(source.ldif);
	assert_true(store_make_change(&before, &memory, &text) && store_write(&store, source.plan, &before, &text));
	assert_true(store_write_state(&store, &(struct fleetcopy_state){ .time = j.source.time, .generation = generation,
	    .enrolled = j.source.enrolled, .blocked = j.source.blocked }));
	fclose(source.plan);
	return (struct cost){ .ms = now_ms() - cost.ms, .cpu_ms = cpu_ms() - cost.cpu_ms, .bytes = written() - cost.bytes };
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median and quartiles of what a login reads, without the card. */
static void
login(const char *what, const char *user)
{
	double ms[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		struct usercerts e = { .count = 0 };
		struct outcome o;

		ms[i] = now_ms();
		o = usercerts_load(&kit->env, user, &e);
		ms[i] = now_ms() - ms[i];
		assert_true(outcome_ok(&o) && e.count == 1);
		usercerts_done(&e);
	}
	qsort(ms, ROUNDS, sizeof ms[0], by_size);
	printf("| %s | %.3f ms (%.3f to %.3f; least %.3f) |\n", what, ms[ROUNDS / 2], ms[ROUNDS / 4], ms[ROUNDS * 3 / 4],
	    ms[0]);
}

static void
print_cost(const char *what, struct cost cost)
{
	printf("| %s | %.0f ms (of the processor: %.0f), %.1f KiB written |\n", what, cost.ms, cost.cpu_ms, (double)cost.bytes / 1024);
}

static long bytes_on_disk;

static int
add_size(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	bytes_on_disk += (long)st->st_blocks * 512;
	return 0;
}

int
main(int argc, char **argv)
{
	char last[32];
	struct rusage usage;
	void *state;

	if (argc > 1)
		users = strtol(argv[1], NULL, 10);
	assert_int_equal(kit_new(&state), 0);
	kit = state;
	kit->env.uid_of = uid_of;
	read_certificate("good", certificate);
	read_certificate("other-person", another);
	kit_enroll(kit, "u0", "good", NULL);
	printf("| what, with %ld users | median (quartiles; least) |\n|---|---|\n", users);
	login("login by root's own registration, no copy", "u0");
	snprintf(kit->conf.fleet_dir, sizeof kit->conf.fleet_dir, "%.3000s/fleet", kit->dir);
	print_cost("first fill", update(directory(1), JUDGE_WHOLE, 1));
	for (int i = 2; i < 5; i++)
		print_cost("a whole answer: one block more", update(directory(i), JUDGE_WHOLE, i));
	for (int i = 5; i < 8; i++)
		print_cost("a change: one card, one block more", update(change(i), JUDGE_CHANGES, i));
	login("login by root's own registration, beside the copy", "u0");
	snprintf(last, sizeof last, "u%ld", users - 1);
	login("login by the last registration of the copy", last);
	assert_int_equal(nftw(kit->conf.fleet_dir, add_size, 16, FTW_PHYS), 0);
	printf("| the copy on disk | %ld MiB |\n", bytes_on_disk >> 20);
	getrusage(RUSAGE_SELF, &usage);
	printf("| most memory | %ld MiB |\n", usage.ru_maxrss / 1024);
	return kit_done(&state);
}

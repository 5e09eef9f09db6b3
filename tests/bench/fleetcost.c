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
static char certificate[16384];		/* "userCertificate;binary:: …" */

static bool
uid_of(void *ctx, const char *user, uid_t *ret_uid)
{
	*ret_uid = 1000;
	return true;
}

static void
read_certificate(void)
{
	char path[PATH_MAX];
	uint8_t der[8192];
	size_t len, n;
	FILE *f;

	snprintf(path, sizeof path, "%s/good.der", kit->pki);
	f = fopen(path, "re");
	assert_non_null(f);
	len = fread(der, 1, sizeof der, f);
	fclose(f);
	n = (size_t)snprintf(certificate, sizeof certificate, "userCertificate;binary:: ");
	assert_true(base64_write((struct view){ der, len }, certificate + n, sizeof certificate - n));
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
	fprintf(f, "dn: cn=x\nobjectClass: device\ncn: %064d\ndescription: block\n\n", generation);
	fprintf(f, "dn: cn=state\nobjectClass: applicationProcess\ncn: state\ndescription: generation=%d time=%" PRId64
	    " enrolled=%ld blocked=%d\n", generation, kit->wall_s, users, generation);
	return f;
}

static double
import(int generation)
{
	struct store store = store_of(&kit->env);
	struct judge_source source = { .ldif = directory(generation), .plan = tmpfile() };
	_cleanup_(memory_done) struct memory memory = { .has_source = false };
	_cleanup_(freep) char *remembered = NULL, *text = NULL;
	_cleanup_(closep) int lock = -1;
	double from = now_ms();
	struct judgement j;
	size_t len;

	assert_true(store_open(&store, &lock) && store_read_memory(&store, &remembered));
	if (remembered != NULL)
		assert_true(memory_read(remembered, &memory));
	judge_refresh(&kit->env, &source, &memory, &j);
	assert_int_equal(j.end, JUDGE_TAKEN);
	text = memory_write(&memory, &len);
	assert_true(text != NULL && store_write(&store, source.plan, text, len));
	assert_true(store_write_state(&store, &(struct fleetcopy_state){ .time = j.source.time, .generation = generation,
	    .enrolled = j.source.enrolled, .blocked = j.source.blocked }));
	from = now_ms() - from;
	fclose(source.ldif);
	fclose(source.plan);
	return from;
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

static long octets_on_disk;

static int
add_size(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	octets_on_disk += (long)st->st_blocks * 512;
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
	read_certificate();
	kit_enroll(kit, "u0", "good", NULL);
	printf("| what, with %ld users | median (quartiles; least) |\n|---|---|\n", users);
	login("login by root's own registration, no copy", "u0");
	snprintf(kit->conf.fleet_dir, sizeof kit->conf.fleet_dir, "%.3000s/fleet", kit->dir);
	printf("| first fill | %.0f ms |\n", import(1));
	for (int i = 2; i < 5; i++)
		printf("| one card changed, one block more | %.0f ms |\n", import(i));
	login("login by root's own registration, beside the copy", "u0");
	snprintf(last, sizeof last, "u%ld", users - 1);
	login("login by the last registration of the copy", last);
	assert_int_equal(nftw(kit->conf.fleet_dir, add_size, 16, FTW_PHYS), 0);
	printf("| the copy on disk | %ld MiB |\n", octets_on_disk >> 20);
	getrusage(RUSAGE_SELF, &usage);
	printf("| most memory | %ld MiB |\n", usage.ru_maxrss / 1024);
	return kit_done(&state);
}

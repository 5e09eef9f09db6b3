/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ownercost PKI COUNT DIR: what it costs to find for whom a card is registered, among COUNT registrations that it
 * makes in DIR. They are PKI/good.der with another serial number each, so no two are alike. Prints a table: median time,
 * read(2) calls and bytes read. "every registration judged" is how jpkictl status searched before there was an index.
 */
#include "config.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conf.h"
#include "config/userfile.h"
#include "flow/owners.h"
#include "flow/usercerts.h"
#include "nss/cert.h"
#include "nss/pem.h"
#include "nss/trustdb.h"
#include "tests/bench/stats.h"

#define RUNS 21
#define SERIAL_AT 15		/* two SEQUENCEs of four bytes, the version of five, tag and length */
#define HEAD_LEN 256

static struct conf conf;
static const struct log unheard;
static struct flow_env env = { .conf = &conf, .clk = &clk_system, .log = &unheard };
static uint8_t der[CERT_DER_MAX];
static size_t der_len;
static unsigned int count;

static void
number_it(unsigned int i)
{
	for (int b = 0; b < 4; b++)
		der[SERIAL_AT + b] = (uint8_t)((0x01000000 + i * 7) >> (24 - 8 * b));
}

static void
read_der(const char *pki, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", pki, name);
	f = fopen(path, "re");
	if (f == NULL)
		err(1, "%s", path);
	der_len = fread(der, 1, sizeof der, f);
	fclose(f);
}

static void
trust_issuer(const char *pki)
{
	struct outcome o;

	read_der(pki, "ca1");
	o = trustdb_add(conf.trust_db, env.trust_owner, (struct view){ der, der_len }, &unheard);
	if (!outcome_ok(&o))
		errx(1, "%s: %s", conf.trust_db, outcome_code(o.status));
}

static void
read_leaf(const char *pki)
{
	read_der(pki, "good");
	if (der_len < HEAD_LEN || der[SERIAL_AT - 2] != 2 || der[SERIAL_AT - 1] != 4)
		errx(1, "%s/good.der: its serial number is not where this program looks for it", pki);
}

/* Not by userfile_write(), which syncs each. */
static void
make_registrations(void)
{
	char path[4096], pem[2 * CERT_DER_MAX];
	FILE *f;

	for (unsigned int i = 0; i < count; i++) {
		number_it(i);
		if (!pem_write((struct view){ der, der_len }, pem, sizeof pem))
			errx(1, "pem_write");
		snprintf(path, sizeof path, "%.4000s/user%06u.pem", conf.users_dir, i);
		f = fopen(path, "we");
		if (f == NULL || fputs(pem, f) == EOF || fclose(f) != 0)
			err(1, "%s", path);
	}
}

/* --- measuring ------------------------------------------------------------------- */

static long
own_io(const char *key)
{
	char text[512];
	FILE *f = fopen("/proc/self/io", "re");
	size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
	const char *line;

	if (f != NULL)
		fclose(f);
	text[n] = '\0';
	line = strstr(text, key);
	return line != NULL ? strtol(line + strlen(key), NULL, 10) : 0;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
measure(const char *what, void (*work)(void), unsigned int runs)
{
	double ms[RUNS] = {0};
	long calls, bytes, look;

	look = -own_io("rchar: ");	/* what own_io() itself reads */
	look += own_io("rchar: ");
	calls = -own_io("syscr: ");
	bytes = -own_io("rchar: ");
	work();
	bytes += own_io("rchar: ") - look;
	calls += own_io("syscr: ") - 3;
	for (unsigned int i = 0; i < runs; i++) {
		double start = now_ms();

		work();
		ms[i] = now_ms() - start;
	}
	qsort(ms, runs, sizeof ms[0], compare);
	printf("|%s|%.2f ms|%ld|%ld|\n", what, ms[runs / 2], calls, bytes);
	(void)fflush(stdout);
}

static void
expect(unsigned int who, size_t owners)
{
	struct owners found;
	struct outcome o;

	number_it(who);
	o = owners_find(&env, (struct view){ der, HEAD_LEN }, SIZE_MAX, &found);
	if (!outcome_ok(&o) || found.count != owners)
		errx(1, "%s, %zu owners", outcome_code(o.status), found.count);
}

static void
find_owner(void)
{
	static unsigned int n;

	expect(n++ * 7919 % count, 1);
}

static void
find_stranger(void)
{
	expect(count + 5, 0);
}

static void
make_whole(void)
{
	struct outcome o = owners_index(&env, conf.users_dir, true);

	if (!outcome_ok(&o))
		errx(1, "%s", outcome_code(o.status));
}

static void
keep_in_step(void)
{
	struct outcome o = owners_index(&env, conf.users_dir, false);

	if (!outcome_ok(&o))
		errx(1, "%s", outcome_code(o.status));
}

static void
drop_in(void)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%.4000s/dropped.pem", conf.users_dir);
	f = fopen(path, "we");
	if (f == NULL || fclose(f) != 0)
		err(1, "%s", path);
}

static void
judge_user(void *ctx, const char *user)
{
	struct usercerts e = { .count = 0 };
	struct outcome o = usercerts_load(&env, user, &e);

	if (!outcome_ok(&o))
		errx(1, "%s: %s", user, outcome_code(o.status));
	usercerts_done(&e);
}

static void
judge_all(void)
{
	struct outcome o = userfile_each(conf.users_dir, env.trust_owner, &unheard, judge_user, NULL);

	if (!outcome_ok(&o))
		errx(1, "%s", outcome_code(o.status));
}

int
main(int argc, char **argv)
{
	char path[4096];

	if (argc != 4)
		errx(2, "usage: ownercost PKI COUNT DIR");
	conf_init(&conf);
	count = (unsigned int)strtoul(argv[2], NULL, 10);
	env.trust_owner = geteuid();
	snprintf(conf.users_dir, sizeof conf.users_dir, "%s/users", argv[3]);
	snprintf(conf.trust_db, sizeof conf.trust_db, "%s/nssdb", argv[3]);
	conf.crl = CONF_CRL_OFF;
	if (count == 0 || mkdir(conf.users_dir, 0755) != 0)
		err(1, "%s", conf.users_dir);
	trust_issuer(argv[1]);
	read_leaf(argv[1]);
	make_registrations();
	printf("%u registrations\n\n|what|time|read(2)|bytes|\n|---|---|---|---|\n", count);
	measure("no index: its owner", find_owner, 3);
	measure("the index made (jpkictl index)", make_whole, 3);
	measure("its owner, by the index", find_owner, RUNS);
	measure("a card that is registered for no user", find_stranger, RUNS);
	measure("the index kept in step (jpkictl enroll)", keep_in_step, RUNS);
	drop_in();
	measure("its owner, with one file that the index does not know", find_owner, RUNS);
	snprintf(path, sizeof path, "%.4000s/dropped.pem", conf.users_dir);
	(void)unlink(path);
	measure("every registration judged", judge_all, 1);
	return 0;
}

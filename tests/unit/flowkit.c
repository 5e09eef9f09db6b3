/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/flowkit.h"
#include "tests/unit/test.h"

#include "config/userfile.h"
#include "flow/find.h"
#include "lib/cleanup.h"
#include "nss/crl/store.h"
#include "nss/trustdb.h"

/* --- transport ---------------------------------------------------------------- */

static struct outcome
kit_readers(void *ctx, struct transport_readers *ret)
{
	struct kit *k = ctx;

	if (!outcome_ok(&k->readers_fail))
		return k->readers_fail;
	*ret = (struct transport_readers){ .count = k->reader_count };
	for (size_t i = 0; i < k->reader_count; i++) {
		struct transport_reader *r = &ret->at[i];

		snprintf(r->name, sizeof r->name, "Reader %zu", i);
		r->has_card = k->card[i] != NULL && sim_card_present(k->card[i]);
		r->generation = k->generation[i];
		r->in_use = r->exclusive = r->has_card && k->exclusive[i];
	}
	return outcome_of(OUTCOME_OK);
}

static struct outcome
kit_wait(void *ctx, const struct transport_readers *known, int64_t ms)
{
	struct kit *k = ctx;

	k->waits++;
	k->mono_ms += ms;
	if (k->on_wait != NULL)
		k->on_wait(k);
	return outcome_of(OUTCOME_OK);
}

static struct outcome
kit_open(void *ctx, const char *reader, int64_t ms)
{
	struct kit *k = ctx;
	int i = reader[strlen(reader) - 1] - '0';

	assert_int_equal(k->open_reader, -1);
	k->opens++;
	k->open_within_ms = ms;
	if (!outcome_ok(&k->open_fail) && (k->open_fail_reader < 0 || k->open_fail_reader == i))
		return k->open_fail;
	if ((size_t)i >= k->reader_count)
		return outcome_of(OUTCOME_NO_READER);
	if (k->card[i] == NULL || !sim_card_present(k->card[i]))
		return outcome_of(OUTCOME_CARD_REMOVED);
	sim_card_power(k->card[i], true);
	k->open_reader = i;
	k->mono_ms += k->open_takes_ms;
	return outcome_of(OUTCOME_OK);
}

static struct outcome
kit_power_cycle(void *ctx)
{
	struct kit *k = ctx;

	assert_int_not_equal(k->open_reader, -1);
	k->power_cycles++;
	sim_card_power(k->card[k->open_reader], false);
	sim_card_power(k->card[k->open_reader], true);
	return outcome_of(OUTCOME_OK);
}

static struct outcome
kit_transmit(void *ctx, const uint8_t *cmd, size_t cmd_len, uint8_t *resp, size_t cap,
    size_t *ret_len)
{
	static uint8_t bytes[SIM_RESPONSE_MAX];
	struct kit *k = ctx;
	struct sim_card *card;
	size_t n;

	assert_int_not_equal(k->open_reader, -1);
	card = k->card[k->open_reader];
	n = sim_card_transmit(card, cmd, cmd_len, bytes, sizeof bytes);
	if (sim_card_delay_ms(card) == SIM_FOREVER)
		return outcome_of(OUTCOME_TIMEOUT);
	if (!sim_card_present(card)) {
		k->generation[k->open_reader]++;
		return outcome_of(OUTCOME_CARD_REMOVED);
	}
	/* as card/pcsc.c judges them */
	if (n < 2 || n > cap)
		return outcome_of(OUTCOME_BAD_REPLY);
	memcpy(resp, bytes, n);
	*ret_len = n;
	return outcome_of(OUTCOME_OK);
}

static bool
kit_close(void *ctx, enum transport_close how)
{
	struct kit *k = ctx;

	assert_int_not_equal(k->open_reader, -1);
	if (how == TRANSPORT_POWER_DOWN) {
		k->power_downs++;
		sim_card_power(k->card[k->open_reader], false);
	} else {
		k->leaves++;
	}
	k->open_reader = -1;
	return true;
}

static const struct transport_ops kit_ops = {
	.readers = kit_readers,
	.wait = kit_wait,
	.open = kit_open,
	.power_cycle = kit_power_cycle,
	.transmit = kit_transmit,
	.close = kit_close,
};

/* --- clock, log, person -------------------------------------------------------- */

static int64_t
kit_wall(void *ctx)
{
	return ((struct kit *)ctx)->wall_s;
}

static int64_t
kit_mono(void *ctx)
{
	return ((struct kit *)ctx)->mono_ms;
}

static void
kit_sink(void *ctx, int priority, const char *text)
{
	struct kit *k = ctx;

	if (priority < 7)
		snprintf(k->last_log, sizeof k->last_log, "%s", text);
}

static struct outcome
kit_ask(void *ctx, const struct found_card *found, struct secret *pin)
{
	struct kit *k = ctx;

	/* Nothing may be held while a person types. */
	assert_int_equal(k->open_reader, -1);
	assert_int_equal(strncmp(found->reader, "Reader ", 7), 0);
	k->prompts++;
	k->prompted_tries = found->tries_left;
	if (k->on_prompt != NULL)
		k->on_prompt(k);
	if (k->answer == NULL)
		return outcome_of(OUTCOME_CANCELLED);
	if (!secret_set(pin, k->answer, strlen(k->answer)))
		return outcome_of(OUTCOME_PIN_FORMAT);
	return outcome_of(OUTCOME_OK);
}

static struct outcome
kit_early(void *ctx)
{
	struct kit *k = ctx;

	k->earlies++;
	if (k->on_early != NULL)
		k->on_early(k);
	return outcome_of(k->early);
}

void
kit_ask_early(struct kit *k)
{
	k->ui.ask_early = kit_early;
}

static void
kit_cue(void *ctx)
{
	struct kit *k = ctx;

	k->cues++;
}

static bool
kit_gone(void *ctx)
{
	return ((struct kit *)ctx)->gone;
}

/* --- set-up --------------------------------------------------------------------- */

static void
trust(struct kit *k, const char *ca)
{
	_cleanup_(freep) char *der = NULL;
	char path[PATH_MAX];
	struct outcome o;
	size_t len;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.der", k->pki, ca);
	f = fopen(path, "re");
	assert_non_null(f);
	der = malloc(8192);
	assert_non_null(der);
	len = fread(der, 1, 8192, f);
	fclose(f);
	o = trustdb_add(k->conf.trust_db, geteuid(), (struct view){ (uint8_t *)der, len }, NULL);
	assert_int_equal(o.status, OUTCOME_OK);
}

void
kit_trust(struct kit *k, const char *name, const char *ca)
{
	snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "%.3000s/%s", k->dir, name);
	trust(k, ca);
}

void
kit_import(struct kit *k, const char *crl)
{
	struct crlstore store = { .dir = k->conf.crl_dir, .trust_db = k->conf.trust_db,
		.owner = geteuid() };
	char path[PATH_MAX], name[CRLSTORE_NAME_MAX];
	struct crl_facts facts;
	enum crl_fault f;
	int fd;

	snprintf(path, sizeof path, "%s/crl/%s.crl", k->pki, crl);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	f = crlstore_import(&store, fd, k->wall_s, &facts, name);
	close(fd);
	if (f != CRL_OK)
		fail_msg("%s: %s", crl, crl_fault_code(f));
}

/* The database is made once: every test copies nothing and only reads it. */
static char shared_db[PATH_MAX];

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static void
remove_tree(const char *dir)
{
	(void)nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void
remove_shared_db(void)
{
	remove_tree(shared_db);
}

static void
make_trust_db(struct kit *k)
{
	if (shared_db[0] == '\0') {
		snprintf(shared_db, sizeof shared_db, "/tmp/jpki-flow-db-XXXXXX");
		assert_non_null(mkdtemp(shared_db));
		atexit(remove_shared_db);
		snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "%.4000s/nssdb", shared_db);
		trust(k, "ca1");
		trust(k, "ca2");
		trust(k, "ca-ec");
		snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.4000s/crl", shared_db);
		kit_import(k, "ca1");
		kit_import(k, "ca2");
		kit_import(k, "ca-ec");
	}
	snprintf(k->conf.crl_dir, sizeof k->conf.crl_dir, "%.4000s/crl", shared_db);
	snprintf(k->conf.trust_db, sizeof k->conf.trust_db, "%.4000s/nssdb", shared_db);
}

int
kit_new(void **state)
{
	struct kit *k = calloc(1, sizeof *k);

	assert_non_null(k);
	k->pki = getenv("JPKI_PKI");
	assert_non_null(k->pki);
	snprintf(k->dir, sizeof k->dir, "/tmp/jpki-flow-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	conf_init(&k->conf);
	snprintf(k->conf.block_list, sizeof k->conf.block_list, "%.4000s/blocked", k->dir);
	k->wall_s = time(NULL);
	make_trust_db(k);
	snprintf(k->conf.users_dir, sizeof k->conf.users_dir, "%.4000s/users", k->dir);

	k->clk = (struct clk){ .wall_s = kit_wall, .mono_ms = kit_mono, .ctx = k };
	k->log = (struct log){ .sink = kit_sink, .ctx = k };
	k->transport = (struct transport){ .ops = &kit_ops, .ctx = k };
	k->ui = (struct flow_ui){ .ask_pin = kit_ask, .waits = kit_cue, .gone = kit_gone, .ctx = k };
	k->env = (struct flow_env){ .conf = &k->conf, .transport = &k->transport, .clk = &k->clk,
		.log = &k->log, .trust_owner = geteuid() };
	k->reader_count = 1;
	k->open_reader = k->open_fail_reader = -1;
	k->readers_fail = k->open_fail = outcome_of(OUTCOME_OK);
	k->answer = "1234";
	*state = k;
	return 0;
}

int
kit_done(void **state)
{
	struct kit *k = *state;

	for (size_t i = 0; i < KIT_READERS; i++)
		sim_card_free(k->card[i]);
	remove_tree(k->dir);
	free(k);
	return 0;
}

void
kit_enroll(struct kit *k, const char *user, ...)
{
	char text[32768] = "", path[PATH_MAX];
	struct outcome o;
	const char *leaf;
	va_list ap;

	va_start(ap, user);
	while ((leaf = va_arg(ap, const char *)) != NULL) {
		size_t len = strlen(text);
		FILE *f;

		snprintf(path, sizeof path, "%s/%s.crt", k->pki, leaf);
		f = fopen(path, "re");
		assert_non_null(f);
		len += fread(text + len, 1, sizeof text - len - 1, f);
		text[len] = '\0';
		fclose(f);
	}
	va_end(ap);
	o = userfile_write(k->conf.users_dir, user, k->env.trust_owner, text, NULL);
	assert_int_equal(o.status, OUTCOME_OK);
}

void
kit_insert(struct kit *k, unsigned int reader, const char *leaf, const char *option)
{
	char dir[PATH_MAX], err[SIM_ERROR_MAX];
	const char *argv[] = { dir, k->pki, leaf, option, NULL };

	snprintf(dir, sizeof dir, "%.4000s/card%u-%s", k->dir, reader, leaf);
	assert_true(sim_make_card(argv));
	sim_card_free(k->card[reader]);
	k->card[reader] = sim_card_open(dir, err, sizeof err);
	if (k->card[reader] == NULL)
		fail_msg("%s", err);
	k->generation[reader]++;
}

void
kit_remove(struct kit *k, unsigned int reader)
{
	sim_card_free(k->card[reader]);
	k->card[reader] = NULL;
	k->generation[reader]++;
}

void
kit_set(struct kit *k, const char *key, const char *value)
{
	char err[SIM_ERROR_MAX];

	if (!sim_card_set(k->card[0], key, value, err, sizeof err))
		fail_msg("%s=%s: %s", key, value, err);
}

void
kit_fault(struct kit *k, const char *fault)
{
	char err[SIM_ERROR_MAX];

	if (!sim_card_fault(k->card[0], fault, err, sizeof err))
		fail_msg("fault %s: %s", fault, err);
}

void
kit_clear_faults(struct kit *k)
{
	kit_fault(k, "clear");
}

const char *
kit_get(struct kit *k, const char *key)
{
	static char value[256];

	assert_true(sim_card_get(k->card[0], key, value, sizeof value));
	return value;
}

struct sim_stats
kit_stats(struct kit *k)
{
	return sim_card_stats(k->card[0]);
}

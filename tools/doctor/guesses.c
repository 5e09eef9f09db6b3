/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of failed PIN entries. */
#include "config.h"

#include <unistd.h>

#include "lib/guesses.h"
#include "tools/doctor/doctor.h"

struct records {
	struct doctor *d;
	const struct guesses_store *store;
};

/* Judges one account of one record, unless an earlier entry had the same account. */
static void
judge_account(const struct records *r, const char *cert, const struct guesses *g, size_t at)
{
	struct guesses of_account = { .count = 0 };
	char list[GUESSES_LIST_MAX];
	uid_t uid = g->at[at].uid;

	for (size_t i = 0; i < at; i++)
		if (g->at[i].uid == uid)
			return;
	if (guesses_may_ask(g, uid, clk_wall_s(r->store->clk), NULL))
		return;
	for (size_t i = 0; i < g->count; i++)
		if (g->at[i].uid == uid) {
			struct guess_entry *e = &of_account.at[of_account.count++];

			*e = g->at[i];
			e->untold = e->failed;	/* all of them, reported or not */
		}
	(void)guesses_list_failed(&of_account, &tool_names, list);
	found(r->d, FOUND_GUESSES, "%s/%s, %s", r->store->dir, cert, list);
}

static void
judge_record(void *ctx, const char *cert)
{
	const struct records *r = ctx;
	struct guesses g;

	if (guesses_read(r->store, cert, &g) != GUESSES_READ) {
		found(r->d, FOUND_GUESSES_UNUSABLE, "%s", r->d->said);
		return;
	}
	for (size_t i = 0; i < g.count; i++)
		judge_account(r, cert, &g, i);
}

void
doctor_guesses(struct doctor *d)
{
	const struct guesses_store store = { .dir = GUESSES_DIR, .owner = 0, .clk = d->t->env.clk,
		.log = &d->t->log };
	struct records r = { .d = d, .store = &store };

	if (geteuid() == 0 && !guesses_each(&store, judge_record, &r))
		found(d, FOUND_GUESSES_UNUSABLE, "%s", d->said);
}

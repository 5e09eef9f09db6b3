/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world for flow tests, all of it real but the plastic and the wires: an NSS
 * database and enrollments in a scratch folder, and simulated cards that are
 * called in-process through the transport table.
 */
#ifndef JPKI_TESTS_FLOWKIT_H
#define JPKI_TESTS_FLOWKIT_H

#include "card/transport.h"
#include "config/conf.h"
#include "flow/possession/env.h"
#include "lib/secret.h"
#include "tests/sim/card.h"

#define KIT_READERS 2

struct kit {
	char dir[PATH_MAX];		/* scratch; removed by kit_done() */
	const char *pki;		/* $JPKI_PKI */
	struct conf conf;
	struct transport transport;
	struct clk clk;
	int64_t wall_s, mono_ms;	/* what the clock says; waiting moves mono_ms */
	struct log log;
	char last_log[1024];
	struct budget budget;		/* env's, if a test gives it to it */
	struct flow_env env;
	struct flow_ui ui;

	/* readers and cards */
	size_t reader_count;
	struct sim_card *card[KIT_READERS];
	uint32_t generation[KIT_READERS];
	int open_reader;		/* -1: none */
	struct outcome readers_fail, open_fail;	/* OUTCOME_OK: do not */
	int open_fail_reader;		/* -1: all */
	int64_t open_takes_ms;
	int64_t open_within_ms;		/* what the last open() was told */
	bool exclusive[KIT_READERS];	/* another program has the card to itself */
	unsigned int opens, waits, leaves, power_downs, power_cycles;
	void (*on_wait)(struct kit *k);

	/* the person */
	const char *answer;		/* NULL: cancels */
	unsigned int prompts;
	unsigned int cues;		/* that a card is waited for */
	unsigned int earlies;		/* questions before a card is there; the kit's ui has none by itself */
	enum outcome_status early;	/* what comes of one */
	void (*on_early)(struct kit *k);	/* happens meanwhile */
	int prompted_tries;
	void (*on_prompt)(struct kit *k);	/* happens while the person types */
	bool gone;
};

/* For cmocka's setup and teardown. */
int kit_new(void **state);
int kit_done(void **state);

/* A program that asks before a card is there. */
void kit_ask_early(struct kit *k);

/* Enrolls NAME.pem with leaves of the test PKI (NULL-terminated list). */
void kit_enroll(struct kit *k, const char *user, ...);
/* Makes a database of its own in the kit's folder, with this authority alone, which counts from then on. */
void kit_trust(struct kit *k, const char *name, const char *ca);
/* Imports a CRL of the test PKI into conf.crl_dir. The kit's own are those of ca1, ca2, ca-ec. */
void kit_import(struct kit *k, const char *crl);
/* Puts a card with this leaf into a reader. "profile=..." and the like, or NULL. */
void kit_insert(struct kit *k, unsigned int reader, const char *leaf, const char *option);
void kit_remove(struct kit *k, unsigned int reader);
void kit_set(struct kit *k, const char *key, const char *value);
void kit_fault(struct kit *k, const char *fault);
void kit_clear_faults(struct kit *k);
/* What the card in the first reader says of itself. */
const char *kit_get(struct kit *k, const char *key);
struct sim_stats kit_stats(struct kit *k);

#endif

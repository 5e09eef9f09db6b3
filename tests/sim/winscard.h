/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * winscard and a pcscd without a daemon: readers with simulated cards, shared by a test and the processes
 * that it forks. A program with these functions in place of libpcsclite's runs card/pcsc.c and all above it
 * as they are, and thousands of logins need no reader.
 *
 * As of pcscd: a transaction belongs to one connection, others wait for it; an ended process loses it; a
 * card that was reset answers its next user SCARD_W_RESET_CARD; states carry a count of insertions. One
 * connection of a process has one card at a time, as the helper does.
 */
#ifndef JPKI_TESTS_SIM_WINSCARD_H
#define JPKI_TESTS_SIM_WINSCARD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SIMSCARD_READERS 8
#define SIMSCARD_TRIES 4096
#define SIMSCARD_PIN_MAX 17

/* A mapped file that the test shares with its helpers: the test places cards and sets the clock, the helpers count. */
struct simscard {
	unsigned int reader_count;
	unsigned int boots;		/* of pcscd: connections of an earlier one are broken */
	int64_t mono_ms;		/* if clock_is_ours: the time of everything */
	int64_t wall_s;
	bool clock_is_ours;
	struct {
		char card[64];		/* directory of the card below that of the simulation; "": none */
		unsigned int generation;	/* cards put on and taken off */
		unsigned int resets;
		pid_t owner;		/* has the transaction; 0: no process */
		bool verified;		/* a PIN is verified on the card, whatever process did it */
	} reader[SIMSCARD_READERS];
	unsigned int contexts;		/* open now */
	unsigned int signatures;
	unsigned int left_verified;	/* how often a card was handed on with a PIN verified */
	unsigned int try_count;		/* of tries[], at most SIMSCARD_TRIES */
	char tries[SIMSCARD_TRIES][SIMSCARD_PIN_MAX];	/* the PIN of each VERIFY that a card has seen */
};

/* Makes DIR/shared, mapped here and in processes forked from here. NULL if that fails. */
struct simscard *simscard_new(const char *dir);

/* Puts the card of directory DIR/card on a reader, or takes it off ("" or NULL). */
void simscard_place(struct simscard *s, unsigned int reader, const char *card);

/* pcscd is stopped and started: all connections break, cards lose their power. */
void simscard_restart(struct simscard *s);

/* Another program takes the transaction of a reader, until the descriptor is closed. */
int simscard_hold(const char *dir, unsigned int reader);

/* Set while a function of winscard works here: for tests whose own calls fail, and not those of a reader. */
extern bool *simscard_works;

/* A fault of the simulated card (tests/sim/card.h) from its next powering on; NULL: none. This process only. */
void simscard_fault(const char *fault);

#endif

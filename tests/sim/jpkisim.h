/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of jpkisim share: the reader's side, the control side. */
#ifndef JPKI_TESTS_SIM_JPKISIM_H
#define JPKI_TESTS_SIM_JPKISIM_H

#include <poll.h>

#include "tests/sim/card.h"

#define CLIENTS_MAX	8
#define LINE_MAX_LEN	1024
#define REPLY_MAX	1024

#define NEVER		INT64_MAX

/* To vpcd a connection is a card in the reader. */
enum link {
	LINK_NONE,
	LINK_UP,
	LINK_CLOSING,			/* we said good-bye; pcscd has not noticed */
};

/* What a control client waits for. */
enum wait {
	WAIT_NOTHING,
	WAIT_INSERTED,			/* pcscd has powered the card and read its ATR */
	WAIT_REMOVED,			/* pcscd has noticed that the link is gone */
};

struct client {
	int fd;				/* -1: free */
	char line[LINE_MAX_LEN];
	size_t len;
};

struct sim {
	struct sim_card *card;
	const char *host, *port;

	bool inserted;			/* wanted */
	enum link link;
	int fd;				/* of the link */
	bool powered;			/* since the link is up */
	bool unanswered;		/* a command, on this link */
	int64_t retry_at;		/* not to connect before */

	uint8_t *answer;		/* held back until due */
	size_t answer_len;
	int64_t answer_due;		/* NEVER: none, or not ever */

	FILE *trace;
	const char *control_path;
	int listener;
	struct client clients[CLIENTS_MAX];
	enum wait wait;
	int64_t wait_until;
	struct client *waiting;
	struct sim_card *next_card;	/* to be inserted after the removal */
	bool quit;
};

int64_t now_ms(void);

/* reader.c */
void reader_insert(struct sim *sim);
void reader_remove(struct sim *sim);
/* Replaces the card while none is in the reader; the reader owns it from then on. */
void reader_change_card(struct sim *sim, struct sim_card *card);
void reader_tick(struct sim *sim);
/* Milliseconds until reader_tick has something to do, -1 for never. */
int reader_timeout(const struct sim *sim);
void reader_input(struct sim *sim);

/* control.c */
bool control_listen(struct sim *sim, const char *path);
void control_close(struct sim *sim);
size_t control_pollfds(const struct sim *sim, struct pollfd *fds);
void control_input(struct sim *sim, const struct pollfd *fds, size_t n);
/* Called whenever the link has changed, and now and then. */
void control_tick(struct sim *sim);
bool trace_to(struct sim *sim, const char *path);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The transport over PC/SC; the only file that includes winscard.h. */
#ifndef JPKI_CARD_PCSC_H
#define JPKI_CARD_PCSC_H

#include "card/transport.h"
#include "lib/clk.h"
#include "lib/log.h"

struct pcsc;

/* Where pcscd listens (compiled into libpcsclite, which has no call that tells). */
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"

/*
 * Prepares the transport; pcscd is contacted at the first use. clk and log
 * are lent for its life. NULL if there is no memory. Free with pcsc_free(),
 * which closes what is open (powering the card down); NULL is fine.
 */
struct pcsc *pcsc_new(const struct clk *clk, const struct log *log) MUST_CHECK;
void pcsc_free(struct pcsc *pcsc);

/*
 * Connects to pcscd now rather than at the first use. For a process that is about to become a user
 * whom pcscd may refuse: the connection stays that of the user who made it. NO_SERVICE:
 * the first use tries again. SERVICE_REFUSED is for good, since what refuses us refuses that user.
 */
struct outcome pcsc_connect(struct pcsc *pcsc) MUST_CHECK;

/*
 * Connects to pcscd, unless it is connected, for the last time: should pcscd go from now on,
 * that is NO_SERVICE for good. For a process that is about to lose the right to connect
 * (helper/cage.h). NO_SERVICE, SERVICE_REFUSED.
 */
struct outcome pcsc_forbid_reconnect(struct pcsc *pcsc) MUST_CHECK;

/* Lent; valid as long as pcsc. */
struct transport *pcsc_transport(struct pcsc *pcsc);

/* What a reader's driver says of itself, and what the card in it answered to its reset. */
struct pcsc_description {
	char vendor[64];	/* "" where the driver does not say */
	char version[16];	/* of the driver, "1.5.2"; "" likewise */
	bool has_card;
	bool mute;		/* a card that did not answer */
	bool contactless;	/* by the form of the ATR (PC/SC part 3 §3.1.3.2.3) */
};

/*
 * Describes a reader. For that it connects to the reader itself (SCARD_SHARE_DIRECT), which
 * does nothing to a card; where another program has it, vendor and version stay
 * empty. NO_READER, NO_SERVICE, SERVICE_REFUSED.
 */
struct outcome pcsc_describe(struct pcsc *pcsc, const char *reader,
    struct pcsc_description *ret) MUST_CHECK;

/*
 * What it means if a deadline strikes at this moment: CARD_BUSY while waiting
 * for another program's transaction (libpcsclite waits without limit), else
 * TIMEOUT. May be called from a signal handler.
 */
enum outcome_status pcsc_pending(const struct pcsc *pcsc);

#endif

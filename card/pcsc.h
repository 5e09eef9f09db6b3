/* SPDX-License-Identifier: BSD-2-Clause */
/* The transport over PC/SC; the only file that includes winscard.h. */
#ifndef JPKI_CARD_PCSC_H
#define JPKI_CARD_PCSC_H

#include "card/transport.h"
#include "lib/clk.h"
#include "lib/log.h"

struct pcsc;

/* The socket of pcscd. libpcsclite has the path built in and no function that returns it. */
#define PCSC_SOCKET "/run/pcscd/pcscd.comm"

/*
 * Prepares the transport; pcscd is contacted at the first use. clk and log
 * are lent for its life. NULL if out of memory. Free with pcsc_free(),
 * which closes what is open (powering the card down); NULL is fine.
 */
struct pcsc *pcsc_new(const struct clk *clk, const struct log *log) MUST_CHECK;
void pcsc_free(struct pcsc *pcsc);

/*
 * Connects to pcscd now rather than at the first use. For a process that is about to switch to a user whom
 * pcscd may refuse: pcscd checks the user that made the connection. NO_SERVICE: the first use tries again.
 * SERVICE_REFUSED is final: if pcscd refuses us, it refuses that user too.
 */
struct outcome pcsc_connect(struct pcsc *pcsc) MUST_CHECK;

/*
 * Connects to pcscd, unless it is connected, for the last time: if pcscd
 * exits later, every call returns NO_SERVICE. For a process that is about to
 * lose the right to connect (helper/cage.h). NO_SERVICE, SERVICE_REFUSED.
 */
struct outcome pcsc_forbid_reconnect(struct pcsc *pcsc) MUST_CHECK;

/* Owned by pcsc, valid as long as it is. */
struct transport *pcsc_transport(struct pcsc *pcsc);

/* What the driver of a reader reports, and how the card in it answered its reset. */
struct pcsc_description {
	char vendor[64];	/* "" if the driver does not report it */
	char version[16];	/* of the driver, "1.5.2"; "" likewise */
	bool has_card;
	bool mute;		/* a card that did not answer */
	bool contactless;	/* judged by the form of the ATR (PC/SC part 3 §3.1.3.2.3) */
};

/*
 * Describes a reader. For that it connects to the reader itself (SCARD_SHARE_DIRECT), which does not touch
 * the card; if another program uses it exclusively, vendor and version stay empty. NO_READER, NO_SERVICE,
 * SERVICE_REFUSED.
 */
struct outcome pcsc_describe(struct pcsc *pcsc, const char *reader,
    struct pcsc_description *ret) MUST_CHECK;

/*
 * The outcome if a deadline expires at this moment: CARD_BUSY while waiting
 * for another program's transaction (libpcsclite waits without limit), else
 * TIMEOUT. May be called from a signal handler.
 */
enum outcome_status pcsc_outcome_if_late(const struct pcsc *pcsc);

#endif

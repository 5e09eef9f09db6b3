/* The transport over PC/SC; the only file that includes winscard.h. */
#ifndef JPKI_CARD_PCSC_H
#define JPKI_CARD_PCSC_H

#include "card/transport.h"
#include "lib/clk.h"
#include "lib/log.h"

struct pcsc;

/*
 * Prepares the transport; pcscd is contacted at the first use. clk and log
 * are lent for its life. NULL if there is no memory. Free with pcsc_free(),
 * which closes what is open (powering the card down); NULL is fine.
 */
struct pcsc *pcsc_new(const struct clk *clk, const struct log *log) MUST_CHECK;
void pcsc_free(struct pcsc *pcsc);

/* Lent; valid as long as pcsc. */
struct transport *pcsc_transport(struct pcsc *pcsc);

/*
 * What it means if a deadline strikes at this moment: CARD_BUSY while waiting
 * for another program's transaction (libpcsclite waits without limit), else
 * TIMEOUT. May be called from a signal handler.
 */
enum jpki_status pcsc_pending(const struct pcsc *pcsc);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport that seals the cage (helper/cage.h) before it listens to a card: what is connected
 * then stays connected, and nothing else can be.
 */
#ifndef JPKI_HELPER_SEALED_CARD_H
#define JPKI_HELPER_SEALED_CARD_H

#include "lib/log.h"
#include "lib/outcome.h"

struct pcsc;
struct transport;

/*
 * pcsc's transport, which seals the cage before each open(). One for the process; it uses both
 * arguments until the end.
 */
struct transport *sealed_card_transport(struct pcsc *pcsc, const struct log *log);

/* The seal alone, for a task without a card; calling it once is enough. As cage_seal(). */
struct outcome sealed_card_seal(const struct log *log) MUST_CHECK;

#endif

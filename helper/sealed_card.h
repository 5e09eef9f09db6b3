/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to a card that seals the cage (helper/cage.h) before a card is heard: what is connected
 * then stays connected, and nothing else comes.
 */
#ifndef JPKI_HELPER_SEALED_CARD_H
#define JPKI_HELPER_SEALED_CARD_H

#include "lib/log.h"
#include "lib/outcome.h"

struct pcsc;
struct transport;

/* pcsc's transport, with the seal before each open(). One for the process; both are lent to it. */
struct transport *sealed_card_transport(struct pcsc *pcsc, const struct log *log);

/* The seal alone, for a task without a card; once is enough. As cage_seal(). */
struct outcome sealed_card_seal(const struct log *log) MUST_CHECK;

#endif

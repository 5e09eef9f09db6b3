/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "card/pcsc.h"
#include "card/transport.h"
#include "helper/cage.h"
#include "helper/link.h"
#include "helper/sealed_card.h"
#include "helper/tick.h"

static struct {
	struct pcsc *pcsc;
	const struct log *log;
	struct transport transport;
	struct transport_ops ops;
} way;

struct outcome
sealed_card_seal(const struct log *log)
{
	static bool sealed;
	struct outcome o;

	if (sealed)
		return outcome_of(OUTCOME_OK);
	o = cage_seal(log);
	sealed = outcome_ok(&o);
	return o;
}

static struct outcome
seal_and_open(void *ctx, const char *reader, int64_t ms)
{
	struct outcome o = pcsc_forbid_reconnect(way.pcsc);

	if (outcome_ok(&o))
		o = sealed_card_seal(way.log);
	if (!outcome_ok(&o))
		return o;
	link_name_card(reader, NULL);
	tick_others_have_card(ms);
	return pcsc_transport(way.pcsc)->ops->open(ctx, reader, ms);
}

struct transport *
sealed_card_transport(struct pcsc *pcsc, const struct log *log)
{
	way.pcsc = pcsc;
	way.log = log;
	way.transport = *pcsc_transport(pcsc);
	way.ops = *way.transport.ops;
	way.ops.open = seal_and_open;
	way.transport.ops = &way.ops;
	return &way.transport;
}

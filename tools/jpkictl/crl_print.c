/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/i18n.h"
#include "lib/message.h"
#include "tools/jpkictl/cmd_crl.h"

void
crl_print_facts(const struct crl_facts *facts)
{
	char from[MESSAGE_DATE_MAX], to[MESSAGE_DATE_MAX];

	message_date(facts->this_update, from);
	message_date(facts->next_update, to);
	printf(_("%s to %s, %" PRIu64 " revoked"), from, to, facts->count);
}

void
crl_put_fault(json_t *object, enum crl_fault fault)
{
	json_put(object, "state", json_text(crl_fault_code(fault)));
	if (fault != CRL_OK)
		json_put(object, "text", json_text(_(crl_fault_text(fault))));
}

/* A cRLNumber without leading zeros, at least one byte. */
struct view
crl_number(const struct crl_facts *facts)
{
	size_t skip = 0;

	while (skip < CRL_SERIAL_MAX - 1 && facts->number[skip] == 0)
		skip++;
	return (struct view){ facts->number + skip, CRL_SERIAL_MAX - skip };
}

void
crl_put_facts(json_t *object, const struct crl_facts *facts)
{
	json_put(object, "issuer_key_sha256", json_hex((struct view){ facts->issuer_key, CRL_HASH_LEN }));
	json_put(object, "this_update", json_time(facts->this_update));
	json_put(object, "next_update", json_time(facts->next_update));
	if (facts->has_number)
		json_put(object, "number", json_hex(crl_number(facts)));
	json_put(object, "revoked", json_integer((json_int_t)facts->count));
	json_put(object, "size", json_integer((json_int_t)facts->size));
	json_put(object, "sha256", json_hex((struct view){ facts->sha256, CRL_HASH_LEN }));
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stddef.h>

#include "lib/i18n.h"
#include "nss/crl/fault.h"

static const struct {
	const char *code, *text;
} faults[] = {
#define FAULT(name, code, text) [CRL_##name] = { code, text },
#include "nss/crl/fault.def"
#undef FAULT
};

const char *
crl_fault_code(enum crl_fault fault)
{
	return faults[fault < CRL_FAULT_COUNT ? fault : CRL_INTERNAL].code;
}

const char *
crl_fault_text(enum crl_fault fault)
{
	return faults[fault < CRL_FAULT_COUNT ? fault : CRL_INTERNAL].text;
}

const char *
crl_reason_name(unsigned int reason)
{
	static const char *const names[] = { "unspecified", "keyCompromise", "cACompromise",
	    "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold", NULL,
	    "removeFromCRL", "privilegeWithdrawn", "aACompromise" };

	return reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
}

enum crl_age
crl_age(const struct crl_facts *facts, int64_t now, int64_t grace)
{
	if (now < facts->this_update)
		return CRL_AGE_FUTURE;
	if (now <= facts->next_update)
		return CRL_AGE_FRESH;
	return now - grace <= facts->next_update ? CRL_AGE_GRACE : CRL_AGE_ENDED;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stddef.h>
#include <syslog.h>

#include "lib/i18n.h"
#include "lib/outcome.h"

static const struct row {
	const char *code;
	const char *state;
	const char *remedy;
	int priority;
} rows[OUTCOME_COUNT] = {
#define OUTCOME(name, code_, pam, prio, state_, remedy_) \
	[OUTCOME_##name] = { .code = (code_), .state = (state_), .remedy = (remedy_), .priority = (prio) },
#include "lib/outcome.def"
#undef OUTCOME
};

bool
outcome_is_status(unsigned int number)
{
	return number < OUTCOME_COUNT;
}

static const struct row *
row_of(enum outcome_status status)
{
	return &rows[outcome_is_status(status) ? status : OUTCOME_INTERNAL];
}

const char *
outcome_code(enum outcome_status status)
{
	return row_of(status)->code;
}

const char *
outcome_state(enum outcome_status status)
{
	return row_of(status)->state;
}

const char *
outcome_remedy(enum outcome_status status)
{
	return row_of(status)->remedy;
}

int
outcome_priority(enum outcome_status status)
{
	return row_of(status)->priority;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outcome of a card operation. The same value goes from the byte that caused it to the sentence that
 * the user reads.
 */
#ifndef JPKI_LIB_OUTCOME_H
#define JPKI_LIB_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum outcome_status {
#define OUTCOME(name, code, pam, prio, state, remedy) OUTCOME_##name,
#include "lib/outcome.def"
#undef OUTCOME
	OUTCOME_COUNT	/* not an outcome */
};

#define TRIES_UNKNOWN (-1)

struct outcome {
	enum outcome_status status;
	int tries_left;		/* of the PIN the operation used, or TRIES_UNKNOWN */
	unsigned int waited_s;	/* NO_CARD: the seconds it waited; helper and tools only */
	int64_t when;		/* the date in question, seconds since 1970 UTC; 0: none */
	uint32_t raw;		/* status word, winscard or NSS error: logs only; 0: none */
};

/* An outcome with a status and nothing else. */
static inline struct outcome
outcome_of(enum outcome_status status)
{
	return (struct outcome){ .status = status, .tries_left = TRIES_UNKNOWN };
}

/* An outcome with the status word, winscard or NSS code that caused it. */
static inline struct outcome
outcome_raw(enum outcome_status status, uint32_t raw)
{
	struct outcome o = outcome_of(status);

	o.raw = raw;
	return o;
}

/* An outcome with the date in question, in seconds since 1970 UTC. */
static inline struct outcome
outcome_when(enum outcome_status status, int64_t when)
{
	struct outcome o = outcome_of(status);

	o.when = when;
	return o;
}

static inline bool
outcome_ok(const struct outcome *o)
{
	return o->status == OUTCOME_OK;
}

/*
 * The stable code for logs ("JPKI-E-PIN-WRONG"); never NULL, also for a
 * number that is no status.
 */
const char *outcome_code(enum outcome_status status);

/* The untranslated sentences (message ids for gettext). Remedy may be NULL. */
const char *outcome_state(enum outcome_status status);
const char *outcome_remedy(enum outcome_status status);

/* The syslog priority (LOG_ERR ...) at which the outcome is reported. */
int outcome_priority(enum outcome_status status);

/* Whether a number from elsewhere names a status. */
bool outcome_is_status(unsigned int number);

#endif

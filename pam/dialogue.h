/* SPDX-License-Identifier: BSD-2-Clause */
/* One task, seen from the module: a helper, what it may say, and what we make of it. */
#ifndef JPKI_PAM_DIALOGUE_H
#define JPKI_PAM_DIALOGUE_H

#include <security/pam_modules.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "pam/spawn.h"

struct dialogue_result {
	struct outcome outcome;
	enum where where;		/* the user is; WHERE_UNKNOWN if that was not examined */
	char text[PROTO_TEXT_MAX];	/* for the person; "" if there is nothing to say */
	char daily[PROTO_TEXT_MAX];	/* as proto_result */
	char stale[PROTO_TEXT_MAX];	/* the same, if what was unlocked is not the account's password any more; or "" */
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];	/* as proto_result, or "" */
};

/*
 * Runs a helper to its verdict and, if it died or was killed after it had been
 * handed the PIN, a second one that makes the card forget it. Everything the
 * helper does that it must not do is OUTCOME_HELPER; but PIN_UNCERTAIN if all PINs of a
 * change had been given to it. A login is noted in the handle's state, a change is not. What a login has unlocked
 * becomes PAM_AUTHTOK (pam/unlock.h), after an OUTCOME_OK alone.
 */
void dialogue_run(pam_handle_t *pamh, const struct log *log,
    const struct proto_request *request, struct dialogue_result *ret);

/* The same with a helper that dialogue_name() has left waiting; it has ended then. HELPER_NONE: with a new one. */
void dialogue_run_with(pam_handle_t *pamh, const struct log *log, struct helper *waiting,
    const struct proto_request *request, struct dialogue_result *ret);

/* Whom the card on the reader names. */
struct dialogue_names {
	bool by_card;		/* false: it is not to name anybody here */
	struct helper waiting;	/* for the login, where it is not; or HELPER_NONE */
	size_t count;
	char at[PROTO_NAMES_MAX][ACCOUNT_NAME_MAX];	/* the helper's word: to be looked up as accounts */
	char text[PROTO_TEXT_MAX];	/* for the person: the question which of several, or why nobody */
	char reader[PROTO_NAME_MAX];
	enum where where;
};

/*
 * Asks a helper. OUTCOME_OK: there is one name at least, or !by_card; with by_card why the card names nobody. The caller ends
 * ret->waiting (helper_end()), or hands it to dialogue_run_with().
 */
struct outcome dialogue_name(pam_handle_t *pamh, const struct log *log, const struct proto_request *request,
    struct dialogue_names *ret) MUST_CHECK;

#endif

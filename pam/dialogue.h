/* SPDX-License-Identifier: BSD-2-Clause */
/* One task, seen from the module: starts a helper, checks its messages, takes its verdict. */
#ifndef JPKI_PAM_DIALOGUE_H
#define JPKI_PAM_DIALOGUE_H

#include <security/pam_modules.h>

#include "helper/proto.h"
#include "lib/log.h"
#include "pam/spawn.h"

struct dialogue_result {
	struct outcome outcome;
	enum where where;		/* where the user is; WHERE_UNKNOWN if that was not examined */
	char text[PROTO_TEXT_MAX];	/* for the user; "" if there is nothing to say */
	char daily[PROTO_TEXT_MAX];	/* as proto_result */
	char stale[PROTO_TEXT_MAX];	/* the same, if what was unlocked is not the account's password any more; or "" */
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];	/* as proto_result, or "" */
};

/*
 * Runs a helper to its verdict. If it died or was killed after it had received the PIN, runs a
 * second one that makes the card drop the verified state. Any violation of the protocol is
 * OUTCOME_HELPER; but PIN_UNCERTAIN if the helper had received all PINs of a change. A login is
 * noted in the handle's state, a change is not. A password that a login has unlocked becomes
 * PAM_AUTHTOK (pam/unlock.h), after OUTCOME_OK only.
 */
void dialogue_run(pam_handle_t *pamh, const struct log *log,
    const struct proto_request *request, struct dialogue_result *ret);

/*
 * The same with a helper that dialogue_name() has left waiting; it has ended then. HELPER_NONE:
 * starts a new one.
 */
void dialogue_run_with(pam_handle_t *pamh, const struct log *log, struct helper *waiting,
    const struct proto_request *request, struct dialogue_result *ret);

/* The users whom the card on the reader names. */
struct dialogue_names {
	bool by_card;		/* false: the card is not to name a user here */
	struct helper waiting;	/* for the login, if it is not; or HELPER_NONE */
	size_t count;
	char at[PROTO_NAMES_MAX][ACCOUNT_NAME_MAX];	/* from the helper: to be looked up as accounts */
	char text[PROTO_TEXT_MAX];	/* for the user: which of several, or why none */
	char reader[PROTO_NAME_MAX];
	enum where where;
};

/*
 * Runs a helper for the names. OUTCOME_OK: there is at least one, or !by_card; with by_card the
 * reason why the card names no user. The caller ends ret->waiting (helper_end()), or passes it to
 * dialogue_run_with().
 */
struct outcome dialogue_name(pam_handle_t *pamh, const struct log *log, const struct proto_request *request,
    struct dialogue_names *ret) MUST_CHECK;

#endif

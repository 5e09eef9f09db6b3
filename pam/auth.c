/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The management groups "auth" and "account": pam_sm_authenticate, pam_sm_setcred,
 * pam_sm_acct_mgmt.
 *
 * MUSTs, of password.c and session.c as well: the result starts as a failure and becomes
 * PAM_SUCCESS only for OUTCOME_OK; one VERIFY for one call, and one prompt (three for a new PIN).
 * PAM_AUTHTOK is not read, and set only to what is not a PIN: with forward_pass to what was typed,
 * with unlock, after OUTCOME_OK, to the password that the card has opened (pam/unlock.h);
 * PAM_OLDAUTHTOK is neither read nor set. PAM_IGNORE is never returned for an error, and never by
 * an authentication. Nothing of the application is changed (signals, locale, descriptors,
 * environment), and nothing is static.
 */
#include "config.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "pam/dialogue.h"
#include "pam/handle.h"
#include "pam/logline.h"
#include "pam/naming.h"
#include "pam/newcard.h"
#include "pam/pamcode.h"
#include "pam/report.h"
#include "pam/request.h"

static struct dialogue_result
authenticate(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request)
{
	struct dialogue_result result = { .outcome = outcome_of(OUTCOME_NO_MEMORY) };
	struct naming naming = NAMING_NONE;
	struct handle_state *state = handle_of(pamh);
	struct outcome o;

	if (state == NULL)
		return result;
	/* Do not wait again if the card was removed during the previous attempt. */
	request->no_wait = handle_outcome(state) == OUTCOME_CARD_REMOVED;
	handle_note_outcome(state, OUTCOME_INTERNAL);
	o = naming_by_card(pamh, argc, argv, log, &naming, &result);
	if (outcome_ok(&o))
		o = request_make(pamh, argc, argv, log, request);
	request->named = naming.by_card;
	if (outcome_ok(&o))
		dialogue_run_with(pamh, log, &naming.waiting, request, &result);
	else
		result.outcome = o;
	naming_end(pamh, &naming, result.outcome.status);
	if (outcome_ok(&result.outcome))
		handle_note_card(state, result.reader, result.cert);
	return result;
}

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct log log = logline_log(pamh);
	struct proto_request request = { .task = PROTO_LOGIN };
	struct dialogue_result result = authenticate(pamh, argc, argv, &log, &request);

	report_result(pamh, flags, &result, request.user, &log);
	if (result.outcome.status == OUTCOME_PIN_WRONG || result.outcome.status == OUTCOME_CHALLENGE)
		(void)pam_fail_delay(pamh, FAIL_DELAY_US);
	return pamcode_of(result.outcome.status);
}

/*
 * For setcred and acct_mgmt alike: a login that the card did not decide is left to the other
 * modules, by PAM_IGNORE. (SUCCESS with success=done would end the stack of setcred wherever this
 * handle has seen no authentication: sshd's keys, sudo with NOPASSWD, cron. pam_group, pam_cap and
 * others after us would never run.) Where the card did decide, libpam repeats in setcred the path
 * of this very authentication and needs the SUCCESS.
 */
static int
stand_by_login(pam_handle_t *pamh)
{
	const struct handle_state *state = handle_find(pamh);

	return state != NULL && handle_outcome(state) == OUTCOME_OK ? PAM_SUCCESS : PAM_IGNORE;
}

/* Ignores the flags: there are no credentials to establish, refresh or delete. */
int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return stand_by_login(pamh);
}

/*
 * sudo calls this every time, and a refusal would lock root's own sudo out. Validity was judged
 * when the card authenticated. However the user was authenticated, this is where a new card is
 * reported.
 */
int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	newcard_tell(pamh);
	return stand_by_login(pamh);
}

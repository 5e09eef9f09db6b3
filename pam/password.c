/* SPDX-License-Identifier: BSD-2-Clause */
/* The management group "password", which changes the PIN: pam_sm_chauthtok. */
#include "config.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/account.h"
#include "pam/dialogue.h"
#include "pam/handle.h"
#include "pam/logline.h"
#include "pam/pamcode.h"
#include "pam/report.h"
#include "pam/request.h"

/*
 * Only the holder of a card changes its PIN. Root, setting a user's new password, is never prompted
 * for that user's PIN. But login managers are root too, and act for the user whom the card has
 * admitted on this very handle.
 */
static bool
acts_for_holder(const struct handle_state *state, const char *user)
{
	uid_t uid;

	return account_uid(user, &uid) && (uid == getuid() || handle_let_in(state, user));
}

/* passwd sets no PAM_TTY; utmp may know the terminal from which it was started. */
static void
name_terminal(struct proto_request *request)
{
	char *tty = request->claims.tty;

	if (tty[0] == '\0' && ttyname_r(STDIN_FILENO, tty, sizeof request->claims.tty) != 0)
		tty[0] = '\0';
}

/* Runs the task of one of the two passes. NOT_ENROLLED: the caller has no card here. */
static struct dialogue_result
run_pass(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    const struct handle_state *state, struct proto_request *request)
{
	struct dialogue_result result = { .outcome = request_make(pamh, argc, argv, log, request) };

	if (!outcome_ok(&result.outcome))
		return result;
	if (!acts_for_holder(state, request->user)) {
		result.outcome = outcome_of(OUTCOME_NOT_ENROLLED);
		return result;
	}
	name_terminal(request);
	dialogue_run(pamh, log, request, &result);
	return result;
}

/* PAM_IGNORE, so that a user without a card here can change the password in any stack. */
static int
code_of_pass(enum outcome_status status)
{
	return status == OUTCOME_NOT_ENROLLED ? PAM_IGNORE : pamcode_of(status);
}

/* The first pass: reports what is known before the user has typed anything. */
static int
preliminary_pass(pam_handle_t *pamh, int flags, int argc, const char **argv, const struct log *log,
    struct handle_state *state)
{
	struct proto_request request = { .task = PROTO_PIN_CHECK };
	struct dialogue_result result = run_pass(pamh, argc, argv, log, state, &request);

	handle_note_preliminary(state, result.outcome.status);
	if (result.outcome.status == OUTCOME_NOT_ENROLLED)
		log_msg(log, LOG_INFO, "no card of the caller's: no PIN to change, user=%s", LOG_NAME(request.user));
	else if (!outcome_ok(&result.outcome))
		report_result(pamh, flags, &result, request.user, log);
	return code_of_pass(result.outcome.status);
}

/* The second: prompts and changes the PIN, unless the first has failed. */
static int
update_pass(pam_handle_t *pamh, int flags, int argc, const char **argv, const struct log *log,
    struct handle_state *state)
{
	enum outcome_status before = handle_preliminary(state);
	struct proto_request request = { .task = PROTO_PIN_CHANGE };
	struct dialogue_result result;

	handle_note_preliminary(state, OUTCOME_INTERNAL);
	if (before != OUTCOME_OK)
		return code_of_pass(before);
	result = run_pass(pamh, argc, argv, log, state, &request);
	report_result(pamh, flags, &result, request.user, log);
	if (result.outcome.status == OUTCOME_PIN_WRONG)
		(void)pam_fail_delay(pamh, FAIL_DELAY_US);
	return code_of_pass(result.outcome.status);
}

int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct log log = logline_log(pamh);
	struct handle_state *state = handle_of(pamh);

	if (flags & PAM_CHANGE_EXPIRED_AUTHTOK)
		return PAM_IGNORE;	/* a PIN does not expire */
	if (state == NULL)
		return pamcode_of(OUTCOME_NO_MEMORY);
	if (flags & PAM_PRELIM_CHECK)
		return preliminary_pass(pamh, flags, argc, argv, &log, state);
	return update_pass(pamh, flags, argc, argv, &log, state);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log the start and end of a session opened by card, and put into its environment what jpki-watch
 * needs to recognize the card. None of it is a secret: the first digits of a fingerprint, as in the
 * log, the name of the service, and the process that opened the session, since the variables
 * outlive it in the user's service manager.
 *
 * A session that was not opened by card is left alone and never refused: a user who logged in by
 * password, by sshd (which authenticates in another process, doc/facts/consumers.md §2.1), or
 * through a stack without our auth line, gets PAM_SUCCESS and nothing else.
 */
#include "config.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "helper/proto.h"
#include "lib/account.h"
#include "pam/handle.h"
#include "pam/logline.h"

static void
log_session(pam_handle_t *pamh, const char *code, const struct handle_state *state, const char *user)
{
	char who[LOGLINE_MAX];

	logline_who(pamh, user, handle_reader(state), handle_cert(state), who);
	pam_syslog(pamh, LOG_INFO, "%s %s", code, who);
}

/* Sets a variable of the session; false if it cannot be. */
static bool
set_variable(pam_handle_t *pamh, const char *name, const char *value)
{
	char text[PROTO_NAME_MAX + 32];
	int len = snprintf(text, sizeof text, "%s=%s", name, value);

	return len > 0 && (size_t)len < sizeof text && pam_putenv(pamh, text) == PAM_SUCCESS;
}

/*
 * Returns the handle's state if the card admitted the user of this session, and the account's name;
 * else NULL. A module before ours may have changed PAM_USER to another name of the account.
 */
static struct handle_state *
state_of_holder(pam_handle_t *pamh, char name[static ACCOUNT_NAME_MAX])
{
	const struct log log = logline_log(pamh);
	const struct handle_state *state = handle_find(pamh);
	const char *user = item(pamh, PAM_USER);

	if (state == NULL || user == NULL || !account_name(user, &log, name) || !handle_let_in(state, name))
		return NULL;
	return handle_of(pamh);
}

int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const char *service = item(pamh, PAM_SERVICE);
	char user[ACCOUNT_NAME_MAX], leader[32];
	struct handle_state *state = state_of_holder(pamh, user);

	if (state == NULL)
		return PAM_SUCCESS;
	log_session(pamh, "JPKI-SESSION-OPEN", state, user);
	handle_note_session(state, true);
	snprintf(leader, sizeof leader, "%ld", (long)getpid());	/* as pam_systemd(8) reports it to logind */
	if (!set_variable(pamh, "JPKI_SESSION_CERT", handle_cert(state)) ||
	    !set_variable(pamh, "JPKI_SESSION_SERVICE", service != NULL ? service : "") ||
	    !set_variable(pamh, "JPKI_SESSION_LEADER", leader)) {
		pam_syslog(pamh, LOG_ERR, "no room in the environment of the session: jpki-watch will not "
		    "know its card");
		return PAM_SESSION_ERR;
	}
	return PAM_SUCCESS;
}

int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	char user[ACCOUNT_NAME_MAX];
	struct handle_state *state = state_of_holder(pamh, user);

	if (state == NULL || !handle_session(state))
		return PAM_SUCCESS;
	handle_note_session(state, false);
	log_session(pamh, "JPKI-SESSION-CLOSE", state, user);
	return PAM_SUCCESS;
}

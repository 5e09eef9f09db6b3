/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/account.h"
#include "pam/guard.h"
#include "pam/language.h"
#include "pam/logline.h"
#include "pam/request.h"

/* A program that runs as the user: a screen locker. */
#ifndef RUNS_AS_USER
#define RUNS_AS_USER (geteuid() != 0)
#endif

static bool
copy_name(char dst[static PROTO_NAME_MAX], const char *src)
{
	if (src == NULL || strlen(src) >= PROTO_NAME_MAX)
		return false;
	memcpy(dst, src, strlen(src) + 1);
	return true;
}

/* Adds where the user is, and what sshd reports of the authentications before this one. */
static void
add_whereabouts(pam_handle_t *pamh, struct proto_request *request)
{
	const char *auth_info = pam_getenv(pamh, "SSH_AUTH_INFO_0");

	guard_claims(pamh, request->user, &request->claims);
	request->sshd = guard_is_sshd(item(pamh, PAM_SERVICE), item(pamh, PAM_TTY));
	if (request->sshd && auth_info != NULL &&
	    (size_t)snprintf(request->auth_info, sizeof request->auth_info, "%s", auth_info) >=
	    sizeof request->auth_info)
		snprintf(request->auth_info, sizeof request->auth_info, PROTO_AUTH_INFO_TOO_LONG);
}

/* Finds the account that a typed name means; returns false if no account has an enrollment to look up. */
static bool
name_account(const char *typed, const struct log *log, struct proto_request *request)
{
	struct account account;

	if (!account_or_typed(typed, log, &account))
		return false;
	memcpy(request->user, account.name, sizeof request->user);
	request->uid = account.uid;
	return true;
}

struct outcome
request_ask_name(pam_handle_t *pamh, const char **ret)
{
	int r = pam_get_user(pamh, ret, NULL);

	if (r == PAM_CONV_ERR || r == PAM_CONV_AGAIN)
		return outcome_of(OUTCOME_CANCELLED);
	return r != PAM_SUCCESS || *ret == NULL ? outcome_raw(OUTCOME_INTERNAL, (uint32_t)r) : outcome_of(OUTCOME_OK);
}

static struct outcome
add_user(pam_handle_t *pamh, const struct log *log, struct proto_request *request)
{
	const char *user = NULL;
	struct outcome o = request_ask_name(pamh, &user);

	if (!outcome_ok(&o))
		return o;
	if (!copy_name(request->login_name, user) || !name_account(user, log, request)) {
		(void)copy_name(request->user, user);	/* for the log */
		return outcome_of(OUTCOME_NOT_ENROLLED);
	}
	return o;
}

struct outcome
request_make(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request)
{
	struct outcome o = request->task == PROTO_NAME ? outcome_of(OUTCOME_OK) : add_user(pamh, log, request);

	if (!outcome_ok(&o))
		return o;
	if (!copy_name(request->service, item(pamh, PAM_SERVICE)) ||
	    gethostname(request->host, sizeof request->host) != 0)
		return outcome_of(OUTCOME_INTERNAL);
	request->host[sizeof request->host - 1] = '\0';
	if (argc > PROTO_WORDS_MAX) {
		log_msg(log, LOG_ERR, "too many options in the PAM stack; use pam_jpki.conf");
		return outcome_of(OUTCOME_CONFIG);
	}
	if (argc > 0)	/* else argv may be NULL */
		memcpy(request->words, argv, (size_t)argc * sizeof argv[0]);
	request->word_count = (size_t)argc;
	request->locker = (request->task == PROTO_LOGIN || request->task == PROTO_NAME) && RUNS_AS_USER;
	add_whereabouts(pamh, request);
	snprintf(request->lang, sizeof request->lang, "%s",
	    language_of_application(item(pamh, PAM_TTY)));
	return outcome_of(OUTCOME_OK);
}

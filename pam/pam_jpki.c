/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_jpki.so: the entry points.
 *
 * MUSTs: the result starts as a failure and becomes PAM_SUCCESS only for
 * OUTCOME_OK; one VERIFY for one call, and one prompt (three for a new PIN); PAM_AUTHTOK
 * is neither read nor set (but at a login with forward_pass, to what is no PIN),
 * PAM_OLDAUTHTOK never; PAM_IGNORE stands for no error, and no authentication ends with it;
 * nothing of the application is
 * changed (signals, locale, descriptors, environment), nothing is static.
 */
#include "config.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/i18n.h"
#include "lib/message.h"
#include "pam/conv.h"
#include "pam/dialogue.h"
#include "pam/guard.h"
#include "pam/handle.h"
#include "pam/language.h"
#include "pam/logline.h"
#include "pam/pamcode.h"

#define FAIL_DELAY_US 2000000	/* after a wrong PIN or reply, as pam_unix after a wrong password */

static void
to_syslog(void *ctx, int priority, const char *text)
{
	pam_syslog(ctx, priority, "%s", text);
}

static bool
copy_name(char dst[static PROTO_NAME_MAX], const char *src)
{
	if (src == NULL || strlen(src) >= PROTO_NAME_MAX)
		return false;
	memcpy(dst, src, strlen(src) + 1);
	return true;
}

/* Where the person is, and what sshd tells of the authentications that came before this. */
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

static struct outcome
make_request(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request)
{
	const char *user = NULL;
	int r = pam_get_user(pamh, &user, NULL);

	if (r == PAM_CONV_ERR || r == PAM_CONV_AGAIN)
		return outcome_of(OUTCOME_CANCELLED);
	if (r != PAM_SUCCESS || user == NULL)
		return outcome_raw(OUTCOME_INTERNAL, (uint32_t)r);
	/* A name that nobody can have is nobody's. */
	if (user[0] == '\0' || !copy_name(request->user, user))
		return outcome_of(OUTCOME_NOT_ENROLLED);
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
	add_whereabouts(pamh, request);
	snprintf(request->lang, sizeof request->lang, "%s",
	    language_of_application(item(pamh, PAM_TTY)));
	return outcome_of(OUTCOME_OK);
}

static struct dialogue_result
authenticate(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct proto_request *request)
{
	struct dialogue_result result = { .outcome = outcome_of(OUTCOME_NO_MEMORY) };
	struct handle_state *memory = handle_of(pamh);
	struct outcome o;

	if (memory == NULL)
		return result;
	/* Somebody who took the card away is not waited for a second time. */
	request->no_wait = handle_outcome(memory) == OUTCOME_CARD_REMOVED;
	handle_note_outcome(memory, OUTCOME_INTERNAL);
	o = make_request(pamh, argc, argv, log, request);
	if (outcome_ok(&o))
		dialogue_run(pamh, log, request, &result);
	else
		result.outcome = o;
	if (outcome_ok(&result.outcome))
		handle_note_card(memory, result.reader, result.cert);
	return result;
}

/* What the helper never got to say. */
static void
say_ourselves(pam_handle_t *pamh, const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (strcmp(language_of_application(item(pamh, PAM_TTY)), "ja") != 0) {
		message_outcome_english(o, text);
		return;
	}
	i18n_bind();
	message_outcome(o, text);	/* in the application's locale */
}

/* One line for one decision, which pam_jpki(8) describes: no value can look like another. */
static void
log_decision(pam_handle_t *pamh, const struct dialogue_result *result, const char *user_name,
    const struct log *log)
{
	const struct outcome *o = &result->outcome;
	char who[LOGLINE_MAX], tries[16] = "-";
	const char *place = "-", *where = "-";

	logline_who(pamh, user_name, result->reader, result->cert, who);
	if (result->where != WHERE_UNKNOWN) {
		place = place_name(where_place(result->where));
		where = where_code(result->where);
	}
	if (o->tries_left != TRIES_UNKNOWN)
		snprintf(tries, sizeof tries, "%d", o->tries_left);
	log_msg(log, outcome_priority(o->status), "%s %s tries=%s raw=%08x place=%s where=%s",
	    outcome_code(o->status), who, tries, o->raw, place, where);
}

/* Once for every call: to the log for the administrator, to the screen for the person. */
static void
report(pam_handle_t *pamh, int flags, const struct dialogue_result *result, const char *user,
    const struct log *log)
{
	const struct outcome *o = &result->outcome;
	int priority = outcome_priority(o->status);
	char text[MESSAGE_MAX];

	log_decision(pamh, result, user, log);
	/* Never speak to a conversation that has failed; a password, or nothing, speaks for itself. */
	if (o->status == OUTCOME_CANCELLED || o->status == OUTCOME_PASSWORD || o->status == OUTCOME_NO_REPLY)
		return;
	if (outcome_ok(o) || result->text[0] != '\0')
		snprintf(text, sizeof text, "%.*s", MESSAGE_MAX - 1, result->text);
	else
		say_ourselves(pamh, o, text);
	/*
	 * What is no more than the normal course of a mixed stack respects
	 * PAM_SILENT; that the certificate ends soon does not, for sudo always sets it.
	 */
	if (outcome_ok(o))
		flags = 0;
	conv_tell(pamh, flags, priority == LOG_INFO ? CONV_INFO : CONV_ERROR, text);
}

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct log log = { .sink = to_syslog, .ctx = pamh };
	struct proto_request request = { .task = PROTO_LOGIN };
	struct dialogue_result result = authenticate(pamh, argc, argv, &log, &request);

	report(pamh, flags, &result, request.user, &log);
	if (result.outcome.status == OUTCOME_PIN_WRONG || result.outcome.status == OUTCOME_CHALLENGE)
		(void)pam_fail_delay(pamh, FAIL_DELAY_US);
	return pamcode_of(result.outcome.status);
}

/* --- what follows a login ---------------------------------------------------------- */

/*
 * For setcred and acct_mgmt alike: a login that the card did not decide is none of ours, and
 * PAM_IGNORE leaves it to the lines around. (SUCCESS with success=done would end the stack of
 * setcred wherever this handle has seen no authentication: sshd's keys, sudo with NOPASSWD,
 * cron. pam_group, pam_cap and others behind us would never run.) Where the card did decide,
 * libpam repeats in setcred the path of this very authentication and needs the SUCCESS.
 */
static int
stand_by_login(pam_handle_t *pamh)
{
	const struct handle_state *memory = handle_find(pamh);

	return memory != NULL && handle_outcome(memory) == OUTCOME_OK ? PAM_SUCCESS : PAM_IGNORE;
}

/* The same for all flags: there are no credentials to establish, refresh or delete. */
int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return stand_by_login(pamh);
}

/*
 * sudo asks this at every call, and a refusal would lock root's own sudo out. Validity was
 * judged when the card authenticated.
 */
int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return stand_by_login(pamh);
}

/* --- changing the PIN ------------------------------------------------------------ */

/*
 * Only the holder of a card changes its PIN. Root, who gives somebody a new password, is
 * never asked for their PIN; but root as well is a login manager, which acts for
 * the user whom the card has let in by this very handle.
 */
static bool
acts_for_holder(pam_handle_t *pamh, const struct handle_state *memory, const char *user)
{
	const struct passwd *pw = pam_modutil_getpwnam(pamh, user);

	return pw != NULL && (pw->pw_uid == getuid() || handle_let_in(memory, user));
}

/* passwd names no terminal as PAM_TTY; utmp may know the one it was started from. */
static void
name_terminal(struct proto_request *request)
{
	char *tty = request->claims.tty;

	if (tty[0] == '\0' && ttyname_r(STDIN_FILENO, tty, sizeof request->claims.tty) != 0)
		tty[0] = '\0';
}

/* Runs the task of one of the two passes. NOT_ENROLLED: there is no card of the caller's. */
static struct dialogue_result
run_pass(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    const struct handle_state *memory, struct proto_request *request)
{
	struct dialogue_result result = { .outcome = make_request(pamh, argc, argv, log, request) };

	if (!outcome_ok(&result.outcome))
		return result;
	if (!acts_for_holder(pamh, memory, request->user)) {
		result.outcome = outcome_of(OUTCOME_NOT_ENROLLED);
		return result;
	}
	name_terminal(request);
	dialogue_run(pamh, log, request, &result);
	return result;
}

/* PAM_IGNORE, so that whoever has no card here gets a new password in any stack. */
static int
code_of_pass(enum outcome_status status)
{
	return status == OUTCOME_NOT_ENROLLED ? PAM_IGNORE : pamcode_of(status);
}

/* The first pass: what can be said before anybody has typed anything. */
static int
preliminary(pam_handle_t *pamh, int flags, int argc, const char **argv, const struct log *log,
    struct handle_state *memory)
{
	struct proto_request request = { .task = PROTO_PIN_CHECK };
	struct dialogue_result result = run_pass(pamh, argc, argv, log, memory, &request);

	handle_note_preliminary(memory, result.outcome.status);
	if (result.outcome.status == OUTCOME_NOT_ENROLLED)
		log_msg(log, LOG_INFO, "no card of the caller's: no PIN to change, user=%s", LOG_NAME(request.user));
	else if (!outcome_ok(&result.outcome))
		report(pamh, flags, &result, request.user, log);
	return code_of_pass(result.outcome.status);
}

/* The second: asks and changes, unless the first has said why not. */
static int
update(pam_handle_t *pamh, int flags, int argc, const char **argv, const struct log *log,
    struct handle_state *memory)
{
	enum outcome_status before = handle_preliminary(memory);
	struct proto_request request = { .task = PROTO_PIN_CHANGE };
	struct dialogue_result result;

	handle_note_preliminary(memory, OUTCOME_INTERNAL);
	if (before != OUTCOME_OK)
		return code_of_pass(before);
	result = run_pass(pamh, argc, argv, log, memory, &request);
	report(pamh, flags, &result, request.user, log);
	if (result.outcome.status == OUTCOME_PIN_WRONG)
		(void)pam_fail_delay(pamh, FAIL_DELAY_US);
	return code_of_pass(result.outcome.status);
}

int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct log log = { .sink = to_syslog, .ctx = pamh };
	struct handle_state *memory = handle_of(pamh);

	if (flags & PAM_CHANGE_EXPIRED_AUTHTOK)
		return PAM_IGNORE;	/* a PIN does not expire */
	if (memory == NULL)
		return pamcode_of(OUTCOME_NO_MEMORY);
	if (flags & PAM_PRELIM_CHECK)
		return preliminary(pamh, flags, argc, argv, &log, memory);
	return update(pamh, flags, argc, argv, &log, memory);
}

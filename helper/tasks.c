/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "flow/find.h"
#include "flow/login.h"
#include "flow/pinchange.h"
#include "flow/possession/transaction.h"
#include "flow/remote.h"
#include "flow/unlock.h"
#include "flow/usercerts.h"
#include "helper/link.h"
#include "helper/resources.h"
#include "helper/sealed_card.h"
#include "helper/tasks.h"
#include "helper/tick.h"
#include "lib/message.h"
#include "nss/cert.h"

enum proto_way
tasks_way(const struct conf *conf, const struct proto_request *request)
{
	if (conf->ssh_key && proto_offers(request, PROTO_BY_KEY))
		return PROTO_BY_KEY;
	if (conf->remote == CONF_REMOTE_CHALLENGE && proto_offers(request, PROTO_BY_CHALLENGE))
		return PROTO_BY_CHALLENGE;
	return PROTO_BY_PIN;
}

bool
tasks_may_begin(const struct conf *conf, const struct proto_request *request)
{
	const struct flow_env env = { .conf = conf };
	struct outcome o = flow_may_name_user(&env, where_place(link_place()));

	return request->task != PROTO_NAME || outcome_ok(&o);
}

bool
tasks_need_card(const struct flow_env *env, const struct proto_request *request)
{
	struct outcome o = flow_may_use_reader(env, where_place(link_place()));

	return request->task == PROTO_DROP || request->task == PROTO_NAME || (outcome_ok(&o) &&
	    tasks_way(env->conf, request) == PROTO_BY_PIN && usercerts_exist(env->conf, request->user));
}

static void
finish_task(const struct outcome *o, bool card_clean, const char *text)
{
	link_send_result(o, card_clean, text, "", NULL, "");
	tick_result_sent();
}

void
tasks_refuse(const struct outcome *o)
{
	char text[MESSAGE_MAX];

	message_outcome(o, text);
	finish_task(o, true, text);
}

static void
show_cue(void *ctx)
{
	char text[MESSAGE_MAX];

	message_cue(text);
	link_send_cue(text);
}

/* The time is paused while the user types. */
static struct outcome
ask_user(const char *reader, const char *fingerprint, const char *text, struct secret *pin,
    struct proto_since *ret_since, struct unlockfile *ret_file)
{
	struct proto_prompt m;
	struct outcome o;
	bool received;

	snprintf(m.text, sizeof m.text, "%s", text);
	snprintf(m.reader, sizeof m.reader, "%s", reader);
	snprintf(m.cert, sizeof m.cert, "%.*s", PROTO_CERT_MAX - 1, fingerprint);
	tick_pause();
	o = link_ask_pin(&m, pin, ret_since, ret_file, &received);
	if (received)
		tick_pin_received();
	tick_resume();
	return o;
}

/* --- login --------------------------------------------------------------------------- */

struct login_prompt {
	const struct conf *conf;
	const char *greeted;	/* the user whom the card has named; NULL: no greeting */
	struct proto_since since;
	struct unlock *unlock;
	bool shown;
};

static struct outcome
ask_pin(void *ctx, const struct found_card *found, struct secret *pin)
{
	struct login_prompt *p = ctx;
	char text[MESSAGE_MAX], prompt[MESSAGE_MAX];

	p->shown = true;
	message_pin_prompt(found->tries_left, p->conf->forward_pass != 0, prompt);
	if (p->greeted != NULL)
		message_greeting(p->greeted, prompt, text);
	else
		memcpy(text, prompt, sizeof text);
	return ask_user(found->reader, cert_fingerprint(found->enrolled->cert), text, pin, &p->since,
	    &p->unlock->file);
}

static struct outcome
ask_early(void *ctx)
{
	struct login_prompt *p = ctx;
	struct proto_early m;
	struct outcome o;

	p->shown = true;
	message_early_prompt(m.text);
	tick_pause();
	o = link_ask_early(&m);
	tick_resume_search();
	return o;
}

static struct outcome
ask_reply(void *ctx, const char *prompt, char reply[static SSHWIRE_REPLY_MAX])
{
	struct proto_challenge challenge;
	struct proto_reply m;
	struct outcome o;

	snprintf(challenge.text, sizeof challenge.text, "%s", prompt);
	tick_pause();
	o = link_ask_reply(&challenge, &m);
	if (outcome_ok(&o) && !m.given)
		o = outcome_of(OUTCOME_CANCELLED);
	snprintf(reply, SSHWIRE_REPLY_MAX, "%s", outcome_ok(&o) ? m.text : "");
	explicit_bzero(&m, sizeof m);
	tick_resume();
	return o;
}

static void
login_without_card(const struct flow_env *env, const struct proto_request *request,
    const struct login_request *login_request, struct login_result *ret)
{
	struct remote_ui ui = { .ask = ask_reply };

	*ret = (struct login_result){ .outcome = sealed_card_seal(env->log), .card_clean = true };
	if (!outcome_ok(&ret->outcome))
		return;
	if (tasks_way(env->conf, request) == PROTO_BY_KEY)
		flow_ssh_key(env, request->user, request->auth_info, ret);
	else
		flow_remote(env, &ui, login_request, ret);
}

/* Writes what a user who is logged in should know; *daily also has the expiry warning, or is "". */
static void
write_welcome(const struct flow_env *env, const struct login_prompt *prompt,
    const struct login_result *result, char text[static MESSAGE_MAX], char daily[static MESSAGE_MAX])
{
	const struct proto_since *since = &prompt->since;
	char expiry[MESSAGE_MAX], guesses[MESSAGE_MAX], locked[MESSAGE_MAX] = "";

	message_since(since->failed, since->failed_by, since->entered_by, guesses);
	if (prompt->unlock->failed)
		message_not_unlocked(false, locked);
	message_join(guesses, locked, text);
	if (message_expiry(result->not_after, clk_wall_s(env->clk), env->conf->expiry_warning_days,
	    result->card_expiry, expiry))
		message_join(text, expiry, daily);
}

/*
 * Whether to show the refusal to the user. Most accounts of a machine may have no card, and most
 * users of sshd no jpki-ssh: they log in otherwise, and the log says why the card was not used.
 */
static bool
concerns_user(const struct flow_env *env, const struct proto_request *request, enum outcome_status status)
{
	if (env->conf->tell_everybody)
		return true;
	if (status == OUTCOME_NOT_ENROLLED)
		return tasks_way(env->conf, request) == PROTO_BY_KEY;
	if (status == OUTCOME_REMOTE)
		return !request->sshd && usercerts_exist(env->conf, request->user);
	return true;
}

/* Sends RESULT of a login, with the password if one was unlocked. */
static void
finish_login(const struct flow_env *env, const struct login_prompt *prompt, const struct login_result *result,
    char text[static MESSAGE_MAX])
{
	const struct secret *password = NULL;
	char daily[MESSAGE_MAX] = "", stale[MESSAGE_MAX] = "";

	if (outcome_ok(&result->outcome)) {
		write_welcome(env, prompt, result, text, daily);
		password = resources_password();
		if (secret_view(password).len > 0)
			message_not_unlocked(true, stale);
	}
	link_send_result(&result->outcome, result->card_clean, text, daily, password, stale);
	tick_result_sent();
	resources_wipe_pins();
}

/* xscreensaver goes on only when a text has been acknowledged: the card would be waited for after that, not meanwhile. */
static bool
holds_back_for_text(const struct proto_request *request)
{
	return strcmp(request->service, "xscreensaver") == 0;
}

static void
log_in(const struct flow_env *env, const struct proto_request *request)
{
	static struct unlock unlock;
	struct login_prompt prompt = { .conf = env->conf, .greeted = request->named ? request->user : NULL,
		.unlock = &unlock };
	struct flow_ui ui = { .ask_pin = ask_pin, .waits = show_cue, .gone = link_module_gone, .ctx = &prompt };
	struct login_request login_request = { .purpose = "login", .user = request->user, .service = request->service,
		.login_name = request->login_name, .host = request->host, .place = where_place(link_place()), .unlock = &unlock };
	struct login_result result;
	char text[MESSAGE_MAX] = "";

	unlock.password = resources_password();
	if (holds_back_for_text(request))
		ui.waits = NULL;
	if (request->locker && env->conf->forward_pass)
		ui.ask_early = ask_early;
	if (tasks_way(env->conf, request) != PROTO_BY_PIN)
		login_without_card(env, request, &login_request, &result);
	else
		flow_login(env, &ui, &login_request, resources_pin(), &result);
	link_name_card(result.reader, result.cert);
	if (!outcome_ok(&result.outcome) &&
	    (prompt.shown || concerns_user(env, request, result.outcome.status)))
		link_sentence(&result.outcome, text);
	finish_login(env, &prompt, &result, text);
	unlock_wipe(&unlock);
}

/* --- the user's name ----------------------------------------------------------------- */

/* Skips names with control characters, which cannot be shown in a prompt. */
static void
send_owners(const struct flow_env *env, const struct owners *owners)
{
	for (size_t i = 0; i < owners->count && i < PROTO_NAMES_MAX; i++) {
		if (log_is_harmless(owners->names[i]))
			link_send_named(owners->names[i]);
		else
			log_msg(env->log, LOG_WARNING, "the card is registered for %s too, who is not asked for: the name "
			    "has characters that are not shown", LOG_NAME(owners->names[i]));
	}
}

/* Decides nothing: the module looks the account up, and a login with all its steps follows. */
static void
name_user(const struct flow_env *env, const struct proto_request *request)
{
	struct flow_ui ui = { .waits = holds_back_for_text(request) ? NULL : show_cue, .gone = link_module_gone };
	char text[MESSAGE_MAX] = "";
	static struct owners owners;
	struct outcome o = find_owners(env, &ui, &owners);

	if (outcome_ok(&o)) {
		send_owners(env, &owners);
		message_which_account(text);
	} else {
		link_sentence(&o, text);
	}
	finish_task(&o, true, text);
}

static void
drop_state(const struct flow_env *env, const char *reader)
{
	struct outcome o = transaction_drop_state(env, reader);

	finish_task(&o, outcome_ok(&o), "");
}

/* --- PIN change ------------------------------------------------------------------------- */

/* The module passes none of the input on: what is typed for a change is meant for the card alone. */
static struct outcome
ask_for_change(void *ctx, const struct pinchange_question *q, struct secret *typed)
{
	struct proto_since since;
	char text[MESSAGE_MAX];

	pinchange_text(q, text);
	return ask_user(q->reader, q->fingerprint, text, typed, &since, NULL);
}

static void
note_changing(void *ctx)
{
	tick_pin_changing();
}

static void
send_change_result(const struct outcome *o, bool card_clean, const char *success)
{
	char text[MESSAGE_MAX];

	if (outcome_ok(o))
		snprintf(text, sizeof text, "%s", success);
	else if (o->status == OUTCOME_PIN_LOCKED)
		message_locked(false, text);
	else
		message_outcome(o, text);
	finish_task(o, card_clean, text);
}

static void
change_pin(const struct flow_env *env, const struct proto_request *request)
{
	struct pinchange_ui ui = { .ask = ask_for_change, .waits = show_cue, .gone = link_module_gone,
		.changing = note_changing };
	struct pinchange_user user = { .name = request->user,
		.place = where_place(link_place()) };
	char changed[MESSAGE_MAX];
	struct outcome o;
	bool clean = true;

	if (request->task == PROTO_PIN_CHECK) {
		o = pinchange_check(env, &ui, &user);
		send_change_result(&o, clean, "");
		return;
	}
	o = pinchange_of_user(env, &ui, &user, resources_change_pins(), &clean);
	message_pin_changed(false, changed);
	send_change_result(&o, clean, changed);
}

void
tasks_run(const struct flow_env *env, const struct proto_request *request)
{
	switch (request->task) {
	case PROTO_LOGIN:
		log_in(env, request);
		break;
	case PROTO_NAME:
		name_user(env, request);
		break;
	case PROTO_DROP:
		drop_state(env, request->reader);
		break;
	case PROTO_PIN_CHECK:
	case PROTO_PIN_CHANGE:
		change_pin(env, request);
		break;
	}
}

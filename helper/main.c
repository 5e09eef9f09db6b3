/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper: one process for one login, started by pam_jpki.so with an
 * empty environment and nothing open but a socket to it. Card and NSS are used
 * here only; the verdict goes back as one message (helper/proto.h).
 *
 * MUSTs: no core dump and no tracing; enters its cage (helper/cage.h) before it reads a file of the
 * user or a card; each PIN in a struct secret, wiped on every path, also by the handler of
 * helper/tick.h; one time limit for everything except the user's typing; a malformed or unexpected
 * message ends the process without a verdict, which the module takes for a refusal.
 *
 *	main -> tasks -> sealed_card -> tick -> link -> resources
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "config/conf.h"
#include "flow/whereabouts.h"
#include "helper/cage.h"
#include "helper/link.h"
#include "helper/proto.h"
#include "helper/resources.h"
#include "helper/sealed_card.h"
#include "helper/tasks.h"
#include "helper/tick.h"
#include "lib/i18n.h"
#include "lib/safefile.h"

/*
 * Ending a session, a service or a terminal signals every process in it. This one ends on its own,
 * by the deadline at the latest, and never between VERIFY and the moment when the card has dropped
 * the verified state.
 */
static void
ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN,
		SIGTTOU, SIGUSR1, SIGUSR2, SIGXCPU };

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)signal(signals[i], SIG_IGN);
}

/*
 * Under su and sudo the real user id is the caller's, who could signal us: make the effective one
 * the only one.
 */
static bool
become_effective(void)
{
	gid_t gid = getegid();
	uid_t uid = geteuid();

	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

/*
 * Finds out where the user is (lib/place.h). Before the cage, which hides other processes and
 * logind's files.
 */
static enum where
locate_user(const struct proto_request *request, const struct conf *conf, const struct log *log)
{
	const struct proto_claims *c = &request->claims;
	struct place_evidence e = { .service = request->service, .tty = c->tty, .display = c->display,
		.rhost = c->rhost, .seat = c->seat, .ssh_connection = c->ssh_connection, .caller = c->caller,
		.for_caller = c->for_caller, .vouched = conf_is_local_service(conf, request->service) };

	whereabouts(getppid(), log, &e);
	return place_decide(&e);
}

/*
 * Connects to pcscd while we are still root: its polkit rules admit root, and not always the user
 * that we become. A failure is reported when the card is needed.
 */
static struct outcome
enter_cage(const struct flow_env *env, const struct proto_request *request)
{
	struct outcome o;

	if (geteuid() == 0 && env->conf->helper_user[0] != '\0' && tasks_need_card(env, request)) {
		o = pcsc_connect(resources_pcsc());
		log_msg(env->log, LOG_DEBUG, "pcscd, as root: %s (%x)", outcome_code(o.status), o.raw);
	}
	o = cage_enter(env->conf, tasks_way(env->conf, request) != PROTO_BY_PIN, env->log);
	safefile_keep_directories();	/* not earlier: the cage closes each descriptor that it does not know */
	return o;
}

static void
choose_language(const char *language, const struct log *log)
{
	i18n_bind();
	i18n_keep_errors_english();
	if (!i18n_use_language(language))
		log_msg(log, LOG_WARNING, "no Japanese without a locale that carries it; install "
		    "ja_JP.UTF-8 (see lang in pam_jpki.conf(5))");
}

static void
send_ready(const struct conf *conf, const struct proto_request *request, unsigned int work_s)
{
	struct proto_ready m = { .before_s = conf->wait + work_s, .after_s = work_s,
		.way = tasks_way(conf, request), .forward_password = conf->forward_pass != 0,
		.naming = request->task == PROTO_NAME };

	m.unlock = conf->unlock && request->task == PROTO_LOGIN && m.way == PROTO_BY_PIN;
	link_send_ready(&m);
}

/* The module has looked the account up: the cage cuts off all user databases. */
static bool
uid_of_request(void *ctx, const char *user, uid_t *ret_uid)
{
	const struct proto_request *request = ctx;

	if (request->uid == ACCOUNT_NO_UID || strcmp(user, request->user) != 0)
		return false;
	*ret_uid = request->uid;
	return true;
}

/* Sends READY, enters the cage, does the task. */
static void
serve_request(struct flow_env *env, const struct conf *conf, const struct proto_request *request)
{
	/* The rest is for a helper that drops the card's state, in case this one cannot. */
	unsigned int work_s = request->task == PROTO_DROP ? request->drop_s : conf->timeout - PROTO_DROP_S;
	struct outcome o;

	env->transport = sealed_card_transport(resources_pcsc(), env->log);
	send_ready(conf, request, work_s);
	tick_begin(conf->wait, work_s, request->task == PROTO_DROP);
	o = enter_cage(env, request);
	if (outcome_ok(&o))
		tasks_run(env, request);
	else
		tasks_refuse(&o);
}

static void
run_request(struct proto_request *request)
{
	static struct conf conf;
	struct log log = { .sink = link_log, .ctx = &conf };
	struct flow_env env = { .conf = &conf, .clk = &clk_system, .log = &log,
		.budget = tick_budget(), .uid_of = uid_of_request, .uid_ctx = request };
	struct outcome o;

	o = conf_load(request->word_count, request->words, 0, &log, &conf);
	choose_language(conf_language(&conf) != NULL ? conf_language(&conf) : request->lang, &log);
	if (outcome_ok(&o)) {
		link_name_place(locate_user(request, &conf, &log));
		o = tasks_may_begin(&conf, request) ? resources_acquire(&log) : outcome_of(OUTCOME_REMOTE);
	}
	if (!outcome_ok(&o)) {
		tasks_refuse(&o);
		return;
	}
	if (request->no_wait)
		conf.wait = 0;
	serve_request(&env, &conf, request);
}

/*
 * Whether the card names the user of a program that gives no name. False: the module has the
 * program prompt for a name, while this process waits for the REQUEST of the login. Invalid options
 * are reported by that login: nothing is logged here.
 */
static bool
is_named_by_card(const struct proto_request *request)
{
	static const struct log unheard;
	static struct conf conf;
	struct outcome o = conf_load(request->word_count, request->words, 0, &unheard, &conf);

	if (!outcome_ok(&o) || !conf.user_from_card)
		return false;
	link_name_place(locate_user(request, &conf, &unheard));
	return tasks_may_begin(&conf, request);
}

static bool
receive_task(struct proto_request *ret)
{
	static const struct proto_ready not_by_card = { .way = PROTO_BY_PIN };

	if (!link_receive_request(ret))
		return false;
	if (ret->task != PROTO_NAME || is_named_by_card(ret))
		return true;
	link_send_ready(&not_by_card);
	return link_receive_next_request(ret) && ret->task != PROTO_NAME;
}

int
main(int argc, char **argv)
{
	static struct proto_request request;

	if (!link_is_there()) {
		fprintf(stderr, "jpki_helper is started by pam_jpki.so and is of no use by hand\n");
		return 2;
	}
	ignore_signals();
	if (!become_effective() || !cage_prepare() || !receive_task(&request))
		return EXIT_PROTOCOL;
	run_request(&request);
	resources_release();
	return 0;
}

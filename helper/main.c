/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki_helper: one process for one login, started by pam_jpki.so with an
 * empty environment and nothing open but a socket to it. Card and NSS live
 * and die here; the verdict goes back as one message (helper/proto.h).
 *
 * MUSTs: no core dump and no tracing; in its cage (helper/cage.h) before it looks at a file of the
 * user or a card; each PIN in a struct secret, wiped on
 * every path, also by the watchdog; one time limit over everything but the
 * person's typing; a message that is not what it must be ends the process
 * without a verdict, which the module takes for a refusal.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "config/conf.h"
#include "config/userfile.h"
#include "flow/find.h"
#include "flow/login.h"
#include "flow/pinchange.h"
#include "flow/remote.h"
#include "flow/possession/transaction.h"
#include "flow/whereabouts.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "helper/cage.h"
#include "helper/proto.h"
#include "helper/watchdog.h"
#include "nss/cert.h"

#define REQUEST_TIMEOUT_MS 10000
#define TICK_MS 250
#define EXIT_PROTOCOL 3

/* One per process: the watchdog, a signal handler, needs them. */
static struct {
	struct proto_id id;
	struct secret *pin;			/* LOGIN */
	struct pinchange_secrets secrets;	/* PIN_CHANGE */
	struct pcsc *pcsc;
	struct transport transport;		/* pcsc's, sealed */
	enum proto_task task;
	unsigned int work_s;			/* for what card and reader do, in all */
	struct watchdog watchdog;
	const struct log *log;
	char reader[PROTO_NAME_MAX], cert[PROTO_CERT_MAX];	/* what RESULT says of the card */
	struct proto_since since;		/* what the holder is told */
	enum where where;			/* the user is */
	volatile sig_atomic_t changing;		/* the new PIN may be on its way to the card */
	volatile sig_atomic_t result_sent;
	struct late {
		uint8_t packet[PROTO_PACKET_MAX];
		size_t len;
	} busy, timeout, uncertain;
} self;

/* --- hardening -------------------------------------------------------------- */

/*
 * Who ends a session, a service or a terminal signals every process in it. We
 * end by ourselves, by the deadline at the latest, and never between VERIFY
 * and the moment the card has forgotten it.
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
 * Under su and sudo the real user id is the caller's, who may then signal us.
 * Whoever we act for is whoever we are.
 */
static bool
become_effective(void)
{
	gid_t gid = getegid();
	uid_t uid = geteuid();

	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static bool
is_our_socket(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* --- messages --------------------------------------------------------------- */

static void
wipe_pins(void)
{
	if (self.pin != NULL)
		secret_wipe(self.pin);
	pinchange_secrets_wipe(&self.secrets);
}

/* The watchdog may strike meanwhile. */
static void
let_go(void)
{
	struct pcsc *pcsc = self.pcsc;
	struct secret *pin = self.pin;

	self.pcsc = NULL;
	self.pin = NULL;
	secret_free(pin);
	pinchange_secrets_done(&self.secrets);
	pcsc_free(pcsc);
}

static void
send_or_die(const struct writer *w, bool fits)
{
	if (!fits || !proto_send(PROTO_FD, w)) {
		let_go();
		_exit(EXIT_PROTOCOL);
	}
}

static void
log_to_module(void *ctx, int priority, const char *text)
{
	static unsigned int count;
	const struct conf *conf = ctx;
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_log m = { .priority = priority };

	if ((priority == LOG_DEBUG && !conf->debug) || ++count > PROTO_LOGS_MAX)
		return;
	snprintf(m.text, sizeof m.text, "%s", text);
	/* Should the module be gone: finishing with the card comes first. */
	if (proto_put_log(&w, &self.id, &m))
		(void)!proto_send(PROTO_FD, &w);
}

static bool
put_outcome(struct writer *w, const struct outcome *o, bool card_clean, const char *text)
{
	struct proto_result m = { .outcome = *o, .card_clean = card_clean, .where = self.where };

	snprintf(m.text, sizeof m.text, "%s", text);
	memcpy(m.reader, self.reader, sizeof m.reader);
	memcpy(m.cert, self.cert, sizeof m.cert);
	return proto_put_result(w, &self.id, &m);
}

/* What the person reads. Who is logging in may have another way in than this card. */
static void
tell(const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (o->status == OUTCOME_CARD_BUSY && self.task == PROTO_LOGIN && self.reader[0] != '\0')
		message_busy(self.reader, text);
	else
		message_outcome(o, text);
}

static void
send_result(const struct outcome *o, bool card_clean, const char *text)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	send_or_die(&w, put_outcome(&w, o, card_clean, text));
	self.result_sent = 1;
	self.watchdog.must_finish = true;
}

static void
send_ready(const struct conf *conf, enum proto_way way)
{
	struct proto_ready m = { .before_s = conf->wait + self.work_s, .after_s = self.work_s,
		.way = way, .forward_password = conf->forward_pass != 0 };
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);

	send_or_die(&w, proto_put_ready(&w, &self.id, &m));
}

/* --- the watchdog ----------------------------------------------------------- */

static bool
module_gone(void *ctx)
{
	struct pollfd p = { .fd = PROTO_FD, .events = POLLIN };

	/* It has nothing to say but when it was asked: anything here is the end. */
	return poll(&p, 1, 0) != 0;
}

/*
 * Nothing in libpcsclite can be interrupted: whoever waits for another
 * program's transaction, or for a reader that hangs, waits without limit. So
 * the process looks up from that four times a second, and ends itself if need
 * be (helper/watchdog.h). pcscd then resets the card, which is not enough on
 * contactless readers: the module starts a helper that drops the state. Only
 * async-signal-safe calls in here.
 */
static void
on_tick(int sig)
{
	bool waits = pcsc_pending(self.pcsc) == OUTCOME_CARD_BUSY;
	const struct late *late = self.changing ? &self.uncertain : waits ? &self.busy : &self.timeout;
	int error = errno;

	if (!watchdog_strikes(&self.watchdog, waits, module_gone(NULL))) {
		errno = error;
		return;
	}
	if (!self.result_sent)
		(void)!send(PROTO_FD, late->packet, late->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	wipe_pins();
	_exit(EXIT_PROTOCOL);
}

static bool
prepare_late(struct late *late, enum outcome_status status, bool card_clean)
{
	struct writer w = writer_of(late->packet, sizeof late->packet);
	struct outcome o = outcome_of(status);
	char text[MESSAGE_MAX];

	tell(&o, text);
	if (!put_outcome(&w, &o, card_clean, text))
		return false;
	late->len = w.len;
	return true;
}

static void
set_ticks(int ms)
{
	struct timeval every = { .tv_usec = ms * 1000 };
	struct itimerval it = { .it_interval = every, .it_value = every };

	if (setitimer(ITIMER_REAL, &it, NULL) != 0)
		_exit(EXIT_PROTOCOL);
}

/* What the handler reads changes only while it is stopped. */
static void
watchdog_stop(void)
{
	set_ticks(0);
}

static void
watchdog_start(void)
{
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };

	if (!prepare_late(&self.busy, OUTCOME_CARD_BUSY, true) ||
	    !prepare_late(&self.timeout, OUTCOME_TIMEOUT, !self.watchdog.pin_received) ||
	    !prepare_late(&self.uncertain, OUTCOME_PIN_UNCERTAIN, false) ||
	    sigemptyset(&sa.sa_mask) != 0 || sigaction(SIGALRM, &sa, NULL) != 0)
		_exit(EXIT_PROTOCOL);
	set_ticks(TICK_MS);
}

/* The person may take any time. */
static void
pause_work(void)
{
	watchdog_stop();
	budget_pause(&self.watchdog.budget);
}

static void
resume_work(void)
{
	/* What was not spent on waiting for a card is no time for its work. */
	budget_resume(&self.watchdog.budget, (int64_t)self.work_s * 1000);
	watchdog_start();
}

/* --- the person, who sits behind the module ---------------------------------- */

static enum outcome_status
status_of_answer(enum proto_answer answer)
{
	switch (answer) {
	case PROTO_ANSWER_PIN:
		return OUTCOME_OK;
	case PROTO_ANSWER_FORMAT:
		return OUTCOME_PIN_FORMAT;
	case PROTO_ANSWER_REPEATED:
		return OUTCOME_PIN_REPEATED;
	case PROTO_ANSWER_PASSWORD:
		return OUTCOME_PASSWORD;
	case PROTO_ANSWER_GUESSES:
		return OUTCOME_GUESSES;
	case PROTO_ANSWER_UNRECORDED:
		return OUTCOME_GUESS_RECORD;
	case PROTO_ANSWER_CANCEL:
		break;
	}
	return OUTCOME_CANCELLED;
}

/*
 * The answer to what was asked. OUTCOME_OK, and its contents are in *ret_r; CANCELLED if the module
 * has gone; HELPER if it is another message.
 */
static struct outcome
receive_answer(enum proto_type wanted, uint8_t packet[static PROTO_PACKET_MAX], struct cursor *ret_r)
{
	enum proto_type type;
	struct proto_id id;
	size_t len;

	/* No deadline: somebody is typing. If the module goes, the socket closes. */
	if (proto_receive(PROTO_FD, &clk_system, INT64_MAX, packet, &len) != PROTO_RECEIVED)
		return outcome_of(OUTCOME_CANCELLED);
	*ret_r = cursor_of(packet, len);
	if (!proto_get_header(ret_r, &type, &id) || type != wanted || memcmp(&id, &self.id, sizeof id) != 0)
		return outcome_of(OUTCOME_HELPER);
	return outcome_of(OUTCOME_OK);
}

static struct outcome
receive_pin(struct secret *pin)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct proto_pin m;
	struct cursor r;
	struct outcome o = receive_answer(PROTO_PIN, packet, &r);

	if (o.status == OUTCOME_CANCELLED)
		return o;
	self.watchdog.pin_received = true;
	if (!outcome_ok(&o) || !proto_get_pin(&r, &m))
		o = outcome_of(OUTCOME_HELPER);
	else if (m.answer == PROTO_ANSWER_PIN && !secret_set(pin, m.pin.data, m.pin.len))
		o = outcome_of(OUTCOME_PIN_FORMAT);
	else
		o = outcome_of(status_of_answer(m.answer));
	if (outcome_ok(&o))
		self.since = m.since;
	explicit_bzero(packet, sizeof packet);
	return o;
}

/* CHALLENGE, and the reply. */
static struct outcome
ask_reply(void *ctx, const char *prompt, char reply[static SSHWIRE_REPLY_MAX])
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_challenge challenge;
	struct proto_reply m;
	struct outcome o;
	struct cursor r;

	snprintf(challenge.text, sizeof challenge.text, "%s", prompt);
	pause_work();
	send_or_die(&w, proto_put_challenge(&w, &self.id, &challenge));
	o = receive_answer(PROTO_REPLY, packet, &r);
	if (outcome_ok(&o) && !proto_get_reply(&r, &m))
		o = outcome_of(OUTCOME_HELPER);
	if (outcome_ok(&o) && !m.given)
		o = outcome_of(OUTCOME_CANCELLED);
	snprintf(reply, SSHWIRE_REPLY_MAX, "%s", outcome_ok(&o) ? m.text : "");
	explicit_bzero(&m, sizeof m);
	explicit_bzero(packet, sizeof packet);
	resume_work();
	return o;
}

/* PROMPT, and the PIN that answers it. */
static struct outcome
ask(const char *reader, const char *fingerprint, const char *text, struct secret *pin)
{
	uint8_t packet[PROTO_PACKET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct proto_prompt m;
	struct outcome o;

	snprintf(m.text, sizeof m.text, "%s", text);
	snprintf(m.reader, sizeof m.reader, "%s", reader);
	snprintf(m.cert, sizeof m.cert, "%.*s", PROTO_CERT_MAX - 1, fingerprint);
	pause_work();
	send_or_die(&w, proto_put_prompt(&w, &self.id, &m));
	o = receive_pin(pin);
	resume_work();
	return o;
}

static struct outcome
ask_pin(void *ctx, const struct found_card *found, struct secret *pin)
{
	const struct conf *conf = ctx;
	char text[MESSAGE_MAX];

	message_pin_prompt(found->tries_left, conf->forward_pass != 0, text);
	return ask(found->reader, cert_fingerprint(found->enrolled->cert), text, pin);
}

/* The module hands nothing of it to the next one: what is typed is meant for the card alone. */
static struct outcome
ask_for_change(void *ctx, const struct pinchange_question *q, struct secret *typed)
{
	char text[MESSAGE_MAX];

	pinchange_text(q, text);
	return ask(q->reader, q->fingerprint, text, typed);
}

static void
note_changing(void *ctx)
{
	self.changing = 1;
}

/* --- the cage ------------------------------------------------------------------ */

/* Before a card is heard, and where there is none: what is connected stays, nothing comes. */
static struct outcome
seal(void)
{
	static bool sealed;
	struct outcome o;

	if (sealed)
		return outcome_of(OUTCOME_OK);
	o = cage_seal(self.log);
	sealed = outcome_ok(&o);
	return o;
}

static struct outcome
open_card(void *ctx, const char *reader, int64_t ms)
{
	struct outcome o = pcsc_forbid_reconnect(self.pcsc);

	if (outcome_ok(&o))
		o = seal();
	if (!outcome_ok(&o))
		return o;
	watchdog_stop();
	self.watchdog.open_by = clk_mono_ms(&clk_system) + ms;
	snprintf(self.reader, sizeof self.reader, "%s", reader);
	watchdog_start();
	return pcsc_transport(self.pcsc)->ops->open(ctx, reader, ms);
}

/* What is large or needs a privilege is there before the cage; the rest is read from inside. */
static struct outcome
provide(void)
{
	static struct transport_ops ops;

	self.pin = secret_new();
	self.pcsc = pcsc_new(&clk_system, self.log);
	if (!pinchange_secrets_init(&self.secrets) || self.pin == NULL || self.pcsc == NULL)
		return outcome_of(OUTCOME_NO_MEMORY);
	self.transport = *pcsc_transport(self.pcsc);
	ops = *self.transport.ops;
	ops.open = open_card;
	self.transport.ops = &ops;
	return outcome_of(OUTCOME_OK);
}

/* --- the tasks --------------------------------------------------------------- */

/*
 * Where the user is (lib/place.h). From outside the cage, whose inside has no view of
 * other processes and of logind's files.
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

/* How it is decided: in the other ways no reader of this machine has a part in it. */
static enum proto_way
way_of(const struct conf *conf, const struct proto_request *request)
{
	if (conf->ssh_key && proto_offers(request, PROTO_BY_KEY))
		return PROTO_BY_KEY;
	if (conf->remote == CONF_REMOTE_CHALLENGE && proto_offers(request, PROTO_BY_CHALLENGE))
		return PROTO_BY_CHALLENGE;
	return PROTO_BY_PIN;
}

static void
judge_from_afar(const struct flow_env *env, const struct proto_request *request,
    const struct login_request *login_request, struct login_result *ret)
{
	struct remote_ui ui = { .ask = ask_reply };

	*ret = (struct login_result){ .outcome = seal(), .card_clean = true };
	if (!outcome_ok(&ret->outcome))
		return;
	if (way_of(env->conf, request) == PROTO_BY_KEY)
		flow_ssh_key(env, request->user, request->auth_info, ret);
	else
		flow_remote(env, &ui, login_request, ret);
}

/* What somebody who is let in should know. */
static void
write_welcome(const struct flow_env *env, const struct login_result *result, char text[static MESSAGE_MAX])
{
	char since[MESSAGE_MAX], expiry[MESSAGE_MAX];

	message_since(self.since.failed, self.since.failed_by, self.since.entered_by, since);
	(void)message_expiry(result->not_after, clk_wall_s(env->clk), env->conf->expiry_warning_days,
	    result->card_expiry, expiry);
	message_join(since, expiry, text);
}

static void
login(const struct flow_env *env, const struct proto_request *request)
{
	struct flow_ui ui = { .ask_pin = ask_pin, .gone = module_gone, .ctx = (void *)(uintptr_t)env->conf };
	struct login_request login_request = { .purpose = "login", .user = request->user, .service = request->service,
		.host = request->host, .place = where_place(self.where) };
	struct login_result result;
	char text[MESSAGE_MAX];

	if (way_of(env->conf, request) != PROTO_BY_PIN)
		judge_from_afar(env, request, &login_request, &result);
	else
		flow_login(env, &ui, &login_request, self.pin, &result);
	snprintf(self.reader, sizeof self.reader, "%s", result.reader);
	snprintf(self.cert, sizeof self.cert, "%s", result.cert);
	if (outcome_ok(&result.outcome))
		write_welcome(env, &result, text);
	else
		tell(&result.outcome, text);
	send_result(&result.outcome, result.card_clean, text);
}

static void
drop(const struct flow_env *env, const char *reader)
{
	struct outcome o = transaction_drop_state(env, reader);

	send_result(&o, outcome_ok(&o), "");
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
	send_result(o, card_clean, text);
}

static void
change_pin(const struct flow_env *env, const struct proto_request *request)
{
	struct pinchange_ui ui = { .ask = ask_for_change, .gone = module_gone,
		.changing = note_changing };
	struct pinchange_user user = { .name = request->user,
		.place = where_place(self.where) };
	char changed[MESSAGE_MAX];
	struct outcome o;
	bool clean = true;

	if (request->task == PROTO_PIN_CHECK) {
		o = pinchange_check(env, &ui, &user);
		send_change_result(&o, clean, "");
		return;
	}
	o = pinchange_of_user(env, &ui, &user, &self.secrets, &clean);
	message_pin_changed(false, changed);
	send_change_result(&o, clean, changed);
}

/* Whether the card may have a part in it; for the connection to pcscd costs up to a tenth of a second. */
static bool
is_for_card(const struct flow_env *env, const struct proto_request *request)
{
	struct outcome o = flow_may_use_reader(env, where_place(self.where));

	return request->task == PROTO_DROP || (outcome_ok(&o) && way_of(env->conf, request) == PROTO_BY_PIN &&
	    userfile_exists(env->conf->users_dir, request->user));
}

/*
 * pcscd is connected to while we still are root, whom its polkit lets in, and not always the user
 * that we become. What comes of it is told when the card's turn comes.
 */
static struct outcome
enter_cage(const struct flow_env *env, const struct proto_request *request)
{
	struct outcome o;

	if (geteuid() == 0 && env->conf->helper_user[0] != '\0' && is_for_card(env, request)) {
		o = pcsc_connect(self.pcsc);
		log_msg(env->log, LOG_DEBUG, "pcscd, as root: %s (%x)", outcome_code(o.status), o.raw);
	}
	return cage_enter(env->conf, way_of(env->conf, request) != PROTO_BY_PIN, env->log);
}

static void
run_task(const struct flow_env *env, const struct proto_request *request)
{
	switch (request->task) {
	case PROTO_LOGIN:
		login(env, request);
		break;
	case PROTO_DROP:
		drop(env, request->reader);
		break;
	case PROTO_PIN_CHECK:
	case PROTO_PIN_CHANGE:
		change_pin(env, request);
		break;
	}
}

static void
speak(const char *language, const struct log *log)
{
	i18n_bind();
	i18n_keep_errors_english();
	if (!i18n_use_language(language))
		log_msg(log, LOG_WARNING, "no Japanese without a locale that carries it; install "
		    "ja_JP.UTF-8 (see lang in pam_jpki.conf(5))");
}

static void
refuse(const struct outcome *o)
{
	char text[MESSAGE_MAX];

	message_outcome(o, text);
	send_result(o, true, text);
}

static void
run(const struct proto_request *request)
{
	static struct conf conf;
	struct log log = { .sink = log_to_module, .ctx = &conf };
	struct flow_env env = { .conf = &conf, .clk = &clk_system, .log = &log,
		.budget = &self.watchdog.budget };
	struct outcome o;

	o = conf_load(request->word_count, request->words, 0, &log, &conf);
	speak(conf_language(&conf) != NULL ? conf_language(&conf) : request->lang, &log);
	self.log = &log;
	self.task = request->task;
	if (outcome_ok(&o)) {
		self.where = locate_user(request, &conf, &log);
		o = provide();
	}
	if (!outcome_ok(&o)) {
		refuse(&o);
		return;
	}
	env.transport = &self.transport;
	if (request->no_wait)
		conf.wait = 0;
	/* The rest is for a helper that drops the card's state, should this one not get to it. */
	self.work_s = self.task == PROTO_DROP ? request->drop_s : conf.timeout - PROTO_DROP_S;
	self.watchdog.must_finish = self.task == PROTO_DROP;
	budget_start(&self.watchdog.budget, &clk_system, (int64_t)(conf.wait + self.work_s) * 1000);
	send_ready(&conf, way_of(&conf, request));
	watchdog_start();
	o = enter_cage(&env, request);
	if (outcome_ok(&o))
		run_task(&env, request);
	else
		refuse(&o);
}

int
main(int argc, char **argv)
{
	static struct proto_request request;
	static uint8_t packet[PROTO_PACKET_MAX];
	enum proto_type type;
	struct cursor r;
	size_t len;

	if (!is_our_socket(PROTO_FD)) {
		fprintf(stderr, "jpki_helper is started by pam_jpki.so and is of no use by hand\n");
		return 2;
	}
	ignore_signals();
	if (!become_effective() || !cage_prepare())
		return EXIT_PROTOCOL;
	if (proto_receive(PROTO_FD, &clk_system, clk_mono_ms(&clk_system) + REQUEST_TIMEOUT_MS,
	    packet, &len) != PROTO_RECEIVED)
		return EXIT_PROTOCOL;
	r = cursor_of(packet, len);
	if (!proto_get_header(&r, &type, &self.id) || type != PROTO_REQUEST ||
	    !proto_get_request(&r, &request))
		return EXIT_PROTOCOL;
	run(&request);
	let_go();
	return 0;
}

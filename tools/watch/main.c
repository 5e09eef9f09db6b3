/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jpki-watch: locks the screen when the card of the session leaves the reader, or is blocked.
 *
 * MUSTs: it sends no PIN and keeps no connection to a card; while our card is there it only sleeps, until
 * pcscd or the end of a suspend wakes it; if it cannot watch, it reports that in the log and by its exit
 * status, and does not lock the screen; it does nothing in a remote session.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "config/fleetcopy.h"
#include "lib/account.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/watch/blocked.h"
#include "tools/watch/card_probe.h"
#include "tools/watch/logind.h"
#include "tools/watch/offer.h"
#include "tools/watch/removal_action.h"
#include "tools/watch/service.h"
#include "tools/watch/waking.h"
#include "tools/watch/watch.h"

/* Exit codes, as in jpki-watch(1). */
enum {
	EXIT_NOTHING = 0,	/* to watch here */
	EXIT_BROKEN = 1,	/* starting it again may help */
	EXIT_CANNOT = 2,	/* usage, configuration, enrollment */
};

#define SERVICE_RETRY_MS 60000
#define READER_RETRY_MS 200

/* The files of an account: root's and, where an organization registers cards, that one's. */
struct enrollment {
	struct stat own, fleet;
};

struct watcher {
	struct conf conf;
	struct log log;
	struct session session;
	struct account account;
	struct enrollment enrolled;	/* when it was read */
	struct look look;
	struct act act;
	bool blocks_alone;	/* no card is watched: only whether it is blocked */
	struct blocked blocked;
	struct watch watch;
	char **argv;
	int service;		/* service_listen(); -1 while pcscd runs */
	bool done;		/* nothing more to wait for */
};

static void
to_syslog(void *ctx, int priority, const char *text)
{
	const struct watcher *w = ctx;

	if (priority != LOG_DEBUG || w->conf.debug)
		syslog(priority, "%s", text);
}

/* --- news --------------------------------------------------------------------------- */

static int
ask_card(void *ctx, const char *reader, int64_t ms)
{
	const struct watcher *w = ctx;

	return card_probe_answer(&w->look, reader, ms);
}

static int64_t
woke_ms(void *ctx)
{
	return waking_last_ms();
}

/* Identity and time of the file: enough to notice that it was replaced. */
static struct stat
file_in(const char *dir, const struct watcher *w)
{
	char path[PATH_MAX + ACCOUNT_NAME_MAX + sizeof "/.pem"];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s.pem", dir, w->account.name);
	if (dir[0] == '\0' || stat(path, &st) != 0)
		memset(&st, 0, sizeof st);
	return st;
}

static struct enrollment
enrollment_of(const struct watcher *w)
{
	char fleet[PATH_MAX];

	fleetcopy_users_dir(&w->conf, fleet);
	return (struct enrollment){ .own = file_in(w->conf.users_dir, w), .fleet = file_in(fleet, w) };
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
uid_of_account(void *ctx, const char *user, uid_t *ret_uid)
{
	return account_uid(user, ret_uid);
}

static struct outcome
load_enrollment(struct watcher *w, struct look *ret)
{
	struct flow_env env = { .conf = &w->conf, .clk = &clk_system, .log = &w->log, .uid_of = uid_of_account };

	w->enrolled = enrollment_of(w);
	return card_probe_load(ret, &env, w->account.name);
}

static bool
renewed(void *ctx, int *certificate)
{
	static struct look look;
	struct watcher *w = ctx;
	struct enrollment now = enrollment_of(w);
	struct outcome o;

	if (is_same_file(&now.own, &w->enrolled.own) && is_same_file(&now.fleet, &w->enrolled.fleet))
		return false;
	o = load_enrollment(w, &look);
	if (!outcome_ok(&o)) {
		log_msg(&w->log, LOG_ERR, "%s: %s; using the earlier registration to recognize the card", outcome_code(o.status),
		    outcome_state(o.status));
		return false;
	}
	if (*certificate >= 0)
		*certificate = card_probe_find(&look, w->look.at[*certificate].id);
	w->look = look;
	blocked_use(&w->blocked, &w->look);
	return true;
}

static void
log_event(const struct watcher *w, int priority, const char *what, const char *reader_name, const char *cert)
{
	char reader[2 * TRANSPORT_NAME_MAX], session[SESSION_TEXT_MAX];

	log_field(reader_name, reader, sizeof reader);
	log_field(w->session.id, session, sizeof session);
	log_msg(&w->log, priority, "JPKI-WATCH event=%s reader=%s cert=%s session=%s action=%s", what, reader, cert, session,
	    removal_action_name(&w->act));
}

static void
log_news(const struct watcher *w, int priority, const char *what, const char *reader_name)
{
	int n = w->watch.certificate;

	log_event(w, priority, what, reader_name, n >= 0 ? w->look.at[n].id : "-");
}

static void
act_on_removal(struct watcher *w, const char *reader)
{
	log_news(w, LOG_NOTICE, "removed", reader);
	if (!removal_action_perform(&w->act))
		log_news(w, LOG_ERR, "failed", reader);
}

static void
on_news(void *ctx, enum watch_news news, const char *reader)
{
	struct watcher *w = ctx;

	switch (news) {
	case WATCH_FOUND:
		log_news(w, LOG_INFO, "found", reader);
		break;
	case WATCH_GONE:
		log_news(w, LOG_INFO, "gone", reader);
		if (w->conf.removal_warn)
			removal_action_warn(&w->act);
		break;
	case WATCH_BACK:
		log_news(w, LOG_INFO, "back", reader);
		break;
	case WATCH_REMOVED:
		act_on_removal(w, reader);
		break;
	case WATCH_SERVICE_GONE:
		log_news(w, LOG_WARNING, "no-pcscd", reader);
		break;
	case WATCH_SERVICE_BACK:
		log_news(w, LOG_INFO, "pcscd", reader);
		break;
	case WATCH_RENEWED:
		log_news(w, LOG_INFO, "renewed", reader);
		break;
	}
}

/* --- a card that is blocked ------------------------------------------------------------ */

static bool
on_blocked(void *ctx, const char *id)
{
	const struct watcher *w = ctx;

	log_event(w, LOG_NOTICE, "blocked", "", id);
	if (removal_action_perform(&w->act))
		return true;
	log_event(w, LOG_ERR, "failed", "", id);
	return false;
}

static void
prepare_blocked(struct watcher *w)
{
	w->blocked = (struct blocked){ .conf = &w->conf, .log = &w->log, .session = &w->session, .act = on_blocked, .ctx = w,
		.lock = PTHREAD_MUTEX_INITIALIZER };
}

/* --- a card that is not registered ---------------------------------------------------- */

static int
ask_kind(void *ctx, const char *reader, int64_t ms)
{
	const struct watcher *w = ctx;

	return card_probe_kind(&w->look, reader, ms);
}

static void
on_card(void *ctx, enum watch_news news, const char *reader)
{
	struct watcher *w = ctx;

	if (news != WATCH_FOUND)
		return;
	/* Registered meanwhile, perhaps. */
	if (offer_is_due(&w->conf, w->account.name))
		offer_make(&w->log);
	w->done = true;
}

static bool
not_renewed(void *ctx, int *certificate)
{
	return false;
}

/* --- watching ------------------------------------------------------------------------- */

static int __attribute__((format(printf, 2, 3)))
nothing(const struct watcher *w, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	log_msg(&w->log, LOG_INFO, "nothing to watch: %s", text);
	return EXIT_NOTHING;
}

/*
 * pcscd does not run, or refuses us. Listen on its socket before checking again, so that no event between
 * the check and the wait is missed.
 */
static void
wait_for_service(struct watcher *w, const struct outcome *o)
{
	if (w->service < 0) {
		w->service = service_listen();
		return;		/* check once more, now that we listen */
	}
	service_wait(w->service, SERVICE_RETRY_MS);
	/* This process still has the old library. A newer one may be installed: start again to use it. */
	if (o->status == OUTCOME_SERVICE_VERSION)
		(void)execv("/proc/self/exe", w->argv);
	(void)close(w->service);
	w->service = service_listen();
}

static int
run_watch(struct watcher *w, const struct transport *t)
{
	for (;;) {
		int64_t ms = 0;
		struct outcome o;

		if (logind_session_is_over(&w->session))
			return nothing(w, "the session has ended");
		o = watch_step(&w->watch, &ms);
		if (w->done)
			return EXIT_NOTHING;
		if (o.status == OUTCOME_NO_READER) {	/* unplugged during the call */
			(void)poll(NULL, 0, READER_RETRY_MS);
			continue;
		}
		if (outcome_ok(&o)) {
			if (w->service >= 0)
				(void)close(w->service);
			w->service = -1;
			o = t->ops->wait(t->ctx, &w->watch.seen, ms);
			if (outcome_ok(&o) || watch_lacks_service(&o) || o.status == OUTCOME_NO_READER)
				continue;	/* handled at the next step */
		}
		if (!watch_lacks_service(&o)) {
			log_msg(&w->log, LOG_ERR, "%s: %s (%x); the card is not watched", outcome_code(o.status),
			    outcome_state(o.status), o.raw);
			return EXIT_BROKEN;
		}
		wait_for_service(w, &o);
	}
}

static int
watch_readers(struct watcher *w, const struct watch_ops *ops, int certificate)
{
	struct pcsc *pcsc = pcsc_new(&clk_system, &w->log);
	int result;

	if (pcsc == NULL) {
		log_msg(&w->log, LOG_ERR, "out of memory; the card is not watched");
		return EXIT_BROKEN;
	}
	waking_begin();
	watch_init(&w->watch, pcsc_transport(pcsc), &clk_system, ops, (int64_t)w->conf.removal_grace * 1000,
	    certificate);
	result = run_watch(w, pcsc_transport(pcsc));
	pcsc_free(pcsc);
	return result;
}

static int
watch_card(struct watcher *w, int certificate)
{
	const struct watch_ops ops = { .look = ask_card, .tell = on_news, .renewed = renewed, .woke_ms = woke_ms, .ctx = w };

	w->watch.certificate = certificate;
	log_news(w, LOG_INFO, "begin", "");
	if (w->blocks_alone) {
		blocked_follow(&w->blocked);
		return nothing(w, "the session has ended");
	}
	(void)!blocked_begin(&w->blocked);	/* then the card alone is watched */
	return watch_readers(w, &ops, certificate);
}

static int
wait_for_card(struct watcher *w)
{
	const struct watch_ops ops = { .look = ask_kind, .tell = on_card, .renewed = not_renewed, .woke_ms = woke_ms, .ctx = w };

	w->look = (struct look){ .clk = &clk_system, .log = &w->log, .classic = !w->conf.short_ids };
	return watch_readers(w, &ops, -1);
}

/* --- whether there is anything to watch ------------------------------------------------ */

/* The index of the session's certificate; -1: the session names none. False, logged: not enrolled. */
static bool
certificate_of_session(const struct watcher *w, int *ret)
{
	*ret = -1;
	if (w->session.cert[0] == '\0')
		return true;
	*ret = card_probe_find(&w->look, w->session.cert);
	if (*ret < 0)
		log_msg(&w->log, LOG_ERR, "the card that opened this session is no longer registered; it is not watched");
	return *ret >= 0;
}

static bool
find_account(struct watcher *w)
{
	if (account_of_uid(getuid(), getenv("LOGNAME"), &w->log, &w->account) == ACCOUNT_FOUND)
		return true;
	log_msg(&w->log, LOG_ERR, "user %lu is unknown; the card is not watched", (unsigned long)getuid());
	return false;
}

/* The registration of a lost card is often removed before the card is blocked, so only the block is left to follow. */
static int
follow_session(struct watcher *w)
{
	if (!blocked_use_session(&w->blocked))
		return EXIT_CANNOT;
	log_event(w, LOG_INFO, "begin", "", w->session.cert);
	blocked_follow(&w->blocked);
	return nothing(w, "the session has ended");
}

static int
load_options(struct watcher *w)
{
	struct outcome o;
	int certificate;

	if (!find_account(w))
		return EXIT_CANNOT;
	o = load_enrollment(w, &w->look);
	if (o.status == OUTCOME_NOT_ENROLLED && w->session.cert[0] == '\0')
		return nothing(w, "no card is registered for %s", w->account.name);
	if (!outcome_ok(&o))
		log_msg(&w->log, LOG_ERR, "%s: %s; the card is not watched", outcome_code(o.status),
		    outcome_state(o.status));
	if (!outcome_ok(&o) || !certificate_of_session(w, &certificate))
		return follow_session(w);
	blocked_use(&w->blocked, &w->look);
	return watch_card(w, certificate);
}

/*
 * Chooses what to do, and finds out whether there is anything to watch. A session that a card opened is locked when
 * that card is blocked, even if its removal has no effect.
 */
static int
choose_action(struct watcher *w, char *const *command)
{
	if (!removal_action_choose(&w->conf, command, w->session.id, &w->log, &w->act))
		return EXIT_CANNOT;
	if (w->act.what == CONF_REMOVAL_NONE && w->session.cert[0] == '\0')
		return nothing(w, "on_removal = none, and no command is given");
	if (w->act.what == CONF_REMOVAL_NONE) {
		w->blocks_alone = true;
		w->act.what = CONF_REMOVAL_LOCK;
	}
	return load_options(w);
}

static int
begin_watch(struct watcher *w, const char *conf_file, char *const *command)
{
	struct outcome o = conf_read(conf_file, 0, &w->log, &w->conf);

	if (!outcome_ok(&o))
		return EXIT_CANNOT;
	if (conf_language(&w->conf) != NULL)
		(void)i18n_use_language(conf_language(&w->conf));
	logind_session_find(&w->session);
	if (w->session.remote)
		return nothing(w, "this is a remote session");
	if (conf_is_exempt(&w->conf, w->session.service))
		return nothing(w, "sessions of %s are exempt", w->session.service);
	/* Without a registration there is nothing to watch. */
	if (w->conf.self_enroll && find_account(w) && offer_is_due(&w->conf, w->account.name))
		return wait_for_card(w);
	return choose_action(w, command);
}

static void
prepare_process(void)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };

	/*
	 * Our parent may have left SIGCHLD ignored. Then an exited child would vanish at once, and another
	 * process could have its id when we kill it (card_probe.c).
	 */
	(void)sigaction(SIGCHLD, &normal, NULL);
	(void)setlocale(LC_ALL, "");
	i18n_bind();
	openlog("jpki-watch", LOG_PID | (isatty(STDERR_FILENO) ? LOG_PERROR : 0), LOG_USER);
}

static void
usage(FILE *out)
{
	fputs(_("Usage: jpki-watch [-c FILE] [COMMAND [ARGUMENT]...]\n"
	    "Locks the screen when the card that opened this session leaves the reader, as\n"
	    "on_removal in pam_jpki.conf says, or runs COMMAND; also when that card is blocked.\n"
	    "See jpki-watch(1).\n"
	    "  -c, --config FILE  another configuration file\n"
	    "  -h, --help         this text\n"
	    "  -V, --version      version\n"), out);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	static struct watcher w = { .service = -1 };
	const char *conf_file = CONF_FILE;
	int c;

	prepare_process();
	w.argv = argv;
	w.log = (struct log){ .sink = to_syslog, .ctx = &w };
	prepare_blocked(&w);
	conf_init(&w.conf);
	/* "+": what follows the command is the command's. */
	while ((c = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			conf_file = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_NOTHING;
		case 'V':
			printf("jpki-watch (%s)\n", PACKAGE_STRING);
			return EXIT_NOTHING;
		default:
			usage(stderr);
			return EXIT_CANNOT;
		}
	}
	return begin_watch(&w, conf_file, optind < argc ? argv + optind : NULL);
}

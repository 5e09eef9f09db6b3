/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/i18n.h"
#include "lib/place.h"

static const struct row {
	enum place place;
	const char *code, *text;
} rows[WHERE_COUNT] = {
#define REASON(name, place_, code_, text_) \
	[WHERE_##name] = { .place = PLACE_##place_, .code = (code_), .text = (text_) },
#include "lib/place.def"
#undef REASON
};

static const struct row *
row_of(enum where where)
{
	return &rows[(unsigned int)where < WHERE_COUNT ? where : WHERE_UNKNOWN];
}

enum place
where_place(enum where where)
{
	return row_of(where)->place;
}

const char *
where_code(enum where where)
{
	return row_of(where)->code;
}

const char *
where_text(enum where where)
{
	return row_of(where)->text;
}

const char *
place_name(enum place place)
{
	static const char *const names[PLACE_COUNT] = {
		[PLACE_UNPROVED] = "unproved",
		[PLACE_ASSUMED] = "assumed",
		[PLACE_LOCAL] = "local",
		[PLACE_REMOTE] = "remote",
	};

	return names[(unsigned int)place < PLACE_COUNT ? place : PLACE_UNPROVED];
}

/* --- what a word means ---------------------------------------------------------- */

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool
begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *
without_dev(const char *tty)
{
	return begins_with(tty, "/dev/") ? tty + 5 : tty;
}

unsigned int
place_console(const char *tty)
{
	const char *digits = without_dev(tty) + 3;
	unsigned int n = 0;

	if (!begins_with(without_dev(tty), "tty") || digits[0] == '0')
		return 0;
	for (; *digits != '\0'; digits++) {
		if (!isdigit((unsigned char)*digits))
			return 0;
		n = n * 10 + (unsigned int)(*digits - '0');
		if (n > 63)
			return 0;
	}
	return n;
}

/* A terminal of a machine without a screen: ttyS0, ttyUSB0, hvc0, console … */
static bool
is_serial(const char *tty)
{
	tty = without_dev(tty);
	return strcmp(tty, "console") == 0 || begins_with(tty, "hvc") || begins_with(tty, "xvc") ||
	    (begins_with(tty, "tty") && isalpha((unsigned char)tty[3]));
}

/* ":0", ":0.0": a display whose X server runs on this machine, even if it is viewed from another one. */
static bool
is_display_here(const char *name)
{
	return name[0] == ':' && isdigit((unsigned char)name[1]);
}

/* An X display "host:0", or ssh's forwarded "localhost:10". */
static bool
is_display_elsewhere(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon != NULL && colon != name && name[0] != '/';
}

bool
place_same_display(const char *a, const char *b)
{
	size_t n = strcspn(a, ".");

	return is_display_here(a) && n == strcspn(b, ".") && strncmp(a, b, n) == 0;
}

/* Services that accept a password from the network, and may not give the remote host. */
static bool
is_network_service(const char *service)
{
	static const char *const names[] = {
		"cockpit", "cups", "dovecot", "ejabberd", "freeradius", "ftp", "ftpd", "httpd", "imap", "imap4",
		"imaps", "mysql", "netatalk", "openvpn", "pop", "pop3", "pop3s", "postgresql", "ppp",
		"proftpd", "pure-ftpd", "radiusd", "remote", "rexec", "rlogin", "rsh", "samba", "saslauthd",
		"sieve", "smtp", "smtpd", "smtps", "squid", "telnet", "tigervnc", "vnc", "vsftpd", "wayvnc",
		"webmin", "x11vnc", "xrdp", "xrdp-sesman",
	};

	return begins_with(service, "sshd") || is_one_of(service, names, COUNT(names));
}

enum place_witness
place_of_program(const char *name)
{
	static const char *const multiplexers[] = { "abduco", "dtach", "screen", "zellij" };
	static const char *const servers[] = {
		"Xtightvnc", "Xtigervnc", "Xvnc", "cockpit-bridge", "cockpit-session", "dropbear", "etserver",
		"gotty", "in.rlogind", "in.rshd", "in.telnetd", "krfb", "mosh-server", "shellinaboxd", "telnetd",
		"tigervncsession", "tigervncsessio", "ttyd", "wayvnc", "x11vnc", "xrdp-sesexec", "xrdp-sesman",
	};

	if (begins_with(name, "sshd") || is_one_of(name, servers, COUNT(servers)))
		return PLACE_WITNESS_REMOTE;
	if (begins_with(name, "tmux") || is_one_of(name, multiplexers, COUNT(multiplexers)))
		return PLACE_WITNESS_MULTIPLEXER;
	return PLACE_WITNESS_NONE;
}

enum place_witness
place_of_utmp_host(const char *host)
{
	if (host[0] == '\0' || is_display_here(host))
		return PLACE_WITNESS_NONE;
	/* screen: ":pts/0:S.0" */
	if (host[0] == ':' || begins_with(host, "tmux("))
		return PLACE_WITNESS_MULTIPLEXER;
	return PLACE_WITNESS_REMOTE;
}

/* "azumino.example" and "azumino": the same machine, with and without its domain. */
static bool
is_with_domain(const char *name, const char *host)
{
	size_t n = strlen(host);

	return n > 0 && strncasecmp(name, host, n) == 0 && (name[n] == '\0' || name[n] == '.');
}

bool
place_is_own_name(const char *host, const char *own)
{
	static const char *const names[] = { "localhost", "localhost4", "localhost6", "localhost.localdomain",
		"localhost4.localdomain4", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcasecmp(host, names[i]) == 0)
			return true;
	/* Either may be the longer one. NOLINTNEXTLINE(readability-suspicious-call-argument) */
	return is_with_domain(host, own) || is_with_domain(own, host);
}

/* --- the decision ------------------------------------------------------------- */

/* The display that the application names, in either item; "" for none. */
static const char *
display_of(const struct place_evidence *e)
{
	if (is_display_here(e->tty))
		return e->tty;
	return is_display_here(e->display) ? e->display : "";
}

/* Any sign of a remote login; WHERE_UNKNOWN: there is none. */
static enum where
find_remote_sign(const struct place_evidence *e)
{
	if (is_network_service(e->service))
		return WHERE_SERVICE;
	if (e->ssh_connection)
		return WHERE_SSH;
	if (e->rhost[0] != '\0' && !e->rhost_is_here)
		return WHERE_HOST;
	if (strcmp(e->tty, "ssh") == 0 || is_display_elsewhere(e->tty) || is_display_elsewhere(e->display))
		return WHERE_TERMINAL;
	if (e->parents == PLACE_WITNESS_REMOTE)
		return WHERE_SERVER;
	if (e->utmp == PLACE_WITNESS_REMOTE)
		return WHERE_UTMP;
	return WHERE_UNKNOWN;
}

/*
 * Whether the terminal is a virtual console. Programs of a remote user may name one too (su takes it from
 * any of its descriptors), so it must control their process; programs of root are believed.
 */
static bool
is_at_console(const struct place_evidence *e)
{
	unsigned int n = place_console(e->tty);

	return n != 0 && (e->caller == 0 || n == e->console);
}

static bool
is_in_multiplexer(const struct place_evidence *e)
{
	return e->parents == PLACE_WITNESS_MULTIPLEXER || e->utmp == PLACE_WITNESS_MULTIPLEXER;
}

static bool
has_remote_session(const struct place_evidence *e, uid_t uid)
{
	for (size_t i = 0; i < e->session_count; i++)
		if (e->sessions[i].uid == uid && e->sessions[i].remote)
			return true;
	return false;
}

static bool
is_on_seat(const struct place_session *s)
{
	return s->active && !s->remote && s->seat[0] != '\0';
}

/* How well a session matches the display that is named. */
enum fit { FIT_NOT, FIT_PERHAPS, FIT_YES };

static enum fit
fit_display(const struct place_session *s, const char *display)
{
	if (display[0] == '\0' || place_same_display(s->display, display))
		return FIT_YES;
	return s->display[0] == '\0' ? FIT_PERHAPS : FIT_NOT;
}

/* A daemon that root has started by hand: lockers and polkit's helper run as their users. */
static bool
is_silent_daemon(const struct place_evidence *e)
{
	return e->caller == 0 && e->tty[0] == '\0' && e->display[0] == '\0';
}

static enum where
decide_by_own_session(const struct place_evidence *e, const struct place_session *own)
{
	enum fit fit = fit_display(own, display_of(e));
	bool also_remote = has_remote_session(e, own->uid) || has_remote_session(e, e->caller);

	if (own->remote)
		return WHERE_REMOTE_SESSION;
	if (own->seat[0] == '\0')
		return is_serial(e->tty) ? WHERE_SERIAL : WHERE_NO_SEAT;
	if (!own->active)
		return WHERE_INACTIVE;
	if (is_silent_daemon(e))
		return WHERE_SILENT;
	if (fit == FIT_NOT)
		return WHERE_OTHER_DISPLAY;
	if (is_in_multiplexer(e))
		return also_remote ? WHERE_SHARED_MULTIPLEXER : WHERE_MULTIPLEXER;
	if (also_remote)
		return WHERE_ALSO_REMOTE;
	return fit == FIT_YES ? WHERE_SESSION : WHERE_NEW_DISPLAY;
}

/*
 * For a process in no session: by the sessions of the user whose service manager started it, or who runs
 * it.
 */
static enum where
decide_by_user(const struct place_evidence *e)
{
	uid_t user = e->managed ? e->manager : e->caller;
	enum fit best = FIT_NOT;
	bool seated = false;

	if (has_remote_session(e, user) || has_remote_session(e, e->caller))
		return WHERE_REMOTE_USER;
	if (is_silent_daemon(e))
		return WHERE_SILENT;
	if (is_at_console(e))
		return WHERE_CONSOLE;
	for (size_t i = 0; i < e->session_count; i++) {
		enum fit fit = fit_display(&e->sessions[i], display_of(e));

		if (e->sessions[i].uid != user || !is_on_seat(&e->sessions[i]))
			continue;
		seated = true;
		best = fit > best ? fit : best;
	}
	if (!seated)
		return is_serial(e->tty) ? WHERE_SERIAL : WHERE_NO_SESSION;
	if (best == FIT_NOT)
		return WHERE_OTHER_DISPLAY;
	if (is_in_multiplexer(e))
		return WHERE_MULTIPLEXER;
	return best == FIT_YES ? WHERE_USER_SESSION : WHERE_NEW_DISPLAY;
}

/* By the session of the display: one that a remote session claims as well proves nothing. */
static enum where
decide_by_display(const struct place_evidence *e, const char *display)
{
	bool found = false;

	for (size_t i = 0; i < e->session_count; i++) {
		if (!place_same_display(e->sessions[i].display, display))
			continue;
		if (e->sessions[i].remote)
			return WHERE_REMOTE_SESSION;
		found = found || is_on_seat(&e->sessions[i]);
	}
	return found ? WHERE_DISPLAY : WHERE_OTHER_DISPLAY;
}

static bool
is_seat_in_use(const struct place_evidence *e)
{
	for (size_t i = 0; i < e->session_count; i++)
		if (is_on_seat(&e->sessions[i]) && strcmp(e->sessions[i].seat, e->seat) == 0)
			return true;
	return false;
}

/* For a program of root in no session, by what it sets: login, a greeter, or a daemon. */
static enum where
decide_by_words(const struct place_evidence *e)
{
	const char *display = display_of(e);

	if (is_at_console(e))
		return WHERE_CONSOLE;
	if (display[0] != '\0')
		return decide_by_display(e, display);
	if (e->seat[0] != '\0' && is_seat_in_use(e))
		return WHERE_SEAT;
	if (is_serial(e->tty))
		return WHERE_SERIAL;
	return e->tty[0] != '\0' ? WHERE_NO_SESSION : WHERE_SILENT;
}

static enum where
decide_without_logind(const struct place_evidence *e)
{
	if (is_at_console(e))
		return WHERE_CONSOLE;
	if (e->caller != 0 && e->for_caller)
		return is_in_multiplexer(e) ? WHERE_MULTIPLEXER : WHERE_OWN_PROCESS;
	if (is_serial(e->tty))
		return WHERE_SERIAL;
	if (display_of(e)[0] != '\0')
		return WHERE_OTHER_DISPLAY;
	return e->tty[0] != '\0' ? WHERE_OTHER_USER : WHERE_SILENT;
}

static enum where
decide_by_logind(const struct place_evidence *e)
{
	if (e->logind != PLACE_LOGIND_ANSWERS)
		return WHERE_NO_ANSWER;
	for (size_t i = 0; i < e->session_count; i++)
		if (e->sessions[i].own)
			return decide_by_own_session(e, &e->sessions[i]);
	return e->managed || e->caller != 0 ? decide_by_user(e) : decide_by_words(e);
}

enum where
place_decide(const struct place_evidence *e)
{
	enum where where = find_remote_sign(e);

	if (where != WHERE_UNKNOWN)
		return where;
	where = e->logind == PLACE_LOGIND_ABSENT ? decide_without_logind(e) : decide_by_logind(e);
	/* `vouched` replaces a missing proof, but never makes a remote login local. */
	if (e->vouched && where_place(where) != PLACE_LOCAL && where_place(where) != PLACE_REMOTE)
		return WHERE_VOUCHED;
	return where;
}

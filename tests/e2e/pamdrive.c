/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pamdrive: plays an application that logs a user in with PAM, by a script.
 *
 *	pamdrive --service S --user U pin=1234 auth setcred
 *
 * Answers precede the call that asks for them. The transcript on
 * standard output has one line per event:
 *
 *	prompt[off]: TEXT       a hidden prompt (prompt[on]: a visible one)
 *	error: TEXT, info: TEXT what the module said
 *	exec = STATUS           how an exec= command ended
 *	auth = 7 PAM_AUTH_ERR   how a call ended
 *	authtok = unset         after auth, if pam_e2e.so is in the stack
 *	user = NAME             PAM_USER after auth, if no --user was given, or ""; "-" for none
 *	delay = USEC            if a failure delay was asked for (and none is made)
 *	unused = N              answers to no question
 *	hygiene = ok            or what the call changed in this process
 *
 * PAM_TTY is a virtual console unless --tty says otherwise ("": none): the user is at the machine.
 *
 * Control characters in texts are printed as \n and \xHH. The exit status is
 * 0 if every call returned PAM_SUCCESS, 1 if one did not, 2 for bad usage.
 */
#include "config.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_appl.h>

#define COUNT(a)	(sizeof (a) / sizeof (a)[0])
#define EXIT_USAGE	2
#define FD_TRANSCRIPT	100	/* out of the way of --closed-stdio */

enum answer_kind { ANSWER_HIDDEN, ANSWER_VISIBLE, ANSWER_NULL, ANSWER_FAIL };

struct options {
	const char *confdir;
	const char *service;
	const char *user;
	const char *rhost;
	const char *ruser;
	const char *tty;
	const char *putenv;
	long as;
	long ruid;
	long repeat;
	int flags;
	bool time;
	bool closed_stdio;
	bool peak;
};

struct drive {
	const struct options *opt;
	FILE *out;		/* NULL: a silent repetition */
	char **items;
	int next;		/* the first item not yet used */
	int end;		/* the call whose answers are being used */
	int64_t away_us;	/* spent in exec= commands, not in the module */
};

/* What a module must leave as it found it. */
struct state {
	struct sigaction child, pipe_, alarm_;
	sigset_t mask;
	uid_t uid[3];
	gid_t gid[3];
	mode_t umask_;
	int fds;
	char cwd[4096];
	char locale[256];
};

static const char *const pam_names[] = {
#define N(code) [code] = #code
	N(PAM_SUCCESS), N(PAM_OPEN_ERR), N(PAM_SYMBOL_ERR), N(PAM_SERVICE_ERR),
	N(PAM_SYSTEM_ERR), N(PAM_BUF_ERR), N(PAM_PERM_DENIED), N(PAM_AUTH_ERR),
	N(PAM_CRED_INSUFFICIENT), N(PAM_AUTHINFO_UNAVAIL), N(PAM_USER_UNKNOWN),
	N(PAM_MAXTRIES), N(PAM_NEW_AUTHTOK_REQD), N(PAM_ACCT_EXPIRED),
	N(PAM_SESSION_ERR), N(PAM_CRED_UNAVAIL), N(PAM_CRED_EXPIRED),
	N(PAM_CRED_ERR), N(PAM_NO_MODULE_DATA), N(PAM_CONV_ERR),
	N(PAM_AUTHTOK_ERR), N(PAM_AUTHTOK_RECOVERY_ERR),
	N(PAM_AUTHTOK_LOCK_BUSY), N(PAM_AUTHTOK_DISABLE_AGING), N(PAM_TRY_AGAIN),
	N(PAM_IGNORE), N(PAM_ABORT), N(PAM_AUTHTOK_EXPIRED),
	N(PAM_MODULE_UNKNOWN), N(PAM_BAD_ITEM), N(PAM_CONV_AGAIN),
	N(PAM_INCOMPLETE),
#undef N
};

static const char *
pam_name(int code)
{
	if (code < 0 || (size_t)code >= COUNT(pam_names) || pam_names[code] == NULL)
		return "?";
	return pam_names[code];
}

static int64_t
now_us(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		err(EXIT_USAGE, "clock_gettime");
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

__attribute__((format(printf, 2, 3))) static void
say(const struct drive *d, const char *format, ...)
{
	va_list ap;

	if (d->out == NULL)
		return;
	va_start(ap, format);
	vfprintf(d->out, format, ap);
	va_end(ap);
	fflush(d->out);
}

static void
say_text(const struct drive *d, const char *what, const char *text)
{
	if (d->out == NULL)
		return;
	fprintf(d->out, "%s: ", what);
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p == '\n')
			fputs("\\n", d->out);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(d->out, "\\x%02x", *p);
		else
			fputc(*p, d->out);
	}
	fputc('\n', d->out);
	fflush(d->out);
}

/* --- the conversation ------------------------------------------------------ */

/* The text after "NAME=" if the item is one. */
static const char *
value_of(const char *item, const char *name)
{
	size_t len = strlen(name);

	return strncmp(item, name, len) == 0 && item[len] == '=' ? item + len + 1 : NULL;
}

static char *
from_hex(const char *hex)
{
	size_t len = strlen(hex) / 2;
	char *bytes = calloc(len + 1, 1);
	unsigned int byte;

	if (bytes == NULL)
		err(EXIT_USAGE, "calloc");
	for (size_t i = 0; i < len; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			errx(EXIT_USAGE, "raw=%s: pairs of hexadecimal digits", hex);
		bytes[i] = (char)byte;
	}
	return bytes;
}

static char *
copy_of(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		err(EXIT_USAGE, "strdup");
	return copy;
}

static void
run_command(struct drive *d, const char *command)
{
	int64_t start = now_us();
	int status = system(command);

	d->away_us += now_us() - start;
	say(d, "exec = %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* The next answer of the script; *ret_text is the caller's. */
static enum answer_kind
next_answer(struct drive *d, char **ret_text)
{
	const char *item, *value;

	*ret_text = NULL;
	while (d->next < d->end) {
		item = d->items[d->next++];
		if ((value = value_of(item, "exec")) != NULL) {
			run_command(d, value);
			continue;
		}
		if (strcmp(item, "null") == 0)
			return ANSWER_NULL;
		if (strcmp(item, "conv_err") == 0)
			return ANSWER_FAIL;
		if (strcmp(item, "empty") == 0)
			*ret_text = copy_of("");
		else if ((value = value_of(item, "pin")) != NULL)
			*ret_text = copy_of(value);
		else if ((value = value_of(item, "raw")) != NULL)
			*ret_text = from_hex(value);
		else if ((value = value_of(item, "text")) != NULL) {
			*ret_text = copy_of(value);
			return ANSWER_VISIBLE;
		}
		return ANSWER_HIDDEN;
	}
	say(d, "no answer left\n");
	return ANSWER_FAIL;
}

static int
answer_prompt(struct drive *d, bool hidden, const char *text, struct pam_response *ret)
{
	enum answer_kind kind;

	say_text(d, hidden ? "prompt[off]" : "prompt[on]", text);
	kind = next_answer(d, &ret->resp);
	switch (kind) {
	case ANSWER_NULL:
		return PAM_SUCCESS;
	case ANSWER_FAIL:
		return PAM_CONV_ERR;
	case ANSWER_HIDDEN:
	case ANSWER_VISIBLE:
		if (hidden == (kind == ANSWER_HIDDEN))
			return PAM_SUCCESS;
		say(d, "the script expected a %s prompt\n", hidden ? "visible" : "hidden");
		free(ret->resp);
		ret->resp = NULL;
		return PAM_CONV_ERR;
	}
	return PAM_CONV_ERR;
}

static int
one_message(struct drive *d, const struct pam_message *msg, struct pam_response *ret)
{
	switch (msg->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		return answer_prompt(d, true, msg->msg, ret);
	case PAM_PROMPT_ECHO_ON:
		return answer_prompt(d, false, msg->msg, ret);
	case PAM_ERROR_MSG:
		say_text(d, "error", msg->msg);
		return PAM_SUCCESS;
	case PAM_TEXT_INFO:
		say_text(d, "info", msg->msg);
		return PAM_SUCCESS;
	default:
		say(d, "message of unknown style %d\n", msg->msg_style);
		return PAM_CONV_ERR;
	}
}

static int
converse(int count, const struct pam_message **msg, struct pam_response **ret_resp, void *ctx)
{
	struct drive *d = ctx;
	struct pam_response *resp;
	int r = PAM_SUCCESS;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	resp = calloc((size_t)count, sizeof *resp);
	if (resp == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count && r == PAM_SUCCESS; i++)
		r = one_message(d, msg[i], &resp[i]);
	if (r != PAM_SUCCESS) {
		for (int i = 0; i < count; i++)
			free(resp[i].resp);
		free(resp);
		return r;
	}
	*ret_resp = resp;	/* given to the module */
	return PAM_SUCCESS;
}

static void
no_delay(int status, unsigned int usec, void *ctx)
{
	if (status != PAM_SUCCESS && usec > 0)
		say(ctx, "delay = %u\n", usec);
}

/* --- what the module must not change --------------------------------------- */

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		err(EXIT_USAGE, "/proc/self/fd");
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 3;	/* ".", "..", and the directory itself */
}

static void
take_state(struct state *s)
{
	memset(s, 0, sizeof *s);
	if (sigaction(SIGCHLD, NULL, &s->child) != 0 || sigaction(SIGPIPE, NULL, &s->pipe_) != 0 ||
	    sigaction(SIGALRM, NULL, &s->alarm_) != 0 ||
	    sigprocmask(SIG_SETMASK, NULL, &s->mask) != 0 ||
	    getresuid(&s->uid[0], &s->uid[1], &s->uid[2]) != 0 ||
	    getresgid(&s->gid[0], &s->gid[1], &s->gid[2]) != 0 ||
	    getcwd(s->cwd, sizeof s->cwd) == NULL)
		err(EXIT_USAGE, "cannot take the state of this process");
	s->umask_ = umask(022);
	umask(s->umask_);
	s->fds = count_fds();
	snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
}

/* SA_RESTORER, which libc adds by itself (its utmp code sets SIGALRM back). */
#define SA_OF_LIBC 0x04000000

static bool
same_action(const struct sigaction *a, const struct sigaction *b)
{
	return a->sa_handler == b->sa_handler &&
	    (a->sa_flags | SA_OF_LIBC) == (b->sa_flags | SA_OF_LIBC);
}

static bool
same_mask(const sigset_t *a, const sigset_t *b)
{
	for (int s = 1; s < NSIG; s++)
		if (sigismember(a, s) != sigismember(b, s))
			return false;
	return true;
}

static bool
child_left(void)
{
	return waitpid(-1, NULL, WNOHANG) >= 0;
}

static void
report_hygiene(struct drive *d, const struct state *before)
{
	struct state after;
	struct { bool bad; const char *what; } checks[] = {
		/* first: taking the state must not hide a child */
		{ child_left(), "a child is left" },
		{ (take_state(&after), !same_action(&before->child, &after.child)), "SIGCHLD changed" },
		{ !same_action(&before->pipe_, &after.pipe_), "SIGPIPE changed" },
		{ !same_action(&before->alarm_, &after.alarm_), "SIGALRM changed" },
		{ !same_mask(&before->mask, &after.mask), "signal mask changed" },
		{ memcmp(before->uid, after.uid, sizeof after.uid) != 0, "user ids changed" },
		{ memcmp(before->gid, after.gid, sizeof after.gid) != 0, "group ids changed" },
		{ before->umask_ != after.umask_, "umask changed" },
		{ strcmp(before->cwd, after.cwd) != 0, "working directory changed" },
		{ strcmp(before->locale, after.locale) != 0, "locale changed" },
	};
	const char *sep = "";

	say(d, "hygiene = ");
	for (size_t i = 0; i < COUNT(checks); i++)
		if (checks[i].bad) {
			say(d, "%s%s", sep, checks[i].what);
			sep = ", ";
		}
	if (before->fds != after.fds) {
		say(d, "%sdescriptors %+d", sep, after.fds - before->fds);
		sep = ", ";
	}
	say(d, "%s\n", *sep == '\0' ? "ok" : "");
}

/* --- the calls ------------------------------------------------------------- */

static const struct call {
	const char *name;
	int (*run)(pam_handle_t *pamh, int flags);
	int flags;
} calls[] = {
	{ "auth", pam_authenticate, 0 },
	{ "setcred", pam_setcred, PAM_ESTABLISH_CRED },
	{ "acct", pam_acct_mgmt, 0 },
	{ "open", pam_open_session, 0 },
	{ "close", pam_close_session, 0 },
	{ "chauthtok", pam_chauthtok, 0 },
};

static const struct call *
call_named(const char *item)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		if (strcmp(item, calls[i].name) == 0)
			return &calls[i];
	return NULL;
}

static int
unused_answers(const struct drive *d)
{
	return d->end - d->next;
}

static int
run_call(struct drive *d, pam_handle_t *pamh, const struct call *call)
{
	struct state before;
	const char *authtok;
	int64_t start;
	const void *user = NULL;
	int r;

	take_state(&before);
	d->away_us = 0;
	start = now_us();
	r = call->run(pamh, call->flags | d->opt->flags);
	if (d->opt->time)
		say(d, "time = %.1f ms\n", (double)(now_us() - start - d->away_us) / 1000);
	say(d, "%s = %d %s\n", call->name, r, pam_name(r));
	if (call->run == pam_authenticate) {
		authtok = pam_getenv(pamh, "E2E_AUTHTOK");
		say(d, "authtok = %s\n", authtok != NULL ? authtok : "unknown");
		if (d->opt->user == NULL || d->opt->user[0] == '\0')
			say(d, "user = %s\n", pam_get_item(pamh, PAM_USER, &user) == PAM_SUCCESS && user != NULL ?
			    (const char *)user : "-");
	}
	if (unused_answers(d) > 0)
		say(d, "unused = %d\n", unused_answers(d));
	report_hygiene(d, &before);
	return r;
}

static int
start(struct drive *d, const struct pam_conv *conv, pam_handle_t **ret_pamh)
{
	const struct options *opt = d->opt;

	if (opt->confdir == NULL)
		return pam_start(opt->service, opt->user, conv, ret_pamh);
#ifdef HAVE_PAM_START_CONFDIR
	return pam_start_confdir(opt->service, opt->user, conv, opt->confdir, ret_pamh);
#else
	errx(EXIT_USAGE, "--confdir needs Linux-PAM 1.4 or newer");
#endif
}

static void
set_item(pam_handle_t *pamh, int item, const void *value)
{
	if (value != NULL && pam_set_item(pamh, item, value) != PAM_SUCCESS)
		errx(EXIT_USAGE, "pam_set_item(%d) failed", item);
}

/* The whole script, once. Returns whether every call was a success. */
static bool
play(struct drive *d, char **items, int count)
{
	/* libpam wants a function pointer where ISO C has no void pointer for it */
	union { void (*fn)(int, unsigned int, void *); const void *p; } delay = { .fn = no_delay };
	struct pam_conv conv = { converse, d };
	pam_handle_t *pamh = NULL;
	bool all_ok = true;
	int r, last = PAM_SUCCESS;

	r = start(d, &conv, &pamh);
	if (r != PAM_SUCCESS) {
		say(d, "start = %d %s\n", r, pam_name(r));
		return false;
	}
	set_item(pamh, PAM_RHOST, d->opt->rhost);
	set_item(pamh, PAM_RUSER, d->opt->ruser);
	set_item(pamh, PAM_TTY, d->opt->tty);
	set_item(pamh, PAM_FAIL_DELAY, delay.p);
	if (d->opt->putenv != NULL && pam_putenv(pamh, d->opt->putenv) != PAM_SUCCESS)
		errx(EXIT_USAGE, "pam_putenv(%s) failed", d->opt->putenv);
	d->items = items;
	d->next = 0;
	for (d->end = 0; d->end < count; d->end++) {
		const struct call *call = call_named(items[d->end]);

		if (call == NULL)
			continue;
		last = run_call(d, pamh, call);
		all_ok = all_ok && last == PAM_SUCCESS;
		d->next = d->end + 1;
	}
	pam_end(pamh, last);
	return all_ok;
}

/* --- the process around it -------------------------------------------------- */

static void
reap_all(int sig)
{
	int saved = errno;

	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void
set_sigchld(const char *how)
{
	struct sigaction sa = { .sa_flags = SA_RESTART };

	if (strcmp(how, "ignore") == 0)
		sa.sa_handler = SIG_IGN;
	else if (strcmp(how, "reap") == 0)
		sa.sa_handler = reap_all;
	else
		errx(EXIT_USAGE, "--sigchld %s: ignore or reap", how);
	if (sigaction(SIGCHLD, &sa, NULL) != 0)
		err(EXIT_USAGE, "sigaction");
}

/* As a locker: all ids are the user's. */
static void
become(long uid)
{
	struct passwd *pw = getpwuid((uid_t)uid);
	gid_t gid = pw != NULL ? pw->pw_gid : (gid_t)uid;

	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) != 0)
		err(EXIT_USAGE, "cannot become user %ld", uid);
}

static long
rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		err(EXIT_USAGE, "/proc/self/statm");
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The later runs of --repeat, silent; what the first one left is the base. */
static bool
play_again(struct drive *d, char **items, int count)
{
	int fds = count_fds();
	long rss = rss_kib();
	FILE *out = d->out;
	bool all_ok = true;

	for (long i = 1; i < d->opt->repeat; i++) {
		d->out = NULL;
		all_ok = play(d, items, count) && all_ok;
	}
	d->out = out;
	say(d, "repeated = %ld, descriptors %d -> %d, rss %ld -> %ld KiB\n", d->opt->repeat,
	    fds, count_fds(), rss, rss_kib());
	return all_ok;
}

/* The most memory that this process had, its children not counted. */
static void
report_peak(struct drive *d)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		err(EXIT_USAGE, "getrusage");
	say(d, "peak = %ld KiB\n", usage.ru_maxrss);
}

static long
number(const char *text, const char *option)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0)
		errx(EXIT_USAGE, "%s %s: not a number", option, text);
	return n;
}

static void __attribute__((noreturn))
usage(FILE *out, int status)
{
	fputs("Usage: pamdrive --service NAME [OPTION]... ITEM...\n"
	    "  --confdir DIR     service files are in DIR, not /etc/pam.d\n"
	    "  --user U, --rhost H, --ruser R, --tty T   PAM items\n"
	    "  --putenv NAME=VALUE   into PAM's environment, as sshd puts SSH_AUTH_INFO_0\n"
	    "  --silent          pass PAM_SILENT, as sudo does\n"
	    "  --as UID          become UID altogether (a screen locker)\n"
	    "  --ruid UID        only the real uid is UID (su, sudo)\n"
	    "  --sigchld ignore|reap   a host that disposes of all its children\n"
	    "  --closed-stdio    a host with descriptors 0 to 2 closed\n"
	    "  --time            print how long each call took\n"
	    "  --peak            print the most memory (RSS) that this process had\n"
	    "  --repeat N        play the script N times, look for leaks\n"
	    "items, before the call that they are for:\n"
	    "  pin=TEXT raw=HEX empty   answers to a hidden prompt\n"
	    "  text=TEXT                answer to a visible prompt\n"
	    "  null conv_err            no answer; a failed conversation\n"
	    "  exec=COMMAND             run when the prompt arrives, then answer\n"
	    "calls: auth setcred acct open close chauthtok\n", out);
	exit(status);
}

static const struct option long_options[] = {
	{ "confdir", required_argument, NULL, 'c' },
	{ "service", required_argument, NULL, 's' },
	{ "user", required_argument, NULL, 'u' },
	{ "rhost", required_argument, NULL, 'H' },
	{ "ruser", required_argument, NULL, 'R' },
	{ "tty", required_argument, NULL, 't' },
	{ "putenv", required_argument, NULL, 'e' },
	{ "silent", no_argument, NULL, 'S' },
	{ "as", required_argument, NULL, 'a' },
	{ "ruid", required_argument, NULL, 'r' },
	{ "sigchld", required_argument, NULL, 'C' },
	{ "closed-stdio", no_argument, NULL, 'x' },
	{ "time", no_argument, NULL, 'T' },
	{ "peak", no_argument, NULL, 'p' },
	{ "repeat", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
parse_options(int argc, char **argv, struct options *opt)
{
	int c;

	while ((c = getopt_long(argc, argv, "+h", long_options, NULL)) != -1)
		switch (c) {
		case 'c': opt->confdir = optarg; break;
		case 's': opt->service = optarg; break;
		case 'u': opt->user = optarg; break;
		case 'H': opt->rhost = optarg; break;
		case 'R': opt->ruser = optarg; break;
		case 't': opt->tty = optarg[0] != '\0' ? optarg : NULL; break;
		case 'e': opt->putenv = optarg; break;
		case 'S': opt->flags |= PAM_SILENT; break;
		case 'a': opt->as = number(optarg, "--as"); break;
		case 'r': opt->ruid = number(optarg, "--ruid"); break;
		case 'C': set_sigchld(optarg); break;
		case 'x': opt->closed_stdio = true; break;
		case 'T': opt->time = true; break;
		case 'p': opt->peak = true; break;
		case 'n': opt->repeat = number(optarg, "--repeat"); break;
		case 'h': usage(stdout, 0);
		default: usage(stderr, EXIT_USAGE);
		}
	if (opt->service == NULL || optind >= argc)
		usage(stderr, EXIT_USAGE);
}

static bool
is_item(const char *item)
{
	static const char *const words[] = { "null", "conv_err", "empty" };
	static const char *const names[] = { "pin", "text", "raw", "exec" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(item, words[i]) == 0)
			return true;
	for (size_t i = 0; i < COUNT(names); i++)
		if (value_of(item, names[i]) != NULL)
			return true;
	return call_named(item) != NULL;
}

static FILE *
open_transcript(bool closed_stdio)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FD_TRANSCRIPT);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (out == NULL)
		err(EXIT_USAGE, "standard output");
	if (closed_stdio)
		for (fd = 0; fd <= STDERR_FILENO; fd++)
			close(fd);
	return out;
}

int
main(int argc, char **argv)
{
	struct options opt = { .as = -1, .ruid = -1, .repeat = 1, .tty = "/dev/tty1" };
	struct drive d = { .opt = &opt };
	bool all_ok;

	parse_options(argc, argv, &opt);
	for (int i = optind; i < argc; i++)
		if (!is_item(argv[i]))
			errx(EXIT_USAGE, "%s: no item (--help lists them)", argv[i]);
	if (opt.as >= 0)
		become(opt.as);
	if (opt.ruid >= 0 && setresuid((uid_t)opt.ruid, (uid_t)-1, (uid_t)-1) != 0)
		err(EXIT_USAGE, "cannot set the real uid %ld", opt.ruid);
	d.out = open_transcript(opt.closed_stdio);
	/* Connected now, so that a module's first log line opens nothing. */
	openlog("pamdrive", LOG_NDELAY | LOG_PID, LOG_AUTHPRIV);

	all_ok = play(&d, argv + optind, argc - optind);
	if (opt.repeat > 1)
		all_ok = play_again(&d, argv + optind, argc - optind) && all_ok;
	if (opt.peak)
		report_peak(&d);
	return all_ok ? 0 : 1;
}

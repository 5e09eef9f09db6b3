/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "flow/possession/transaction.h"
#include "helper/cage.h"
#include "lib/busy.h"
#include "lib/cleanup.h"
#include "lib/confine.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/secret.h"
#include "lib/signals.h"
#include "tools/common/ask.h"
#include "tools/common/caged.h"
#include "tools/common/caged_child.h"
#include "tools/common/deadline.h"

#define CHILD_END_MS 1000	/* between the death of the parent and that of the child */
#define CLEANER_GRACE_S 5	/* beyond conf.timeout: it has a deadline of its own, and waits for the child before */
#define LINE_MAX_LEN 4096
#define TEXT_MAX ((size_t)64 << 20)	/* output of a child in total: crl list with thousands of lists */

/* --- the child -------------------------------------------------------------------- */

static bool
is_among(int fd, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

/* The parent may have exited before this was set. */
static bool
child_ends_with(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

static bool
detach(unsigned int streams, const int *fds, size_t fd_count, bool writes)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_NOFILE, 256 },
		{ RLIMIT_DATA, (rlim_t)1 << 30 },	/* for the index of a national CRL */
		{ RLIMIT_FSIZE, 0 },			/* not set for a child that writes */
	};
	struct confine_detach d = { .streams = streams, .close_from = STDERR_FILENO + 1, .limits = limits,
		.limit_count = sizeof limits / sizeof limits[0] - writes };

	for (size_t i = 0; i < fd_count; i++)
		if (fds[i] >= d.close_from)
			d.close_from = fds[i] + 1;
	for (int fd = STDERR_FILENO + 1; fd < d.close_from; fd++)
		if (!is_among(fd, fds, fd_count))
			(void)close(fd);
	return confine_detach(&d);
}

bool
caged_detach(pid_t parent, unsigned int streams, const int *fds, size_t fd_count, bool writes)
{
	return child_ends_with(parent) && detach(streams, fds, fd_count, writes);
}

/* The cage allows no connection later. */
static struct outcome
connect_for_good(const struct tool *t)
{
	struct outcome o = outcome_of(OUTCOME_OK);

	if (t->pcsc != NULL) {
		deadline_arm(t, false);
		o = pcsc_forbid_reconnect(t->pcsc);
		deadline_off();
	}
	return o;
}

/* The helper's user is for logins only; here root without capabilities and files does. */
static struct outcome
enter_cage(const struct tool *t)
{
	static struct conf conf;
	struct outcome o;

	conf = t->conf;
	conf.helper_user[0] = '\0';
	o = cage_enter(&conf, false, &t->log);
	return outcome_ok(&o) ? cage_seal(&t->log) : o;
}

struct outcome
caged_confine(struct tool *t)
{
	(void)connect_for_good(t);	/* a failure is reported at the first use */
	return enter_cage(t);
}

static _Noreturn void
child_main(struct tool *t, const struct caged *c, int fd, const int text[static 2], pid_t parent)
{
	int kept[CAGED_FDS_MAX + 1] = { fd };
	struct outcome o;
	int status;

	caged_be_child(fd);
	for (size_t i = 0; i < c->fd_count; i++)
		kept[1 + i] = c->fds[i];
	if (dup2(text[0], STDOUT_FILENO) < 0 || dup2(text[1], STDERR_FILENO) < 0 ||
	    !caged_detach(parent, CONFINE_STDOUT | CONFINE_STDERR, kept, c->fd_count + 1, c->writes)) {
		tool_complain(t, _("the process that reads cards and certificates cannot be confined: %s"), strerror(errno));
		_exit(TOOL_FAILED);
	}
	o = caged_confine(t);
	if (!outcome_ok(&o))
		_exit(tool_finish(t, &o));
	status = c->work(t, c->ctx, c->result);
	if (t->pcsc != NULL) {
		deadline_arm(t, false);
		pcsc_free(t->pcsc);
		deadline_off();
	}
	if (fflush(stdout) != 0 || (status == TOOL_OK && !caged_send_result(c->result, c->result_size))) {
		tool_complain(t, _("the process that reads cards and certificates cannot report what it found: %s"),
		    strerror(errno));
		status = TOOL_FAILED;
	}
	_exit(status);
}

/* --- the cleaner -------------------------------------------------------------------- */

/*
 * The kernel kills the child with its parent, perhaps between VERIFY and the drop of the verified state. The
 * cleaner is a third process in the same cage, which the kernel does not kill with the parent. It drops that
 * state if the parent tells it to, or dies. From the child it takes the name of the reader; from the card it
 * reads only the answers to its own commands.
 */
enum cleaner_message {
	CLEANER_READY = 1,	/* cleaner: it is connected to pcscd, and in the cage */
	CLEANER_DROP,		/* parent: the child is lost */
	CLEANER_DROPPED,	/* cleaner: no card that could still be verified is in the reader */
	CLEANER_END,		/* parent: the child has exited; it dropped the state, or told the user that it could not */
};

struct cleaner {
	pid_t pid;
	int fd;
};

static bool
send_message(int fd, enum cleaner_message message)
{
	const uint8_t packet = (uint8_t)message;

	return caged_send(fd, &packet, 1);
}

/* 0 for no message: the other process has ended, or a cleaner's time is over. */
static uint8_t
receive_message(int fd)
{
	uint8_t packet = 0;
	ssize_t n;

	do {
		n = recv(fd, &packet, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n == 1 ? packet : 0;
}

/* Only the child has the other end of this pipe. The kernel tells of the parent's death before it kills the child. */
static void
wait_for_end_of_child(int child_output)
{
	struct pollfd other_end = { .fd = child_output };

	(void)poll(&other_end, 1, CHILD_END_MS);
}

static _Noreturn void
cleaner_main(struct tool *t, int fd, int child_output, const char *reader)
{
	const int kept[] = { fd, child_output };
	sigset_t before;
	struct outcome o;

	signals_hold(&before);
	if (!detach(0, kept, sizeof kept / sizeof kept[0], false))
		_exit(TOOL_FAILED);
	o = connect_for_good(t);
	if (outcome_ok(&o))
		o = enter_cage(t);
	if (!outcome_ok(&o) || !send_message(fd, CLEANER_READY))
		_exit(TOOL_FAILED);
	if (receive_message(fd) == CLEANER_END)
		_exit(TOOL_OK);
	wait_for_end_of_child(child_output);
	deadline_arm(t, false);
	o = transaction_drop_state(&t->env, reader);
	deadline_off();
	_exit(outcome_ok(&o) && send_message(fd, CLEANER_DROPPED) ? TOOL_OK : TOOL_FAILED);
}

/* Starts the cleaner and waits until it is ready. False: it is not; cleaner_end() is needed all the same. */
static bool
cleaner_start(struct cleaner *k, struct tool *t, int child_output, const char *reader)
{
	const struct timeval limit = { .tv_sec = t->conf.timeout + CLEANER_GRACE_S };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	k->pid = fork();
	if (k->pid == 0) {
		(void)close(pair[0]);
		cleaner_main(t, pair[1], child_output, reader);
	}
	(void)close(pair[1]);
	k->fd = pair[0];
	return k->pid > 0 && setsockopt(k->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
	    receive_message(k->fd) == CLEANER_READY;
}

/* Sends the last message. Returns whether the cleaner has dropped the state; it has exited, or is killed. */
static bool
cleaner_end(struct cleaner *k, enum cleaner_message last)
{
	const bool dropped = k->pid > 0 && send_message(k->fd, last) && receive_message(k->fd) == CLEANER_DROPPED;

	closep(&k->fd);
	if (k->pid > 0)
		(void)kill(k->pid, SIGKILL);
	while (k->pid > 0 && waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return dropped;
}

/* --- the parent ------------------------------------------------------------------- */

/* One stream of the child's output: the incomplete last line so far. */
struct relay {
	int from;
	FILE *to;
	char line[LINE_MAX_LEN + 1];
	size_t len;
	size_t total;
};

struct parent {
	struct tool *t;
	const struct caged *c;
	int fd;
	struct relay out, err;
	struct busy busy;
	uint8_t *result;	/* received so far */
	size_t got;
	bool answered;		/* a PIN was sent to the child */
	struct cleaner cleaner;
	bool blocked;		/* signals are blocked, as the child asked */
	bool lost;		/* the child did not exit normally */
	bool suspect;		/* a card may have controlled it, so the reader that it named may be wrong */
	sigset_t before;
	bool broken;		/* the child broke the protocol */
	bool gave_up;		/* poll(2) has failed, which is reported */
};

static void
relay_line(struct relay *r, bool complete)
{
	r->line[r->len] = '\0';
	log_defuse(r->line);
	fputs(r->line, r->to);
	if (complete)
		fputc('\n', r->to);
	r->len = 0;
}

/* False at the end of the stream, or if there is too much output. */
static bool
relay_text(struct relay *r)
{
	char text[4096];
	ssize_t n;

	do {
		n = read(r->from, text, sizeof text);
	} while (n < 0 && errno == EINTR);
	r->total += n > 0 ? (size_t)n : 0;
	for (ssize_t i = 0; i < n; i++) {
		bool end = text[i] == '\n';

		if (!end)
			r->line[r->len++] = text[i];
		if (r->len > 0 && r->line[r->len - 1] == '\0')
			r->line[r->len - 1] = '?';
		if (end || r->len == LINE_MAX_LEN)
			relay_line(r, end);
	}
	if (n > 0 && r->total <= TEXT_MAX) {
		(void)fflush(r->to);
		return true;
	}
	if (r->len > 0)
		relay_line(r, false);
	(void)fflush(r->to);
	return false;
}

/* Shows the child's earlier output before the prompt. */
static bool
answer_question(struct parent *p, struct cursor question)
{
	uint8_t packet[2 + SECRET_MAX];
	struct writer w = writer_of(packet, sizeof packet);
	struct secret *typed = secret_new();
	char prompt[CAGED_PACKET_MAX];
	struct outcome o;
	bool sent;

	if (typed == NULL || !cursor_string(&question, prompt, sizeof prompt) || !cursor_at_end(&question)) {
		secret_free(typed);
		return false;
	}
	log_defuse(prompt);
	o = ask_at_terminal(p->t, prompt, typed);
	writer_u8(&w, CAGED_ANSWER);
	writer_u8(&w, (uint8_t)o.status);
	if (outcome_ok(&o))
		writer_bytes(&w, secret_view(typed).data, secret_view(typed).len);
	secret_free(typed);
	p->answered = true;
	sent = writer_ok(&w) && caged_send(p->fd, packet, w.len);
	explicit_bzero(packet, sizeof packet);
	return sent;
}

/* Accepts one request only: a second one could name a reader that does not have the card with the PIN. */
static bool
prepare_for_pin(struct parent *p, struct cursor r)
{
	uint8_t answer[] = { CAGED_PREPARE, false };
	char reader[TRANSPORT_NAME_MAX];

	if (p->blocked || !cursor_string(&r, reader, sizeof reader) || !cursor_at_end(&r))
		return false;
	(void)fflush(NULL);	/* its reader may be slow, so before the signals are blocked */
	signals_hold(&p->before);
	p->blocked = true;
	answer[1] = cleaner_start(&p->cleaner, p->t, p->err.from, reader);
	if (!answer[1])
		tool_complain(p->t, "%s", _("the PIN is not sent to the card: the process that clears the card after a crash is not ready"));
	(void)!caged_send(p->fd, answer, sizeof answer);	/* the child may have been killed meanwhile */
	return true;
}

static bool
name_account(struct parent *p, struct cursor r)
{
	uint8_t packet[CAGED_NAME_MAX + 8];
	struct writer w = writer_of(packet, sizeof packet);
	const struct passwd *pw;
	uint32_t uid;

	if (!cursor_u32(&r, &uid) || !cursor_at_end(&r))
		return false;
	pw = getpwuid((uid_t)uid);
	writer_u8(&w, CAGED_ACCOUNT);
	writer_string(&w, pw != NULL && strlen(pw->pw_name) < CAGED_NAME_MAX ? pw->pw_name : "");
	return writer_ok(&w) && caged_send(p->fd, packet, w.len);
}

static bool
take_result(struct parent *p, struct cursor part)
{
	if (part.left > p->c->result_size - p->got)
		return false;
	memcpy(p->result + p->got, part.p, part.left);
	p->got += part.left;
	return true;
}

/* False if the child has ended or broke the protocol. */
static bool
take_message(struct parent *p)
{
	static uint8_t packet[CAGED_PACKET_MAX];
	ssize_t n = caged_receive(p->fd, packet);
	struct cursor r = cursor_of(packet + 1, n > 0 ? (size_t)n - 1 : 0);
	bool taken = false;

	if (n == 0)
		return false;
	if (n > 0 && packet[0] == CAGED_QUESTION)
		taken = answer_question(p, r);
	else if (n > 0 && packet[0] == CAGED_PREPARE)
		taken = prepare_for_pin(p, r);
	else if (n > 0 && packet[0] == CAGED_ACCOUNT)
		taken = name_account(p, r);
	else if (n > 0 && packet[0] == CAGED_RESULT)
		taken = take_result(p, r);
	explicit_bzero(packet, sizeof packet);
	p->broken |= !taken;
	return taken;
}

static void
close_end(int *fd)
{
	closep(fd);
	*fd = -1;
}

/* Tells the user at the terminal what takes so long. */
static const char *
busy_text(const struct parent *p)
{
	if (p->t->pcsc == NULL)
		return _("Checking …");
	return p->answered ? _("Using the card; leave it on the reader …") :
	    _("Reading the card; leave it on the reader …");
}

/* Reads until the child has closed all three, or broken the protocol. Its output comes before its questions. */
static void
parent_serve(struct parent *p)
{
	while (!p->broken && (p->fd >= 0 || p->out.from >= 0 || p->err.from >= 0)) {
		struct pollfd fds[] = { { .fd = p->out.from, .events = POLLIN },
			{ .fd = p->err.from, .events = POLLIN }, { .fd = p->fd, .events = POLLIN } };

		int n = poll(fds, 3, busy_wait_ms(&p->busy, -1));

		if (n < 0 && errno != EINTR) {
			tool_complain(p->t, "%s", strerror(errno));
			p->gave_up = true;
			break;
		}
		if (n == 0 && busy_show(&p->busy, busy_text(p)))
			continue;
		busy_clear(&p->busy);
		if (fds[0].revents != 0 && !relay_text(&p->out))
			close_end(&p->out.from);
		else if (fds[1].revents != 0 && !relay_text(&p->err))
			close_end(&p->err.from);
		else if (fds[0].revents == 0 && fds[1].revents == 0 && fds[2].revents != 0 && !take_message(p))
			close_end(&p->fd);
	}
}

static int
parent_finish(struct parent *p, pid_t child)
{
	const struct tool *t = p->t;
	const bool killed = p->broken || (p->gave_up && !p->blocked);
	int status = TOOL_FAILED;

	/* The child may wait for an answer that does not come. After CAGED_PREPARE it needs none, and drops the verified state. */
	if (killed)
		(void)kill(child, SIGKILL);
	else if (p->gave_up)
		close_end(&p->fd);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	p->lost = WIFSIGNALED(status) || killed;
	p->suspect = p->broken || (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL);
	if (p->lost && !p->gave_up)
		tool_complain(t, _("the process that reads cards and certificates did not exit normally: %s%s"),
		    p->broken ? _("it sent nonsense") : strsignal(WTERMSIG(status)),
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ?
		    _("; its cage forbids a system call that it, or a library, made") : "");
	if (p->lost || p->gave_up)
		return TOOL_FAILED;
	status = WEXITSTATUS(status);
	if (status == TOOL_OK && p->got != p->c->result_size)
		return TOOL_FAILED;
	if (status == TOOL_OK && p->got > 0)
		memcpy(p->c->result, p->result, p->got);
	return status;
}

/* Creates a socket for messages and a pipe for each stream; all or none. */
static bool
make_channels(int pair[static 2], int out[static 2], int err[static 2])
{
	pair[0] = pair[1] = out[0] = out[1] = err[0] = err[1] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    pipe2(err, O_CLOEXEC) == 0)
		return true;
	for (int i = 0; i < 2; i++) {
		closep(&pair[i]);
		closep(&out[i]);
		closep(&err[i]);
	}
	return false;
}

static int
run_child(struct parent *p)
{
	struct tool *t = p->t;
	const struct caged *c = p->c;
	_cleanup_(freep) uint8_t *result = malloc(c->result_size > 0 ? c->result_size : 1);
	int pair[2], out[2], err[2];
	pid_t child = -1, self = getpid();
	int status;

	(void)fflush(NULL);
	if (c->fd_count > CAGED_FDS_MAX || result == NULL || !make_channels(pair, out, err)) {
		tool_complain(t, "%s", strerror(errno));
		return TOOL_FAILED;
	}
	child = fork();
	if (child == 0)
		child_main(t, c, pair[1], (int[2]){ out[1], err[1] }, self);
	if (child < 0)
		tool_complain(t, "%s", strerror(errno));
	closep(&pair[1]);
	closep(&out[1]);
	closep(&err[1]);
	p->out.to = stdout;
	p->err.to = stderr;
	p->busy = busy_begin();
	p->result = result;
	p->fd = pair[0];
	p->out.from = out[0];
	p->err.from = err[0];
	if (child > 0)
		parent_serve(p);
	status = child > 0 ? parent_finish(p, child) : TOOL_FAILED;
	closep(&p->fd);
	closep(&p->out.from);
	closep(&p->err.from);
	explicit_bzero(result, c->result_size);
	return status;
}

int
caged_run(struct tool *t, const struct caged *c)
{
	struct parent p = { .t = t, .c = c, .cleaner.fd = -1 };
	int status = run_child(&p);
	bool dropped = cleaner_end(&p.cleaner, p.lost ? CLEANER_DROP : CLEANER_END);

	if (p.lost && p.answered && (!dropped || p.suspect))
		tool_complain(t, "%s", message_unclean());
	if (p.blocked)
		signals_release(&p.before);
	return status;
}

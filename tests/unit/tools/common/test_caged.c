/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child of jpkictl that reads cards and certificates: what it can still do, what the parent takes
 * from it, and how it ends. Each child here does what one that was taken over would do.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "flow/possession/transaction.h"
#include "lib/clk.h"
#include "lib/confine.h"
#include "lib/secret.h"
#include "lib/signals.h"
#include "tests/unit/test.h"
#include "tools/common/ask.h"
#include "tools/common/caged.h"
#include "tools/common/caged_child.h"

static struct tool tool;
static char shown[65536];	/* standard output and standard error of the last run */
static int spare[2];		/* a pipe that no child was given */

struct result {
	int number;
	char text[80000];	/* more than a packet */
};

/* What the last prompt was, and what is typed at it: in place of tools/common/ask.c. */
static char asked[256];
static const char *typed_text;

struct outcome
ask_at_terminal(const struct tool *t, const char *prompt, struct secret *typed)
{
	snprintf(asked, sizeof asked, "%s", prompt);
	if (typed_text == NULL)
		return outcome_of(OUTCOME_CANCELLED);
	return outcome_of(secret_set(typed, typed_text, strlen(typed_text)) ? OUTCOME_OK : OUTCOME_PIN_FORMAT);
}

/* One call of poll(2) fails. */
static int polls_until_failure, poll_error;

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
int __real_poll(struct pollfd *fds, nfds_t count, int ms);

int
__wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
	if (polls_until_failure == 0 || --polls_until_failure > 0)
		return __real_poll(fds, count, ms);
	errno = poll_error;
	return -1;
}

/* The cleaner cannot be started: its socket is the second that is created. */
static int sockets_until_failure;

int __wrap_socketpair(int domain, int type, int protocol, int pair[2]);
int __real_socketpair(int domain, int type, int protocol, int pair[2]);

int
__wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (sockets_until_failure == 0 || --sockets_until_failure > 0)
		return __real_socketpair(domain, type, protocol, pair);
	errno = EMFILE;
	return -1;
}

/* The kernel is not told to kill the child with its parent. */
static bool child_outlives_parent;

int __wrap_prctl(int option, ...);
int __real_prctl(int option, ...);

int
__wrap_prctl(int option, ...)
{
	unsigned long arg[4];
	va_list ap;

	va_start(ap, option);
	for (size_t i = 0; i < COUNT(arg); i++)
		arg[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_PDEATHSIG && child_outlives_parent)
		return 0;
	return __real_prctl(option, arg[0], arg[1], arg[2], arg[3]);
}

/* Drops the state of no card, and says so to this process: it is called in the cleaner. */
static struct shared {
	_Atomic int drops;
	_Atomic int64_t begun_ms, parent_killed_ms;	/* by clk_system */
	char reader[64];	/* at the last one */
	bool reads_files, has_spare;	/* then */
	_Atomic pid_t victim;	/* a child that waits to be killed */
} *shared;
static struct outcome (*drop_ends)(void);

static struct outcome
card_is_clean(void)
{
	return outcome_of(OUTCOME_OK);
}

static struct outcome
card_is_mute(void)
{
	return outcome_of(OUTCOME_CARD_MUTE);
}

static struct outcome
cleaner_is_killed(void)
{
	(void)raise(SIGKILL);
	return outcome_of(OUTCOME_OK);
}

struct outcome __wrap_transaction_drop_state(const struct flow_env *env, const char *reader);

struct outcome
__wrap_transaction_drop_state(const struct flow_env *env, const char *reader)
{
	struct timespec as_long_as_a_card_takes = { .tv_nsec = 50000000 };

	shared->begun_ms = clk_mono_ms(&clk_system);
	(void)nanosleep(&as_long_as_a_card_takes, NULL);
	shared->reads_files = open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
	shared->has_spare = write(spare[1], "x", 1) == 1;
	snprintf(shared->reader, sizeof shared->reader, "%s", reader);
	shared->drops++;
	return drop_ends();
}

/* Runs it with both streams in a file. */
static int
run(const struct caged *c)
{
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), status;
	FILE *file = tmpfile();
	ssize_t n;

	assert_non_null(file);
	(void)fflush(NULL);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	status = caged_run(&tool, c);
	(void)fflush(NULL);
	assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
	(void)close(out);
	(void)close(err);
	n = pread(fileno(file), shown, sizeof shown - 1, 0);
	shown[n > 0 ? n : 0] = '\0';
	(void)fclose(file);
	return status;
}

/* --- what comes back ----------------------------------------------------------------- */

static int
fill(struct tool *t, void *ctx, void *result)
{
	struct result *r = result;

	r->number = *(int *)ctx;
	memset(r->text, 'x', sizeof r->text - 1);
	r->text[sizeof r->text - 1] = '\0';
	printf("standard output\n");
	fprintf(stderr, "standard error\n");
	return TOOL_OK;
}

static void
result_and_text_come_back(void **state)
{
	static struct result r;
	int number = 4711;
	struct caged c = { .work = fill, .ctx = &number, .result = &r, .result_size = sizeof r };

	assert_int_equal(run(&c), TOOL_OK);
	assert_int_equal(r.number, 4711);
	assert_int_equal(strspn(r.text, "x"), sizeof r.text - 1);
	assert_non_null(strstr(shown, "standard output\n"));
	assert_non_null(strstr(shown, "standard error\n"));
}

static int
fill_and_fail(struct tool *t, void *ctx, void *result)
{
	(void)fill(t, ctx, result);
	return *(int *)ctx;
}

static void
nothing_comes_back_from_a_failure(void **state)
{
	static struct result r;
	int status = TOOL_REVOKED;
	struct caged c = { .work = fill_and_fail, .ctx = &status, .result = &r, .result_size = sizeof r };

	assert_int_equal(run(&c), TOOL_REVOKED);
	assert_int_equal(r.number, 0);
}

static int
steer_the_terminal(struct tool *t, void *ctx, void *result)
{
	printf("a\033]0;title\007b\rc\033[2J\nsecond");
	return TOOL_OK;
}

static void
text_cannot_steer_the_terminal(void **state)
{
	struct caged c = { .work = steer_the_terminal };

	assert_int_equal(run(&c), TOOL_OK);
	for (const char *p = shown; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' && *p != '\n')
			fail_msg("0x%02x reached the terminal", (unsigned char)*p);
	assert_non_null(strstr(shown, "second"));
}

/* The socket of the child, which it finds among its descriptors. */
static int
find_socket(void)
{
	int type;
	socklen_t len = sizeof type;

	for (int fd = 3; fd < 256; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
			return fd;
	return -1;
}

static int
send_nonsense(struct tool *t, void *ctx, void *result)
{
	const struct view *packet = ctx;
	struct timespec second = { .tv_sec = 1 };

	(void)!send(find_socket(), packet->data, packet->len, MSG_NOSIGNAL);
	(void)nanosleep(&second, NULL);
	return TOOL_OK;
}

static void
nonsense_is_a_failure(void **state)
{
	static const uint8_t unknown[] = { 99 }, answer[] = { 2, 0 }, prepare_cut[] = { 3, 0, 2, 'x' }, prepare_and_more[] = { 3, 0, 1, 'x', 'y' },
	    prompt_cut[] = { 1, 0, 9, 'x' }, account_cut[] = { 4, 0 }, too_much[1 + sizeof(struct result) + 1] = { 5 };
	static const struct view packets[] = {
		{ unknown, sizeof unknown }, { answer, sizeof answer }, { prepare_cut, sizeof prepare_cut }, { prepare_and_more, sizeof prepare_and_more },
		{ prompt_cut, sizeof prompt_cut }, { account_cut, sizeof account_cut },
		{ too_much, 4096 },	/* of a result of 16 bytes */
	};
	static char result[16];

	for (size_t i = 0; i < COUNT(packets); i++) {
		struct view packet = packets[i];
		struct caged c = { .work = send_nonsense, .ctx = &packet, .result = result,
			.result_size = sizeof result };

		if (run(&c) != TOOL_FAILED || strstr(shown, "nonsense") == NULL)
			fail_msg("packet %zu: %s", i, shown);
	}
}

/* --- the PIN -------------------------------------------------------------------------- */

static int
ask(struct tool *t, void *ctx, void *result)
{
	struct secret *pin = secret_new();
	struct outcome o = caged_ask("PIN\033[2J: ", pin);
	bool right = outcome_ok(&o) && view_equal(secret_view(pin), (struct view){ (const uint8_t *)"8275", 4 });

	if (!caged_prepare_for_pin("Reader 1"))
		return TOOL_FAILED;
	*(int *)result = right ? 1 : (int)o.status;
	secret_free(pin);
	return TOOL_OK;
}

static void
parent_asks_for_the_child(void **state)
{
	int result = 0;
	struct caged c = { .work = ask, .result = &result, .result_size = sizeof result };

	typed_text = "8275";
	assert_int_equal(run(&c), TOOL_OK);
	assert_int_equal(result, 1);
	assert_string_equal(asked, "PIN?[2J: ");
	typed_text = "more than a secret can take";
	assert_int_equal(run(&c), TOOL_OK);
	assert_int_equal(result, OUTCOME_PIN_FORMAT);
	typed_text = NULL;
	assert_int_equal(run(&c), TOOL_OK);
	assert_int_equal(result, OUTCOME_CANCELLED);
}

/* The child waits for an answer then. */
static void
parent_that_cannot_wait_ends_both(void **state)
{
	static const char *const typed[] = { NULL, "8275" };
	int result = 0;
	struct caged c = { .work = ask, .result = &result, .result_size = sizeof result };

	for (int at = 1; at <= 4; at++) {
		typed_text = typed[at > 2];
		polls_until_failure = at;
		poll_error = ENOMEM;
		assert_int_equal(run(&c), TOOL_FAILED);
		assert_non_null(strstr(shown, strerror(ENOMEM)));
		assert_null(strstr(shown, "nonsense"));
		polls_until_failure = at;
		poll_error = EINTR;
		assert_int_equal(run(&c), TOOL_OK);
	}
}

/* Where its socket cannot be created, and where it ends before it is ready: there is no pcscd. */
static void
no_pin_goes_to_a_card_without_a_cleaner(void **state)
{
	int result = 0;
	struct caged c = { .work = ask, .result = &result, .result_size = sizeof result };

	typed_text = "8275";
	sockets_until_failure = 2;
	assert_int_equal(run(&c), TOOL_FAILED);
	assert_non_null(strstr(shown, "the PIN is not sent to the card"));
	assert_int_equal(sockets_until_failure, 0);
	assert_int_equal(setenv("PCSCLITE_CSOCK_NAME", "/nonexistent", 1), 0);
	tool.pcsc = pcsc_new(&clk_system, &tool.log);
	assert_non_null(tool.pcsc);
	assert_int_equal(run(&c), TOOL_FAILED);
	assert_non_null(strstr(shown, "the PIN is not sent to the card"));
	pcsc_free(tool.pcsc);
	tool.pcsc = NULL;
	assert_int_equal(result, 0);
}

/* As a child does that a card controls, so that the card with the PIN is left alone. */
static int
ask_and_name_another_reader(struct tool *t, void *ctx, void *result)
{
	if (ask(t, ctx, result) == TOOL_OK)
		(void)!caged_prepare_for_pin("Reader 2");
	return TOOL_OK;
}

static void
only_the_first_reader_is_cleaned(void **state)
{
	int result = 0;
	struct caged c = { .work = ask_and_name_another_reader, .result = &result, .result_size = sizeof result };

	typed_text = "8275";
	drop_ends = card_is_clean;
	shared->drops = 0;
	assert_int_equal(run(&c), TOOL_FAILED);
	assert_non_null(strstr(shown, "nonsense"));
	assert_non_null(strstr(shown, "take the card off the reader"));
	assert_int_equal(shared->drops, 1);
	assert_string_equal(shared->reader, "Reader 1");
}

/* Works with the PIN for a while, and says that the card is as it has to be. */
static int
ask_and_clean(struct tool *t, void *ctx, void *result)
{
	struct timespec while_it_works = { .tv_nsec = 200000000 };

	if (ask(t, ctx, result) == TOOL_OK) {
		(void)nanosleep(&while_it_works, NULL);
		(void)!write(*(int *)ctx, "clean", 5);
	}
	return TOOL_OK;
}

/* It is ended while it waits for an answer, and ends by itself once it needs none. */
static void
child_with_the_pin_leaves_the_card_clean(void **state)
{
	static const struct {
		int at;			/* the call of poll(2) that fails: after the question, after signals were blocked */
		bool is_clean;
	} rows[] = { { 2, false }, { 3, true } };
	int pair[2], result;
	char text[8];
	struct caged c = { .work = ask_and_clean, .ctx = &pair[1], .result = &result, .result_size = sizeof result,
		.fds = &pair[1], .fd_count = 1, .writes = true };

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
		typed_text = "8275";
		polls_until_failure = rows[i].at;
		poll_error = EIO;
		assert_int_equal(run(&c), TOOL_FAILED);
		(void)close(pair[1]);
		assert_int_equal(read(pair[0], text, sizeof text), rows[i].is_clean ? 5 : 0);
		assert_int_equal(strstr(shown, "take the card off the reader") == NULL, rows[i].is_clean);
		(void)close(pair[0]);
	}
}

/* --- what it can do ------------------------------------------------------------------- */

static const char *file;

static int
open_file(struct tool *t, void *ctx, void *result)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	*(int *)result = fd >= 0 ? 0 : errno;
	return TOOL_OK;
}

static bool
has_landlock(void)
{
	const struct confinement none = { .paths = NULL };
	int landlock = 0, status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(confine(&none, &landlock) && landlock > 0 ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
files_are_out_of_reach(void **state)
{
	static const char *const files[] = { "/etc/passwd", "/proc/self/status", "/proc/1/environ", "/dev/tty", "/etc" };
	int result = 0;
	struct caged c = { .work = open_file, .result = &result, .result_size = sizeof result };

	if (!has_landlock()) {
		print_message("skipped: this kernel has no Landlock\n");
		skip();
	}
	for (size_t i = 0; i < COUNT(files); i++) {
		file = files[i];
		assert_int_equal(run(&c), TOOL_OK);
		if (result != EACCES)
			fail_msg("%s: %s", file, result == 0 ? "was opened" : strerror(result));
	}
	file = "/usr/lib";
	assert_int_equal(run(&c), TOOL_OK);
	assert_true(result == 0 || result == EACCES);
}

static int
use_descriptors(struct tool *t, void *ctx, void *result)
{
	int *ret = result;

	ret[0] = (int)write(*(int *)ctx, "x", 1);
	ret[1] = (int)write(spare[1], "x", 1);
	return TOOL_OK;
}

static void
only_given_descriptors_are_left(void **state)
{
	int pair[2], result[2] = { 0 };
	struct caged c = { .work = use_descriptors, .ctx = &pair[1], .result = result,
		.result_size = sizeof result, .fds = &pair[1], .fd_count = 1, .writes = true };

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(run(&c), TOOL_OK);
	assert_int_equal(result[0], 1);
	assert_int_equal(result[1], -1);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static int
do_what_is_deadly(struct tool *t, void *ctx, void *result)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
	return TOOL_OK;
}

static int
end_at_once(struct tool *t, void *ctx, void *result)
{
	(void)raise(SIGKILL);
	_exit(TOOL_OK);
}

static int
end_without_a_result(struct tool *t, void *ctx, void *result)
{
	_exit(TOOL_OK);
}

static void
child_that_ends_early_is_a_failure(void **state)
{
	int result = 4711;
	struct caged c = { .work = do_what_is_deadly, .result = &result, .result_size = sizeof result };

	assert_int_equal(run(&c), TOOL_FAILED);
	assert_non_null(strstr(shown, "its cage forbids"));
	c.work = end_without_a_result;
	assert_int_equal(run(&c), TOOL_FAILED);
	c.work = end_at_once;
	assert_int_equal(run(&c), TOOL_FAILED);
	assert_int_equal(result, 4711);
}

/* What a child does with the PIN before it is lost. */
enum lost_child {
	LOST_AT_THE_PIN,	/* killed with the PIN, before the parent blocked signals */
	LOST_AT_THE_CARD,	/* killed later */
	KILLS_ITSELF,		/* later, as a card might have it do to look like one that was killed */
	CRASHED,		/* ended by another signal, later */
	TAKEN_OVER,		/* breaks the protocol later */
	EXITS,			/* later, as at its deadline; it has told the user what there is to tell */
};

static int
ask_and_be_lost(struct tool *t, void *ctx, void *result)
{
	struct secret *pin = secret_new();
	struct timespec longer_than_the_test = { .tv_sec = 30 };
	const enum lost_child *how = ctx;
	struct outcome o = caged_ask("PIN: ", pin);

	secret_free(pin);
	if (!outcome_ok(&o) || (*how != LOST_AT_THE_PIN && !caged_prepare_for_pin("Reader 1")))
		return TOOL_FAILED;
	if (*how == EXITS)
		return TOOL_FAILED;
	if (*how == TAKEN_OVER)
		(void)!send(find_socket(), "x", 1, MSG_NOSIGNAL);
	else if (*how == KILLS_ITSELF || *how == CRASHED)
		(void)raise(*how == CRASHED ? SIGABRT : SIGKILL);
	shared->victim = getpid();
	(void)nanosleep(&longer_than_the_test, NULL);
	return TOOL_OK;
}

/* As the kernel does where memory is short, or an administrator. */
static pid_t
start_killer(void)
{
	struct timespec a_moment = { .tv_nsec = 10000000 };
	pid_t pid;

	shared->victim = 0;
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	while (shared->victim == 0)
		(void)nanosleep(&a_moment, NULL);
	_exit(kill(shared->victim, SIGKILL));
}

/* A child that was killed has given the PIN to the card, perhaps. */
static void
state_that_a_lost_child_left_is_dropped(void **state)
{
	static const struct {
		enum lost_child how;
		struct outcome (*ends)(void);
		bool drops, tells;
	} rows[] = {
		{ LOST_AT_THE_CARD, card_is_clean, true, false },
		{ LOST_AT_THE_CARD, card_is_mute, true, true },
		{ LOST_AT_THE_CARD, cleaner_is_killed, true, true },
		{ LOST_AT_THE_PIN, card_is_clean, false, true },	/* which reader is not known */
		{ KILLS_ITSELF, card_is_clean, true, true },		/* it may have named another one */
		{ CRASHED, card_is_clean, true, true },
		{ TAKEN_OVER, card_is_clean, true, true },
		{ EXITS, card_is_clean, false, false },
	};
	struct caged c = { .work = ask_and_be_lost };

	typed_text = "8275";
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum lost_child how = rows[i].how;
		pid_t killer;

		c.ctx = &how;
		drop_ends = rows[i].ends;
		shared->drops = 0;
		shared->reader[0] = '\0';
		killer = start_killer();
		if (run(&c) != TOOL_FAILED || shared->drops != (rows[i].drops ? 1 : 0) ||
		    (strstr(shown, "take the card off the reader") != NULL) != rows[i].tells)
			fail_msg("row %zu: %d drops, %s", i, shared->drops, shown);
		assert_string_equal(shared->reader, rows[i].drops ? "Reader 1" : "");
		assert_false(shared->has_spare || (shared->reads_files && has_landlock()));
		(void)kill(killer, SIGKILL);
		assert_int_equal(waitpid(killer, NULL, 0), killer);
	}
}

/* As a cleaner would that a card controls: without its deadline it never answers. */
static struct outcome
cleaner_goes_on(void)
{
	struct timespec longer_than_the_limit = { .tv_sec = 60 };
	const struct itimerval none = { .it_value = { 0 } };

	(void)setitimer(ITIMER_REAL, &none, NULL);
	(void)nanosleep(&longer_than_the_limit, NULL);
	return outcome_of(OUTCOME_OK);
}

static void
parent_gives_up_a_cleaner_that_does_not_answer(void **state)
{
	enum lost_child how = CRASHED;
	struct caged c = { .work = ask_and_be_lost, .ctx = &how };
	const unsigned int timeout = tool.conf.timeout;
	time_t begin = time(NULL);

	typed_text = "8275";
	drop_ends = cleaner_goes_on;
	tool.conf.timeout = 1;
	assert_int_equal(run(&c), TOOL_FAILED);
	tool.conf.timeout = timeout;
	assert_non_null(strstr(shown, "take the card off the reader"));
	assert_true(time(NULL) - begin < 50);
}

static bool orphan_has_pin;

/* The child blocks all signals, as one that a card controls would. */
static int
work_for_long(struct tool *t, void *ctx, void *result)
{
	struct timespec longer_than_the_test = { .tv_sec = 30 };
	const int *end = ctx;
	sigset_t before;

	if (orphan_has_pin && !caged_prepare_for_pin("Reader 1"))
		return TOOL_FAILED;
	signals_hold(&before);
	shared->victim = getpid();
	(void)!write(*end, "works", 5);
	(void)nanosleep(&longer_than_the_test, NULL);
	(void)!write(*end, "goes on", 7);
	return TOOL_OK;
}

static _Noreturn void
be_jpkictl(int end)
{
	struct caged c = { .work = work_for_long, .ctx = &end, .fds = &end, .fd_count = 1, .writes = true };

	_exit(caged_run(&tool, &c));
}

static void
read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
}

/* How often within five seconds; a second time would follow at once. */
static int
drops(void)
{
	struct timespec a_moment = { .tv_nsec = 10000000 }, longer_than_a_drop = { .tv_nsec = 200000000 };

	for (int i = 0; i < 500 && orphan_has_pin && shared->drops == 0; i++)
		(void)nanosleep(&a_moment, NULL);
	(void)nanosleep(&longer_than_a_drop, NULL);
	return shared->drops;
}

/* Starts a parent, and kills it once its child works. Returns the end of a pipe that the child writes to. */
static int
kill_parent(void)
{
	char begun[6] = "";
	int pair[2];
	pid_t pid;

	drop_ends = card_is_clean;
	shared->drops = 0;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_jpkictl(pair[1]);
	assert_true(pid > 0);
	(void)close(pair[1]);
	assert_int_equal(read(pair[0], begun, sizeof begun - 1), 5);
	assert_int_equal(shared->drops, 0);
	shared->parent_killed_ms = clk_mono_ms(&clk_system);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pair[0];
}

static void
child_is_killed_with_its_parent_and_the_card_is_cleaned(void **state)
{
	for (int i = 0; i < 2; i++) {
		char text[64];
		int end;

		orphan_has_pin = i == 1;
		end = kill_parent();
		read_all(end, text, sizeof text);
		(void)close(end);
		assert_string_equal(text, "");
		assert_int_equal(drops(), orphan_has_pin ? 1 : 0);
	}
}

/* The child could give the PIN to the card after the drop. */
static void
cleaner_waits_for_the_end_of_the_child(void **state)
{
	int end;

	orphan_has_pin = true;
	child_outlives_parent = true;
	end = kill_parent();
	child_outlives_parent = false;
	assert_int_equal(drops(), 1);
	assert_true(shared->begun_ms - shared->parent_killed_ms >= 1000);
	assert_int_equal(kill(shared->victim, SIGKILL), 0);
	(void)close(end);
}

static int
name_an_account(struct tool *t, void *ctx, void *result)
{
	const char *name = caged_account_name(*(uid_t *)ctx);

	snprintf(result, 32, "%s", name != NULL ? name : "");
	return TOOL_OK;
}

static void
parent_names_accounts(void **state)
{
	uid_t uid = 0;
	char name[32];
	struct caged c = { .work = name_an_account, .ctx = &uid, .result = name, .result_size = sizeof name };

	assert_int_equal(run(&c), TOOL_OK);
	assert_string_equal(name, "root");
	uid = 4000000000U;
	assert_int_equal(run(&c), TOOL_OK);
	assert_string_equal(name, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(result_and_text_come_back),
		cmocka_unit_test(nothing_comes_back_from_a_failure),
		cmocka_unit_test(text_cannot_steer_the_terminal),
		cmocka_unit_test(nonsense_is_a_failure),
		cmocka_unit_test(parent_asks_for_the_child),
		cmocka_unit_test(parent_that_cannot_wait_ends_both),
		cmocka_unit_test(no_pin_goes_to_a_card_without_a_cleaner),
		cmocka_unit_test(only_the_first_reader_is_cleaned),
		cmocka_unit_test(child_with_the_pin_leaves_the_card_clean),
		cmocka_unit_test(files_are_out_of_reach),
		cmocka_unit_test(only_given_descriptors_are_left),
		cmocka_unit_test(child_that_ends_early_is_a_failure),
		cmocka_unit_test(state_that_a_lost_child_left_is_dropped),
		cmocka_unit_test(parent_gives_up_a_cleaner_that_does_not_answer),
		cmocka_unit_test(child_is_killed_with_its_parent_and_the_card_is_cleaned),
		cmocka_unit_test(cleaner_waits_for_the_end_of_the_child),
		cmocka_unit_test(parent_names_accounts),
	};

	tool.command = "test";
	conf_init(&tool.conf);
	tool.env = (struct flow_env){ .conf = &tool.conf, .clk = &clk_system, .log = &tool.log };
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || pipe2(spare, O_CLOEXEC) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card/pcsc.h"
#include "flow/possession/transaction.h"
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

/* Drops the state of no card, and says so: it is called in a child. */
static struct outcome (*drop_ends)(void);

struct outcome __wrap_transaction_drop_state(const struct flow_env *env, const char *reader);

struct outcome
__wrap_transaction_drop_state(const struct flow_env *env, const char *reader)
{
	printf("drops at %s\n", reader);
	(void)fflush(stdout);
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
	static const uint8_t unknown[] = { 99 }, answer[] = { 2, 0 }, hold_cut[] = { 3, 0, 2, 'x' }, hold_and_more[] = { 3, 0, 1, 'x', 'y' },
	    prompt_cut[] = { 1, 0, 9, 'x' }, account_cut[] = { 4, 0 }, too_much[1 + sizeof(struct result) + 1] = { 5 };
	static const struct view packets[] = {
		{ unknown, sizeof unknown }, { answer, sizeof answer }, { hold_cut, sizeof hold_cut }, { hold_and_more, sizeof hold_and_more },
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

	if (!caged_hold_signals("Reader 1"))
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
	TAKEN_OVER,		/* breaks the protocol later */
};

static int
ask_and_be_lost(struct tool *t, void *ctx, void *result)
{
	struct secret *pin = secret_new();
	const enum lost_child *how = ctx;
	struct outcome o = caged_ask("PIN: ", pin);

	secret_free(pin);
	if (!outcome_ok(&o) || (*how != LOST_AT_THE_PIN && !caged_hold_signals("Reader 1")))
		return TOOL_FAILED;
	if (*how == TAKEN_OVER)
		(void)!send(find_socket(), "x", 1, MSG_NOSIGNAL);
	else
		(void)raise(SIGKILL);
	(void)pause();
	return TOOL_OK;
}

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
child_is_killed(void)
{
	(void)raise(SIGKILL);
	return outcome_of(OUTCOME_OK);
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
		{ LOST_AT_THE_CARD, child_is_killed, true, true },
		{ LOST_AT_THE_PIN, card_is_clean, false, true },	/* which reader is not known */
		{ TAKEN_OVER, card_is_clean, true, true },		/* it may have named another one */
	};
	struct caged c = { .work = ask_and_be_lost };

	typed_text = "8275";
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum lost_child how = rows[i].how;

		c.ctx = &how;
		drop_ends = rows[i].ends;
		if (run(&c) != TOOL_FAILED || (strstr(shown, "drops at Reader 1\n") != NULL) != rows[i].drops ||
		    (strstr(shown, "take the card off the reader") != NULL) != rows[i].tells)
			fail_msg("row %zu: %s", i, shown);
	}
}

/* What is to be seen of a child whose parent is killed while it works. */
struct orphan {
	bool card;	/* it has a connection to pcscd */
	bool pin;	/* it has given the PIN to the card, and blocks signals */
	bool ignored;	/* the parent ignores and blocks SIGTERM, as the program that started it did */
	const char *text;
};

static const struct orphan *orphan;

static int
work_for_a_while(struct tool *t, void *ctx, void *result)
{
	struct timespec while_it_works = { .tv_nsec = 300000000 };
	const int *end = ctx;
	sigset_t before;

	if (orphan->pin) {
		if (!caged_hold_signals("Reader 1"))
			return TOOL_FAILED;
		signals_hold(&before);
	}
	(void)!write(*end, "works,", 6);
	(void)nanosleep(&while_it_works, NULL);
	(void)!write(*end, "clean", 5);
	if (orphan->pin)
		signals_release(&before);
	(void)!write(*end, ",goes on", 8);
	return TOOL_OK;
}

static _Noreturn void
be_jpkictl(int end)
{
	struct caged c = { .work = work_for_a_while, .ctx = &end, .fds = &end, .fd_count = 1, .writes = true };
	sigset_t term;

	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	if (orphan->ignored)
		(void)(signal(SIGTERM, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &term, NULL) != 0);
	if (orphan->card)
		tool.pcsc = pcsc_new(&clk_system, &tool.log);
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

static void
child_ends_with_its_parent_when_the_card_is_clean(void **state)
{
	static const struct orphan orphans[] = {
		{ .card = false, .pin = false, .text = "" },
		{ .card = true, .pin = false, .text = "" },
		{ .card = true, .pin = true, .text = "clean" },
		{ .card = true, .pin = false, .ignored = true, .text = "" },
		{ .card = true, .pin = true, .ignored = true, .text = "clean" },
	};

	for (size_t i = 0; i < COUNT(orphans); i++) {
		char begun[7], text[64];
		int pair[2];
		pid_t pid;

		orphan = &orphans[i];
		assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
		(void)fflush(NULL);
		pid = fork();
		if (pid == 0)
			be_jpkictl(pair[1]);
		assert_true(pid > 0);
		(void)close(pair[1]);
		assert_int_equal(read(pair[0], begun, sizeof begun - 1), 6);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		read_all(pair[0], text, sizeof text);
		(void)close(pair[0]);
		if (strcmp(text, orphan->text) != 0)
			fail_msg("orphan %zu: \"%s\"", i, text);
	}
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
		cmocka_unit_test(child_with_the_pin_leaves_the_card_clean),
		cmocka_unit_test(files_are_out_of_reach),
		cmocka_unit_test(only_given_descriptors_are_left),
		cmocka_unit_test(child_that_ends_early_is_a_failure),
		cmocka_unit_test(state_that_a_lost_child_left_is_dropped),
		cmocka_unit_test(child_ends_with_its_parent_when_the_card_is_clean),
		cmocka_unit_test(parent_names_accounts),
	};

	tool.command = "test";
	conf_init(&tool.conf);
	tool.env = (struct flow_env){ .conf = &tool.conf, .clk = &clk_system, .log = &tool.log };
	if (pipe2(spare, O_CLOEXEC) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module in libpam, in which one allocation or system call of its own code fails. Each login has a
 * process of its own. After any failure: no success that was not earned, one prompt at most, no PIN that stays
 * in the memory of the program, no helper and no descriptor left.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/failing.h"
#include "tests/unit/footprint.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define HANGS_S 60
#define DIGITS 4

/* What the process of a login leaves. */
static struct trial {
	bool done, pin_left, pin_sent;
	int result, descriptors;
	unsigned int prompts;
	unsigned long seen;
	char failed[32];
} *trial;

/* Typed in the place of the PIN; never in one piece here, where the search in memory would find it. */
static char typed[2][2 * DIGITS];
#define HALF (DIGITS / 2)

/*
 * Calls whose failure may leave a login a success, and why:
 *   malloc		a text for the user or the log is cut short
 *   mlock		a PIN may be swapped out until it is wiped (lib/secret.h)
 *   clock_gettime	without a time every deadline has passed, which ends what waits; or a log line lacks one
 *   poll		of the helper's number (pam/spawn.c): it is not signalled then; an error of the socket shows
 *			at the next recv()
 *   faccessat		whether a file of the record is there: then they are counted (lib/guessfile.c)
 */
static const char *const harmless[] = { "malloc", "mlock", "clock_gettime", "poll", "faccessat" };

/* The module calls this getuid() in place of libc's: the user whose program loads it. */
static uid_t caller;

uid_t
getuid(void)
{
	return caller;
}

/*
 * Any other call that fails belongs to the record of failed entries (lib/guesses.h). Root's programs and the
 * holder's own go on without it. Programs of other users must not, except after the PIN was sent: then the entry
 * of this login only stays in the record although it was right.
 */
static bool
is_harmless(void)
{
	for (size_t i = 0; i < COUNT(harmless); i++)
		if (strcmp(trial->failed, harmless[i]) == 0)
			return true;
	return caller == 0 || trial->pin_sent;
}

/* The helper writes that file when it has received the PIN. */
static void
note_failure(void)
{
	trial->pin_sent = access("since", F_OK) == 0;
}

static int
conversation(int n, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
	bool paused = failing_paused;
	struct pam_response *r;

	failing_paused = true;	/* the program's own doing */
	r = calloc((size_t)n, sizeof *r);
	if (r != NULL && messages[0]->msg_style == PAM_PROMPT_ECHO_OFF) {
		trial->prompts++;
		r->resp = calloc(1, DIGITS + 1);
		if (r->resp != NULL) {
			memcpy(r->resp, typed[0], HALF);
			memcpy(r->resp + HALF, typed[1], HALF);
		}
	}
	*responses = r;
	failing_paused = paused;
	return r != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* The kernel's list of our memory: it is full of digits, so it is not searched itself. */
static char maps[1 << 17];

static bool
is_in(const char *from, const char *until)
{
	for (; from + DIGITS <= until; from++)
		if ((from < maps || from >= maps + sizeof maps) && memcmp(from, typed[0], HALF) == 0 &&
		    memcmp(from + HALF, typed[1], HALF) == 0)
			return true;
	return false;
}

static void
read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, maps + used, sizeof maps - 1 - used)) > 0)
		used += (size_t)n;
	assert_true(used < sizeof maps - 1);
	maps[used] = '\0';
	(void)close(fd);
}

/* Whether the digits are in memory that is written to. */
static bool
pin_is_left(void)
{
	read_maps();
	for (char *line = maps; line != NULL && *line != '\0';) {
		char *next = strchr(line, '\n'), *mode;
		uintptr_t from = strtoul(line, &mode, 16), until = strtoul(mode + 1, &mode, 16);

		if (next != NULL)
			*next++ = '\0';
		if (strncmp(mode, " rw", 3) == 0 && strstr(line, "[v") == NULL && is_in((const char *)from, (const char *)until))
			return true;
		line = next;
	}
	return false;
}

static void
log_in(const struct failing *how)
{
	static const struct pam_conv conv = { .conv = conversation };
	pam_handle_t *pamh;
	int before;

	/* After this login libraries have what they never give back, and the module is loaded. */
	assert_int_equal(pam_start_confdir("test", "hanako", &conv, scratch_path(""), &pamh), PAM_SUCCESS);
	(void)pam_authenticate(pamh, 0);
	before = footprint_descriptors();
	assert_true(failing_own_object("pam_faked"));
	trial->prompts = 0;
	(void)unlink("since");
	failing = *how;
	failing_notice = note_failure;
	trial->result = pam_authenticate(pamh, 0);
	failing.kind = FAILING_NOTHING;
	trial->descriptors = footprint_descriptors() - before;
	trial->seen = failing.seen;
	snprintf(trial->failed, sizeof trial->failed, "%s", failing.failed != NULL ? failing.failed : "");
	assert_int_equal(pam_end(pamh, trial->result), PAM_SUCCESS);
	trial->pin_left = pin_is_left();
	/*
	 * Before glibc 2.39 poll() says whether the helper's number is still its own (pam/spawn.c). If it fails,
	 * no process is waited for: the helper ends with its socket, and the application collects it.
	 */
	trial->done = (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) || strcmp(trial->failed, "poll") == 0;
}

static void
choose_pin(unsigned int number)
{
	unsigned int left = 1000 + number * 7919 % 9000;

	/* Without snprintf(), which leaves them on the stack. */
	for (size_t i = 0; i < DIGITS; i++, left /= 10)
		typed[i / HALF][i % HALF] = (char)('0' + left % 10);
}

static void
try(const struct failing *how, unsigned int number)
{
	static const int deadly[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL };
	int status = -1;
	pid_t pid;

	memset(trial, 0, sizeof *trial);
	choose_pin(number);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < COUNT(deadly); i++)
			(void)signal(deadly[i], SIG_DFL);
		(void)alarm(HANGS_S);
		log_in(how);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0 || !trial->done)
		fail_msg("call %lu, %s: the program ends with %x, %s", how->at, trial->failed, (unsigned int)status,
		    trial->done ? "" : "or has a child left");
}

/* Now and then four digits are in some memory by chance, so a PIN that was found is tried again with other digits. */
static void
try_and_judge(const struct failing *how)
{
	try(how, (unsigned int)how->at);
	if (trial->pin_left)
		try(how, (unsigned int)how->at + 5000);
	if (trial->pin_left || trial->prompts > 1 || trial->descriptors > 0 ||
	    (trial->result == PAM_SUCCESS && trial->prompts != 1) || trial->result == PAM_IGNORE ||
	    (how->at != 0 && trial->result == PAM_SUCCESS && !is_harmless()))
		fail_msg("call %lu, %s: %d, %u prompts, PIN left %d, descriptors %+d", how->at, trial->failed, trial->result,
		    trial->prompts, trial->pin_left, trial->descriptors);
}

static void
sweep(enum failing_kind kind, const char *mode)
{
	struct failing how = { .kind = kind, .own = true };
	unsigned long calls, refused = 0;

	(void)scratch_text("mode", mode);
	try_and_judge(&how);
	calls = trial->seen;
	assert_true(calls > 0);
	for (how.at = 1; how.at <= calls; how.at++) {
		try_and_judge(&how);
		refused += trial->result != PAM_SUCCESS;
	}
	print_message("%s: %lu calls, %lu refused\n", mode, calls, refused);
	assert_true(refused > 0 || kind == FAILING_MEMORY);
}

static void
memory(void **state)
{
	sweep(FAILING_MEMORY, "good");
	sweep(FAILING_MEMORY, "unclean");
}

static void
system_calls(void **state)
{
	sweep(FAILING_SYSTEM, "good");
	sweep(FAILING_SYSTEM, "unclean");
}

static void
system_calls_of_another_users_program(void **state)
{
	caller = 4711;
	sweep(FAILING_SYSTEM, "good");
	caller = 0;
}

static int
setup(void **state)
{
	if (scratch_setup(state) != 0 || chdir(scratch_path("")) != 0)
		return -1;
	(void)setenv("OUTCOME_GUESSES", scratch_path("guesses"), 1);
	(void)setenv("OUTCOME_REMINDERS", scratch_path("reminders"), 1);
	(void)setenv("OUTCOME_UNLOCK", scratch_path("unlocks"), 1);
	(void)scratch_text("test", "auth required " MODULE "\n");
	trial = mmap(NULL, sizeof *trial, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return trial != MAP_FAILED ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(system_calls),
		cmocka_unit_test(system_calls_of_another_users_program),
	};

	return cmocka_run_group_tests(tests, setup, scratch_teardown);
}

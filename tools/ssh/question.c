/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "lib/pinrule.h"
#include "tools/ssh/prompt.h"
#include "tools/ssh/question.h"

#define ANSWER_MAX 1024		/* the maximum of ssh (doc/facts/consumers.md §2.1) */
#define NOT_STARTED 127		/* exit status of a child that could not start the other askpass */

static bool
is(const char *variable, const char *wanted)
{
	const char *value = getenv(variable);

	return value != NULL && strcmp(value, wanted) == 0;
}

static const char *
warning(void)
{
	return _("The server, not your card, prompts for the following; never enter your card PIN:");
}

/*
 * A server can imitate our own prompt, and users confuse prompts: so never send what may be the card's PIN.
 * ssh cuts an answer at its first newline or carriage return.
 */
static int
give_answer(const char *prompt, char *answer)
{
	struct view typed = { (const uint8_t *)answer, strcspn(answer, "\r\n") };

	if (!prompt_stays_here(prompt) && pinrule_resembles_auth(typed)) {
		fprintf(stderr, "%s\n", _("jpki-ssh: your answer was not sent to the server, because "
		    "it looks like the PIN of your card, which no server needs. If it is a password "
		    "for the server, connect with ssh."));
		return EXIT_FAILURE;
	}
	printf("%.*s\n", (int)typed.len, answer);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- by another program -------------------------------------------------------------- */

/* The askpass that ssh would have started without us; NULL: ssh would have used the terminal. */
static const char *
next_askpass(const struct person *who)
{
	const char *askpass = getenv("JPKI_ASKPASS_NEXT");

	if (askpass == NULL || *askpass == '\0' || is("JPKI_ASKPASS_NEXT_REQUIRE", "never") ||
	    (who->has_terminal && !is("JPKI_ASKPASS_NEXT_REQUIRE", "force") &&
	    !is("JPKI_ASKPASS_NEXT_REQUIRE", "prefer")))
		return NULL;
	return askpass;
}

/*
 * In the child: executes the other askpass. ssh ends an askpass by a signal to us; the child dies with us.
 */
_Noreturn static void
become_askpass(const char *program, const char *prompt, int answer_fd, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
	    dup2(answer_fd, STDOUT_FILENO) >= 0 && setenv("SSH_ASKPASS", program, 1) == 0 &&
	    unsetenv("JPKI_ASKPASS_NEXT") == 0) {	/* in case it is this program under another name */
		(void)execlp(program, program, prompt, (char *)NULL);
		fprintf(stderr, "jpki-askpass: %s: %s\n", program, strerror(errno));
	}
	_exit(NOT_STARTED);
}

/* Reads the first bytes, up to a NUL; discards the rest, so that the writer does not block. */
static void
read_answer(int fd, char answer[static ANSWER_MAX])
{
	char rest[ANSWER_MAX];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 || (n < 0 && errno == EINTR)) {
		bool full = len == ANSWER_MAX - 1;

		n = read(fd, full ? rest : answer + len, full ? sizeof rest : ANSWER_MAX - 1 - len);
		if (n > 0 && !full)
			len += (size_t)n;
	}
	answer[len] = '\0';
	explicit_bzero(rest, sizeof rest);
}

static int
exit_status_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/*
 * Runs the other askpass as a child, not by a plain exec, because its answer is checked. Returns its exit
 * status.
 */
static int
run_askpass(const char *program, const char *prompt, char answer[static ANSWER_MAX])
{
	_cleanup_(closep) int from = -1;
	pid_t parent = getpid(), child;
	int ends[2];

	/* With SIGCHLD ignored, waitpid() would return no status. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || pipe2(ends, O_CLOEXEC) != 0)
		return NOT_STARTED;
	from = ends[0];
	child = fork();
	if (child == 0)
		become_askpass(program, prompt, ends[1], parent);
	(void)close(ends[1]);
	if (child < 0)
		return NOT_STARTED;
	read_answer(from, answer);
	return exit_status_of(child);
}

static int
ask_by_askpass(const char *program, const char *prompt, char answer[static ANSWER_MAX])
{
	_cleanup_(freep) char *warned = NULL;
	int status;

	if (prompt_is_from_server(prompt) && asprintf(&warned, "%s\n%s", warning(), prompt) < 0)
		return EXIT_FAILURE;
	status = run_askpass(program, warned != NULL ? warned : prompt, answer);
	return status == EXIT_SUCCESS ? give_answer(prompt, answer) : status;
}

/* --- at the terminal ---------------------------------------------------------------- */

static int
answer_at_terminal(const char *prompt, char answer[static ANSWER_MAX])
{
	bool confirm = is("SSH_ASKPASS_PROMPT", "confirm");
	/* ssh does not say whether an answer is secret; the one about a host key is not. */
	int flags = RPP_REQUIRE_TTY | (confirm || strstr(prompt, "(yes/no") != NULL ? RPP_ECHO_ON : 0);

	if (prompt_is_from_server(prompt))
		fprintf(stderr, "%s\n", warning());
	if (readpassphrase(prompt, answer, ANSWER_MAX, flags) == NULL) {
		fprintf(stderr, _("jpki-askpass: cannot prompt: %s\n"), strerror(errno));
		return EXIT_FAILURE;
	}
	if (confirm)
		return strcmp(answer, "yes") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	return give_answer(prompt, answer);
}

int
question_ask(const char *prompt, const struct person *who)
{
	const char *askpass = next_askpass(who);
	char answer[ANSWER_MAX] = "";
	int status = NOT_STARTED;

	if (askpass != NULL)
		status = ask_by_askpass(askpass, prompt, answer);
	if (status == NOT_STARTED && is("SSH_ASKPASS_PROMPT", "none")) {
		user_prompt_tell(who, prompt);
		status = EXIT_SUCCESS;
	} else if (status == NOT_STARTED) {
		status = answer_at_terminal(prompt, answer);
	}
	explicit_bzero(answer, sizeof answer);
	return status;
}

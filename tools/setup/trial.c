/* SPDX-License-Identifier: BSD-2-Clause */
/* A login in a service of its own, with the libpam and the module that the real services use. */
#include "config.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/safefile.h"
#include "lib/signals.h"
#include "tools/setup/setup.h"

#define TRIAL_FILE PAM_DIR "/" TRIAL_SERVICE

/*
 * Contains only our module, whose result is that of the stack. Root tries it, at a terminal that
 * may prove nothing (lib/place.h), so the service is listed as local; a remote login stays remote.
 * The account line is tried as in the real services.
 */
static const char trial_text[] =
	"auth\trequired\tpam_jpki.so local_services=" TRIAL_SERVICE "\n"
	"account\t[success=ok ignore=ignore module_unknown=ignore default=bad]\tpam_jpki.so\n"
	"account\trequired\tpam_permit.so\n";

static void
on_interrupt(int number)
{
}

/* ^C is an empty answer: the module ends properly, and releases the card. */
static char *
ask_for_module(const char *prompt, bool echo)
{
	const struct sigaction interrupt = { .sa_handler = on_interrupt };
	struct sigaction before;
	char typed[PAM_MAX_RESP_SIZE];
	char *answer = NULL;

	(void)sigaction(SIGINT, &interrupt, &before);
	if (readpassphrase(prompt, typed, sizeof typed, RPP_REQUIRE_TTY | (echo ? RPP_ECHO_ON : 0)) != NULL)
		answer = strdup(typed);
	(void)sigaction(SIGINT, &before, NULL);
	explicit_bzero(typed, sizeof typed);
	return answer;
}

static void
forget(struct pam_response *answers, int count)
{
	for (int i = 0; i < count; i++) {
		if (answers[i].resp != NULL)
			explicit_bzero(answers[i].resp, strlen(answers[i].resp));
		free(answers[i].resp);
	}
	free(answers);
}

/* Without a user (ctx is no person) a prompt is not answered: no PIN is sent. */
static int
converse(int count, const struct pam_message **messages, struct pam_response **ret, void *ctx)
{
	const bool *person = ctx;
	struct pam_response *answers = calloc((size_t)count, sizeof *answers);

	for (int i = 0; answers != NULL && i < count; i++) {
		int style = messages[i]->msg_style;

		if (style == PAM_ERROR_MSG || style == PAM_TEXT_INFO) {
			char text[PAM_MAX_MSG_SIZE];

			snprintf(text, sizeof text, "%s", messages[i]->msg);
			log_defuse(text);
			printf("  %s\n", text);
			continue;
		}
		if (*person)
			answers[i].resp = ask_for_module(messages[i]->msg, style == PAM_PROMPT_ECHO_ON);
		if (answers[i].resp == NULL) {
			forget(answers, count);
			return PAM_CONV_ERR;
		}
	}
	*ret = answers;
	return answers != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* Logs in as sudo would, once. Returns the code of libpam. */
static int
log_in(const char *user, bool person)
{
	struct pam_conv conv = { converse, &person };
	const char *tty = ttyname(STDIN_FILENO);
	pam_handle_t *pamh = NULL;
	int r = pam_start(TRIAL_SERVICE, user, &conv, &pamh);

	if (r == PAM_SUCCESS && tty != NULL)
		r = pam_set_item(pamh, PAM_TTY, tty);
	if (r == PAM_SUCCESS)
		r = pam_set_item(pamh, PAM_RUSER, user);
	if (r == PAM_SUCCESS)
		r = pam_authenticate(pamh, 0);
	if (r == PAM_SUCCESS)
		r = pam_acct_mgmt(pamh, 0);
	(void)pam_end(pamh, r);
	(void)fflush(stdout);
	return r;
}

/* The same in a process of its own, which contains what a module changes. -1: it was killed. */
static int
log_in_apart(const char *user, bool person, sigset_t *before)
{
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		signals_release(before);
		_exit(log_in(user, person));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether this result of a login without a user is as expected. */
static bool
is_answer(const struct setup *s, int r)
{
	if (s->pin_proved)
		return r == PAM_CONV_ERR;	/* it came as far as the prompt for the PIN */
	return r == PAM_AUTHINFO_UNAVAIL || r == PAM_USER_UNKNOWN || r == PAM_CONV_ERR;
}

bool
trial_passes(const struct setup *s)
{
	bool person = s->terminal && setup_enrolled(s) && !s->pin_proved;
	sigset_t before;
	int r = -1;

	printf(_("A login with the card is tried in the PAM service %s, which is removed again.\n"),
	    TRIAL_SERVICE);
	signals_hold(&before);	/* the service is removed whatever happens */
	if (safefile_replace(TRIAL_FILE, 0644, trial_text, sizeof trial_text - 1, &s->t->log))
		r = log_in_apart(s->user != NULL ? s->user : "root", person, &before);
	(void)unlink(TRIAL_FILE);
	signals_release(&before);
	if (r == PAM_SUCCESS) {
		printf("%s\n", _("Login with the card succeeded."));
		return true;
	}
	if (!person && is_answer(s, r)) {
		printf("%s\n", s->pin_proved ? _("It finds the card and asks for the PIN, which was right a moment ago.") :
		    _("The module answers. No one has logged in with a card yet."));
		return true;
	}
	tool_complain(s->t, _("the login that was tried failed: %s; no service was changed"),
	    r < 0 ? _("it was cut short") : pam_strerror(NULL, r));
	return false;
}

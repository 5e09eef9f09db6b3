/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/transport.h"
#include "lib/i18n.h"
#include "tools/common/where.h"
#include "tools/jpkictl/enroll_self.h"

#define PROGRAM LIBEXECDIR "/jpki_enroll_self"

/* pkexec(1). A program of ours ends otherwise. */
enum { PKEXEC_DISMISSED = 126, PKEXEC_REFUSED = 127 };

static bool
is_possible(struct tool *t)
{
	char terminal[WHERE_TERMINAL_MAX];
	enum where where;

	if (geteuid() == 0) {
		tool_complain(t, "%s", _("root registers a card by naming the user: jpkictl enroll USER"));
		return false;
	}
	if (strcmp(t->conf_file, CONF_FILE) != 0) {
		tool_complain(t, "%s", _("--self goes by no other configuration file"));
		return false;
	}
	if (!t->conf.self_enroll) {
		tool_complain(t, "%s", _("people do not register their own cards here (self_enroll in pam_jpki.conf); "
		    "ask the administrator: sudo jpkictl enroll USER"));
		return false;
	}
	where_terminal(terminal);
	where = where_user_is(getuid(), terminal, &t->log);
	if (!where_is_here(where, &t->conf)) {
		tool_complain(t, _("only users who are at this machine register their card this way: %s (%s)"),
		    _(where_text(where)), where_code(where));
		return false;
	}
	if (access(PKEXEC, X_OK) == 0 && access(POLKIT_ACTION, F_OK) == 0 && access(PROGRAM, X_OK) == 0)
		return true;
	tool_complain(t, _("polkit, which asks for your password, is not there, or not all of it (%s): "
	    "sudo apt install pkexec; or ask the administrator: sudo jpkictl enroll USER"),
	    access(PKEXEC, X_OK) != 0 ? PKEXEC : access(POLKIT_ACTION, F_OK) != 0 ? POLKIT_ACTION : PROGRAM);
	return false;
}

/* Leaves signals from the keyboard to the program that asks, and reports how it ended. False: errno. */
static bool
run_and_wait(char *const *argv, int *ret_status)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction normal = { .sa_handler = SIG_DFL };
	posix_spawnattr_t attr;
	sigset_t all;
	pid_t child;
	int error;

	(void)sigaction(SIGCHLD, &normal, NULL);
	(void)sigfillset(&all);
	error = posix_spawnattr_init(&attr);
	if (error == 0) {
		(void)posix_spawnattr_setsigdefault(&attr, &all);
		(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
		(void)sigaction(SIGINT, &ignore, NULL);
		(void)sigaction(SIGQUIT, &ignore, NULL);
		error = posix_spawn(&child, argv[0], NULL, &attr, argv, environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	errno = error;
	if (error != 0)
		return false;
	while (waitpid(child, ret_status, 0) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

int
enroll_self(struct tool *t, const char *reader)
{
	static char pkexec[] = PKEXEC, program[] = PROGRAM, word[] = "--reader";
	char name[TRANSPORT_NAME_MAX];
	char *argv[] = { pkexec, program, reader != NULL ? word : NULL, name, NULL };
	int status = 0;

	if (reader != NULL && strlen(reader) >= sizeof name) {
		tool_complain(t, "%s", _("the name of the reader cannot be one"));
		return TOOL_USAGE;
	}
	if (!is_possible(t))
		return TOOL_FAILED;
	snprintf(name, sizeof name, "%s", reader != NULL ? reader : "");
	if (!run_and_wait(argv, &status)) {
		tool_complain(t, "%s: %s", PKEXEC, strerror(errno));
		return TOOL_FAILED;
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	if (WEXITSTATUS(status) == PKEXEC_DISMISSED || WEXITSTATUS(status) == PKEXEC_REFUSED) {
		tool_complain(t, "%s", WEXITSTATUS(status) == PKEXEC_DISMISSED ? _("not confirmed: nothing was registered") :
		    _("polkit did not let it start: nothing was registered"));
		return TOOL_FAILED;
	}
	return WEXITSTATUS(status);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/i18n.h"
#include "lib/log.h"
#include "tools/watch/desktop.h"
#include "tools/watch/removal_action.h"

/* --- choosing ---------------------------------------------------------------------- */

static bool
split_words(char *text, char *words[static ACT_WORDS_MAX])
{
	size_t n = 0;
	char *save;

	for (char *word = strtok_r(text, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		if (n == ACT_WORDS_MAX - 1)
			return false;
		words[n++] = word;
	}
	words[n] = NULL;
	return n > 0;
}

bool
removal_action_choose(const struct conf *conf, char *const *user_command, const char *session, const struct log *log,
    struct act *act)
{
	bool users = conf->on_removal == CONF_REMOVAL_NONE || conf->on_removal == CONF_REMOVAL_LOCK;

	*act = (struct act){ .what = (enum conf_removal)conf->on_removal, .session = session, .log = log };
	if (user_command != NULL && users) {
		act->what = CONF_REMOVAL_COMMAND;
		act->command = user_command;
		return true;
	}
	if (user_command != NULL)
		log_msg(log, LOG_WARNING, "on_removal = %s is the administrator's choice: the command given is not used",
		    removal_action_name(act));
	if (act->what == CONF_REMOVAL_LOCK || act->what == CONF_REMOVAL_LOGOUT)
		return desktop_can_act(act->what == CONF_REMOVAL_LOGOUT, act->session, log);
	if (act->what == CONF_REMOVAL_NONE)
		return true;
	memcpy(act->text, conf->removal_command, sizeof act->text);
	act->command = act->words;
	if (split_words(act->text, act->words))
		return true;
	log_msg(log, LOG_ERR, "on_removal = command, but removal_command is not set, or has too many words");
	return false;
}

const char *
removal_action_name(const struct act *act)
{
	static const char *const names[] = {
		[CONF_REMOVAL_NONE] = "none", [CONF_REMOVAL_LOCK] = "lock",
		[CONF_REMOVAL_LOGOUT] = "logout", [CONF_REMOVAL_COMMAND] = "command",
	};

	return names[act->what];
}

/* --- a command ---------------------------------------------------------------------- */

/*
 * Start it as the user's shell would: with default signal actions, and with none of our descriptors (a
 * locker that inherits the one to pcscd would keep our connection open).
 */
static int
start_program(char *const *command, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all;
	int e;

	(void)sigfillset(&all);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	e = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (e == 0)
		e = posix_spawnattr_setsigdefault(&attr, &all);
	if (e == 0)
		e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	if (e == 0)
		e = posix_spawnp(ret_pid, command[0], &actions, &attr, command, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return e;
}

/* Intermediate process that waits for the command, which may run for hours. */
static void __attribute__((noreturn))
supervise(const struct act *act)
{
	pid_t child;
	int e, status;

	e = start_program(act->command, &child);
	if (e != 0) {
		log_msg(act->log, LOG_ERR, "%s: %s: no action taken",
		    act->command[0], strerror(e));
		_exit(1);
	}
	closelog();
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(1);
	if (status != 0)
		log_msg(act->log, LOG_ERR, "%s: ended with %s %d", act->command[0],
		    WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	_exit(0);
}

/* Double fork: the intermediate process is not our child, so we need not wait for it. */
static bool
run_command(const struct act *act)
{
	int status = -1;
	pid_t between = fork();

	if (between == 0) {
		pid_t minder = fork();

		if (minder == 0)
			supervise(act);
		_exit(minder > 0 ? 0 : errno);
	}
	while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	if (between > 0 && status == 0)
		return true;
	log_msg(act->log, LOG_ERR, "%s: %s: no action taken", act->command[0],
	    strerror(between > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : errno));
	return false;
}

/* --- doing --------------------------------------------------------------------------- */

bool
removal_action_perform(const struct act *act)
{
	switch (act->what) {
	case CONF_REMOVAL_NONE:
		return true;
	case CONF_REMOVAL_LOCK:
		return desktop_lock(act->session, act->log);
	case CONF_REMOVAL_LOGOUT:
		return desktop_log_out(act->session, act->log);
	case CONF_REMOVAL_COMMAND:
		return run_command(act);
	}
	return false;
}

void
removal_action_warn(const struct act *act)
{
	const char *text = _("Put it back.");

	if (act->what == CONF_REMOVAL_LOCK)
		text = _("Put it back, or the screen will be locked.");
	else if (act->what == CONF_REMOVAL_LOGOUT)
		text = _("Put it back, or you will be logged out.");
	desktop_notify(_("The card was removed"), text, act->log);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The action after the card was removed. */
#ifndef JPKI_TOOLS_WATCH_REMOVAL_ACTION_H
#define JPKI_TOOLS_WATCH_REMOVAL_ACTION_H

#include <stdbool.h>

#include "config/conf.h"

#define ACT_WORDS_MAX 32

struct act {
	enum conf_removal what;
	char *const *command;		/* COMMAND: its words, NULL at the end */
	const char *session;		/* logind's id of the session; "" for none */
	const struct log *log;
	char text[CONF_COMMAND_MAX];	/* removal_command, split into words */
	char *words[ACT_WORDS_MAX];
};

/*
 * Chooses the action by the configuration and the user's command (NULL for none). The arguments must
 * outlive act, and act must not be moved. A user's command replaces none and lock, but not the
 * administrator's other choices. False, logged: it cannot be done, because the configuration is
 * inconsistent or something is missing on this machine.
 */
bool removal_action_choose(const struct conf *conf, char *const *user_command, const char *session,
    const struct log *log, struct act *act);

/*
 * Performs the action. False, logged: the screen cannot have been locked, or the session not ended. A
 * command is only started; its failure is logged when it exits.
 */
bool removal_action_perform(const struct act *act);

/* Shows a notification before the action; errors are ignored. */
void removal_action_warn(const struct act *act);

/* The value as in pam_jpki.conf(5). */
const char *removal_action_name(const struct act *act);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens once the card has left. */
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
	char text[CONF_COMMAND_MAX];	/* removal_command, taken apart */
	char *words[ACT_WORDS_MAX];
};

/*
 * What to do, by the configuration and the command that the user gave (NULL for none); what is
 * given is lent, and act must stay where it is. A user's command stands in for none and for
 * lock, not for what the administrator wants beside. False, logged: it cannot be done, as the
 * configuration contradicts itself or something is missing here.
 */
bool removal_action_choose(const struct conf *conf, char *const *user_command, const char *session,
    const struct log *log, struct act *act);

/*
 * Does it. False, logged: nobody can have locked the screen or ended the session. A command is
 * only started; that it failed is logged when it ends.
 */
bool removal_action_perform(const struct act *act);

/* Shows a notification that it will happen; whether anybody sees it does not matter. */
void removal_action_warn(const struct act *act);

/* As in pam_jpki.conf(5). */
const char *removal_action_name(const struct act *act);

#endif

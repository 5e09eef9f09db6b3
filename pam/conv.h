/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking with the user, through the application's conversation function. */
#ifndef JPKI_PAM_CONV_H
#define JPKI_PAM_CONV_H

#include <security/pam_modules.h>

#include "helper/proto.h"

/*
 * Prompts once, echo off. Stores exactly four digits in *pin or returns what was typed instead (an
 * empty input is FORMAT: sudo would end at a cancel). With forward_password any other input becomes
 * PAM_AUTHTOK, for the next module: PASSWORD. Four digits never do, nor a slip of them
 * (lib/pinrule.h). The application's reply is wiped and freed whatever it is; no reply or a failure
 * is a cancel.
 */
enum proto_answer conv_ask_pin(pam_handle_t *pamh, const char *prompt, bool forward_password,
    struct secret *pin);

/*
 * Shows a challenge, echo on, and stores the reply, cut to its size. The application's reply is
 * wiped and freed. False: the application cannot prompt with echo (as sshd for a password), and the
 * reply is "".
 */
bool conv_ask_reply(pam_handle_t *pamh, const char *prompt, char reply[static PROTO_REPLY_MAX]);

/*
 * Prompts for a name, echo on, and stores it. False: the conversation failed, or the name is too
 * long for an account.
 */
bool conv_ask_name(pam_handle_t *pamh, const char *prompt, char name[static ACCOUNT_NAME_MAX]);

enum conv_style {
	CONV_ERROR,	/* shown whatever the flags are: the user must know */
	CONV_INFO,	/* left out with PAM_SILENT */
};

/*
 * Shows a text; does nothing for "". Failing to show it changes no outcome. Returns whether the
 * application took it: cron and the like take none.
 */
bool conv_tell(pam_handle_t *pamh, int flags, enum conv_style style, const char *text);

#endif

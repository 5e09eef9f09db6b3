/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking with the person, through the application's conversation function. */
#ifndef JPKI_PAM_CONV_H
#define JPKI_PAM_CONV_H

#include <security/pam_modules.h>

#include "helper/proto.h"

/*
 * Asks once, echo off. Stores exactly four digits in *pin or says what was
 * typed instead (nothing is FORMAT too: sudo would end at a cancel). With
 * forward_password anything else that was typed becomes PAM_AUTHTOK, for the next
 * module: PASSWORD; four digits never do, nor a slip of them (lib/pinrule.h). The reply of the application is wiped and
 * freed whatever it is; no reply or a failure is a cancel.
 */
enum proto_answer conv_ask_pin(pam_handle_t *pamh, const char *prompt, bool forward_password,
    struct secret *pin);

/*
 * Shows a challenge, echo on, and stores the reply, cut at its size. The reply of the application
 * is wiped and freed. False: the application cannot ask with echo (sshd where a password is
 * asked for), and the reply is "".
 */
bool conv_ask_reply(pam_handle_t *pamh, const char *prompt, char reply[static PROTO_REPLY_MAX]);

/*
 * Asks for a name, echo on, and stores what was typed. False: the conversation failed, or it is too long for any account's.
 */
bool conv_ask_name(pam_handle_t *pamh, const char *prompt, char name[static ACCOUNT_NAME_MAX]);

enum conv_style {
	CONV_ERROR,	/* shown whatever the flags are: the person must know */
	CONV_INFO,	/* left out with PAM_SILENT */
};

/*
 * Shows a text; "" is nothing. Failing to show it changes no outcome. Whether the application took it:
 * cron and the like take none.
 */
bool conv_tell(pam_handle_t *pamh, int flags, enum conv_style style, const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fold.h"
#include "lib/message.h"
#include "lib/pinrule.h"
#include "pam/conv.h"
#include "pam/logline.h"

#define SHORT_LINE 56	/* columns: a screen of gtklock needs about 390 pixels beside them */

/*
 * One message to the conversation function. *ret_text is the reply or NULL,
 * the caller's to wipe and free. False if the application refused.
 */
static bool
converse(pam_handle_t *pamh, int style, const char *text, char **ret_text)
{
	const struct pam_message message = { .msg_style = style, .msg = text };
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;	/* some applications do not set it */
	const struct pam_conv *conv = NULL;
	const void *item = NULL;

	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || item == NULL)
		return false;
	conv = item;
	if (conv->conv == NULL ||
	    conv->conv(1, &messages, &response, conv->appdata_ptr) != PAM_SUCCESS)
		return false;	/* what it may have left in response is not ours to free */
	*ret_text = NULL;
	if (response != NULL) {
		*ret_text = response->resp;
		free(response);
	}
	return true;
}

static void
wipe_and_free(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}

enum proto_answer
conv_ask_pin(pam_handle_t *pamh, const char *prompt, bool forward_password, struct secret *pin)
{
	enum proto_answer answer = PROTO_ANSWER_FORMAT;
	char *reply = NULL;
	struct view typed;

	if (!converse(pamh, PAM_PROMPT_ECHO_OFF, prompt, &reply) || reply == NULL)
		return PROTO_ANSWER_CANCEL;
	typed = (struct view){ (const uint8_t *)reply, strlen(reply) };
	/* sshd, lockers and type-ahead send passwords here: they go no further. */
	if (pinrule_is_auth(typed)) {
		if (secret_set(pin, typed.data, typed.len))
			answer = PROTO_ANSWER_PIN;
	} else if (forward_password && !pinrule_is_slip(typed) &&
	    pam_set_item(pamh, PAM_AUTHTOK, reply) == PAM_SUCCESS) {
		answer = PROTO_ANSWER_PASSWORD;
	}
	wipe_and_free(reply);
	return answer;
}

bool
conv_ask_reply(pam_handle_t *pamh, const char *prompt, char reply[static PROTO_REPLY_MAX])
{
	char *text = NULL;
	bool given = converse(pamh, PAM_PROMPT_ECHO_ON, prompt, &text) && text != NULL;

	snprintf(reply, PROTO_REPLY_MAX, "%s", given ? text : "");
	wipe_and_free(text);
	return given;
}

bool
conv_ask_name(pam_handle_t *pamh, const char *prompt, char name[static ACCOUNT_NAME_MAX])
{
	char *text = NULL;
	bool given = converse(pamh, PAM_PROMPT_ECHO_ON, prompt, &text) && text != NULL && strlen(text) < ACCOUNT_NAME_MAX;

	snprintf(name, ACCOUNT_NAME_MAX, "%s", given ? text : "");
	wipe_and_free(text);	/* it may be a PIN */
	return given;
}

/*
 * gtklock 4.0 shows a text as it is. If one of its lines is wider than the screen, gtklock ends by a protocol error,
 * and the compositor keeps the screen locked until gtklock is started again from elsewhere.
 */
static bool
must_have_short_lines(pam_handle_t *pamh)
{
	const char *service = item(pamh, PAM_SERVICE);

	return service != NULL && strcmp(service, "gtklock") == 0;
}

bool
conv_tell(pam_handle_t *pamh, int flags, enum conv_style style, const char *text)
{
	char folded[2 * MESSAGE_MAX];
	char *reply = NULL;

	if (must_have_short_lines(pamh)) {
		fold_text(text, SHORT_LINE, folded, sizeof folded);
		text = folded;
	}
	if (text[0] == '\0' || (style == CONV_INFO && (flags & PAM_SILENT)) ||
	    !converse(pamh, style == CONV_ERROR ? PAM_ERROR_MSG : PAM_TEXT_INFO, text, &reply))
		return false;
	wipe_and_free(reply);	/* sshd replies "" to texts */
	return true;
}

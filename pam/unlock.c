/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <security/pam_ext.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/pinrule.h"
#include "lib/shadow.h"
#include "pam/unlock.h"

#ifndef UNLOCK_PLACE
#define UNLOCK_PLACE UNLOCKFILE_SYSTEM
#endif
/* Who started the program. */
#ifndef UNLOCK_CALLER
#define UNLOCK_CALLER getuid()
#endif

/*
 * The real user id counts too: a program that the user has started opens no session, and the user
 * could read a password from it.
 */
static bool
is_program_of(uid_t owner)
{
	return UNLOCK_CALLER == owner && geteuid() == owner;
}

static bool
has_password(pam_handle_t *pamh)
{
	const void *item = NULL;

	return pam_get_item(pamh, PAM_AUTHTOK, &item) != PAM_SUCCESS || item != NULL;
}

void
unlock_offer(pam_handle_t *pamh, const char *user, const struct log *log, struct unlockfile *ret)
{
	const struct unlockfile_place place = UNLOCK_PLACE;

	ret->len = 0;
	ret->machine[0] = '\0';
	if (!is_program_of(place.owner) || has_password(pamh))
		return;
	if (unlockfile_read(&place, user, log, ret) == SAFEFILE_NO_MEMORY)
		log_msg(log, LOG_ERR, "no memory: no password is unlocked");
}

bool
unlock_hand_on(pam_handle_t *pamh, const char *user, const struct secret *password, const struct log *log)
{
	struct view text = secret_view(password);
	int r;

	if (pinrule_is_auth(text) || pinrule_is_slip(text)) {
		log_msg(log, LOG_ERR, "the stored password of %s looks like a PIN, and goes to no module", LOG_NAME(user));
		return true;
	}
	if (shadow_compare(user, password) == SHADOW_DIFFERS) {
		log_msg(log, LOG_NOTICE, "the password of %s has been changed since it was stored: no password is "
		    "unlocked; see jpkictl unlock in jpkictl(8)", LOG_NAME(user));
		return false;
	}
	r = pam_set_item(pamh, PAM_AUTHTOK, text.data);
	if (r != PAM_SUCCESS)
		log_msg(log, LOG_ERR, "the unlocked password cannot be handed on: %s", pam_strerror(pamh, r));
	return true;
}

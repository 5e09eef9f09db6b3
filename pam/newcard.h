/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifies users who registered a card without an administrator, at their next logins (lib/notice.h). */
#ifndef JPKI_PAM_NEWCARD_H
#define JPKI_PAM_NEWCARD_H

#include <security/pam_modules.h>

/*
 * Notifies the user who has just been authenticated, by any means, if a notice is due. It
 * counts only if the application took the text, so a cron job does not use it up. There is no
 * notice when another account logs in as this user, who is not there to read it.
 */
void newcard_tell(pam_handle_t *pamh);

#endif

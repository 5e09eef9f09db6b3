/* SPDX-License-Identifier: BSD-2-Clause */
/* A user who registered a card without an administrator is told so at the next logins (lib/notice.h). */
#ifndef JPKI_PAM_NEWCARD_H
#define JPKI_PAM_NEWCARD_H

#include <security/pam_modules.h>

/*
 * Tells the user who has just been authenticated, by whatever means, if it is due. Nothing is recorded unless the
 * application took the text, so a job of cron's does not use it up; nor is it told where another account
 * logs in as this user, who is not there to read it.
 */
void newcard_tell(pam_handle_t *pamh);

#endif

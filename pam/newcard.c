/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/account.h"
#include "lib/clk.h"
#include "lib/i18n.h"
#include "lib/message.h"
#include "lib/notice.h"
#include "pam/conv.h"
#include "pam/guard.h"
#include "pam/language.h"
#include "pam/logline.h"
#include "pam/newcard.h"

#ifndef NOTICES_OWNER
#define NOTICES_OWNER 0
#endif

/* A user's service manager accepts every text (since systemd 256) and shows none. */
static bool
is_read(const char *service)
{
	return service != NULL && strcmp(service, "systemd-user") != 0;
}

/* Writes the text in the application's locale if that is Japanese, else in English. */
static void
write_text(pam_handle_t *pamh, const struct notice *n, char text[static MESSAGE_MAX])
{
	bool in_english = strcmp(language_of_application(item(pamh, PAM_TTY)), "ja") != 0;

	if (!in_english)
		i18n_bind();
	message_registered(n->when, n->terminal, in_english, text);
}

void
newcard_tell(pam_handle_t *pamh)
{
	const struct log log = logline_log(pamh);
	const struct notice_store store = { .dir = NOTICES_DIR, .owner = NOTICES_OWNER, .log = &log };
	const char *user = item(pamh, PAM_USER);
	char text[MESSAGE_MAX];
	struct notice n;
	uid_t caller, uid;

	if (!notice_may_be_there(&store) || !is_read(item(pamh, PAM_SERVICE)) || user == NULL || !account_uid(user, &uid))
		return;
	caller = guard_caller(pamh);
	if ((caller != 0 && caller != uid) || !notice_due(&store, uid, clk_wall_s(&clk_system), &n))
		return;
	write_text(pamh, &n, text);
	/* sudo always sets PAM_SILENT. */
	if (conv_tell(pamh, 0, CONV_INFO, text))
		notice_note_told(&store, uid);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/account.h"
#include "pam/guard.h"
#include "pam/logline.h"

static void
copy_claim(const char *value, char claim[static PROTO_NAME_MAX])
{
	snprintf(claim, PROTO_NAME_MAX, "%s", value != NULL ? value : "");
}

uid_t
guard_caller(pam_handle_t *pamh)
{
	const char *service = item(pamh, PAM_SERVICE);
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getuid() == 0 && service != NULL && strcmp(service, "polkit-1") == 0 &&
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && len == sizeof peer)
		return peer.uid;
	return getuid();
}

/* A user can remove ssh's variable: it counts if it is set, and proves nothing if it is not. */
static bool
has_ssh_connection(pam_handle_t *pamh)
{
	return pam_getenv(pamh, "SSH_CONNECTION") != NULL ||
	    getenv("SSH_CONNECTION") != NULL;	/* NOLINT(concurrency-mt-unsafe) */
}

void
guard_claims(pam_handle_t *pamh, const char *user, struct proto_claims *ret)
{
	uid_t uid;

	copy_claim(item(pamh, PAM_TTY), ret->tty);
	copy_claim(item(pamh, PAM_XDISPLAY), ret->display);
	copy_claim(item(pamh, PAM_RHOST), ret->rhost);
	copy_claim(pam_getenv(pamh, "XDG_SEAT"), ret->seat);
	ret->ssh_connection = has_ssh_connection(pamh);
	ret->caller = guard_caller(pamh);
	ret->for_caller = ret->caller != 0 && account_uid(user, &uid) && uid == ret->caller;
}

bool
guard_is_sshd(const char *service, const char *tty)
{
	return service != NULL && strncmp(service, "sshd", 4) == 0 && tty != NULL && strcmp(tty, "ssh") == 0;
}

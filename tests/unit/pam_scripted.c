/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module that returns what its line says (code=NUMBER) and writes down in the PAM
 * environment (CALLED) that it was called (id=NUMBER).
 */
#include "config.h"

#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
play(pam_handle_t *pamh, int argc, const char **argv)
{
	const char *before = pam_getenv(pamh, "CALLED");
	const char *id = argc == 2 ? argv[0] : "?";
	char *text = NULL;
	int r;

	if (asprintf(&text, "CALLED=%s %s", before != NULL ? before : "", id) < 0)
		return PAM_BUF_ERR;
	r = pam_putenv(pamh, text);
	free(text);
	return r == PAM_SUCCESS && argc == 2 ? atoi(argv[1] + strlen("code=")) : r;
}

#define PLAYED(name) \
	int \
	name(pam_handle_t *pamh, int flags, int argc, const char **argv) \
	{ \
		(void)flags; \
		return play(pamh, argc, argv); \
	}

PLAYED(pam_sm_authenticate)
PLAYED(pam_sm_setcred)
PLAYED(pam_sm_acct_mgmt)
PLAYED(pam_sm_open_session)
PLAYED(pam_sm_close_session)

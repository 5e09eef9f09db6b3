/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module that returns what its line says (code=NUMBER) and writes down in the PAM
 * environment (CALLED) that it was called (id=NUMBER). With "token" in place of the id it writes
 * down PAM_AUTHTOK (TOKEN), which modules alone are given; with "typed" it sets that.
 */
#include "config.h"

#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
note_token(pam_handle_t *pamh)
{
	const void *item = NULL;
	char *text = NULL;
	int r = pam_get_item(pamh, PAM_AUTHTOK, &item);

	if (r != PAM_SUCCESS || item == NULL)
		return r;
	if (asprintf(&text, "TOKEN=%s", (const char *)item) < 0)
		return PAM_BUF_ERR;
	r = pam_putenv(pamh, text);
	free(text);
	return r;
}

static int
play(pam_handle_t *pamh, int argc, const char **argv)
{
	const char *before = pam_getenv(pamh, "CALLED");
	const char *id = argc == 2 ? argv[0] : "?";
	char *text = NULL;
	int r;

	if (strcmp(id, "token") == 0 && (r = note_token(pamh)) != PAM_SUCCESS)
		return r;
	if (strcmp(id, "typed") == 0 && (r = pam_set_item(pamh, PAM_AUTHTOK, "typed")) != PAM_SUCCESS)
		return r;
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

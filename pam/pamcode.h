/* SPDX-License-Identifier: BSD-2-Clause */
/* An outcome, as a PAM return code. */
#ifndef JPKI_PAM_PAMCODE_H
#define JPKI_PAM_PAMCODE_H

#include "lib/outcome.h"

#define FAIL_DELAY_US 2000000	/* after a wrong PIN or reply, as pam_unix after a wrong password */

int pamcode_of(enum outcome_status status);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <security/pam_modules.h>

#include "pam/pamcode.h"

int
pamcode_of(enum outcome_status status)
{
	/* A switch, so that the compiler finds a missing row. */
	switch (status) {
#define OUTCOME(name, code, pam, prio, state, remedy) case OUTCOME_##name: return pam;
#include "lib/outcome.def"
#undef OUTCOME
	case OUTCOME_COUNT:
		break;
	}
	return PAM_SYSTEM_ERR;
}

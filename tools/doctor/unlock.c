/* SPDX-License-Identifier: BSD-2-Clause */
/* The passwords that are stored for cards. */
#include "config.h"

#include <unistd.h>

#include "tools/doctor/doctor.h"
#include "tools/jpkictl/cmd_unlock.h"

static void
judge_user(void *ctx, const char *user)
{
	struct doctor *d = ctx;
	struct unlock_facts facts;

	found(d, unlock_judge(d->t, user, &facts) == UNLOCK_IN_ORDER ? FOUND_UNLOCK : FOUND_UNLOCK_USELESS, "%s", user);
}

void
doctor_unlock(struct doctor *d)
{
	const struct unlockfile_place place = UNLOCKFILE_SYSTEM;

	if (geteuid() == 0 && !unlockfile_each(&place, &d->t->log, judge_user, d))
		found(d, FOUND_UNLOCK_USELESS, "%s", d->said);
}

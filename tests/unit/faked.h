/* SPDX-License-Identifier: BSD-2-Clause */
/* Before each source of pam_faked.so: its records of failed PIN entries are the test's own. */
#ifndef JPKI_TESTS_UNIT_FAKED_H
#define JPKI_TESTS_UNIT_FAKED_H

#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#define GUESSES_DIR getenv("OUTCOME_GUESSES")
#define GUESSES_OWNER geteuid()
#define RUNS_AS_USER (getenv("OUTCOME_LOCKER") != NULL)
#define UNLOCK_PLACE { getenv("OUTCOME_UNLOCK"), getenv("OUTCOME_MACHINE"), geteuid() }
#define UNLOCK_CALLER (getenv("OUTCOME_SETUID") != NULL ? geteuid() + 1 : geteuid())
#define REMINDERS_DIR getenv("OUTCOME_REMINDERS")
#define REMINDERS_OWNER geteuid()
#define NOTICES_DIR (getenv("OUTCOME_NOTICES") != NULL ? getenv("OUTCOME_NOTICES") : "/nowhere")
#define NOTICES_OWNER geteuid()

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system knows of the place where a user is: the part of the evidence (lib/place.h) that
 * no application supplies. su, sudo and polkit do not report the session they run in; logind knows
 * it, where it runs, and so do the parents of the process and utmp. Everything here is read from
 * files; no bus or network is used.
 */
#ifndef JPKI_FLOW_WHEREABOUTS_H
#define JPKI_FLOW_WHEREABOUTS_H

#include <sys/types.h>

#include "lib/log.h"
#include "lib/place.h"

/*
 * Fills in the last part of *e, from rhost_is_here on, by the first ones. process: the program
 * that logs the user in; this process has to be it, or a child in its control group.
 */
void whereabouts(pid_t process, const struct log *log, struct place_evidence *e);

/* Whether PAM_RHOST is a name or an address of this machine; no resolver is used. */
bool whereabouts_is_here(const char *rhost);

/* What utmp has on a terminal, "/dev/pts/1" or "pts/1". NONE: no entry, or one left by a dead process. */
enum place_witness whereabouts_by_utmp(const char *terminal);

/*
 * What the process and its parents show, the strongest of them; *ret_console: the number of the
 * virtual console that controls the process, or 0. A process that cannot be read is no evidence.
 */
enum place_witness whereabouts_by_parents(pid_t process, unsigned int *ret_console);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system knows of the place where a user is: the part of the evidence
 * (lib/place.h) that no application gives. su, sudo and polkit say nothing of the session they
 * run in; logind knows, where there is one, and the parents of the process, and
 * utmp. Everything here is read from files, nothing is asked over a bus or a network.
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

/* Whether PAM_RHOST is a name or an address of this machine; no resolver is asked. */
bool whereabouts_is_here(const char *rhost);

/* What utmp says of a terminal, "/dev/pts/1" or "pts/1". NONE: no entry, or one left by a dead process. */
enum place_witness whereabouts_by_utmp(const char *terminal);

/*
 * What the process and its parents are, the one that says most; *ret_console: the number
 * of the virtual console that controls the process, or 0. What cannot be read says nothing.
 */
enum place_witness whereabouts_by_parents(pid_t process, unsigned int *ret_console);

#endif

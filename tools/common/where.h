/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the user of a tool is, as a login of that user would find it (lib/place.h). */
#ifndef JPKI_TOOLS_COMMON_WHERE_H
#define JPKI_TOOLS_COMMON_WHERE_H

#include <sys/types.h>

#include "config/conf.h"
#include "lib/log.h"
#include "lib/place.h"

/*
 * The device of the terminal that controls this process, which no redirection changes: "/dev/pts/3" or
 * "/dev/tty2"; "" for none, or another kind.
 */
#define WHERE_TERMINAL_MAX 32
void where_terminal(char name[static WHERE_TERMINAL_MAX]);

/* Where `user` is, who has started this process or is served by a program of root. tty: as above, or of ttyname(3). */
enum where where_user_is(uid_t user, const char *tty, const struct log *log);

/*
 * Whether that is at this machine, for what remote users are refused: as a login with remote = no has it, or with remote
 * = strict if the configuration says so.
 */
bool where_is_here(enum where where, const struct conf *conf);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where users may register their own cards (self_enroll), a user without a registration is told of it, once: by a
 * notification, when a My Number Card is on the reader.
 */
#ifndef JPKI_TOOLS_WATCH_OFFER_H
#define JPKI_TOOLS_WATCH_OFFER_H

#include <stdbool.h>

#include "config/conf.h"

/*
 * Whether this user is to be told: the option allows it, nothing is registered for the account, and it was not told before
 * (a file in XDG_STATE_HOME, basedir-spec; ~/.local/state). False where no such file can be kept.
 */
bool offer_is_due(const struct conf *conf, const char *user) __attribute__((warn_unused_result));

/* Tells, and remembers it if the desktop has taken the notification. */
void offer_make(const struct log *log);

#endif

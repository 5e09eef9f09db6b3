/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where users may register their own cards (self_enroll), a user without a registration is notified of it, once,
 * when a My Number Card is on the reader.
 */
#ifndef JPKI_TOOLS_WATCH_OFFER_H
#define JPKI_TOOLS_WATCH_OFFER_H

#include <stdbool.h>

#include "config/conf.h"

/*
 * Whether to notify this user: the option allows it, nothing is registered for the account, and it was not done before
 * (a file in XDG_STATE_HOME, basedir-spec; ~/.local/state). False where no such file can be kept.
 */
bool offer_is_due(const struct conf *conf, const char *user) __attribute__((warn_unused_result));

/* Notifies, and remembers it if the desktop has accepted the notification. */
void offer_make(const struct log *log);

#endif

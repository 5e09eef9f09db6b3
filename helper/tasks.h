/* SPDX-License-Identifier: BSD-2-Clause */
/* What the module starts this process for: login, before it the user's name, drop, and the two passes of a PIN change. */
#ifndef JPKI_HELPER_TASKS_H
#define JPKI_HELPER_TASKS_H

#include "config/conf.h"
#include "flow/possession/env.h"
#include "helper/proto.h"

/* By what a login is decided: in the other ways than BY_PIN no reader of this machine has a part in it. */
enum proto_way tasks_way(const struct conf *conf, const struct proto_request *request);

/*
 * Whether the task may be begun by a user who is where the link says: a card names a user only if the options say so, and to
 * nobody who may not use the reader. The other tasks have outcomes of their own for that.
 */
bool tasks_may_begin(const struct conf *conf, const struct proto_request *request);

/* Whether the card may have a part in the task: a connection to pcscd costs up to a tenth of a second. */
bool tasks_need_card(const struct flow_env *env, const struct proto_request *request);

/*
 * Does the request's task, inside the cage, and sends RESULT. The link (helper/link.h) knows where the
 * user is, the resources are acquired, the time has begun (helper/tick.h), and env->transport is that of
 * helper/sealed_card.h.
 */
void tasks_run(const struct flow_env *env, const struct proto_request *request);

/* Sends RESULT for a task that was not begun. */
void tasks_refuse(const struct outcome *o);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The tasks of this process: the user's name by the card, login, drop, and the two passes of a PIN change. */
#ifndef JPKI_HELPER_TASKS_H
#define JPKI_HELPER_TASKS_H

#include "config/conf.h"
#include "flow/possession/env.h"
#include "helper/proto.h"

/* How a login is decided: only BY_PIN uses a reader of this machine. */
enum proto_way tasks_way(const struct conf *conf, const struct proto_request *request);

/*
 * Whether the task may begin for a user who is where the link says: a card names a user only if the
 * options say so, and only if that user may use the reader. The other tasks report that themselves.
 */
bool tasks_may_begin(const struct conf *conf, const struct proto_request *request);

/* Whether the task may need the card: connecting to pcscd takes up to a tenth of a second. */
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

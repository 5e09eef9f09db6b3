/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a child in the cage of jpkictl asks its parent for (tools/common/caged.h), and how: packets of
 * a type and what belongs to it, over a socket that keeps their bounds.
 */
#ifndef JPKI_TOOLS_COMMON_CAGED_CHILD_H
#define JPKI_TOOLS_COMMON_CAGED_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/outcome.h"

struct secret;

enum caged_message {
	CAGED_QUESTION = 1,	/* child: the prompt */
	CAGED_ANSWER,		/* parent: a status, and what was typed */
	CAGED_HOLD,		/* child: hold signals; parent: done */
	CAGED_ACCOUNT,		/* child: a uid; parent: its name, or "" */
	CAGED_RESULT,		/* child: the next octets of the result */
};

#define CAGED_PACKET_MAX 32768
#define CAGED_NAME_MAX 256	/* of an account, with its end */

/* Both ends: one packet. False: the other end has gone. */
bool caged_send(int fd, const uint8_t *packet, size_t len) MUST_CHECK;
/* Its length; 0: the other end has gone; -1: an error, or it is longer. */
ssize_t caged_receive(int fd, uint8_t packet[static CAGED_PACKET_MAX]) MUST_CHECK;

/* This process is a child from now on; fd is its end of the socket. */
void caged_be_child(int fd);

/* Whether this process is a child of caged_run(). */
bool caged_is_child(void);

/*
 * In the child: the parent asks for a PIN at the terminal. As ask_at_terminal() (tools/common/ask.h), but
 * without a deadline only for the child: the caller arms it again.
 */
struct outcome caged_ask(const char *prompt, struct secret *typed) MUST_CHECK;

/*
 * In the child: from now on, until the child has ended, the parent takes no signal that would end
 * both of them. For when the PIN is about to go to the card.
 */
void caged_hold_signals(void);

/*
 * In the child: the name of an account, which the parent looks up, since the user database is out of
 * the child's reach. Lent until the next call; NULL for none.
 */
const char *caged_account_name(uid_t uid);

/* In the child: hands over the result, of any size. False: the parent has gone. */
bool caged_send_result(const uint8_t *result, size_t size) MUST_CHECK;

#endif

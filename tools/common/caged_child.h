/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of a child in the cage of jpkictl to its parent (tools/common/caged.h): packets of a type
 * and its data, over a socket that keeps their boundaries.
 */
#ifndef JPKI_TOOLS_COMMON_CAGED_CHILD_H
#define JPKI_TOOLS_COMMON_CAGED_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/outcome.h"

struct secret;

enum caged_message {
	CAGED_QUESTION = 1,	/* child: the prompt */
	CAGED_ANSWER,		/* parent: a status, and the typed text */
	CAGED_PREPARE,		/* child: the reader; parent: 1 if the PIN may go to the card in it, else 0 */
	CAGED_ACCOUNT,		/* child: a uid; parent: its name, or "" */
	CAGED_RESULT,		/* child: the next bytes of the result */
};

#define CAGED_PACKET_MAX 32768
#define CAGED_NAME_MAX 256	/* of an account, with the NUL */

/* For both ends: sends one packet. False: the other end is closed. */
bool caged_send(int fd, const uint8_t *packet, size_t len) MUST_CHECK;
/* Receives one. Returns its length; 0: the other end is closed; -1: an error, or it is longer. */
ssize_t caged_receive(int fd, uint8_t packet[static CAGED_PACKET_MAX]) MUST_CHECK;

/* Marks this process as a child; fd is its end of the socket. */
void caged_be_child(int fd);

/* Whether this process is a child of caged_run(). */
bool caged_is_child(void);

/*
 * In the child: lets the parent ask for a PIN at the terminal. As ask_at_terminal() (tools/common/ask.h);
 * only the child's deadline is cleared, and the caller sets it again.
 */
struct outcome caged_ask(const char *prompt, struct secret *typed) MUST_CHECK;

/*
 * In the child, before the PIN goes to the card: makes the parent block the signals that would end both
 * processes, until the child has exited, and start the cleaner (tools/common/caged.h) for the card in this reader
 * (at most TRANSPORT_NAME_MAX with the NUL). False: the cleaner is not ready, which the parent has reported, or
 * the parent has exited; the caller must exit. Call it once: the parent takes a second call for nonsense.
 */
bool caged_prepare_for_pin(const char *reader) MUST_CHECK;

/*
 * In the child: the name of an account. The parent looks it up, since the child cannot access the user
 * database. Valid until the next call; NULL for none.
 */
const char *caged_account_name(uid_t uid);

/* In the child: sends the result, of any size. False: the parent has exited. */
bool caged_send_result(const uint8_t *result, size_t size) MUST_CHECK;

#endif

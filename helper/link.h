/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper's end of the socket to the module: each message of helper/proto.h that it sends or
 * receives. One link for the process.
 *
 * A message that cannot be sent ends the process, after resources_release(): the module has gone.
 */
#ifndef JPKI_HELPER_LINK_H
#define JPKI_HELPER_LINK_H

#include "helper/proto.h"
#include "lib/log.h"
#include "lib/message.h"
#include "lib/outcome.h"
#include "lib/secret.h"

#define EXIT_PROTOCOL 3		/* the process's, where it ends without a result */

/* Whether PROTO_FD is a socket of the module's kind. */
bool link_is_there(void) MUST_CHECK;

/*
 * Receives REQUEST; waits ten seconds for it. Returns false if none arrives, if it is malformed, or
 * if it is of another version (which is answered).
 */
bool link_receive_request(struct proto_request *ret) MUST_CHECK;

/*
 * Receives the REQUEST that follows if the card is not to name the user. No time limit: a user is
 * typing a name.
 */
bool link_receive_next_request(struct proto_request *ret) MUST_CHECK;

/* A sink for struct log, ctx being the struct conf; PROTO_LOGS_MAX lines at most. */
void link_log(void *ctx, int priority, const char *text);

/* For RESULT and the sentences: where the user is, and which card it is about. */
void link_name_place(enum where where);
enum where link_place(void);
void link_name_card(const char *reader, const char *cert);	/* either may be NULL: as it was */

void link_send_ready(const struct proto_ready *ready);

void link_send_named(const char *user);

/*
 * Sends EARLY and waits for TYPED, without limit. OUTCOME_OK: four digits, which the module keeps
 * for link_ask_pin(); otherwise the outcome of the login, as there.
 */
struct outcome link_ask_early(const struct proto_early *early) MUST_CHECK;

/* CUE: the module shows the text; there is no reply. */
void link_send_cue(const char *text);

/*
 * Sends RESULT. text, daily, stale: as in struct proto_result; "" for nothing. password: what was
 * unlocked, or NULL; no copy of it stays here.
 */
void link_send_result(const struct outcome *o, bool card_clean, const char *text, const char *daily,
    const struct secret *password, const char *stale);

/* Writes the same message, without a password, to *w; false: it does not fit. */
bool link_put_result(struct writer *w, const struct outcome *o, bool card_clean, const char *text,
    const char *daily) MUST_CHECK;

/* Writes the sentence that the user reads for an outcome. */
void link_sentence(const struct outcome *o, char text[static MESSAGE_MAX]);

/*
 * Sends PROMPT and waits for PIN, without limit: a user is typing. OUTCOME_OK: *pin has the input,
 * up to SECRET_MAX bytes; *ret_since what the module has counted since the last login; and
 * *ret_file (NULL: not wanted) the file to be unlocked with the card. CANCELLED: by the user, or
 * the module has gone (then *ret_received is false). HELPER: another message came. Otherwise the
 * outcome that the module sent in place of a PIN.
 */
struct outcome link_ask_pin(const struct proto_prompt *prompt, struct secret *pin,
    struct proto_since *ret_since, struct unlockfile *ret_file, bool *ret_received) MUST_CHECK;

/*
 * Sends CHALLENGE and waits for REPLY, without limit. OUTCOME_OK: *ret is the reply, which the caller
 * wipes. CANCELLED, HELPER as above.
 */
struct outcome link_ask_reply(const struct proto_challenge *challenge, struct proto_reply *ret) MUST_CHECK;

/* Whether the module has gone, or sends an unexpected message. Async-signal-safe; ctx is not used. */
bool link_module_gone(void *ctx);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one PAM handle remembers from one authentication to the next, so that
 * a program that retries by itself cannot burn a card: the PINs that have just
 * been wrong for this user, and whether we authenticated the handle. Wiped
 * with the handle, and when it turns to another user (login keeps one for all).
 */
#ifndef JPKI_PAM_HANDLE_H
#define JPKI_PAM_HANDLE_H

#include <security/pam_modules.h>

#include "lib/buf.h"

struct handle_state;

/* The handle's; made at the first call. NULL if there is no memory. Lent. */
struct handle_state *handle_of(pam_handle_t *pamh);
/* The same, but NULL if there is none yet. */
const struct handle_state *handle_find(pam_handle_t *pamh);

/* What comes now is for this user; what was remembered of another is forgotten. */
void handle_turn_to(struct handle_state *m, const char *user);
/* The authentication that begins now is for this user, and nothing is decided. */
void handle_begin(struct handle_state *m, const char *user);

/* A PIN that has been sent and found wrong; AUTH_PIN_LENGTH bytes. */
void handle_note_wrong(struct handle_state *m, struct view pin);
bool handle_knows_wrong(const struct handle_state *m, struct view pin);
/* How many different ones there are. */
unsigned int handle_count_wrong(const struct handle_state *m);

/* What was wrong may be right now: the PIN has been changed. */
void handle_forget_wrong(struct handle_state *m);

/* The last outcome of an authentication on this handle; OUTCOME_INTERNAL before the first. */
void handle_note_outcome(struct handle_state *m, enum outcome_status status);
enum outcome_status handle_outcome(const struct handle_state *m);
/* Whether the last authentication on this handle let this user in. */
bool handle_let_in(const struct handle_state *m, const char *user);

/*
 * The card that let them in, for the session: where it lay, and the begin of its certificate's
 * fingerprint. Forgotten with the outcome it belongs to.
 */
void handle_note_card(struct handle_state *m, const char *reader, const char *cert);
const char *handle_reader(const struct handle_state *m);	/* lent, like the next; "" for none */
const char *handle_cert(const struct handle_state *m);

/* Whether this handle has begun a session of theirs, which ends once. */
void handle_note_session(struct handle_state *m, bool open);
bool handle_session(const struct handle_state *m);

/* How the first pass of a PIN change ended, for the second; OUTCOME_INTERNAL before the first. */
void handle_note_preliminary(struct handle_state *m, enum outcome_status status);
enum outcome_status handle_preliminary(const struct handle_state *m);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one PAM handle remembers from one authentication to the next, so that a program that retries
 * on its own cannot lock a card: the PINs that were just wrong for this user, and whether we
 * authenticated the handle. Wiped with the handle, and when the handle is used for another user
 * (login keeps one for all).
 */
#ifndef JPKI_PAM_HANDLE_H
#define JPKI_PAM_HANDLE_H

#include <security/pam_modules.h>

#include "lib/buf.h"

struct handle_state;

/* Returns this handle's state, created on first use; NULL if out of memory. Owned by the handle. */
struct handle_state *handle_of(pam_handle_t *pamh);
/* The same, but NULL if there is none yet. */
const struct handle_state *handle_find(pam_handle_t *pamh);

/* Sets the user; what is remembered of another user is forgotten. */
void handle_turn_to(struct handle_state *m, const char *user);
/* Begins an authentication of this user, with no outcome yet. */
void handle_begin(struct handle_state *m, const char *user);

/* Notes a PIN that was sent and found wrong; AUTH_PIN_LENGTH bytes. */
void handle_note_wrong(struct handle_state *m, struct view pin);
bool handle_knows_wrong(const struct handle_state *m, struct view pin);
/* The number of different wrong PINs. */
unsigned int handle_count_wrong(const struct handle_state *m);

/* Forgets the wrong PINs: after a change of the PIN they may be right. */
void handle_forget_wrong(struct handle_state *m);

/* Notes the last outcome of an authentication on this handle; OUTCOME_INTERNAL before the first. */
void handle_note_outcome(struct handle_state *m, enum outcome_status status);
enum outcome_status handle_outcome(const struct handle_state *m);
/* Whether the last authentication on this handle admitted this user. */
bool handle_let_in(const struct handle_state *m, const char *user);

/*
 * Notes the card that admitted the user, for the session: its reader, and the first digits of its
 * certificate's fingerprint. Forgotten with the outcome it belongs to.
 */
void handle_note_card(struct handle_state *m, const char *reader, const char *cert);
const char *handle_reader(const struct handle_state *m);	/* lent, like the next; "" for none */
const char *handle_cert(const struct handle_state *m);

/* Notes whether this handle has opened a session of the user, which ends once. */
void handle_note_session(struct handle_state *m, bool open);
bool handle_session(const struct handle_state *m);

/* Notes how the first pass of a PIN change ended, for the second; OUTCOME_INTERNAL before the first. */
void handle_note_preliminary(struct handle_state *m, enum outcome_status status);
enum outcome_status handle_preliminary(const struct handle_state *m);

#endif

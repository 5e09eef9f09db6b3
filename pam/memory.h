/*
 * What one PAM handle remembers from one authentication to the next, so that
 * a program that retries by itself cannot burn a card: the PINs that have just
 * been wrong for this user, and whether we authenticated the handle. Wiped
 * with the handle, and when it turns to another user (login keeps one for all).
 */
#ifndef JPKI_PAM_MEMORY_H
#define JPKI_PAM_MEMORY_H

#include <security/pam_modules.h>

#include "lib/buf.h"

struct memory;

/* The handle's; made at the first call. NULL if there is no memory. Lent. */
struct memory *memory_of(pam_handle_t *pamh);
/* The same, but NULL if there is none yet. */
const struct memory *memory_find(pam_handle_t *pamh);

/* What comes now is for this user; what was remembered of another is forgotten. */
void memory_turn_to(struct memory *m, const char *user);
/* The authentication that begins now is for this user, and nothing is decided. */
void memory_begin(struct memory *m, const char *user);

/* A PIN that has been sent and found wrong; AUTH_PIN_LENGTH bytes. */
void memory_note_wrong(struct memory *m, struct view pin);
bool memory_knows_wrong(const struct memory *m, struct view pin);
/* How many different ones there are. */
unsigned int memory_count_wrong(const struct memory *m);

/* What was wrong may be right now: the PIN has been changed. */
void memory_forget_wrong(struct memory *m);

/* The last outcome of an authentication on this handle; JPKI_INTERNAL before the first. */
void memory_note_outcome(struct memory *m, enum jpki_status status);
enum jpki_status memory_outcome(const struct memory *m);
/* Whether the last authentication on this handle let this user in. */
bool memory_let_in(const struct memory *m, const char *user);

/*
 * The card that let them in, for the session: where it lay, and the begin of its certificate's
 * fingerprint. Forgotten with the outcome it belongs to.
 */
void memory_note_card(struct memory *m, const char *reader, const char *cert);
const char *memory_reader(const struct memory *m);	/* lent, like the next; "" for none */
const char *memory_cert(const struct memory *m);

/* Whether this handle has begun a session of theirs, which ends once. */
void memory_note_session(struct memory *m, bool open);
bool memory_session(const struct memory *m);

/* How the first pass of a PIN change ended, for the second; JPKI_INTERNAL before the first. */
void memory_note_preliminary(struct memory *m, enum jpki_status status);
enum jpki_status memory_preliminary(const struct memory *m);

#endif

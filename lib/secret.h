/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only holder of a PIN or password.
 *
 * MUSTs: the bytes are in memory that is locked if the system allows it,
 * left out of core dumps, not inherited by a child, and wiped before it is
 * given back. The only copy made of them is in a VERIFY or CHANGE REFERENCE
 * DATA command, which is wiped as well.
 */
#ifndef JPKI_LIB_SECRET_H
#define JPKI_LIB_SECRET_H

#include "lib/buf.h"

#define SECRET_MAX 16		/* the longest PIN of the card (doc/facts/jpki-card.md §2.4) */
#define SECRET_LONG_MAX 510	/* a password, at most PAM_MAX_RESP_SIZE bytes with its NUL */

struct secret;

/* NULL if out of memory. Failure to lock the memory is not an error. */
struct secret *secret_new(void) MUST_CHECK;
/* The same for a password: of up to SECRET_LONG_MAX bytes. */
struct secret *secret_new_long(void) MUST_CHECK;
/* Wipes and frees; NULL is fine. */
void secret_free(struct secret *s);

/*
 * Copies len bytes; the caller wipes its own copy. False, and the secret is empty, if there are more than
 * SECRET_MAX, or SECRET_LONG_MAX in a long one.
 */
bool secret_set(struct secret *s, const void *bytes, size_t len) MUST_CHECK;
void secret_wipe(struct secret *s);

/* Turns lower-case ASCII letters into capitals, for the signature PIN, which has only these. */
void secret_capitalize(struct secret *s);

/* The bytes, valid until the next call on the secret. A NUL follows them. */
struct view secret_view(const struct secret *s);

/* Whether it is a user-authentication PIN (pinrule_is_auth(), lib/pinrule.h). */
bool secret_is_auth_pin(const struct secret *s);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only holder of a PIN or password.
 *
 * MUSTs: the bytes live in memory that is locked where the system allows it,
 * left out of core dumps, not inherited by a child, and wiped before it is
 * given back. Nobody copies the bytes out except into a VERIFY or CHANGE
 * REFERENCE DATA command, which is wiped in turn.
 */
#ifndef JPKI_LIB_SECRET_H
#define JPKI_LIB_SECRET_H

#include "lib/buf.h"

#define SECRET_MAX 16		/* what the card takes (doc/facts/jpki-card.md §2.4) */
#define SECRET_LONG_MAX 510	/* a password, at most PAM_MAX_RESP_SIZE octets with its NUL */

struct secret;

/* NULL if there is no memory. That the memory cannot be locked is no error. */
struct secret *secret_new(void) MUST_CHECK;
/* The same for a password: of up to SECRET_LONG_MAX bytes. */
struct secret *secret_new_long(void) MUST_CHECK;
/* Wipes and frees; NULL is fine. */
void secret_free(struct secret *s);

/*
 * Takes len bytes over (copies them; the caller wipes its own). False, and
 * the secret is empty, if there are more than SECRET_MAX, or SECRET_LONG_MAX in a long one.
 */
bool secret_set(struct secret *s, const void *bytes, size_t len) MUST_CHECK;
void secret_wipe(struct secret *s);

/* Small letters of ASCII become capitals, for the signature PIN, which has no small ones. */
void secret_capitalize(struct secret *s);

/* Lends the bytes until the next call on the secret. A NUL follows them. */
struct view secret_view(const struct secret *s);

/* Whether it is a user-authentication PIN (pinrule_is_auth(), lib/pinrule.h). */
bool secret_is_auth_pin(const struct secret *s);

#endif

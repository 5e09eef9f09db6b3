/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a password is an account's, as /etc/shadow and its like have it. For root. */
#ifndef JPKI_LIB_SHADOW_H
#define JPKI_LIB_SHADOW_H

#include <stdint.h>

#include "lib/secret.h"

enum shadow {
	SHADOW_FITS,
	SHADOW_DIFFERS,		/* or the account has no password, or a locked one, or that cannot be read */
	SHADOW_ELSEWHERE,	/* the account's password is kept in another place */
};

/*
 * Compares a password (without a NUL inside; secret_view() puts one behind it) with the account's, by
 * getspnam_r(3) and crypt_r(3), which takes as long as the administrator wants it to: a tenth of a
 * second, as a rule.
 */
enum shadow shadow_compare(const char *user, const struct secret *password) MUST_CHECK;

/* The day (since 1970) when the password was last changed; 0: not known. */
int64_t shadow_changed(const char *user);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of a PIN, and which new PINs are weak (doc/facts/jpki-card.md §3.2). */
#ifndef JPKI_LIB_PINRULE_H
#define JPKI_LIB_PINRULE_H

#include "lib/buf.h"

#define AUTH_PIN_LENGTH 4	/* digits of the user-authentication PIN (§3.2) */

/* Whether it is exactly AUTH_PIN_LENGTH ASCII digits: nothing else is ever sent to a card as that PIN. */
bool pinrule_is_auth(struct view pin);

/*
 * Whether a user who meant the user-authentication PIN may have typed this:
 * three to five digits (one too few or too many is a slip), also as an input
 * method writes digit keys (full-width digits, those of other scripts, kana),
 * and with blanks anywhere. UTF-8. Not a one-time code, which has six digits
 * or more.
 */
bool pinrule_resembles_auth(struct view typed);

#define PIN_SLIP_MAX 6		/* two keys too many */

/*
 * Whether text typed at a PIN prompt is more likely a mistyped PIN than a password: as above, with 0 to
 * PIN_SLIP_MAX digits.
 */
bool pinrule_is_slip(struct view typed);

#define SIGN_PIN_MIN 6		/* characters of the signature PIN; at most SECRET_MAX */

/* 6 to 16 capital letters and digits of ASCII: only such a signature PIN is sent to the card. */
bool pinrule_may_be_sign(struct view pin);

/* The same with at least one letter and one digit: required of a new signature PIN. */
bool pinrule_is_new_sign(struct view pin);

enum pin_weakness {
	PIN_NOT_WEAK,
	PIN_WEAK_SERIES,	/* 0000, 1234, 9876, 1212, 1122, 2580: what thieves try first */
	PIN_WEAK_DATE,		/* may be a birthday (month and day, or day and month) or a year of birth */
};

/* For AUTH_PIN_LENGTH ASCII digits. The user is warned, not refused. */
enum pin_weakness pinrule_weakness(struct view pin);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of an outcome for the user, in the language of the locale (lib/i18n.h). */
#ifndef JPKI_LIB_MESSAGE_H
#define JPKI_LIB_MESSAGE_H

#include <stddef.h>

#include "lib/outcome.h"
#include "lib/pinrule.h"

#define MESSAGE_MAX 1024

/* State and remedy in one line, NUL-terminated, cut if need be, in the language of the locale. */
void message_outcome(const struct outcome *o, char text[static MESSAGE_MAX]);

/* For CARD_BUSY at a login: the reader that the card is in. */
void message_busy(const char *reader, char text[static MESSAGE_MAX]);

/* The outcome in English, for a screen that can show nothing else; without the tries left. */
void message_outcome_english(const struct outcome *o, char text[static MESSAGE_MAX]);

/*
 * The prompt for the user-authentication PIN, with the number of tries left; or_password: a password may be
 * typed instead.
 */
void message_pin_prompt(int tries_left, bool or_password, char text[static MESSAGE_MAX]);

/* A prompt for the user whom the card has named. */
void message_greeting(const char *user, const char *prompt, char text[static MESSAGE_MAX]);

/* Where the card is registered for several accounts: the question which, before their names. */
void message_which_account(char text[static MESSAGE_MAX]);

/* The prompt for PIN or password if there is no card yet. */
void message_early_prompt(char text[static MESSAGE_MAX]);

/* What the user has to do while the program waits for a card. */
void message_cue(char text[static MESSAGE_MAX]);

/*
 * The three prompts of a PIN change, of the user-authentication PIN or of the
 * signature PIN: the old one with the number of tries left, the new one, and
 * the new one again, with a warning if it is easy to guess.
 */
void message_old_pin_prompt(bool signature, int tries_left, char text[static MESSAGE_MAX]);
void message_new_pin_prompt(bool signature, char text[static MESSAGE_MAX]);
void message_again_prompt(enum pin_weakness weakness, char text[static MESSAGE_MAX]);

void message_pin_changed(bool signature, char text[static MESSAGE_MAX]);

/* For PIN_LOCKED and SIGN_LOCKED: what locked it, who unlocks it, and what to bring. */
void message_locked(bool signature, char text[static MESSAGE_MAX]);

/* Whether a certificate that is still valid expires within warning_days. */
bool message_expires_soon(int64_t not_after, int64_t now, unsigned int warning_days);

/*
 * The warning that a certificate expires soon: when, what to do, and that the
 * card's own expiry date (yyyymmdd, or "" if the card did not report it) is
 * another one. False (and "") unless message_expires_soon().
 */
bool message_expiry(int64_t not_after, int64_t now, unsigned int warning_days,
    const char *card_expiry, char text[static MESSAGE_MAX]);

/*
 * What happened to the card since its holder's last login (lib/guesses.h): `failed` PIN entries, by
 * the accounts and services in failed_by; the right PIN from the accounts in entered_by. ""
 * if there was none of either.
 */
void message_since(unsigned int failed, const char *failed_by, const char *entered_by,
    char text[static MESSAGE_MAX]);

/*
 * The message of lib/notice.h: when the user of the account registered a card for it, and at which
 * terminal ("pts/3"). in_english: even if the locale is another.
 */
void message_registered(int64_t when, const char *terminal, bool in_english, char text[static MESSAGE_MAX]);

/*
 * At a login by card that was to unlock the stored password and did not; stale: because the account has
 * another one by now.
 */
void message_not_unlocked(bool stale, char text[static MESSAGE_MAX]);

/* Where the card's verified state may not have been dropped: what its holder does about it. Static, translated. */
const char *message_unclean(void);

/* Two texts in one line; either may be "". */
void message_join(const char *a, const char *b, char text[static MESSAGE_MAX]);

/* Whole days from now until then; negative if that has passed. */
int message_days_left(int64_t then, int64_t now);

/* The day in Japan of that moment, counted from 1970. */
int64_t message_day(int64_t when);

/* The date in Japan, yyyy-mm-dd: certificates end at midnight there. */
#define MESSAGE_DATE_MAX 32
void message_date(int64_t when, char text[static MESSAGE_DATE_MAX]);

#endif

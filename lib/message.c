/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/i18n.h"
#include "lib/message.h"

#define DAY 86400
#define JST_OFFSET (9 * 3600)	/* Japan knows no summer time */

static bool
day_in_japan(int64_t when, struct tm *ret_day)
{
	time_t t;

	return !__builtin_add_overflow(when, JST_OFFSET, &t) && gmtime_r(&t, ret_day) != NULL;
}

void
message_date(int64_t when, char text[static MESSAGE_DATE_MAX])
{
	struct tm day;

	if (!day_in_japan(when, &day) || strftime(text, MESSAGE_DATE_MAX, "%Y-%m-%d", &day) == 0)
		snprintf(text, MESSAGE_DATE_MAX, "?");
}

/* A date within a sentence. English has it as message_date() has it. */
static void
write_date(int year, int month, int day, char text[static MESSAGE_DATE_MAX])
{
	snprintf(text, MESSAGE_DATE_MAX, _("%d-%02d-%02d"), year, month, day);
}

static void
write_day_of(int64_t when, char text[static MESSAGE_DATE_MAX])
{
	struct tm day;

	if (day_in_japan(when, &day))
		write_date(day.tm_year + 1900, day.tm_mon + 1, day.tm_mday, text);
	else
		snprintf(text, MESSAGE_DATE_MAX, "?");
}

int64_t
message_day(int64_t when)
{
	int64_t there;

	return __builtin_add_overflow(when, JST_OFFSET, &there) ? 0 : there / DAY;
}

int
message_days_left(int64_t then, int64_t now)
{
	int64_t left = then - now;

	return (int)((left < 0 ? left - (DAY - 1) : left) / DAY);
}

/* What snprintf cuts may end in half a character of several bytes: that half goes too. */
static void
drop_half_character(char text[static MESSAGE_MAX])
{
	size_t end = strlen(text);

	if (end < MESSAGE_MAX - 1)
		return;
	while (end > 0 && ((unsigned char)text[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > 0 && (unsigned char)text[end - 1] >= 0xc0)
		text[end - 1] = '\0';
}

/* After it the next login refuses to send a PIN (last_try), so its remedy is needed now. */
static bool
leaves_last_try(const struct outcome *o)
{
	return o->status == OUTCOME_PIN_WRONG && o->tries_left == 1;
}

/* The state sentence, with the number that belongs to it. */
static void
write_state(const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (leaves_last_try(o))
		snprintf(text, MESSAGE_MAX, "%s", _("Wrong PIN; 1 try left before the PIN locks, so do not try "
		    "again here."));
	else if (o->status == OUTCOME_PIN_WRONG && o->tries_left >= 0)
		snprintf(text, MESSAGE_MAX, _("Wrong PIN; %d tries left before the PIN locks."), o->tries_left);
	else if (o->status == OUTCOME_SIGN_WRONG && o->tries_left >= 0)
		snprintf(text, MESSAGE_MAX, dngettext(PACKAGE,
		    "Wrong signature PIN; %d try left before it locks.",
		    "Wrong signature PIN; %d tries left before it locks.",
		    (unsigned long)o->tries_left), o->tries_left);
	else if (o->status == OUTCOME_NO_CARD && o->waited_s > 0)
		snprintf(text, MESSAGE_MAX, dngettext(PACKAGE,
		    "No card was placed on the reader within %u second.",
		    "No card was placed on the reader within %u seconds.",
		    (unsigned long)o->waited_s), o->waited_s);
	else
		snprintf(text, MESSAGE_MAX, "%s", _(outcome_state(o->status)));
}

void
message_outcome(const struct outcome *o, char text[static MESSAGE_MAX])
{
	const char *remedy = outcome_remedy(leaves_last_try(o) ? OUTCOME_LAST_TRY : o->status);
	char state[MESSAGE_MAX];

	write_state(o, state);
	if (remedy == NULL)
		snprintf(text, MESSAGE_MAX, "%s", state);
	else	/* TRANSLATORS: two sentences, and what separates them */
		snprintf(text, MESSAGE_MAX, _("%s %s"), state, _(remedy));
	drop_half_character(text);
}

void
message_busy(const char *reader, char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, _("Another program is using the card in the reader \"%s\". Close that "
	    "program and try again, or log in without the card."), reader);
	drop_half_character(text);
}

void
message_outcome_english(const struct outcome *o, char text[static MESSAGE_MAX])
{
	const char *remedy = outcome_remedy(o->status);

	snprintf(text, MESSAGE_MAX, "%s%s%s", outcome_state(o->status),
	    remedy != NULL ? " " : "", remedy != NULL ? remedy : "");
}

void
message_pin_prompt(int tries_left, bool or_password, char text[static MESSAGE_MAX])
{
	if (or_password && tries_left == 1)
		snprintf(text, MESSAGE_MAX, "%s", _("Password, or PIN of the user-authentication "
		    "certificate (4 digits, LAST try: another mistake locks the PIN): "));
	else if (or_password)
		snprintf(text, MESSAGE_MAX, _("Password, or PIN of the user-authentication "
		    "certificate (4 digits, %d tries left): "), tries_left);
	else if (tries_left == 1)
		snprintf(text, MESSAGE_MAX, "%s", _("PIN of the user-authentication certificate "
		    "(4 digits, LAST try: another mistake locks the PIN): "));
	else
		snprintf(text, MESSAGE_MAX, _("PIN of the user-authentication certificate "
		    "(4 digits, %d tries left): "), tries_left);
}

void
message_greeting(const char *user, const char *prompt, char text[static MESSAGE_MAX])
{
	/* However long the name: the prompt must find room. */
	snprintf(text, MESSAGE_MAX, _("Hello %.*s. %s"), MESSAGE_MAX / 2, user, prompt);
}

void
message_which_account(char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", _("This card is registered for several accounts. Enter the user "
	    "name you want to log in with"));
}

void
message_early_prompt(char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", _("Password (or place your My Number Card on the reader "
	    "and enter the PIN of the user-authentication certificate, 4 digits): "));
}

void
message_cue(char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", _("Place your My Number Card on the reader."));
}

void
message_old_pin_prompt(bool signature, int tries_left, char text[static MESSAGE_MAX])
{
	if (signature && tries_left == 1)
		snprintf(text, MESSAGE_MAX, "%s", _("Current signature PIN (6 to 16 capital letters and "
		    "digits, small letters become capitals, LAST try: another mistake locks it): "));
	else if (signature)
		snprintf(text, MESSAGE_MAX, _("Current signature PIN (6 to 16 capital letters and "
		    "digits, small letters become capitals, %d tries left): "), tries_left);
	else if (tries_left == 1)
		snprintf(text, MESSAGE_MAX, "%s", _("Current PIN of the user-authentication certificate "
		    "(4 digits, LAST try: another mistake locks the PIN): "));
	else
		snprintf(text, MESSAGE_MAX, _("Current PIN of the user-authentication certificate "
		    "(4 digits, %d tries left): "), tries_left);
}

void
message_new_pin_prompt(bool signature, char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", signature ?
	    _("New signature PIN (6 to 16 capital letters and digits, at least one of each; small letters "
	    "become capitals): ") :
	    _("New PIN of the user-authentication certificate (4 digits): "));
}

/* In the prompt, because some programs show nothing else. */
void
message_again_prompt(enum pin_weakness weakness, char text[static MESSAGE_MAX])
{
	const char *prompt = NULL;

	switch (weakness) {
	case PIN_NOT_WEAK:
		prompt = _("Retype the new PIN: ");
		break;
	case PIN_WEAK_SERIES:
		prompt = _("This PIN is easy to guess. Retype it to use it anyway, or press Enter to keep "
		    "the old one: ");
		break;
	case PIN_WEAK_DATE:
		prompt = _("This PIN looks like a birthday or a year, which others may know. Retype it to "
		    "use it anyway, or press Enter to keep the old one: ");
		break;
	}
	snprintf(text, MESSAGE_MAX, "%s", prompt);
}

void
message_pin_changed(bool signature, char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", signature ? _("The signature PIN has been changed.") :
	    _("The PIN of the user-authentication certificate has been changed."));
}

void
message_locked(bool signature, char text[static MESSAGE_MAX])
{
	snprintf(text, MESSAGE_MAX, "%s", signature ?
	    _("The signature PIN is locked: it was wrong five times in a row, in this or other programs. "
	    "Nothing on this computer can unlock it. Have it reset at your municipal office: take "
	    "the card with you, and another identity document in case you are asked for one. If you know "
	    "the four-digit PIN, you can instead reset it at a convenience-store kiosk: take the card and "
	    "a smartphone with the JPKI PIN reset app. The four-digit PIN is not affected.") :
	    _("The four-digit PIN of the user-authentication certificate is locked: it was wrong three "
	    "times in a row, in this or other programs. Nothing on this computer can unlock it. Have it "
	    "reset at your municipal office: take the card with you, and another identity document "
	    "in case you are asked for one. If you know the signature PIN, you can instead reset it at a "
	    "convenience-store kiosk: take the card and a smartphone with the JPKI PIN reset app. "
	    "A face-authentication card, which is issued without PINs, is also reported as locked; it has "
	    "none to reset."));
	drop_half_character(text);
}

/* Certificates end with a day in Japan, so less than a whole day left is today. */
static void
write_end(const char *date, int days, char text[static MESSAGE_MAX])
{
	if (days == 0)
		snprintf(text, MESSAGE_MAX,
		    _("Your card's user-authentication certificate expires today (%s); from tomorrow "
		    "on, the card does not log you in until it is renewed."), date);
	else
		snprintf(text, MESSAGE_MAX, dngettext(PACKAGE,
		    "Your card's user-authentication certificate expires on %s (in %d day).",
		    "Your card's user-authentication certificate expires on %s (in %d days).",
		    (unsigned long)days), date, days);
}

bool
message_expires_soon(int64_t not_after, int64_t now, unsigned int warning_days)
{
	int days = message_days_left(not_after, now);

	return days >= 0 && (unsigned int)days < warning_days;
}

/* What to do, and which date not to go by: the one on the card's face, where the card told it. */
static void
write_renewal(const char *date, const char *card_end, char text[static MESSAGE_MAX])
{
	if (card_end[0] == '\0')
		snprintf(text, MESSAGE_MAX, "%s", _("Renew it at your municipal office (possible from "
		    "three months before; take your card with you), then ask the administrator to "
		    "register the card again. The date printed on the card is that of the card itself."));
	else if (strcmp(card_end, date) == 0)
		snprintf(text, MESSAGE_MAX, "%s", _("The card itself expires on the same day: apply for a "
		    "new card at your municipal office before that, or, if your period of "
		    "stay was extended, have the card extended there. Then ask the administrator to "
		    "register the card again."));
	else
		snprintf(text, MESSAGE_MAX, _("Renew it at your municipal office (possible from three "
		    "months before; take your card with you), then ask the administrator to register the "
		    "card again. The date printed on the card, %s, is that of the card itself."), card_end);
}

/* "20310506" as people here write it; "" for what is no such date. */
static void
write_card_end(const char *yyyymmdd, char text[static MESSAGE_DATE_MAX])
{
	bool is_date = strlen(yyyymmdd) == 8 && strspn(yyyymmdd, "0123456789") == 8;
	long date = is_date ? strtol(yyyymmdd, NULL, 10) : 0;

	text[0] = '\0';
	if (is_date)
		write_date((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100), text);
}

bool
message_expiry(int64_t not_after, int64_t now, unsigned int warning_days,
    const char *card_expiry, char text[static MESSAGE_MAX])
{
	int days = message_days_left(not_after, now);
	char date[MESSAGE_DATE_MAX], card_end[MESSAGE_DATE_MAX];
	char end[MESSAGE_MAX], renewal[MESSAGE_MAX];

	text[0] = '\0';
	if (!message_expires_soon(not_after, now, warning_days))
		return false;
	write_day_of(not_after, date);
	write_end(date, days, end);
	write_card_end(card_expiry, card_end);
	write_renewal(date, card_end, renewal);
	snprintf(text, MESSAGE_MAX, _("%s %s"), end, renewal);
	drop_half_character(text);
	return true;
}

void
message_join(const char *a, const char *b, char text[static MESSAGE_MAX])
{
	if (a[0] != '\0' && b[0] != '\0')
		snprintf(text, MESSAGE_MAX, _("%s %s"), a, b);
	else
		snprintf(text, MESSAGE_MAX, "%s%s", a, b);
	drop_half_character(text);
}

void
message_registered(int64_t when, const char *terminal, bool in_english, char text[static MESSAGE_MAX])
{
	static const char what[] = N_("On %s a user who was logged in to this account registered a My "
	    "Number Card for it (jpkictl enroll --self, %s).");
	static const char remedy[] = N_("If that was not you, tell the administrator.");
	char date[MESSAGE_DATE_MAX], filled[MESSAGE_MAX];

	if (in_english)
		message_date(when, date);
	else
		write_day_of(when, date);
	snprintf(filled, sizeof filled, in_english ? what : _(what), date, terminal);
	message_join(filled, in_english ? remedy : _(remedy), text);
}

void
message_since(unsigned int failed, const char *failed_by, const char *entered_by,
    char text[static MESSAGE_MAX])
{
	char of_failed[MESSAGE_MAX] = "", of_entered[MESSAGE_MAX] = "", both[MESSAGE_MAX];

	if (failed > 0)
		snprintf(of_failed, sizeof of_failed, dngettext(PACKAGE,
		    "Since your last login there was %u failed PIN entry (%s).",
		    "Since your last login there were %u failed PIN entries (%s).",
		    (unsigned long)failed), failed, failed_by);
	if (entered_by[0] != '\0')
		snprintf(of_entered, sizeof of_entered, _("Since your last login the right PIN of "
		    "your card was entered from another account (%s)."), entered_by);
	message_join(of_failed, of_entered, both);
	message_join(both, both[0] != '\0' ? _("If that was not you, tell the administrator.") : "",
	    text);
}

void
message_not_unlocked(bool stale, char text[static MESSAGE_MAX])
{
	if (stale)
		message_join(_("Your password has been changed, so your card can no longer open your keyring "
		    "(your saved passwords)."),
		    _("When the keyring prompts for a password, enter your new one; if it is refused, enter your "
		    "previous one. Then ask the administrator to set up your card for it again (jpkictl unlock "
		    "set)."), text);
	else
		message_join(_("You are logged in, but your card could not open your keyring (your saved "
		    "passwords)."),
		    _("Enter the password of your keyring (usually that of your login) when it prompts for "
		    "it, and ask the administrator to set up your card for it again (jpkictl unlock set)."), text);
}

const char *
message_unclean(void)
{
	return _("take the card off the reader now: it may still accept the PIN as entered, and other programs "
	    "could use it");
}

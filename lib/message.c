#include "config.h"

#include <stdio.h>
#include <time.h>

#include "lib/message.h"

#define DAY 86400
#define JST_OFFSET (9 * 3600)	/* Japan knows no summer time */

void
message_date(int64_t when, char text[static MESSAGE_DATE_MAX])
{
	struct tm tm;
	time_t t;

	if (__builtin_add_overflow(when, JST_OFFSET, &t) || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, MESSAGE_DATE_MAX, "%Y-%m-%d", &tm) == 0)
		snprintf(text, MESSAGE_DATE_MAX, "?");
}

int
message_days_left(int64_t then, int64_t now)
{
	int64_t left = then - now;

	return (int)((left < 0 ? left - (DAY - 1) : left) / DAY);
}

/* The state sentence; the only one with a number is the wrong PIN's. */
static void
write_state(const struct outcome *o, char text[static MESSAGE_MAX])
{
	if (o->status == JPKI_PIN_WRONG && o->tries_left >= 0)
		snprintf(text, MESSAGE_MAX, "Wrong PIN; tries left before the card locks: %d.",
		    o->tries_left);
	else
		snprintf(text, MESSAGE_MAX, "%s", outcome_state(o->status));
}

void
message_outcome(const struct outcome *o, char text[static MESSAGE_MAX])
{
	const char *remedy = outcome_remedy(o->status);
	char state[MESSAGE_MAX];

	write_state(o, state);
	if (remedy == NULL)
		snprintf(text, MESSAGE_MAX, "%s", state);
	else
		snprintf(text, MESSAGE_MAX, "%.250s %.250s", state, remedy);
}

void
message_pin_prompt(int tries_left, bool or_password, char text[static MESSAGE_MAX])
{
	if (or_password && tries_left == 1)
		snprintf(text, MESSAGE_MAX, "Password, or PIN of the user-authentication certificate "
		    "(4 digits, LAST try: another mistake locks the card): ");
	else if (or_password)
		snprintf(text, MESSAGE_MAX, "Password, or PIN of the user-authentication certificate "
		    "(4 digits, %d tries left): ", tries_left);
	else if (tries_left == 1)
		snprintf(text, MESSAGE_MAX, "PIN of the user-authentication certificate "
		    "(4 digits, LAST try: another mistake locks the card): ");
	else
		snprintf(text, MESSAGE_MAX, "PIN of the user-authentication certificate "
		    "(4 digits, %d tries left): ", tries_left);
}

bool
message_expiry(int64_t not_after, int64_t now, unsigned int warning_days,
    char text[static MESSAGE_MAX])
{
	int days = message_days_left(not_after, now);
	char date[MESSAGE_DATE_MAX];

	text[0] = '\0';
	if (days < 0 || (unsigned int)days >= warning_days)
		return false;
	message_date(not_after, date);
	snprintf(text, MESSAGE_MAX, "The user-authentication certificate of your card ends on %s, "
	    "in %d days (the date printed on the card is another one). Renew it at your municipal "
	    "office, then have the card enrolled again.", date, days);
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/fleet/rules.h"

#define DIGITS "0123456789"
#define HEX "0123456789abcdefABCDEF"

/* --- stamps ---------------------------------------------------------------------------- */

bool
rules_later(const struct fleet_stamp *a, const struct fleet_stamp *b)
{
	if (a->s != b->s)
		return a->s > b->s;
	if (a->coarse || b->coarse)
		return false;
	return a->us != b->us ? a->us > b->us : a->count > b->count;
}

static bool
two_digits(const char *text, int min, int max, int *ret)
{
	if (strspn(text, DIGITS) < 2)
		return false;
	*ret = (text[0] - '0') * 10 + text[1] - '0';
	return *ret >= min && *ret <= max;
}

/* "YYYYMMDDHHMMSS" at the beginning. */
static bool
read_seconds(const char *text, int64_t *ret)
{
	struct tm tm = { .tm_isdst = 0 };
	int century, year, month;
	time_t t;

	if (strspn(text, DIGITS) != 14 || !two_digits(text, 19, 99, &century) || !two_digits(text + 2, 0, 99, &year) ||
	    !two_digits(text + 4, 1, 12, &month) || !two_digits(text + 6, 1, 31, &tm.tm_mday) ||
	    !two_digits(text + 8, 0, 23, &tm.tm_hour) || !two_digits(text + 10, 0, 59, &tm.tm_min) ||
	    !two_digits(text + 12, 0, 60, &tm.tm_sec))
		return false;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon = month - 1;
	t = timegm(&tm);
	if (t < 0)
		return false;
	*ret = t;
	return true;
}

bool
rules_read_time(const char *text, struct fleet_stamp *ret)
{
	struct fleet_stamp stamp = { .coarse = true };

	if (!read_seconds(text, &stamp.s) || strcmp(text + 14, "Z") != 0)
		return false;
	*ret = stamp;
	return true;
}

/* RFC draft-ietf-ldup-lcup's form, as OpenLDAP writes it: time, '#', count, '#', server, '#', modification. */
bool
rules_read_csn(const char *text, struct fleet_stamp *ret)
{
	static const size_t widths[] = { 6, 3, 6 };
	struct fleet_stamp stamp = { .coarse = false };
	const char *at;

	if (!read_seconds(text, &stamp.s) || text[14] != '.')
		return false;
	at = text + 15;
	if (strspn(at, DIGITS) != 6 || at[6] != 'Z' || at[7] != '#')
		return false;
	stamp.us = (uint32_t)strtoul(at, NULL, 10);
	at += 8;
	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
		bool last = i == sizeof widths / sizeof widths[0] - 1;

		if (strspn(at, HEX) != widths[i] || at[widths[i]] != (last ? '\0' : '#'))
			return false;
		if (i == 0)
			stamp.count = (uint32_t)strtoul(at, NULL, 16);
		at += widths[i] + 1;
	}
	*ret = stamp;
	return true;
}

/* --- blocks ------------------------------------------------------------------------------ */

bool
rules_is_blocked(const struct fleet_mark *mark)
{
	return mark->ever_blocked && !rules_later(&mark->lifted_at, &mark->blocked_at);
}

bool
rules_note_word(struct fleet_mark *mark, enum fleet_word word, const struct fleet_stamp *stamp)
{
	struct fleet_stamp *at = word == FLEET_BLOCK ? &mark->blocked_at : &mark->lifted_at;
	bool first = word == FLEET_BLOCK && !mark->ever_blocked;

	if (!first && !rules_later(stamp, at))
		return false;
	*at = *stamp;
	mark->ever_blocked = mark->ever_blocked || word == FLEET_BLOCK;
	return true;
}

/* --- registrations ----------------------------------------------------------------------- */

enum fleet_absence
rules_absence(const struct fleet_refresh *refresh, int64_t known, int64_t gone)
{
	int64_t most = known / 50 > FLEET_GONE_MAX ? known / 50 : FLEET_GONE_MAX;

	return !refresh->limited && refresh->stated == refresh->seen && gone <= most ? FLEET_REMOVE : FLEET_HOLD;
}

bool
rules_may_return(const struct fleet_stamp *removed, const struct fleet_stamp *entry)
{
	return rules_later(entry, removed);
}

bool
rules_replaces(const struct fleet_stamp *created_first, const struct fleet_stamp *created_second)
{
	return rules_later(created_first, created_second);
}

/* --- the source ---------------------------------------------------------------------------- */

bool
rules_read_source(const char *text, struct fleet_source *ret)
{
	static const char *const keys[] = { "generation=", "time=", "enrolled=", "blocked=" };
	int64_t values[] = { -1, -1, -1, -1 };
	const char *at = text;

	while (*at != '\0') {
		size_t i = 0, digits;

		while (i < sizeof keys / sizeof keys[0] && strncmp(at, keys[i], strlen(keys[i])) != 0)
			i++;
		if (i == sizeof keys / sizeof keys[0] || values[i] >= 0)
			return false;
		at += strlen(keys[i]);
		digits = strspn(at, DIGITS);
		if (digits == 0 || digits > 18 || (at[digits] != '\0' && at[digits] != ' '))
			return false;
		values[i] = strtoll(at, NULL, 10);
		at += digits;
		at += strspn(at, " ");
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (values[i] < 0)
			return false;
	*ret = (struct fleet_source){ .generation = values[0], .time = values[1], .enrolled = values[2], .blocked = values[3] };
	return true;
}

bool
rules_is_behind(const struct fleet_source *ours, const struct fleet_source *theirs)
{
	return theirs->generation < ours->generation || theirs->time < ours->time;
}

/* --- servers ----------------------------------------------------------------------------- */

bool
rules_compare_due(int64_t last, int64_t now)
{
	return now < last || now - last >= FLEET_COMPARE_S;
}

bool
rules_may_persist(bool offers_sync, bool turned_away, bool offers_psearch, const char *vendor)
{
	bool is_389 = offers_psearch || strncmp(vendor, "389 Project", 11) == 0 || strncmp(vendor, "Red Hat", 7) == 0;

	return offers_sync && !turned_away && !is_389;
}

unsigned int
rules_delay(unsigned int base_s, unsigned int failures, uint32_t random)
{
	unsigned int longest = base_s > 0 ? base_s : 1;

	for (unsigned int i = 0; i < failures && longest < FLEET_DELAY_MAX_S; i++)
		longest *= 2;
	if (longest > FLEET_DELAY_MAX_S)
		longest = FLEET_DELAY_MAX_S;
	return longest - longest / 2 + random % (longest / 2 + 1);
}

unsigned int
rules_failures(unsigned int failures, int64_t lasted_s, int64_t waited_s)
{
	return lasted_s > waited_s ? 0 : failures + 1;
}

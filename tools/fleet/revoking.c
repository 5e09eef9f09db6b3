/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/clk.h"
#include "tools/fleet/revoking.h"

#define MARK "revoke-from-crl"

enum revoking_change
revoking_decide(const struct revoking_entry *entry, enum revoking_said said, int64_t list)
{
	bool blocked = entry != NULL && entry->word == FLEET_BLOCK;

	switch (said) {
	case REVOKING_UNKNOWN:
		return REVOKING_NOTHING;
	case REVOKING_ABSENT:
		return blocked && entry->hold && list > entry->list ? REVOKING_LIFT : REVOKING_NOTHING;
	case REVOKING_SUSPENDED:
	case REVOKING_REVOKED:
		break;
	}
	if (entry == NULL)
		return REVOKING_ADD;
	/* Revoked for good. Lists drop expired certificates, which must not look like the end of a suspension. */
	return !blocked || (said == REVOKING_REVOKED && entry->hold) ? REVOKING_BLOCK : REVOKING_NOTHING;
}

bool
revoking_write_note(int64_t now, const char *reason, int64_t list, char note[static REVOKING_NOTE_MAX])
{
	char when[CLK_UTC_MAX], of_list[CLK_UTC_MAX];

	if (!clk_utc_text(now, when) || !clk_utc_text(list, of_list))
		return false;
	return (size_t)snprintf(note, REVOKING_NOTE_MAX, "%s " MARK " %s %s", when, reason, of_list) < REVOKING_NOTE_MAX;
}

/* "2026-11-28T15:00:00Z" */
static bool
read_time(const char *text, int64_t *ret)
{
	char digits[CLK_UTC_MAX] = "";
	struct fleet_stamp stamp;
	size_t n = 0;

	for (const char *p = text; *p != '\0' && n < sizeof digits - 1; p++)
		if (strchr("-:T", *p) == NULL)
			digits[n++] = *p;
	digits[n] = '\0';
	if (!rules_read_time(digits, &stamp))
		return false;
	*ret = stamp.s;
	return clk_utc_text(stamp.s, digits) && strcmp(digits, text) == 0;
}

/* Whether the text can be written into one line. */
static bool
is_plain(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return strlen(text) < REVOKING_TEXT_MAX;
}

void
revoking_read_note(const char *description, struct revoking_entry *ret)
{
	char word[8], when[32], mark[32], reason[REVOKING_REASON_MAX], list[32], more;
	int64_t time;

	ret->hold = false;
	ret->list = 0;
	ret->description[0] = '\0';
	if (is_plain(description))
		snprintf(ret->description, sizeof ret->description, "%s", description);
	if (sscanf(description, "%7s %31s %31s %31s %31s %c", word, when, mark, reason, list, &more) != 5)
		return;
	if (strcmp(word, "block") != 0 || strcmp(mark, MARK) != 0 || strcmp(reason, REVOKING_HOLD) != 0 ||
	    !read_time(when, &time) || !read_time(list, &time))
		return;
	ret->hold = true;
	ret->list = time;
}

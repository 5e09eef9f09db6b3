/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card/jpki.h"
#include "lib/cleanup.h"
#include "lib/i18n.h"
#include "tools/common/agree.h"
#include "tools/fetch/fetch.h"
#include "tools/jpkictl/candidate.h"
#include "tools/jpkictl/fingerprints.h"

/* With --yes, or at a terminal. */
static bool
is_answerable(const struct candidate *c)
{
	return c->yes || isatty(STDIN_FILENO) == 1;
}

static bool
agrees(const struct candidate *c, const char *question, bool by_default)
{
	return c->yes || (is_answerable(c) && agree_by_line(question, by_default));
}

static int
refuse(const struct tool *t)
{
	tool_complain(t, "%s", _("nothing was changed: take the fingerprint from the publication of "
	    "J-LIS (www.jpki.go.jp), not from here, and state it with --accept-fingerprint"));
	return TOOL_UNPROVEN;
}

/* Whether the file has exactly these bytes. */
static bool
is_content(int fd, struct view der)
{
	uint8_t bytes[JPKI_CERT_MAX + 1];
	ssize_t n;

	if (der.len >= sizeof bytes)
		return false;
	n = pread(fd, bytes, sizeof bytes, 0);
	return n >= 0 && (size_t)n == der.len && memcmp(bytes, der.data, der.len) == 0;
}

/* As a person with a browser would, whose connection to J-LIS is proved by its certificate. */
static int
compare_with_publication(const struct tool *t, const struct candidate *c, const char *address)
{
	_cleanup_(closep) int fd = tool_temporary_file(t);
	struct fetch_marks marks;

	if (fd < 0 || fetch_url(t, address, NULL, fd, &marks) != FETCH_DONE)
		return refuse(t);
	if (!is_content(fd, c->der)) {
		tool_complain(t, _("nothing was changed: what %s has is not the certificate on the card"), address);
		return TOOL_FAILED;
	}
	printf(_("It is the certificate that J-LIS publishes: %s\n"), address);
	return TOOL_OK;
}

static int
judge_unconfirmed(const struct tool *t, const struct candidate *c, const struct fingerprint_known *known)
{
	char question[2 * FINGERPRINT_ADDRESS_MAX + 128];

	printf(_("The fingerprint is that of %s in one copy only, which proves nothing.\n"), known->name);
	if (known->published_at[0] == '\0' || !is_answerable(c))
		return refuse(t);
	snprintf(question, sizeof question, _("Compare it with what J-LIS publishes, by fetching %s?"),
	    known->published_at);
	return agrees(c, question, true) ? compare_with_publication(t, c, known->published_at) : refuse(t);
}

static int
judge_corroborated(const struct tool *t, const struct candidate *c, const struct fingerprint_known *known)
{
	printf(_("The fingerprint is that of %s in independent copies:\n"), known->name);
	for (size_t i = 0; i < known->count; i++)
		printf("  %s\n", known->source[i]);
	printf("%s\n", _("An authority opens no account: only a certificate registered here, and its key, do."));
	return agrees(c, _("Trust this authority?"), false) ? TOOL_OK : refuse(t);
}

int
candidate_judge(const struct tool *t, const struct candidate *c)
{
	struct fingerprint_known known;
	enum fingerprint grade = fingerprint_find(t, c->fingerprint, &known);

	if (grade == FINGERPRINT_BROKEN)
		return TOOL_FAILED;
	if (c->accepted != NULL && strcmp(c->accepted, c->fingerprint) != 0) {
		tool_complain(t, "%s", _("the fingerprint on the card differs from the accepted one; "
		    "nothing was changed"));
		return TOOL_FAILED;
	}
	if (grade == FINGERPRINT_PUBLISHED)
		printf(_("The fingerprint is the one that J-LIS publishes for %s.\n"), known.name);
	if (c->accepted != NULL || grade == FINGERPRINT_PUBLISHED)
		return TOOL_OK;
	if (grade == FINGERPRINT_CORROBORATED)
		return judge_corroborated(t, c, &known);
	return grade == FINGERPRINT_UNCONFIRMED ? judge_unconfirmed(t, c, &known) : refuse(t);
}

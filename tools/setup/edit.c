/* SPDX-License-Identifier: BSD-2-Clause */
/* Our lines in the file of a service; everything else stays, byte by byte. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/memstream.h"
#include "tools/setup/setup.h"

#define LINE_MAX_PAM 1024

static bool
same_word(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* Whether a line checks a password, or includes lines that do. */
static bool
is_place(const char *line, const char *type, const char *common)
{
	char first[16] = "", second[64] = "";

	(void)sscanf(line, "%15s %63s", first, second);
	if (same_word(first, "@include"))
		return strcmp(second, common) == 0;
	if (!same_word(first[0] == '-' ? first + 1 : first, type))
		return false;
	return same_word(second, "include") || same_word(second, "substack") ||
	    strstr(line, "pam_unix.so") != NULL;
}

/* Whether a line is of the session, or includes such lines. */
static bool
is_session(const char *line)
{
	char first[16] = "", second[64] = "";

	(void)sscanf(line, "%15s %63s", first, second);
	if (same_word(first, "@include"))
		return strncmp(second, "common-session", strlen("common-session")) == 0;
	return same_word(first[0] == '-' ? first + 1 : first, "session");
}

/* Copies the line at p, without those that continue it; returns its end, after the newline. */
static const char *
take_line(const char *p, char line[static LINE_MAX_PAM], bool *ret_continued)
{
	size_t len = strcspn(p, "\n");

	snprintf(line, LINE_MAX_PAM, "%.*s", (int)(len < LINE_MAX_PAM ? len : LINE_MAX_PAM - 1), p);
	*ret_continued = len > 0 && p[len - 1] == '\\';
	return p + len + (p[len] == '\n');
}

/* Whether it is our first line, as we write it. *ret_rest: what follows its control, in line. */
static bool
is_our_line(const char *line, const char **ret_rest)
{
	char first[16] = "";
	int read = 0;

	(void)sscanf(line, "%15s " EDIT_CONTROL " %n", first, &read);
	*ret_rest = line + read;
	return read > 0 && same_word(first, "auth") && strncmp(*ret_rest, "pam_jpki.so", strlen("pam_jpki.so")) == 0 &&
	    (*ret_rest)[strlen(*ret_rest) - 1] != '\\';
}

/* Where our line begins, or NULL. */
static const char *
our_place(const char *text)
{
	char line[LINE_MAX_PAM];
	const char *rest;
	bool continued = false;

	for (const char *p = text, *next; *p != '\0'; p = next) {
		bool was = continued;

		next = take_line(p, line, &continued);
		if (!was && is_our_line(line, &rest))
			return p;
	}
	return NULL;
}

/* Where the first such line begins, or NULL. A continuation line does not count. */
static const char *
place_of(const char *text, const char *type, const char *common)
{
	char line[LINE_MAX_PAM];
	bool continued = false;

	for (const char *p = text, *next; *p != '\0'; p = next) {
		bool was = continued;

		next = take_line(p, line, &continued);
		if (!was && is_place(line, type, common))
			return p;
	}
	return NULL;
}

/* After the last line of the session and its continuations; otherwise the end of the text. */
static const char *
session_place(const char *text)
{
	const char *place = NULL, *p = text;
	char line[LINE_MAX_PAM];
	bool continued = false, within = false;

	while (*p != '\0') {
		if (!continued)
			within = false;
		p = take_line(p, line, &continued);
		within = within || is_session(line);
		if (within)
			place = p;
	}
	return place != NULL ? place : p;
}

static void
put_session(FILE *f, const char *text, const char *p)
{
	if (p > text && p[-1] != '\n')
		fputc('\n', f);
	fputs("session\toptional\tpam_jpki.so\n", f);
}

/*
 * Writes our first line; rest: the module and its options. What the card opens is called only after
 * a login by card alone: all other results jump over it to the password's lines.
 */
static void
put_card(FILE *f, const struct edit *e, const char *rest)
{
	if (e->openers.count == 0)
		fprintf(f, "auth\t" EDIT_CONTROL "\t%s\n", rest);
	else
		fprintf(f, "auth\t[success=ok default=%u]\t%s\n%sauth\tsufficient\tpam_permit.so\n", e->openers.count + 1, rest,
		    e->openers.lines);
}

/* Writes our line instead of the one at p; returns the position after it. */
static const char *
replace_card(FILE *f, const struct edit *e, const char *p)
{
	char line[LINE_MAX_PAM];
	const char *rest, *next;
	bool continued;

	next = take_line(p, line, &continued);
	if (!is_our_line(line, &rest))
		return p;
	put_card(f, e, rest);
	return next;
}

/* Positions in a text; NULL where nothing is inserted. */
struct places {
	const char *ours, *auth, *account, *session;
};

static struct places
find_places(const char *text, const struct edit *e)
{
	return (struct places){
		.ours = !e->card && e->openers.count > 0 ? our_place(text) : NULL,
		.auth = e->card ? place_of(text, "auth", "common-auth") : NULL,
		.account = e->card ? place_of(text, "account", "common-account") : NULL,
		.session = e->session ? session_place(text) : NULL,
	};
}

static void
put_edited(FILE *f, const char *text, const struct edit *e, const struct places *at)
{
	char first[LINE_MAX_PAM];

	snprintf(first, sizeof first, "pam_jpki.so%s", e->options);
	for (const char *p = text;; p++) {
		if (at->ours != NULL && p == at->ours)
			p = replace_card(f, e, p);
		if (at->session != NULL && p == at->session)
			put_session(f, text, p);
		if (at->auth != NULL && p == at->auth)
			put_card(f, e, first);
		if (at->account != NULL && p == at->account)
			fputs("account\t[success=ok ignore=ignore module_unknown=ignore default=bad]\t"
			    "pam_jpki.so\n", f);
		if (*p == '\0')
			return;
		fputc(*p, f);
	}
}

char *
edit_insert(const char *text, const struct edit *e)
{
	const struct places at = find_places(text, e);
	char *edited = NULL;
	size_t size;
	FILE *f;

	if ((e->card && at.auth == NULL) || (!e->card && e->openers.count > 0 && at.ours == NULL))
		return NULL;
	f = open_memstream(&edited, &size);
	if (f == NULL)
		return NULL;
	put_edited(f, text, e, &at);
	return memstream_close(f, &edited);
}

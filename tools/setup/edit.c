/* SPDX-License-Identifier: BSD-2-Clause */
/* Our lines in the file of a service; everything else stays, octet by octet. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/setup/setup.h"

#define LINE_MAX_PAM 1024

static bool
same_word(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* A line that checks a password, or includes those that do. */
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

/* A line of the session, or one that includes them. */
static bool
is_session(const char *line)
{
	char first[16] = "", second[64] = "";

	(void)sscanf(line, "%15s %63s", first, second);
	if (same_word(first, "@include"))
		return strncmp(second, "common-session", strlen("common-session")) == 0;
	return same_word(first[0] == '-' ? first + 1 : first, "session");
}

/* The line at p as text of its own, with those that continue it left out; its end, behind the newline. */
static const char *
take_line(const char *p, char line[static LINE_MAX_PAM], bool *ret_continued)
{
	size_t len = strcspn(p, "\n");

	snprintf(line, LINE_MAX_PAM, "%.*s", (int)(len < LINE_MAX_PAM ? len : LINE_MAX_PAM - 1), p);
	*ret_continued = len > 0 && p[len - 1] == '\\';
	return p + len + (p[len] == '\n');
}

/* Where the first such line begins, or NULL. A line that continues another is none. */
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

/* Behind the last line of the session, with what continues it; the end of the text if there is none. */
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

char *
edit_insert(const char *text, const struct edit *e)
{
	const char *auth = e->card ? place_of(text, "auth", "common-auth") : NULL;
	const char *account = e->card ? place_of(text, "account", "common-account") : NULL;
	const char *session = e->session ? session_place(text) : NULL;
	char *edited = NULL;
	size_t size;
	FILE *f;

	if ((e->card && auth == NULL) || (f = open_memstream(&edited, &size)) == NULL)
		return NULL;
	for (const char *p = text;; p++) {
		if (session != NULL && p == session)
			put_session(f, text, p);
		if (auth != NULL && p == auth)
			fprintf(f, "auth\t[success=done default=ignore]\tpam_jpki.so%s\n", e->options);
		if (account != NULL && p == account)
			fputs("account\t[success=ok ignore=ignore module_unknown=ignore default=bad]\t"
			    "pam_jpki.so\n", f);
		if (*p == '\0')
			break;
		fputc(*p, f);
	}
	if (fclose(f) != 0) {
		free(edited);
		return NULL;
	}
	return edited;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Our two lines in the file of a service; everything else stays, octet by octet. */
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

/* Where the first such line begins, or NULL. A line that continues another is none. */
static const char *
place_of(const char *text, const char *type, const char *common)
{
	char line[LINE_MAX_PAM];
	bool continued = false;

	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, "\n");

		snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), p);
		if (!continued && is_place(line, type, common))
			return p;
		continued = len > 0 && p[len - 1] == '\\';
		p += len + (p[len] == '\n');
	}
	return NULL;
}

char *
edit_insert(const char *text, const char *options)
{
	const char *auth = place_of(text, "auth", "common-auth");
	const char *account = place_of(text, "account", "common-account");
	char *edited = NULL;
	size_t size;
	FILE *f;

	if (auth == NULL || (f = open_memstream(&edited, &size)) == NULL)
		return NULL;
	for (const char *p = text;; p++) {
		if (p == auth)
			fprintf(f, "auth\t[success=done default=ignore]\tpam_jpki.so%s\n", options);
		if (p == account)
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

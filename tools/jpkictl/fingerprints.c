/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "nss/cert.h"
#include "tools/jpkictl/fingerprints.h"

#define FILE_MAX ((size_t)65536)
#define BLANKS " \t"

/* One line, taken apart in place. False: not understood. */
static bool
read_line(char *line, char fingerprint[static CERT_FINGERPRINT_LEN + 1], enum fingerprint *ret_grade,
    const char **ret_name)
{
	char *rest = NULL;
	const char *hex = strtok_r(line, BLANKS, &rest);
	const char *grade = strtok_r(NULL, BLANKS, &rest);
	const char *name = strtok_r(NULL, BLANKS, &rest);

	if (hex == NULL || grade == NULL || name == NULL || strtok_r(NULL, BLANKS, &rest) != NULL ||
	    strlen(name) >= FINGERPRINT_NAME_MAX || !cert_read_fingerprint(hex, fingerprint) ||
	    strlen(fingerprint) != CERT_FINGERPRINT_LEN)
		return false;
	if (strcmp(grade, "published") == 0)
		*ret_grade = FINGERPRINT_PUBLISHED;
	else if (strcmp(grade, "unconfirmed") == 0)
		*ret_grade = FINGERPRINT_UNCONFIRMED;
	else
		return false;
	*ret_name = name;
	return true;
}

static enum fingerprint
broken(const struct tool *t, unsigned int line)
{
	tool_complain(t, _("%s, line %u: not understood; install the file anew"), FINGERPRINT_FILE, line);
	return FINGERPRINT_BROKEN;
}

enum fingerprint
fingerprint_find(const struct tool *t, const char *fingerprint, char name[static FINGERPRINT_NAME_MAX])
{
	_cleanup_(freep) char *text = NULL;
	char found[CERT_FINGERPRINT_LEN + 1], *line, *next;
	enum fingerprint result = FINGERPRINT_NOT;
	size_t len;

	if (safefile_read(FINGERPRINT_FILE, t->env.trust_owner, FILE_MAX, &t->log, &text, &len) != SAFEFILE_OK) {
		tool_complain(t, _("%s: cannot be used; install the file anew"), FINGERPRINT_FILE);
		return FINGERPRINT_BROKEN;
	}
	if (memchr(text, '\0', len) != NULL)
		return broken(t, 1);
	edited_tidy(text, &len);
	next = text;
	for (unsigned int n = 1; (line = strsep(&next, "\n")) != NULL; n++) {
		enum fingerprint grade;
		const char *its_name;

		if (line[strspn(line, BLANKS)] == '\0' || line[0] == '#')
			continue;
		if (!read_line(line, found, &grade, &its_name))
			return broken(t, n);
		if (strcmp(found, fingerprint) != 0)
			continue;
		if (result != FINGERPRINT_NOT)
			return broken(t, n);
		result = grade;
		snprintf(name, FINGERPRINT_NAME_MAX, "%s", its_name);
	}
	return result;
}

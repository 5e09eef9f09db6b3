/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/cleanup.h"
#include "lib/edited.h"
#include "lib/i18n.h"
#include "lib/safefile.h"
#include "nss/cert.h"
#include "tools/jpkictl/fingerprints.h"

#define FILE_MAX ((size_t)65536)
#define BLANKS " \t"
#define HTTPS "https://"

static const struct {
	const char *word;
	enum fingerprint grade;
} grades[] = {
	{ "unconfirmed", FINGERPRINT_UNCONFIRMED },
	{ "corroborated", FINGERPRINT_CORROBORATED },
	{ "published", FINGERPRINT_PUBLISHED },
};

static bool
read_grade(const char *word, enum fingerprint *ret)
{
	for (size_t i = 0; i < sizeof grades / sizeof grades[0]; i++)
		if (strcmp(word, grades[i].word) == 0) {
			*ret = grades[i].grade;
			return true;
		}
	return false;
}

static bool
read_address(const char *text, char address[static FINGERPRINT_ADDRESS_MAX])
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	if (address[0] != '\0' || len >= FINGERPRINT_ADDRESS_MAX || len <= strlen(HTTPS) ||
	    strncmp(text, HTTPS, strlen(HTTPS)) != 0)
		return false;
	memcpy(address, text, len + 1);
	return true;
}

/* "at=ADDRESS" or "source=ADDRESS" */
static bool
read_remark(const char *word, struct fingerprint_known *k)
{
	if (strncmp(word, "at=", 3) == 0)
		return read_address(word + 3, k->published_at);
	return strncmp(word, "source=", 7) == 0 && k->count < FINGERPRINT_SOURCES &&
	    read_address(word + 7, k->source[k->count++]);
}

/* How much of an address names the host and the first directory, the owner on a site of many. */
static size_t
owner_len(const char *address)
{
	size_t host = strlen(HTTPS) + strcspn(address + strlen(HTTPS), "/");

	return address[host] == '/' ? host + 1 + strcspn(address + host + 1, "/") : host;
}

/* Two copies of one owner are one source. */
static bool
has_independent_sources(const struct fingerprint_known *k)
{
	for (size_t i = 1; i < k->count; i++) {
		size_t len = owner_len(k->source[i]);

		if (len != owner_len(k->source[0]) || strncasecmp(k->source[i], k->source[0], len) != 0)
			return true;
	}
	return false;
}

/* Splits one line in place. False: not understood. */
static bool
read_line(char *line, char fingerprint[static CERT_FINGERPRINT_LEN + 1], struct fingerprint_known *ret)
{
	char *rest = NULL;
	const char *hex = strtok_r(line, BLANKS, &rest);
	const char *grade = strtok_r(NULL, BLANKS, &rest);
	const char *name = strtok_r(NULL, BLANKS, &rest);

	*ret = (struct fingerprint_known){ .grade = FINGERPRINT_NOT };
	if (hex == NULL || grade == NULL || name == NULL || strlen(name) >= FINGERPRINT_NAME_MAX ||
	    !cert_read_fingerprint(hex, fingerprint) || strlen(fingerprint) != CERT_FINGERPRINT_LEN ||
	    !read_grade(grade, &ret->grade))
		return false;
	snprintf(ret->name, sizeof ret->name, "%s", name);
	for (const char *word = strtok_r(NULL, BLANKS, &rest); word != NULL; word = strtok_r(NULL, BLANKS, &rest))
		if (!read_remark(word, ret))
			return false;
	return ret->grade != FINGERPRINT_CORROBORATED || has_independent_sources(ret);
}

bool
fingerprint_search(char *text, size_t len, const char *fingerprint, struct fingerprint_known *ret,
    unsigned int *ret_line)
{
	char found[CERT_FINGERPRINT_LEN + 1], *line, *next = text;

	*ret = (struct fingerprint_known){ .grade = FINGERPRINT_NOT };
	*ret_line = 1;
	if (memchr(text, '\0', len) != NULL)
		return false;
	edited_tidy(text, &len);
	for (; (line = strsep(&next, "\n")) != NULL; ++*ret_line) {
		struct fingerprint_known k;

		if (line[strspn(line, BLANKS)] == '\0' || line[0] == '#')
			continue;
		if (!read_line(line, found, &k))
			return false;
		if (strcmp(found, fingerprint) != 0)
			continue;
		if (ret->grade != FINGERPRINT_NOT)
			return false;
		*ret = k;
	}
	return true;
}

enum fingerprint
fingerprint_find(const struct tool *t, const char *fingerprint, struct fingerprint_known *ret)
{
	_cleanup_(freep) char *text = NULL;
	unsigned int line;
	size_t len;

	*ret = (struct fingerprint_known){ .grade = FINGERPRINT_BROKEN };
	if (safefile_read(FINGERPRINT_FILE, t->env.trust_owner, FILE_MAX, &t->log, &text, &len) != SAFEFILE_OK) {
		tool_complain(t, _("%s: cannot be used; install the package again"), FINGERPRINT_FILE);
	} else if (!fingerprint_search(text, len, fingerprint, ret, &line)) {
		tool_complain(t, _("%s, line %u: not understood; install the package again"), FINGERPRINT_FILE, line);
		*ret = (struct fingerprint_known){ .grade = FINGERPRINT_BROKEN };
	}
	return ret->grade;
}

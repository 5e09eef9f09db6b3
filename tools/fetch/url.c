/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/fetch/url.h"

#define SEPARATOR "://"

bool
url_is(const char *text)
{
	size_t len = strcspn(text, ":/");

	return len > 0 && strncmp(text + len, SEPARATOR, strlen(SEPARATOR)) == 0;
}

/* Whether the scheme begins like this. */
static bool
has_scheme(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

bool
url_is_file(const char *url)
{
	return has_scheme(url, "file" SEPARATOR);
}

/* The part between "://" and the path, query or fragment. */
static const char *
authority_of(const char *url, size_t *ret_len)
{
	const char *authority = strstr(url, SEPARATOR) + strlen(SEPARATOR);

	*ret_len = strcspn(authority, "/?#");
	return authority;
}

/* The host, after the last "@"; userinfo may contain "@" too. */
static const char *
host_of(const char *authority, size_t len)
{
	const char *at = memrchr(authority, '@', len);

	return at != NULL ? at + 1 : authority;
}

bool
url_is_usable(const char *url)
{
	const char *authority;
	size_t len;

	for (const char *p = url; *p != '\0'; p++)
		/*
		 * Some programs treat a backslash as a slash (WHATWG URL), so they would disagree about the
		 * host.
		 */
		if (*p <= ' ' || *p >= 0x7f || *p == '\\')
			return false;
	if (strlen(url) >= URL_MAX || !url_is(url))
		return false;
	authority = authority_of(url, &len);
	return url_is_file(url) || host_of(authority, len) < authority + len;
}

bool
url_has_userinfo(const char *url)
{
	const char *authority;
	size_t len;

	if (!url_is(url))
		return false;
	authority = authority_of(url, &len);
	return host_of(authority, len) != authority;
}

void
url_without_userinfo(const char *url, char ret_url[static URL_MAX])
{
	const char *authority;
	size_t len;

	ret_url[0] = '\0';
	if (!url_is_usable(url))
		return;
	authority = authority_of(url, &len);
	snprintf(ret_url, URL_MAX, "%.*s%s", (int)(authority - url), url, host_of(authority, len));
}

void
url_shown(const char *url, char ret_text[static URL_MAX])
{
	static const char more[] = "?...";
	char *query;

	url_without_userinfo(url, ret_text);
	ret_text[strcspn(ret_text, "#")] = '\0';
	query = strchr(ret_text, '?');
	/* "ldap" and "ldaps" */
	if (query == NULL || has_scheme(url, "ldap"))
		return;
	query[0] = '\0';
	if ((size_t)(query - ret_text) + sizeof more <= URL_MAX)
		memcpy(query, more, sizeof more);
}

/* The value of a hex digit, or -1. */
static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
percent_decode(const char *in, char ret_path[static PATH_MAX])
{
	size_t n = 0;

	while (*in != '\0' && n < PATH_MAX - 1) {
		int high, low;

		if (*in != '%') {
			ret_path[n++] = *in++;
			continue;
		}
		high = digit(in[1]);
		low = high < 0 ? -1 : digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		ret_path[n++] = (char)(high << 4 | low);
		in += 3;
	}
	ret_path[n] = '\0';
	return *in == '\0';
}

bool
url_file_path(const char *url, char ret_path[static PATH_MAX])
{
	const char *host;
	size_t len;

	if (!url_is_file(url))
		return false;
	host = authority_of(url, &len);
	if (len != 0 && (len != strlen("localhost") || strncasecmp(host, "localhost", len) != 0))
		return false;
	return host[len] == '/' && percent_decode(host + len, ret_path);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URLs of CRLs (RFC 3986, RFC 4516): which part of them may be shown, and where they lead. A URL can
 * contain a password, in "USER:PASSWORD@" or as a token in the query.
 */
#ifndef JPKI_TOOLS_FETCH_URL_H
#define JPKI_TOOLS_FETCH_URL_H

#include <limits.h>
#include <stdbool.h>

#define URL_MAX 2048		/* bytes with the NUL */

/* Whether this is a URL and no path: a scheme, "://". */
bool url_is(const char *text);

/*
 * Whether it is usable: shorter than URL_MAX, printable ASCII without blanks, and with a
 * host between "://" and the next slash, unless it is a file's. (If the host is empty,
 * curl would search for one, and for a password, in the rest.)
 */
bool url_is_usable(const char *url);

/* Whether it has a user name or password before the host. */
bool url_has_userinfo(const char *url);

/* The URL without these. "" for a URL that is not usable. */
void url_without_userinfo(const char *url, char ret_url[static URL_MAX]);

/*
 * The form for messages, logs and public files: no userinfo, no fragment, and "..." for the query, except
 * with LDAP, whose query names the attribute.
 */
void url_shown(const char *url, char ret_text[static URL_MAX]);

/* Whether its scheme is "file". */
bool url_is_file(const char *url);

/*
 * The path of a file URL of this machine ("file:///…", "file://localhost/…"), percent-decoded.
 * False: on another machine, not absolute, longer than PATH_MAX, with a NUL or a malformed %XX.
 */
bool url_file_path(const char *url, char ret_path[static PATH_MAX]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URLs of CRLs (RFC 3986, RFC 4516): what of them may be seen, and where they lead. A URL can carry
 * a password, in "USER:PASSWORD@" or as a token in the query.
 */
#ifndef JPKI_TOOLS_FETCH_URL_H
#define JPKI_TOOLS_FETCH_URL_H

#include <limits.h>
#include <stdbool.h>

#define URL_MAX 2048		/* octets with the NUL */

/* Whether this is a URL and no path: a scheme, "://". */
bool url_is(const char *text);

/*
 * Whether it can be worked with: shorter than URL_MAX, printable ASCII without blanks, and with a
 * host between "://" and the next slash, unless it is a file's. (Where that host is empty, curl
 * would look for one, and for a password, further on.)
 */
bool url_is_usable(const char *url);

/* Whether somebody's name or password is before the host. */
bool url_has_userinfo(const char *url);

/* The URL without that. Of one that is not usable nothing is left. */
void url_without_userinfo(const char *url, char ret_url[static URL_MAX]);

/*
 * What people, logs and files that everybody reads may have of it: no userinfo, no fragment, and
 * "..." for the query, except of LDAP, whose query names the attribute.
 */
void url_shown(const char *url, char ret_text[static URL_MAX]);

/* Whether its scheme is "file". */
bool url_is_file(const char *url);

/*
 * The path of a file URL of this machine ("file:///…", "file://localhost/…"), percent-decoded.
 * False: of another machine, not absolute, longer than PATH_MAX, with a NUL or a broken %XX.
 */
bool url_file_path(const char *url, char ret_path[static PATH_MAX]);

#endif

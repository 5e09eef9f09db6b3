/*
 * Fetching a CRL: http, https, ldap, ldaps and file URLs, by libcurl, in a process of its own.
 *
 * MUSTs:
 * - What reads a server's answer is not root: jpki_fetch is started as FETCH_USER, a
 *   user that does nothing else, with nothing but the file it writes to. Only for a file URL it
 *   stays who we are. Without that user nothing is fetched.
 * - What it wrote counts as from a stranger, as if it had come from the server.
 *
 * jpki_fetch URL SECONDS ETAG MODIFIED: writes to FETCH_FD, says on standard output
 * the two marks of the answer, a line each, complains on standard error, and ends with
 * an enum fetch.
 */
#ifndef JPKI_TOOLS_FETCH_H
#define JPKI_TOOLS_FETCH_H

#include "tools/tool.h"

#define FETCH_FD 3

/* By what an http server knows again what it has sent before; "" for none. */
#define FETCH_MARK_MAX 256
struct fetch_marks {
	char etag[FETCH_MARK_MAX];	/* ETag, as it stands in the header */
	char modified[FETCH_MARK_MAX];	/* Last-Modified, likewise */
};

enum fetch {
	FETCH_DONE,
	FETCH_FAILED,		/* after a complaint */
	FETCH_UNCHANGED,	/* as the server says, since it gave us `known` */
};

/* Whether this is a URL and no path: a scheme, "://". */
bool fetch_is_url(const char *text);

/*
 * Fetches the URL into the empty file fd (lent; its offset is at its begin
 * afterwards): what the server sent, or the one CRL in the answer of a directory
 * (LDAP) as PEM. A list longer than CRL_SIZE_MAX, another scheme, a redirection to
 * anything but http and https, a server that sends
 * less than a hundred octets a second for conf.crl_timeout seconds:
 * FETCH_FAILED. `known` may be NULL. On a terminal, standard error shows the progress.
 *
 * A CRL is signed, so http is as good as https; where it is https, the
 * server's certificate has to be in order. http_proxy, https_proxy, all_proxy and
 * no_proxy of the environment are heeded; ~/.netrc and ~/.ldaprc are not.
 */
enum fetch fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known,
    int fd, struct fetch_marks *ret_marks) MUST_CHECK;

#endif

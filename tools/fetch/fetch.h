/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetching a CRL: http, https, ldap and ldaps URLs, by libcurl, in a process of its own.
 *
 * MUSTs:
 * - What reads a server's answer is jpki_fetch: another user (FETCH_USER, which does nothing else),
 *   without a terminal, files, capabilities or most calls (tools/fetch/cage.h, tools/fetch/filter.h),
 *   and with the file it writes to. Without that user nothing is fetched.
 * - What it wrote and what it says counts as from a stranger, as if it had come from the server.
 * - A password in the URL is in no command line, no file that others can read, and no message.
 *
 * jpki_fetch has no arguments. Its standard input is the request, a line each: URL; seconds of
 * patience; the most octets of a list; ETag; Last-Modified; proxy and its exceptions, as in struct
 * conf. It writes what it gets to FETCH_FD. On standard output and error it says, a line each,
 * "progress NOW TOTAL" (octets; TOTAL 0: not known), "etag TEXT", "modified TEXT", or anything else for
 * the person. It ends with an enum fetch.
 */
#ifndef JPKI_TOOLS_FETCH_FETCH_H
#define JPKI_TOOLS_FETCH_FETCH_H

#include "tools/common/tool.h"
#include "tools/fetch/url.h"

#define FETCH_FD 3

/* By what an http server knows again what it has sent before; "" for none. */
#define FETCH_MARK_MAX 256
struct fetch_marks {
	char etag[FETCH_MARK_MAX];	/* ETag, as in the header */
	char modified[FETCH_MARK_MAX];	/* Last-Modified, likewise */
};

/* Of the answer of a directory. In LDIF, base64 makes four characters of three octets; names come on top. */
#define FETCH_ANSWER_MAX(most) ((most) / 3 * 4 + 65536)

/* The request fits into what a pipe takes at once (pipe(7), PIPE_BUF). */
#define FETCH_REQUEST_MAX 4096

enum fetch {
	FETCH_DONE,
	FETCH_FAILED,		/* after a complaint */
	FETCH_UNCHANGED,	/* as the server says, since it gave us `known` */
};

/*
 * Fetches the usable URL (tools/fetch/url.h) into the empty file fd (lent; its offset is at its begin
 * afterwards): what the server sent, which for a directory (LDAP) is LDIF as libcurl writes it. A
 * list longer than CRL_SIZE_MAX or than safefile_room() allows, another scheme, a redirection to
 * another host or port (but from http to https of the same host), a server that sends less than a
 * hundred octets a second for conf.crl_timeout seconds: FETCH_FAILED. `known` may be NULL. On a
 * terminal, standard error shows the progress.
 *
 * A CRL is signed, so http is as good as https; where it is https, the
 * server's certificate has to be in order. The proxy is conf.crl_proxy, or as http_proxy, https_proxy,
 * all_proxy and no_proxy of the environment say; ~/.netrc, ~/.ldaprc and LDAP referrals are not heeded.
 */
enum fetch fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known,
    int fd, struct fetch_marks *ret_marks) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetching a CRL: http, https, ldap and ldaps URLs, by libcurl, in a process of its own.
 *
 * MUSTs:
 * - Only jpki_fetch reads a server's answer: as another user (FETCH_USER, for
 *   this job only), without a terminal, files, capabilities or most system
 *   calls (tools/fetch/cage.h, tools/fetch/filter.h), and with the one file
 *   it writes to. Without that user nothing is fetched.
 * - Its output and messages are untrusted, as if they came from the server.
 * - A password in the URL is in no command line, no file that others can read, and no message.
 *
 * jpki_fetch has no arguments. Its standard input is the request, a line each: URL; timeout in
 * seconds; maximum size of a list in bytes; ETag; Last-Modified; proxy and its exceptions, as in
 * struct conf. It writes the answer to FETCH_FD. On standard output and error it reports, a line each,
 * "progress NOW TOTAL" (bytes; TOTAL 0: unknown), "etag TEXT", "modified TEXT", or any other text for
 * the user. It exits with an enum fetch.
 */
#ifndef JPKI_TOOLS_FETCH_FETCH_H
#define JPKI_TOOLS_FETCH_FETCH_H

#include "tools/common/tool.h"
#include "tools/fetch/url.h"

#define FETCH_FD 3

/* Validators by which an http server recognizes what it sent before; "" for none. */
#define FETCH_MARK_MAX 256
struct fetch_marks {
	char etag[FETCH_MARK_MAX];	/* ETag, as in the header */
	char modified[FETCH_MARK_MAX];	/* Last-Modified, likewise */
};

/*
 * The size of a directory's answer: in LDIF, base64 has four characters for three bytes; names are added.
 */
#define FETCH_ANSWER_MAX(most) ((most) / 3 * 4 + 65536)

/* The request fits into one write to a pipe (pipe(7), PIPE_BUF). */
#define FETCH_REQUEST_MAX 4096

enum fetch {
	FETCH_DONE,
	FETCH_FAILED,		/* reported */
	FETCH_UNCHANGED,	/* says the server, since `known` */
};

/*
 * Fetches the usable URL (tools/fetch/url.h) into the empty file fd (lent; its offset is 0
 * afterwards): what the server sent, which for a directory (LDAP) is LDIF as libcurl writes it. A
 * list longer than CRL_SIZE_MAX or than safefile_room() allows, another scheme, a redirection to
 * another host or port (but from http to https of the same host), a server that sends less than a
 * hundred bytes a second for conf.crl_timeout seconds: FETCH_FAILED. `known` may be NULL. On a
 * terminal, standard error shows the progress.
 *
 * A CRL is signed, so http is as good as https; with https, the server's certificate must be valid. The
 * proxy is conf.crl_proxy, or as http_proxy, https_proxy, all_proxy and no_proxy of the environment
 * say; ~/.netrc, ~/.ldaprc and LDAP referrals are ignored.
 */
enum fetch fetch_url(const struct tool *t, const char *url, const struct fetch_marks *known,
    int fd, struct fetch_marks *ret_marks) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory (RFC 4511) at the other end of a pair of sockets, in a thread of this process: it lets anybody bind, and
 * answers searches as the test says. There is no TLS: tests/e2e has that, with a real one.
 *
 * For programs that are linked with --wrap=ldap_initialize,--wrap=ldap_start_tls_s,--wrap=ldap_tls_inplace.
 */
#ifndef JPKI_TESTS_UNIT_LDAPPEER_H
#define JPKI_TESTS_UNIT_LDAPPEER_H

#include <stddef.h>
#include <stdint.h>

struct ldappeer;

/* One value of one attribute. Those of the same attribute follow one another. */
struct ldappeer_value {
	const char *attribute;
	const char *text;
};

/*
 * Called in the peer's thread for each search but that of the root DSE: sends entries, and in the end the result. filter: bytes
 * of the whole request behind its base, in which strings are as they are.
 */
typedef void ldappeer_answer(struct ldappeer *peer, void *ctx, const uint8_t *filter, size_t len);

/* Begins; ldap_initialize() gives the connection to it once. ldappeer_end() waits until the client has gone. */
struct ldappeer *ldappeer_begin(ldappeer_answer *answer, void *ctx);
void ldappeer_end(struct ldappeer *peer);

/*
 * What an answer consists of. size: bytes of the whole message (RFC 4511 §4.1.1) behind its tag and length, which
 * a long value fills up to; 0: as short as it is.
 */
void ldappeer_entry(struct ldappeer *peer, const char *dn, const struct ldappeer_value *values, size_t count, size_t size);
void ldappeer_refer(struct ldappeer *peer, const char *uri);	/* SearchResultReference, RFC 4511 §4.5.3 */
void ldappeer_done(struct ldappeer *peer, int result);
void ldappeer_cookie(struct ldappeer *peer, const char *cookie);	/* newcookie of Sync Info, RFC 4533 §2.5 */

/* Closes the connection, also in the middle of an answer. */
void ldappeer_hang_up(struct ldappeer *peer);

/* The end of a page (RFC 2696), with a cookie of the server's; "": the last page. */
void ldappeer_page_done(struct ldappeer *peer, const char *cookie);

#endif

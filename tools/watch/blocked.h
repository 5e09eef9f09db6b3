/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notices that a certificate of the session's user is blocked, by root (block_list) or by an organization
 * (fleet_dir): a lost card must not leave an open screen.
 *
 * MUSTs: it sleeps until one of the two lists changes. It does not act on the certificates of other users. A list
 * that is unsafe, damaged or gone neither blocks nor lifts a block here (logins refuse then). The end of a block
 * unlocks nothing.
 *
 * It needs no right that the user has not got: both lists are world-readable, because the helper of a screen locker,
 * which runs as the user, reads them as well. They name a certificate by its hash, and no person.
 */
#ifndef JPKI_TOOLS_WATCH_BLOCKED_H
#define JPKI_TOOLS_WATCH_BLOCKED_H

#include <pthread.h>

#include "config/conf.h"
#include "tools/watch/card_probe.h"
#include "tools/watch/logind.h"

struct blocked_cert {
	char id[LOOK_ID_LEN + 1];
	struct block_entry by_certificate, by_serial;
	bool blocked;		/* as last seen */
};

struct blocked {
	const struct conf *conf;
	uid_t owner;		/* of both lists: 0 but in tests */
	const struct log *log;
	const struct session *session;
	/* Acts because of the certificate with this id. False: it could not, and is to try again. */
	bool (*act)(void *ctx, const char *id);
	void *ctx;
	pthread_mutex_t lock;	/* of the rest */
	size_t count;
	struct blocked_cert at[USERCERTS_MAX];
};

/*
 * Follows these certificates from now on. If one of them is blocked already, it acts only if that one opened the
 * session. A certificate that it followed before keeps its state.
 */
void blocked_use(struct blocked *b, const struct look *look);

/*
 * Follows the certificate that opened the session from now on, by the first digits of its fingerprint, which is all that is
 * known of one that is no longer registered; its serial number is not. If it is blocked already, it acts. False: the
 * session names none.
 */
bool blocked_use_session(struct blocked *b) MUST_CHECK;

/* Follows both lists until the session ends: in this thread, or in one of its own. False, logged: no such thread. */
void blocked_follow(struct blocked *b);
bool blocked_begin(struct blocked *b) MUST_CHECK;

/*
 * Looks once, and acts. Returns in how many milliseconds to look again because the action failed, or -1. For
 * blocked_follow() and tests.
 */
int blocked_look(struct blocked *b);

#endif

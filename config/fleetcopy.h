/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The copy on this machine of what an organization's directory registers and blocks (fleet_dir), as
 * a login reads it. Root owns it; a login needs no network.
 *
 *	users/NAME.pem		certificates registered for an account, as in users_dir
 *	blocked/HASH		an empty file: this certificate may not log in (SHA-256, hex digits)
 *	blocked/KEY-NUMBER	likewise: SHA-256 of the issuer's SubjectPublicKeyInfo, serial number
 *	state			when all of it was so at the source
 *
 * The program that writes the copy writes `state` last. Without a state the copy is not whole:
 * its registrations do not count, but its blocks do.
 */
#ifndef JPKI_CONFIG_FLEETCOPY_H
#define JPKI_CONFIG_FLEETCOPY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/conf.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/outcome.h"

#define FLEETCOPY_USERS "users"
#define FLEETCOPY_BLOCKED "blocked"
#define FLEETCOPY_STATE "state"
#define FLEETCOPY_STATE_MAX 4096	/* bytes */
#define FLEETCOPY_AHEAD_S 600		/* that a source's clock may be ahead of ours */
#define FLEETCOPY_LATE_S 180		/* without news from a source that writes its time once a minute */

/*
 * The state: lines "KEY NUMBER", each key once, in any order; `time` must be there. A # begins
 * a comment.
 */
struct fleetcopy_state {
	int64_t time;		/* seconds since 1970 UTC, by the source's clock */
	int64_t generation;	/* counts the changes at the source; 0: not known */
	int64_t enrolled, blocked;	/* how many there are at the source; -1: not known */
};

/* Reads a number as the copy's files have it: 1 to 18 decimal digits, and nothing else. False also for NULL. */
bool fleetcopy_read_number(const char *text, int64_t *ret) MUST_CHECK;

/* Reads a state. False: a line or number that is not understood, a key twice, or no time. */
bool fleetcopy_read_state(struct view text, struct fleetcopy_state *ret) MUST_CHECK;

enum fleetcopy_condition {
	FLEETCOPY_NONE,		/* no fleet_dir, or it is not there yet */
	FLEETCOPY_FRESH,
	FLEETCOPY_STALE,	/* older than fleet_max_age, or how old cannot be known */
	FLEETCOPY_BROKEN,	/* something in it is unsafe, unreadable, damaged or missing: logged */
};

struct fleetcopy {
	enum fleetcopy_condition condition;
	struct fleetcopy_state state;	/* for FRESH and STALE */
	char users_dir[PATH_MAX];	/* for userfile_read(); "" for NONE */
	const char *dir;		/* fleet_dir */
	const struct log *log;
	int blocked_fd;			/* of blocked/, -1: there is none that can be used */
};

/*
 * Opens the copy of conf->fleet_dir and finds out in what condition it is at `now` (seconds since
 * 1970 UTC). *ret is to be fleetcopy_close()d in every case; conf and log stay the caller's and
 * have to outlive it.
 *
 * If the state is dated more than FLEETCOPY_AHEAD_S in the future, its age is unknown.
 */
void fleetcopy_open(const struct conf *conf, uid_t owner, int64_t now, const struct log *log,
    struct fleetcopy *ret);
void fleetcopy_close(struct fleetcopy *copy);

/*
 * Whether a copy that `jpkictl fleet run` keeps (fleet_uri) should have been confirmed again by now: `time` is that of its
 * state. For people who watch it; a login goes by fleet_max_age. A copy that is imported by hand is never late.
 */
bool fleetcopy_is_late(const struct conf *conf, int64_t time, int64_t now) MUST_CHECK;

/*
 * Whether the copy blocks a name: HASH or KEY-NUMBER, lower-case hex digits. OUTCOME_OK: it does not,
 * or there is no copy. FLEET_BLOCKED (logged). FLEET: the copy cannot be read (logged).
 */
struct outcome fleetcopy_check(const struct fleetcopy *copy, const char *name) MUST_CHECK;

/*
 * Whether an organization may register a card for this account: never for root, for a uid below
 * fleet_min_uid, or for a name in fleet_never.
 */
bool fleetcopy_may_register(const struct conf *conf, const char *user, uid_t uid) MUST_CHECK;

/*
 * The directory of the copy's registrations, for userfile_each() and userfile_exists():
 * "" if there is no fleet_dir, or its path is too long.
 */
void fleetcopy_users_dir(const struct conf *conf, char path[static PATH_MAX]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificates enrolled for a user, each with the verdict on it. */
#ifndef JPKI_FLOW_USERCERTS_H
#define JPKI_FLOW_USERCERTS_H

#include "flow/possession/env.h"
#include "lib/buf.h"

#define USERCERTS_MAX 8		/* cards, a successor, telephones */

struct cert;
struct certdb;
struct conf;

struct usercert {
	struct cert *cert;
	struct outcome verdict;	/* chain, validity, kind, revocation: as of the load */
	bool fleet;		/* an organization has registered it, and root of this machine has not */
};

struct usercerts {
	struct certdb *db;
	bool db_lent;		/* the caller's, who has opened it before the load and closes it: for many users */
	size_t count;
	struct usercert at[USERCERTS_MAX];
};

/*
 * Reads and judges them all: what root of this machine has registered (users_dir), then what an
 * organization has (fleet_dir, config/fleetcopy.h), USERCERTS_MAX of both. What either blocks is
 * blocked. OUTCOME_OK: there is at least one, whatever the verdicts. NOT_ENROLLED, ENROLMENT (a block
 * that is no certificate: then none of them counts), TRUST_DB, NO_MEMORY. *ret is to be
 * usercerts_done() in every case; zero it before.
 *
 * Root's own registrations stay as they are whatever is wrong with the organization's: those then have
 * the verdict FLEET or FLEET_STALE, or, if they cannot be read and there are no others, FLEET is the
 * outcome.
 */
struct outcome usercerts_load(const struct flow_env *env, const char *user, struct usercerts *ret)
    MUST_CHECK;

/*
 * Whether there is a file of the user's, of whatever kind. For work that is in vain without one;
 * usercerts_load() decides.
 */
bool usercerts_exist(const struct conf *conf, const char *user);

/* A set of this one certificate, judged as if it were enrolled: for the enrollment. */
struct outcome usercerts_of(const struct flow_env *env, struct view der, struct usercerts *ret)
    MUST_CHECK;
void usercerts_done(struct usercerts *e);

/* OUTCOME_OK if one of them could log in now, else the verdict on the first. */
struct outcome usercerts_verdict(const struct usercerts *e) MUST_CHECK;

/*
 * Whether the bytes of a card's certificate file that jpki_read_auth_head() gives are the
 * begin of this certificate, and enough to hold issuer, serial number and validity.
 */
bool usercerts_is_head_of(struct view head, struct view der);

/*
 * The one whose certificate begins with these bytes from a card; NULL if none
 * does, or if they are too few to hold issuer, serial number and validity.
 */
const struct usercert *usercerts_match(const struct usercerts *e, struct view head);

/*
 * Whether this certificate, which is none of them, looks like a later one of the same
 * holder. JPKI gives private parties nothing that names the holder twice: subject, serial
 * number and key are new each time. But most certificates end on a birthday of their
 * holder (doc/facts/jpki-card.md §5.3); those that end with a period of stay are taken for
 * a stranger's. One stranger in 365 has the same birthday: for the message
 * only, nothing is verified and nothing follows from it.
 */
bool usercerts_is_renewal(const struct usercerts *e, struct view der);

#endif

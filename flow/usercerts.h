/* SPDX-License-Identifier: BSD-2-Clause */
/* The certificates enrolled for a user, each with the verdict on it. */
#ifndef JPKI_FLOW_USERCERTS_H
#define JPKI_FLOW_USERCERTS_H

#include "flow/possession/env.h"
#include "lib/buf.h"

#define USERCERTS_MAX 8		/* cards, a renewed one, smartphones */

struct block_entry;
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
	bool db_lent;		/* the caller opens and closes the database: for many users */
	size_t count;
	struct usercert at[USERCERTS_MAX];
};

/*
 * Reads and judges all of them: those that root of this machine has registered (users_dir), then
 * those of an organization (fleet_dir, config/fleetcopy.h), USERCERTS_MAX of both together. A
 * certificate that either blocks is blocked. OUTCOME_OK: there is at least one, whatever the
 * verdicts. NOT_ENROLLED, ENROLMENT (a block that is not a certificate: then none of them counts),
 * TRUST_DB, NO_MEMORY. Call usercerts_done() on *ret in every case; zero it before.
 *
 * Root's own registrations stay as they are whatever is wrong with the organization's: those then
 * have the verdict FLEET or FLEET_STALE or, if they cannot be read and there are no others, FLEET
 * is the outcome.
 */
struct outcome usercerts_load(const struct flow_env *env, const char *user, struct usercerts *ret)
    MUST_CHECK;

/*
 * After a prompt: reads and judges all of them again, as usercerts_load() does, with every list and file. Only the
 * database of trusted authorities stays open if its files are the ones that were opened (certdb_is_current()): to open
 * it takes most of the time. Pointers into *e are no longer valid.
 */
struct outcome usercerts_load_again(const struct flow_env *env, const char *user, struct usercerts *e) MUST_CHECK;

/*
 * Whether the user has a file, of whatever kind: a cheap test before work that needs one.
 * usercerts_load() decides.
 */
bool usercerts_exist(const struct conf *conf, const char *user);

/* Makes a set of this one certificate, judged as if it were enrolled: for the enrollment. */
struct outcome usercerts_of(const struct flow_env *env, struct view der, struct usercerts *ret)
    MUST_CHECK;
void usercerts_done(struct usercerts *e);

/* OUTCOME_OK if one of them could log in now, else the verdict on the first. */
struct outcome usercerts_verdict(const struct usercerts *e) MUST_CHECK;

/*
 * The two entries by which a block list can name a certificate (nss/blocklist.h): by its hash, and by its issuer's
 * key and its number; whether or not the certificate is valid now. by_serial->serial is "" if no trusted authority
 * issued it, or if no list can express its number. False: NSS fails.
 */
bool usercerts_block_entries(struct certdb *db, const struct cert *cert, struct block_entry *by_certificate,
    struct block_entry *by_serial) MUST_CHECK;

/*
 * Whether the bytes of a card's certificate file that jpki_read_auth_head() returns are the first
 * ones of this certificate, and enough to contain issuer, serial number and validity.
 */
bool usercerts_is_head_of(struct view head, struct view der);

/*
 * The one whose certificate begins with these bytes from a card; NULL if there is none, or if they
 * are too few to contain issuer, serial number and validity.
 */
const struct usercert *usercerts_match(const struct usercerts *e, struct view head);

/*
 * Whether this certificate, which is not one of them, looks like a later one of the same holder.
 * JPKI gives private parties nothing that identifies the holder in both: subject, serial number and
 * key are new each time. But most certificates expire on a birthday of their holder
 * (doc/facts/jpki-card.md §5.3); those that expire with a period of stay are taken for a
 * stranger's. One stranger in 365 has the same birthday: this is for the message only, nothing is
 * verified and nothing else depends on it.
 */
bool usercerts_is_renewal(const struct usercerts *e, struct view der);

#endif

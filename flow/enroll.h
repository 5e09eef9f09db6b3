/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrollment: a certificate becomes a user's. Checked as at a login before
 * anything is written; what was enrolled before stays until then.
 */
#ifndef JPKI_FLOW_ENROLL_H
#define JPKI_FLOW_ENROLL_H

#include "flow/possession/env.h"
#include "flow/possession/survey.h"

/*
 * Checks a certificate (chain, validity, kind) and that the card in `reader`,
 * as surveyed, holds its key: asks the PIN once, challenges the card,
 * verifies. OUTCOME_OK or as flow_login(); card_clean as there.
 */
struct outcome enroll_prove(const struct flow_env *env, const struct flow_ui *ui,
    const char *user, const char *reader, const struct survey *survey, struct secret *pin,
    bool *ret_card_clean) MUST_CHECK;

/* Checks a certificate alone, for an administrator who has only the file. */
struct outcome enroll_check(const struct flow_env *env, struct view der) MUST_CHECK;

struct enroll_how {
	bool add;		/* beside those that are enrolled, not in their place */
	bool claim;		/* only as enroll_may_claim() says */
	const char *whence;	/* "from the card, key proven" */
	const char *by;		/* who did it; no certificate may begin in it */
};

/*
 * Whether enroll_write() could add this one: for before a PIN is asked. ENROLMENT
 * (logged): what is there is damaged, or as much as a user can have.
 */
struct outcome enroll_room(const struct flow_env *env, const char *user, struct view der)
    MUST_CHECK;

/*
 * Whether a user who is not root may have this certificate registered for their own account. It
 * never takes the place of a registration that somebody made and that could log in, or that ended
 * before its time: who knows the password of an account must not be able to exchange its card.
 */
enum enroll_claim {
	ENROLL_FREE,		/* nothing is registered, or only what has expired or what a CRL revokes */
	ENROLL_PRESENT,		/* something else is registered */
	ENROLL_TAKEN,		/* this certificate is another account's */
};

/*
 * ENROLL_FREE is set with OUTCOME_OK alone. ENROLMENT (logged): what is registered cannot be read, which is
 * PRESENT. TRUST_DB, NO_MEMORY. der may be empty: then only the account is looked at.
 */
struct outcome enroll_may_claim(const struct flow_env *env, const char *user, struct view der,
    enum enroll_claim *ret_claim) MUST_CHECK;

/*
 * Writes USERS_DIR/NAME.pem: this certificate behind a line that says when, whence and by
 * whom it came; with how->add those that were there stay, with their lines, but
 * for the same one. ENROLMENT (logged; the old file stays), CERT_BAD. With how->claim also what
 * enroll_may_claim() gives, and ENROLMENT, logged, for anything but ENROLL_FREE.
 */
struct outcome enroll_write(const struct flow_env *env, const char *user, struct view der,
    const struct enroll_how *how) MUST_CHECK;

/* Removes USERS_DIR/NAME.pem. As userfile_remove(). */
struct outcome enroll_end(const struct flow_env *env, const char *user) MUST_CHECK;

/*
 * Makes the indexes (flow/owners.h) of all enrollments as they are, the organization's included; the two above keep root's in
 * step. As owners_index(); FLEET: the organization's cannot be locked (logged).
 */
struct outcome enroll_index(const struct flow_env *env) MUST_CHECK;

#endif

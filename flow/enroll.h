/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enrollment: registers a certificate for a user. It is checked as at a login before anything is
 * written; until then the earlier registration stays.
 */
#ifndef JPKI_FLOW_ENROLL_H
#define JPKI_FLOW_ENROLL_H

#include "flow/possession/env.h"
#include "flow/possession/survey.h"

/*
 * Checks a certificate (chain, validity, kind) and that the card in `reader`, as surveyed, holds
 * its key: prompts for the PIN once, challenges the card, verifies. OUTCOME_OK or as flow_login();
 * card_clean as there.
 */
struct outcome enroll_prove(const struct flow_env *env, const struct flow_ui *ui,
    const char *user, const char *reader, const struct survey *survey, struct secret *pin,
    bool *ret_card_clean) MUST_CHECK;

/* Checks a certificate alone, for an administrator who has only the file. */
struct outcome enroll_check(const struct flow_env *env, struct view der) MUST_CHECK;

struct enroll_how {
	bool add;		/* beside those that are enrolled, not in their place */
	bool claim;		/* only as enroll_may_claim() says */
	const char *source;	/* for the comment in the file: "from the card, key proven" */
	const char *by;		/* who did it; must not contain the first line of a certificate */
};

/*
 * Whether enroll_write() could add this one; call it before prompting for a PIN. ENROLMENT
 * (logged): the existing file is damaged, or has as many certificates as a user can have.
 */
struct outcome enroll_room(const struct flow_env *env, const char *user, struct view der)
    MUST_CHECK;

/*
 * Whether a user who is not root may have this certificate registered for their own account. It
 * never replaces a registration that another user made and that could log in, or that ended before
 * its time: an attacker who knows an account's password must not be able to exchange its card.
 */
enum enroll_claim {
	ENROLL_FREE,		/* nothing is registered, or only what has expired or what a CRL revokes */
	ENROLL_PRESENT,		/* something else is registered */
	ENROLL_TAKEN,		/* this certificate is another account's */
};

/*
 * ENROLL_FREE is set with OUTCOME_OK alone. ENROLMENT (logged): the registration cannot be read,
 * which counts as PRESENT. TRUST_DB, NO_MEMORY. der may be empty: then only the account is checked.
 */
struct outcome enroll_may_claim(const struct flow_env *env, const char *user, struct view der,
    enum enroll_claim *ret_claim) MUST_CHECK;

/*
 * Writes USERS_DIR/NAME.pem: this certificate after a line that says when, from where and by whom
 * it came. With how->add the earlier certificates stay, with their lines, except an equal one.
 * ENROLMENT (logged; the old file stays), CERT_BAD. With how->claim also what enroll_may_claim()
 * returns, and ENROLMENT, logged, for anything but ENROLL_FREE.
 */
struct outcome enroll_write(const struct flow_env *env, const char *user, struct view der,
    const struct enroll_how *how) MUST_CHECK;

/* Removes USERS_DIR/NAME.pem. As userfile_remove(). */
struct outcome enroll_end(const struct flow_env *env, const char *user) MUST_CHECK;

/*
 * Makes the indexes (flow/owners.h) of all enrollments, the organization's included; the two
 * functions above keep root's up to date. As owners_index(); FLEET: the organization's copy cannot
 * be locked (logged).
 */
struct outcome enroll_index(const struct flow_env *env) MUST_CHECK;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of failed PIN entries (lib/guesses.h), as one login or PIN change uses it.
 *
 * It is kept where the module runs as root: su, sudo, polkit's helper, passwd, login, greeters.
 * A program that runs as the user (a screen locker) cannot write there: what it tries is the
 * same as what the user can do with pcscd.
 *
 * MUST: a try is in the record, on the disk, before the PIN is sent to the helper. The caller of
 * su may kill it at any moment; the helper then continues, and the try counts.
 */
#ifndef JPKI_PAM_TALLY_H
#define JPKI_PAM_TALLY_H

#include <security/pam_modules.h>

#include "helper/proto.h"
#include "lib/guesses.h"

struct tally {
	struct guesses_store store;
	bool kept;		/* there is a record, and a caller to count for */
	bool other;		/* the caller is neither root nor the user whose card it is */
	bool noted;		/* a try of the caller is in the record and not yet decided */
	uid_t uid, holder;	/* the caller's, and that user's; (uid_t)-1 for none */
	char service[GUESSES_SERVICE_MAX], cert[PROTO_CERT_MAX];
	struct guesses before;	/* as it was when the try was noted */
};

/*
 * Call it before a prompt for this user and the card with this certificate. PROTO_ANSWER_PIN: the
 * caller may be prompted; GUESSES or UNRECORDED, logged: not, and that is the answer.
 */
enum proto_answer tally_begin(struct tally *t, pam_handle_t *pamh, const char *user, const char *cert,
    const struct log *log);

/* After four digits were typed, before they are sent to the helper: they may be (PIN), or as above. */
enum proto_answer tally_note_try(struct tally *t);

/*
 * What the holder is told if this login succeeds; nothing for another account. own_failures: how
 * many of them the user has just seen, on this handle.
 */
void tally_since(const struct tally *t, pam_handle_t *pamh, unsigned int own_failures,
    struct proto_since *ret);

/* Records how the noted try ended, and whether the holder was told. */
void tally_settle(struct tally *t, enum outcome_status status, bool told);

#endif

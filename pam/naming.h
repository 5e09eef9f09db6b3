/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The card names the user (user_from_card): where the application gives no name. A name that is given or typed is
 * never looked at. What the card says is nothing but a name; the login for it has all its steps.
 */
#ifndef JPKI_PAM_NAMING_H
#define JPKI_PAM_NAMING_H

#include <security/pam_modules.h>

#include "pam/dialogue.h"

struct naming {
	bool by_card;		/* the card has named PAM_USER */
	bool changed;		/* PAM_USER is to be as it was before if there is no login */
	bool was_empty;		/* that is "", else NULL */
	struct helper waiting;	/* that of dialogue_name() */
};

#define NAMING_NONE { .waiting = HELPER_NONE }

/*
 * Sets PAM_USER to the account of the card on the reader, if the handle has no name and the card is to name one. It is looked for
 * before a name is asked for; if there is none, the application asks, and where that is answered with nothing, or
 * the application has set "", a card is waited for. The user chooses if there are several accounts.
 *
 * OUTCOME_OK: PAM_USER is set, or request_make() asks for it as ever. Else there is no login: UNREGISTERED; OTHER_CARD: the user chose
 * none of the card's accounts; CANCELLED; what find_owners() (flow/find.h) says if no card came. *result: reader and text belong to it.
 */
struct outcome naming_by_card(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct naming *ret, struct dialogue_result *result) MUST_CHECK;

/*
 * After the login. The name that the card gave stays where it was let in, or a password was typed in answer to a
 * prompt with that name. Else the next module must not ask for somebody's password because their card is there.
 */
void naming_end(pam_handle_t *pamh, struct naming *naming, enum outcome_status status);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The card names the user (user_from_card) if the application gives no name. A name that is given
 * or typed is not changed. The card only gives a name; the login for it has all its steps.
 */
#ifndef JPKI_PAM_NAMING_H
#define JPKI_PAM_NAMING_H

#include <security/pam_modules.h>

#include "pam/dialogue.h"

struct naming {
	bool by_card;		/* the card has named PAM_USER */
	bool changed;		/* restore PAM_USER if there is no login */
	bool was_empty;		/* to "", otherwise to NULL */
	struct helper waiting;	/* that of dialogue_name() */
};

#define NAMING_NONE { .waiting = HELPER_NONE }

/*
 * Sets PAM_USER to the account of the card on the reader, if the handle has no name and the card is
 * to name one. It looks for a card before the application prompts for a name. If there is none, the
 * application prompts; if the answer is empty, or the application has set "", it waits for a card.
 * The user chooses if there are several accounts.
 *
 * OUTCOME_OK: PAM_USER is set, or request_make() prompts for it as usual. Otherwise there is no
 * login: UNREGISTERED; OTHER_CARD: the user chose none of the card's accounts; CANCELLED; what
 * find_owners() (flow/find.h) returns if no card came. *result: reader and text belong to it.
 */
struct outcome naming_by_card(pam_handle_t *pamh, int argc, const char **argv, const struct log *log,
    struct naming *ret, struct dialogue_result *result) MUST_CHECK;

/*
 * Call it after the login. The name that the card gave stays if the user was admitted, or typed a
 * password at a prompt that showed the name. Otherwise it is taken back: the next module must not
 * prompt for a user's password just because their card is there.
 */
void naming_end(pam_handle_t *pamh, struct naming *naming, enum outcome_status status);

#endif
